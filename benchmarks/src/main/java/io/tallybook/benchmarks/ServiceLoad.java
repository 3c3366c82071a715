package io.tallybook.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongFunction;

/**
 * What is measured of a service on a storage that has a server: a stream of events, single posts
 * from many connections over many pairs and over one, and rollups.
 */
final class ServiceLoad {
  static final int CONNECTIONS = 64;
  static final int AGENTS = 10_000;
  static final int SERVICES = 50;

  private static final String HEAP = "2g";
  private static final int STREAMS = 4;
  private static final int LINES = 50_000;
  private static final int POSTS = 30_000;
  private static final int READS = 5_000;
  private static final long SMALL = 100_000;
  private static final String[] TYPES = {"call", "token", "search", "export"};

  private static final PrintStream OUT = System.out;

  private final int port;
  private long events;

  private ServiceLoad(int port) {
    this.port = port;
  }

  /**
   * Starts the service of a jar, measures while the ledger is small, then while it grows to some
   * number of events, and then, and stops the service.
   */
  static void measure(String jar, List<String> settings, long target)
      throws IOException, InterruptedException, ExecutionException {
    try (ServiceProcess service = ServiceProcess.start(jar, HEAP, List.of(), settings)) {
      new ServiceLoad(service.port()).run(target);
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
    reads("right after the stream");
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

  static void print(String what, String figures) {
    OUT.println(what + ": " + figures);
  }
}
