package io.tallybook.service.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** What is seen of a service that ends by whoever looks at its readiness. */
class ReadinessIT {
  @Test
  void whoFollowsReadinessSeesNoFailureAndEveryAcknowledgedEvent()
      throws IOException, InterruptedException, ExecutionException {
    try (ServiceProcess service = ServiceProcess.start(Map.of("quarkus.shutdown.delay", "10s"))) {
      Client client = new Client(service);
      try (Load load =
          new Load(
              "/readiness",
              500,
              writes -> {
                assertThat(writes.send(client)).isEqualTo(200);
                return client.isReady();
              })) {
        load.awaitEnough();
        CompletableFuture<Void> ending = CompletableFuture.runAsync(service::requestEnd);
        load.awaitEnd();
        Void ignored = ending.get();
        HttpResponse<String> ready = client.get("/health/ready");
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body()).contains("\"safeToResend\":true");
        assertThat(ready.headers().firstValue("Connection")).contains("close");
        assertThat(client.getRoot("/health/ready").statusCode()).isEqualTo(503);
        assertThat(client.getRoot("/q/health/ready").statusCode()).isEqualTo(503);
        assertThat(client.getRoot("/q/health/live").statusCode()).isEqualTo(200);
        assertThat(load.recorded(client)).isEqualTo(load.acknowledged());
        load.assertKept(client);
      }
      assertThat(service.await()).isEqualTo(ServiceProcess.TERMINATED);
    }
  }
}
