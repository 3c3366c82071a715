package io.tallybook.service.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * How nodes end when they are asked to, under a load of writes. Bound for each storage that
 * outlives its process.
 */
abstract class TerminationTests {
  /** What Kubernetes gives a pod to end. */
  private static final Duration GRACE = Duration.ofSeconds(50);

  /** The settings of a service on a storage that all tests of the class share. */
  abstract Map<String, String> settings();

  @Test
  void whatWasAcknowledgedBeforeTheEndIsThereAfterIt()
      throws IOException, InterruptedException, ExecutionException {
    try (ServiceProcess service = ServiceProcess.start(settings())) {
      Client client = new Client(service);
      try (Load load = new Load("/termination", 500, writes -> sendToTheEnd(writes, client))) {
        load.awaitEnough();
        long start = System.nanoTime();
        assertThat(service.terminate()).isEqualTo(ServiceProcess.TERMINATED);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(GRACE);
        load.awaitEnd();
        try (ServiceProcess next = ServiceProcess.start(settings())) {
          load.assertKept(new Client(next));
        }
      }
    }
  }

  /** Sends an event that may be answered, refused as unavailable, or cut off. */
  private static boolean sendToTheEnd(Load load, Client client) throws InterruptedException {
    try {
      assertThat(load.send(client)).isIn(200, 503);
      return true;
    } catch (IOException cutOff) {
      return false;
    }
  }

  @Test
  void aRollingUpdateOfTwoNodesFailsNoRequest()
      throws IOException, InterruptedException, ExecutionException {
    Map<String, String> settings = new TreeMap<>(settings());
    settings.put("quarkus.shutdown.delay", "5s");
    List<ServiceProcess> nodes = new CopyOnWriteArrayList<>();
    AtomicBoolean updated = new AtomicBoolean();
    try {
      nodes.add(ServiceProcess.start(settings));
      nodes.add(ServiceProcess.start(settings));
      List<Client> clients = new CopyOnWriteArrayList<>(nodes.stream().map(Client::new).toList());
      try (Load load =
          new Load(
              "/rolling-update",
              500,
              writes -> {
                assertThat(writes.send(readyOf(clients))).isEqualTo(200);
                return !updated.get();
              })) {
        load.awaitEnough();
        for (int node = 0; node < 2; node++) {
          ServiceProcess next = ServiceProcess.start(settings);
          nodes.add(next);
          clients.add(new Client(next));
          assertThat(nodes.get(node).terminate()).isEqualTo(ServiceProcess.TERMINATED);
        }
        updated.set(true);
        load.awaitEnd();
        Client last = clients.getLast();
        assertThat(load.recorded(last)).isEqualTo(load.acknowledged());
        load.assertKept(last);
      }
    } finally {
      nodes.forEach(ServiceProcess::close);
    }
  }

  /** The first node that is ready; what a service of Kubernetes would be asked for. */
  private static Client readyOf(List<Client> clients) throws InterruptedException {
    for (Client client : clients) {
      if (client.isReady()) {
        return client;
      }
    }
    throw new AssertionError("no node is ready");
  }
}
