package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.BATCH;
import static io.tallybook.service.api.EventsTests.event;
import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.unique;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.greaterThan;

import io.restassured.RestAssured;
import io.restassured.response.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Exports while others write: each must be what a model says of exactly the entries up to its
 * {@code Ledger-Sequence}. The model is made from what was sent and answered.
 */
abstract class ExportRevisionTests {
  private static final int WRITERS = 3;
  private static final int AGENTS_PER_WRITER = 2_000;
  private static final int EVENTS_PER_COMMIT = 20;
  private static final int ROUNDS = 2;

  /** How many commits there are at least between the head of an export and its end. */
  private static final int COMMITS_MEANWHILE = 3;

  private static final Pattern IN_JSON =
      Pattern.compile("\\{\"agent\":\"([^\"]*)\",\"serviceId\":\"([^\"]*)\",\"total\":(-?[0-9]+)}");
  private static final Pattern IN_CSV =
      Pattern.compile("^([^,\\n]*),([^,\\n]*),(-?[0-9]+)$", Pattern.MULTILINE);
  private static final Pattern ENTRY =
      Pattern.compile("^\\{\"sequence\":([0-9]+),", Pattern.MULTILINE);

  private static final Duration WAIT = Duration.ofSeconds(60);

  /**
   * What an entry does.
   *
   * @param units what it adds; for a settlement nothing, since it takes off what there is
   */
  private record Line(String agent, long units, boolean isSettlement) {}

  /** An export as it was answered. */
  private record Exported(String path, long sequence, String body) {}

  private final String service = unique("exported");

  /** So long that an export does not fit into the buffers between service and client. */
  private final String prefix = unique("agent") + "-" + "x".repeat(200);

  private final ConcurrentSkipListMap<Long, Line> lines = new ConcurrentSkipListMap<>();
  private final AtomicInteger commits = new AtomicInteger();
  private final AtomicBoolean isDone = new AtomicBoolean();

  @Test
  void anExportIsOfOneRevisionWhileOthersWrite()
      throws IOException, InterruptedException, ExecutionException {
    for (int writer = 0; writer < WRITERS; writer++) {
      int first = writer * AGENTS_PER_WRITER;
      record(IntStream.range(first, first + AGENTS_PER_WRITER).mapToObj(this::agent).toList(), 1);
    }
    List<Exported> exports = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> writers = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        int number = writer;
        writers.add(threads.submit(() -> write(number)));
      }
      try {
        for (int round = 0; round < ROUNDS; round++) {
          exports.add(export("/usage/export.json"));
          exports.add(export("/usage/export.csv"));
          exports.add(export("/entries/export?service=" + service));
        }
      } finally {
        isDone.set(true);
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    }
    for (Exported export : exports) {
      if (export.path.startsWith("/entries")) {
        assertThat(sequences(export.body))
            .as(export.path)
            .isEqualTo(List.copyOf(lines.headMap(export.sequence, true).keySet()));
      } else {
        Map<String, Long> exported =
            totals(export.path.endsWith("json") ? IN_JSON : IN_CSV, export.body);
        assertThat(List.copyOf(exported.entrySet()))
            .as(export.path)
            .isEqualTo(List.copyOf(totals(export.sequence).entrySet()));
      }
    }
  }

  private String agent(int number) {
    return prefix + number;
  }

  /** Records, resets and settles usage of agents of one's own until it is done. */
  private void write(int writer) {
    Random random = new Random(writer);
    for (int commit = 0; !isDone.get(); commit++) {
      List<String> agents =
          random
              .ints(EVENTS_PER_COMMIT, 0, AGENTS_PER_WRITER)
              .mapToObj(i -> agent(writer * AGENTS_PER_WRITER + i))
              .toList();
      record(agents, 1 + random.nextInt(100));
      if (commit % 5 == 0) {
        settle(agents.getFirst());
      }
      commits.incrementAndGet();
    }
  }

  private void record(List<String> agents, int units) {
    String data = "\"service\":\"" + service + "\",\"units\":" + units;
    Response answer =
        post(
            "/events",
            BATCH,
            agents.stream()
                .map(agent -> event(unique("id"), agent, data))
                .collect(Collectors.joining(",", "[", "]")));
    List<Long> sequences = answer.jsonPath().getList("results.sequence", Long.class);
    assertThat(sequences).as(answer.asString()).hasSameSizeAs(agents).doesNotContainNull();
    for (int i = 0; i < sequences.size(); i++) {
      lines.put(sequences.get(i), new Line(agents.get(i), units, false));
    }
  }

  private void settle(String agent) {
    Response settled =
        post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
    assertThat(settled.statusCode()).as(settled.asString()).isEqualTo(200);
    long sequence =
        get("/entries?kind=settlement&sort=desc&limit=1&agent=" + agent)
            .jsonPath()
            .getLong("items[0].sequence");
    lines.put(sequence, new Line(agent, 0, true));
  }

  /** Reads an export whose end is not asked for before others have gone on writing. */
  private Exported export(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + API + path))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<InputStream> answer = client.send(request, BodyHandlers.ofInputStream());
      try (InputStream body = answer.body()) {
        int begun = commits.get();
        await().atMost(WAIT).untilAtomic(commits, greaterThan(begun + COMMITS_MEANWHILE));
        assertThat(answer.statusCode()).isEqualTo(200);
        long sequence = answer.headers().firstValueAsLong("Ledger-Sequence").orElseThrow();
        return new Exported(path, sequence, new String(body.readAllBytes(), UTF_8));
      }
    }
  }

  // ---- The model --------------------------------------------------------------------------------

  /** What each agent has outstanding after a sequence, in order of first appearance. */
  private Map<String, Long> totals(long sequence) {
    Map<String, Long> totals = new LinkedHashMap<>();
    for (Line line : lines.headMap(sequence, true).values()) {
      totals.merge(line.agent, line.units, line.isSettlement ? (a, b) -> 0L : Long::sum);
    }
    return totals;
  }

  /** The agents of this test and their totals, which stand in the groups of a pattern. */
  private Map<String, Long> totals(Pattern pair, String body) {
    Map<String, Long> totals = new LinkedHashMap<>();
    pair.matcher(body)
        .results()
        .filter(found -> found.group(2).equals(service))
        .forEach(found -> totals.put(found.group(1), Long.valueOf(found.group(3))));
    return totals;
  }

  /** The sequences of NDJSON, whose last line has the count. */
  private static List<Long> sequences(String body) {
    List<Long> sequences =
        ENTRY.matcher(body).results().map(found -> Long.valueOf(found.group(1))).toList();
    assertThat(body).endsWith("\n{\"count\":" + sequences.size() + "}\n");
    return sequences;
  }
}
