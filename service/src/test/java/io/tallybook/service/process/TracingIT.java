package io.tallybook.service.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The traces of a service, as they arrive where one setting turns them on, and another sends them.
 */
@SuppressWarnings("NullAway.Init") // set before each test
class TracingIT {
  private final Queue<Span> spans = new ConcurrentLinkedQueue<>();
  private HttpServer collector;

  @BeforeEach
  void startCollector() throws IOException {
    collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    collector.createContext("/v1/traces", this::collect);
    collector.start();
  }

  @AfterEach
  void stopCollector() {
    collector.stop(0);
  }

  private void collect(HttpExchange exchange) throws IOException {
    try (exchange) {
      ExportTraceServiceRequest.parseFrom(exchange.getRequestBody())
          .getResourceSpansList()
          .forEach(
              resource ->
                  resource
                      .getScopeSpansList()
                      .forEach(scope -> spans.addAll(scope.getSpansList())));
      exchange.sendResponseHeaders(200, -1);
    }
  }

  private Map<String, String> settings(boolean isDisabled) {
    return Map.of(
        "quarkus.otel.sdk.disabled",
        Boolean.toString(isDisabled),
        "quarkus.otel.exporter.otlp.protocol",
        "http/protobuf",
        "quarkus.otel.exporter.otlp.endpoint",
        "http://127.0.0.1:" + collector.getAddress().getPort(),
        "quarkus.otel.bsp.schedule.delay",
        "50ms");
  }

  @Test
  void aWriteIsSeenFromTheRequestToTheStorageAndAQuestionToo()
      throws IOException, InterruptedException {
    try (ServiceProcess service = ServiceProcess.start(settings(false))) {
      Client client = new Client(service);
      assertThat(client.record("/traces", "1", 5).statusCode()).isEqualTo(200);
      assertThat(client.get("/rollups?groupBy=agent").statusCode()).isEqualTo(200);
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> named("POST /events") && named("GET /rollups"));
      assertThat(service.terminate()).isEqualTo(ServiceProcess.TERMINATED);
    }
    assertThat(pathTo("storage commit", "POST /events"))
        .containsExactly("storage commit", "ledger commit", "POST /events");
    assertThat(pathTo("storage read", "GET /rollups"))
        .containsExactly("storage read", "GET /rollups");
  }

  @Test
  void nothingIsSentWhileTracesAreOff() throws IOException, InterruptedException {
    try (ServiceProcess service = ServiceProcess.start(settings(true))) {
      Client client = new Client(service);
      assertThat(client.record("/traces", "1", 5).statusCode()).isEqualTo(200);
      assertThat(service.terminate()).isEqualTo(ServiceProcess.TERMINATED);
    }
    assertThat(spans).isEmpty();
  }

  private boolean named(String name) {
    return spans.stream().anyMatch(span -> span.getName().equals(name));
  }

  /** The names from a span up to its root, in the trace of another one. */
  private List<String> pathTo(String name, String root) {
    ByteString trace =
        spans.stream()
            .filter(span -> span.getName().equals(root))
            .map(Span::getTraceId)
            .findFirst()
            .orElseThrow();
    Map<ByteString, Span> byId = new HashMap<>();
    spans.forEach(span -> byId.put(span.getSpanId(), span));
    Span leaf =
        spans.stream()
            .filter(span -> span.getTraceId().equals(trace) && span.getName().equals(name))
            .findFirst()
            .orElseThrow();
    List<String> path = new ArrayList<>();
    for (Span span = leaf; span != null; span = byId.get(span.getParentSpanId())) {
      path.add(span.getName());
    }
    return path;
  }
}
