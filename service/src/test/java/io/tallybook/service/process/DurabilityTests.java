package io.tallybook.service.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.tallybook.service.api.WebAccessLog;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/**
 * What was acknowledged is there after every end of the service, once, and several nodes on one
 * storage are one ledger. Bound for each storage that outlives its process.
 */
abstract class DurabilityTests {
  private static final int ROUNDS = 6;
  private static final int WRITERS = 6;
  private static final String SOURCE = "/durability";

  /** The settings of a service on a storage that is empty when the class begins. */
  abstract Map<String, String> settings();

  /** Kills the storage's server, and starts it again over what it wrote. */
  abstract void restartStorage() throws IOException;

  /** What became of the events that were sent, by id. */
  private static final class Sent {
    final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
    final Map<String, Long> unknown = new ConcurrentHashMap<>();
    final AtomicLong numbers = new AtomicLong();
  }

  @Test
  void nothingAcknowledgedIsLostOrDoubledWhenTheServiceIsKilled()
      throws IOException, InterruptedException, ExecutionException {
    long seed = System.nanoTime();
    System.out.println("Seed of the crashes: " + seed);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    Sent sent = new Sent();
    long unitsBefore = 0;
    for (int round = 0; round < ROUNDS; round++) {
      try (ServiceProcess service = ServiceProcess.start(settings());
          ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
        Client client = new Client(service);
        if (round == 0) {
          unitsBefore = units(client);
        } else {
          assertSettled(client, sent, unitsBefore);
        }
        long crashAfter = sent.numbers.get() + 200 + random.nextInt(2_000);
        CountDownLatch enough = new CountDownLatch(1);
        List<Future<?>> running = new ArrayList<>();
        for (int w = 0; w < WRITERS; w++) {
          boolean streams = w % 2 == 0;
          running.add(writers.submit(() -> write(client, sent, streams, crashAfter, enough)));
        }
        enough.await();
        service.kill();
        for (Future<?> writer : running) {
          writer.get();
        }
      }
    }
    try (ServiceProcess service = ServiceProcess.start(settings())) {
      Client client = new Client(service);
      assertSettled(client, sent, unitsBefore);
      assertThat(sent.acknowledged).hasSizeGreaterThan(ROUNDS * 200);
      assertThat(service.terminate()).isEqualTo(143);
    }
  }

  /** Writes until the service is gone. */
  private static Object write(
      Client client, Sent sent, boolean streams, long crashAfter, CountDownLatch enough)
      throws InterruptedException {
    while (true) {
      Map<String, Long> now = new TreeMap<>();
      for (int i = 0; i < (streams ? 50 : 1); i++) {
        long number = sent.numbers.incrementAndGet();
        now.put("e" + number, number % 97);
      }
      if (sent.numbers.get() >= crashAfter) {
        enough.countDown();
      }
      try {
        List<String> events = new ArrayList<>();
        now.forEach((id, units) -> events.add(Client.event(SOURCE, id, units)));
        HttpResponse<String> response =
            streams
                ? client.record(events)
                : client.post("/events", "application/cloudevents+json", events.getFirst());
        if (response.statusCode() == 200) {
          sent.acknowledged.putAll(now);
        } else {
          sent.unknown.putAll(now);
        }
      } catch (IOException e) {
        sent.unknown.putAll(now);
        return e;
      }
    }
  }

