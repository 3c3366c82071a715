package io.tallybook.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Measures the service on PostgreSQL, which waits for the disk, on the same machine: a stream of
 * events, single posts from 64 connections over many pairs and over one, and rollups while the
 * ledger is small and when it has grown. In the same run {@code pgbench} does what people would
 * write themselves, an insert and an upsert for each event, as the baseline. Linux on x86-64 only;
 * everything goes over loopback and is bounded in count.
 *
 * <p>{@code pgbench} is part of the distribution's package {@code postgresql-contrib}. The second
 * argument is how many events the ledger grows to.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.tallybook.benchmarks.PostgresLoad \
 *     service/target/quarkus-app/quarkus-run.jar 5000000</pre>
 */
public final class PostgresLoad {
  private static final int CONNECTIONS = 64;
  private static final int STREAMS = 4;
  private static final int LINES = 50_000;
  private static final int POSTS = 30_000;
  private static final int READS = 5_000;
  private static final int AGENTS = 10_000;
  private static final int SERVICES = 50;
  private static final int BASELINE_SECONDS = 20;
  private static final long SMALL = 100_000;
  private static final String[] TYPES = {"call", "token", "search", "export"};
  private static final Pattern TPS = Pattern.compile("tps = ([0-9.]+)");

  private static final String BASELINE_TABLES =
      "CREATE SCHEMA baseline;"
          + "CREATE TABLE baseline.event (id bigserial PRIMARY KEY, source text NOT NULL,"
          + " event_id text NOT NULL, agent text NOT NULL, service text NOT NULL, type text NOT"
          + " NULL, at timestamptz NOT NULL, units bigint NOT NULL, UNIQUE (source, event_id));"
          + "CREATE INDEX ON baseline.event (agent, at);"
          + "CREATE TABLE baseline.usage (agent text, service text, units bigint NOT NULL,"
          + " PRIMARY KEY (agent, service))";

  private static final String BASELINE =
      "\\set agent random(1, "
          + AGENTS
          + ")\n\\set service random(1, "
          + SERVICES
          + ")\nBEGIN;\n"
          + "INSERT INTO baseline.event (source, event_id, agent, service, type, at, units) VALUES"
          + " ('load', gen_random_uuid()::text, 'agent-' || :agent, 'service-' || :service,"
          + " 'call', now(), 1);\n"
          + "INSERT INTO baseline.usage VALUES ('agent-' || :agent, 'service-' || :service, 1)"
          + " ON CONFLICT (agent, service) DO UPDATE SET units = usage.units + 1;\nEND;\n";

  private static final PrintStream OUT = System.out;

  private final int port;
  private long events;

  private PostgresLoad(int port) {
    this.port = port;
  }