  /** Sends what is unknown again, and checks that all is there once. */
  private static void assertSettled(Client client, Sent sent, long unitsBefore)
      throws IOException, InterruptedException {
    List<String> known = new ArrayList<>();
    sent.acknowledged.forEach((id, units) -> known.add(Client.event(SOURCE, id, units)));
    JsonPath again = recorded(client, known);
    assertThat(again.getInt("duplicates")).as("acknowledged before").isEqualTo(known.size());
    if (!sent.unknown.isEmpty()) {
      List<String> unknown = new ArrayList<>();
      sent.unknown.forEach((id, units) -> unknown.add(Client.event(SOURCE, id, units)));
      JsonPath settled = recorded(client, unknown);
      assertThat(settled.getInt("recorded") + settled.getInt("duplicates"))
          .isEqualTo(unknown.size());
      sent.acknowledged.putAll(sent.unknown);
      sent.unknown.clear();
    }
    assertThat(JsonPath.from(client.get("/entries/count?source=" + SOURCE).body()).getLong("count"))
        .isEqualTo(sent.acknowledged.size());
    assertThat(units(client) - unitsBefore)
        .isEqualTo(sent.acknowledged.values().stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void twoNodesAreOneLedger() throws IOException, InterruptedException, ExecutionException {
    String source = "/two-nodes";
    int batches = 40;
    int size = 50;
    int single = 20;
    int all = batches * size + single;
    List<List<String>> events = new ArrayList<>();
    long units = 0;
    for (int b = 0; b < batches; b++) {
      List<String> batch = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        batch.add(Client.event(source, b + "-" + i, b + i));
        units += b + i;
      }
      events.add(batch);
    }
    try (ServiceProcess first = ServiceProcess.start(settings());
        ServiceProcess second = ServiceProcess.start(settings());
        ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
      Client[] clients = {new Client(first), new Client(second)};
      long unitsBefore = units(clients[0]);
      long last = lastSequence(clients[0]);
      List<Future<JsonPath>> answers = new ArrayList<>();
      for (List<String> batch : events) {
        // Every batch goes to both, at once.
        for (Client client : clients) {
          answers.add(writers.submit(() -> recorded(client, batch)));
        }
      }
      int recorded = 0;
      int duplicates = 0;
      for (Future<JsonPath> answer : answers) {
        recorded += answer.get().getInt("recorded");
        duplicates += answer.get().getInt("duplicates");
      }
      assertThat(recorded).isEqualTo(batches * size);
      assertThat(duplicates).isEqualTo(batches * size);
      for (Client client : clients) {
        assertThat(units(client) - unitsBefore).isEqualTo(units);
      }
      // What one acknowledges the other answers at once.
      for (int i = 0; i < single; i++) {
        assertThat(clients[i % 2].record(source, "seen-" + i, 1).statusCode()).isEqualTo(200);
        assertThat(units(clients[(i + 1) % 2]) - unitsBefore).isEqualTo(units + i + 1);
      }
      assertThat(sequences(clients[0], source))
          .hasSize(all)
          .allMatch(sequence -> sequence > last && sequence <= last + all);
      String everything = clients[0].get("/rollups?groupBy=agent,service").body();
      assertThat(first.terminate()).isEqualTo(143);
      assertThat(clients[1].record(source, "alone", 0).statusCode()).isEqualTo(200);
      assertThat(second.terminate()).isEqualTo(143);
      try (ServiceProcess third = ServiceProcess.start(settings())) {
        Client later = new Client(third);
        assertThat(later.record(source, "alone", 0).body()).contains("\"duplicate\"");
        String after = later.get("/rollups?groupBy=agent,service").body();
        assertThat(JsonPath.from(after).getList("rows.units", Long.class))
            .isEqualTo(JsonPath.from(everything).getList("rows.units", Long.class));
      }
    }
  }

  @Test
  void realDataIsThereAfterRestarts() throws IOException, InterruptedException {
    String organization = "web-2015";
    List<WebAccessLog.Access> log = WebAccessLog.read();
    List<String> events =
        log.stream().map(access -> access.event("/restarts", organization, "web-")).toList();
    Map<String, String> answers = new TreeMap<>();
    try (ServiceProcess service = ServiceProcess.start(settings())) {
      Client client = new Client(service);
      long unitsBefore = units(client);
      assertThat(recorded(client, events).getInt("recorded")).isEqualTo(log.size());
      assertThat(units(client) - unitsBefore)
          .isEqualTo(log.stream().mapToLong(WebAccessLog.Access::bytes).sum());
      for (String path :
          List.of(
              "/rollups",
              "/rollups?groupBy=agent&limit=1000",
              "/rollups?groupBy=agent,service&limit=1000",
              "/rollups?groupBy=agent&bucket=month&limit=1000&organization=" + organization,
              "/entries?limit=1000&organization=" + organization,
              "/services/web-" + log.getFirst().service() + "/usage",
              "/services/web-" + log.getFirst().service() + "/agents/top")) {
        HttpResponse<String> answer = client.get(path);
        assertThat(answer.statusCode()).as(path).isEqualTo(200);
        answers.put(path, answer.body());
      }
      restartStorage();
      assertAnswers(client, answers);
      assertThat(service.terminate()).isEqualTo(143);
    }
    try (ServiceProcess service = ServiceProcess.start(settings())) {
      Client client = new Client(service);
      assertAnswers(client, answers);
      assertThat(recorded(client, events).getInt("duplicates")).isEqualTo(log.size());
      assertAnswers(client, answers);
      assertThat(service.terminate()).isEqualTo(143);
    }
  }

  private static void assertAnswers(Client client, Map<String, String> expected)
      throws IOException, InterruptedException {
    for (Map.Entry<String, String> answer : expected.entrySet()) {
      assertThat(client.get(answer.getKey()).body())
          .as(answer.getKey())
          .isEqualTo(answer.getValue());
    }
  }

  /** What became of a stream of which every line is answered. */
  private static JsonPath recorded(Client client, List<String> events)
      throws IOException, InterruptedException {
    HttpResponse<String> response = client.record(events);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonPath.from(response.body());
  }

  private static long units(Client client) throws IOException, InterruptedException {
    JsonPath total = JsonPath.from(client.get("/rollups").body());
    return total.getList("rows").isEmpty() ? 0 : total.getLong("rows[0].units");
  }

  private static long lastSequence(Client client) throws IOException, InterruptedException {
    List<Long> newest =
        JsonPath.from(client.get("/entries?sort=desc&limit=1").body())
            .getList("items.sequence", Long.class);
    return newest.isEmpty() ? 0 : newest.getFirst();
  }

  private static Set<Long> sequences(Client client, String source)
      throws IOException, InterruptedException {
    Set<Long> all = new HashSet<>();
    String path = "/entries?limit=1000&source=" + source;
    String cursor = "";
    while (true) {
      JsonPath page = JsonPath.from(client.get(path + cursor).body());
      for (Long sequence : page.getList("items.sequence", Long.class)) {
        assertThat(all.add(sequence)).isTrue();
      }
      String next = page.getString("nextCursor");
      if (next == null) {
        return all;
      }
      cursor = "&cursor=" + next;
    }
  }
}