  /** Starts PostgreSQL and the service of the given jar, measures, and stops both. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException, SQLException {
    if (args.length != 2) {
      throw new IllegalArgumentException(
          "the path of quarkus-run.jar and the number of events are required");
    }
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("full_page_writes", "on")
            .setServerConfig("shared_buffers", "2GB")
            .setServerConfig("max_wal_size", "8GB")
            .start()) {
      baseline(postgres);
      try (ServiceProcess service =
          ServiceProcess.start(
              args[0],
              "2g",
              List.of(),
              List.of(
                  "-Dquarkus.profile=jpa",
                  "-Dquarkus.datasource.jdbc.url=" + postgres.getJdbcUrl("postgres", "postgres"),
                  "-Dquarkus.datasource.username=postgres"))) {
        new PostgresLoad(service.port()).run(Long.parseLong(args[1]));
      }
    }
  }

  private static void baseline(EmbeddedPostgres postgres)
      throws SQLException, IOException, InterruptedException {
    try (Connection connection = postgres.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      for (String durable : new String[] {"fsync", "synchronous_commit", "full_page_writes"}) {
        try (ResultSet setting = statement.executeQuery("SHOW " + durable)) {
          if (!setting.next() || !setting.getString(1).equals("on")) {
            throw new IllegalStateException(durable + " is not on");
          }
        }
      }
      statement.execute(BASELINE_TABLES);
    }
    Path script = Files.createTempFile("baseline", ".sql");
    try {
      Files.writeString(script, BASELINE);
      for (int clients : new int[] {16, CONNECTIONS}) {
        Process pgbench =
            new ProcessBuilder(
                    "pgbench",
                    "-n",
                    "-M",
                    "prepared",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    Integer.toString(postgres.getPort()),
                    "-U",
                    "postgres",
                    "-c",
                    Integer.toString(clients),
                    "-j",
                    "2",
                    "-T",
                    Integer.toString(BASELINE_SECONDS),
                    "-f",
                    script.toString(),
                    "postgres")
                .redirectErrorStream(true)
                .start();
        String printed = new String(pgbench.getInputStream().readAllBytes(), UTF_8);
        Matcher tps = TPS.matcher(printed);
        if (pgbench.waitFor() != 0 || !tps.find()) {
          throw new IllegalStateException("pgbench failed:\n" + printed);
        }
        print(
            "baseline, insert and upsert, " + clients + " connections",
            String.format(Locale.ROOT, "%,.0f events a second", Double.parseDouble(tps.group(1))));
      }
    } finally {
      Files.delete(script);
    }
  }

  private void run(long target) throws IOException, InterruptedException, ExecutionException {
    stream(SMALL);
    posts("warm-up", number -> number % AGENTS);
    reads("warm-up");
    reads("rollups at " + SMALL);
    posts("spread", number -> number % AGENTS);
    posts("hot key", number -> 0L);
    posts("spread", number -> number % AGENTS);
    posts("hot key", number -> 0L);
    while (events < target) {
      long begin = events;
      long start = System.nanoTime();
      stream(Math.min(500_000, target - events));
      print(
          "stream to " + events,
          String.format(
              Locale.ROOT,
              "%,.0f events a second",
              (events - begin) / seconds(System.nanoTime() - start)));
    }
    reads("rollups at " + events);
    posts("spread", number -> number % AGENTS);
    posts("hot key", number -> 0L);
  }

  /** Sends events as streams of many lines, several at once. */
  private void stream(long count) throws InterruptedException, ExecutionException {
    long first = events;
    events += count;
    try (ExecutorService threads = Executors.newFixedThreadPool(STREAMS)) {
      List<Future<?>> parts = new ArrayList<>();
      for (int s = 0; s < STREAMS; s++) {
        long from = first + count * s / STREAMS;
        long to = first + count * (s + 1) / STREAMS;
        parts.add(
            threads.submit(
                () -> {
                  try (HttpConnection connection = new HttpConnection(port)) {
                    for (long begin = from; begin < to; begin += LINES) {
                      StringBuilder lines = new StringBuilder();
                      long end = Math.min(begin + LINES, to);
                      for (long number = begin; number < end; number++) {
                        lines.append(event("stream", number, number)).append('\n');
                      }
                      String answer =
                          connection.post(
                              "/api/v1/events", "application/x-ndjson", lines.toString());
                      if (!answer.contains("\"recorded\":" + (end - begin) + ",")) {
                        throw new IllegalStateException(answer);
                      }
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> part : parts) {
        part.get();
      }
    }
  }

  /** Sends one event a request from many connections. */
  private void posts(String name, LongFunction<Long> agents)
      throws InterruptedException, ExecutionException {
    String source = "post-" + System.nanoTime();
    long[] nanos = new long[POSTS];
    long start = System.nanoTime();
    onConnections(
        POSTS,
        (connection, i) -> {
          long begin = System.nanoTime();
          connection.post(
              "/api/v1/events",
              "application/cloudevents+json",
              event(source, i, agents.apply(i * 7_919L)));
          nanos[i] = System.nanoTime() - begin;
        },
        CONNECTIONS);
    double rate = POSTS / seconds(System.nanoTime() - start);
    events += POSTS;
    Arrays.sort(nanos);
    print(
        "single posts, " + name + ", " + CONNECTIONS + " connections",
        String.format(
            Locale.ROOT,
            "%,.0f a second, median %.1f ms, p99 %.1f ms",
            rate,
            nanos[POSTS / 2] / 1e6,
            nanos[POSTS / 100 * 99] / 1e6));
  }

  /** Asks for the sums of one pair, of a service and of the best agents, one after the other. */
  private void reads(String name) throws InterruptedException, ExecutionException {
    String[] paths = {
      "/api/v1/rollups?groupBy=service&agent=agent-%d&service=service-%d",
      "/api/v1/rollups?service=service-%2$d",
      "/api/v1/rollups?groupBy=agent&service=service-%2$d&order=top&measure=outstanding&limit=10"
    };
    for (String path : paths) {
      long[] nanos = new long[READS];
      onConnections(
          READS,
          (connection, i) -> {
            String asked =
                String.format(Locale.ROOT, path, i * 7_919L % AGENTS, i * 7_919L % SERVICES);
            long begin = System.nanoTime();
            connection.get(asked);
            nanos[i] = System.nanoTime() - begin;
          },
          1);
      Arrays.sort(nanos);
      print(
          name + ", " + path.substring(path.indexOf('?') + 1),
          String.format(
              Locale.ROOT,
              "median %.2f ms, p99 %.2f ms",
              nanos[READS / 2] / 1e6,
              nanos[READS / 100 * 99] / 1e6));
    }
  }

  private interface Request {
    void send(HttpConnection connection, int number) throws IOException;
  }

  private void onConnections(int count, Request request, int connections)
      throws InterruptedException, ExecutionException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> parts = new ArrayList<>();
      for (int c = 0; c < connections; c++) {
        int first = c;
        parts.add(
            threads.submit(
                () -> {
                  try (HttpConnection connection = new HttpConnection(port)) {
                    for (int i = first; i < count; i += connections) {
                      request.send(connection, i);
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> part : parts) {
        part.get();
      }
    }
  }

  /** An event of an agent and one of eight services of that agent. */
  private static String event(String source, long id, long agent) {
    return "{\"specversion\":\"1.0\",\"source\":\""
        + source
        + "\",\"id\":\""
        + id
        + "\",\"type\":\""
        + TYPES[(int) (id % TYPES.length)]
        + "\",\"subject\":\"agent-"
        + agent * 31 % AGENTS
        + "\",\"data\":{\"service\":\"service-"
        + (agent + id % 8) % SERVICES
        + "\",\"units\":1}}";
  }

  private static double seconds(long nanos) {
    return nanos / 1e9;
  }

  private static void print(String what, String figures) {
    OUT.println(what + ": " + figures);
  }
}
