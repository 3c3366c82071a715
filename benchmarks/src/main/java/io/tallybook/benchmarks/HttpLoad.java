package io.tallybook.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/**
 * Measures what one request over HTTP costs the server, and whether the cost stays flat while the
 * number of pairs grows from a thousand to a million. The service runs on the first core, the load
 * on the second; the cost is the server's own CPU time, read from the system before and after.
 * Linux only; everything goes over loopback and is bounded in count.
 *
 * <pre>taskset -c 1 java -cp benchmarks/target/benchmarks.jar io.tallybook.benchmarks.HttpLoad \
 *     service/target/quarkus-app/quarkus-run.jar</pre>
 */
public final class HttpLoad {
  private static final int PORT = 18_099;
  private static final int CONNECTIONS = 16;
  private static final int REQUESTS = 40_000;
  private static final int WARMUP_REQUESTS = 60_000;
  private static final int AGENTS_PER_SERVICE = 1_000;
  private static final double TICKS_PER_SECOND = 100;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Process server;
  private final PrintStream out = System.out;

  private HttpLoad(Process server) {
    this.server = server;
  }

  /** Starts the service of the given jar, measures, and stops it. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args.length != 1) {
      throw new IllegalArgumentException("the path of quarkus-run.jar is required");
    }
    List<String> command = new ArrayList<>(List.of("taskset", "-c", "0"));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx4g",
            "-XX:+UseCompactObjectHeaders",
            "-Dquarkus.http.host=127.0.0.1",
            "-Dquarkus.http.port=" + PORT,
            "-Dquarkus.log.level=WARN",
            "-jar",
            args[0]));
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      new HttpLoad(server).run();
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private void run() throws IOException, InterruptedException, ExecutionException {
    awaitReady();
    out.println("pairs, request, server CPU micros, requests per second");
    int pairs = 0;
    for (int target : new int[] {1_000, 10_000, 100_000, 1_000_000}) {
      fill(pairs, target);
      pairs = target;
      int existing = pairs;
      if (target == 1_000) {
        load(WARMUP_REQUESTS, i -> post(i % existing));
        load(WARMUP_REQUESTS, i -> get(i % existing));
      }
      measure(pairs, "POST /usage", i -> post((int) (i * 7_919L % existing)));
      measure(pairs, "GET /rollups", i -> get((int) (i * 7_919L % existing)));
    }
  }

  private void awaitReady() throws InterruptedException {
    HttpRequest ready = request("/q/health/ready").GET().build();
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (System.nanoTime() < deadline) {
      try {
        if (client.send(ready, BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (IOException notYet) {
        Thread.sleep(50);
      }
    }
    throw new IllegalStateException("the service was not ready in 60 seconds");
  }

  /** Makes pairs up to a number, by streams of events. */
  private void fill(int from, int to) throws IOException, InterruptedException {
    for (int begin = from; begin < to; begin += 10_000) {
      StringBuilder lines = new StringBuilder();
      for (int pair = begin; pair < Math.min(begin + 10_000, to); pair++) {
        lines
            .append("{\"specversion\":\"1.0\",\"type\":\"usage\",\"source\":\"load\",\"id\":\"")
            .append(pair)
            .append("\",\"subject\":\"")
            .append(agent(pair))
            .append("\",\"data\":{\"service\":\"")
            .append(service(pair))
            .append("\",\"units\":1}}\n");
      }
      HttpResponse<String> answer =
          client.send(
              request("/api/v1/events")
                  .header("Content-Type", "application/x-ndjson")
                  .POST(BodyPublishers.ofString(lines.toString()))
                  .build(),
              BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IllegalStateException(answer.statusCode() + " " + answer.body());
      }
    }
  }

  private void measure(int pairs, String name, IntFunction<HttpRequest> requests)
      throws IOException, InterruptedException, ExecutionException {
    long ticks = cpuTicks();
    long start = System.nanoTime();
    load(REQUESTS, requests);
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpuSeconds = (cpuTicks() - ticks) / TICKS_PER_SECOND;
    out.printf(
        Locale.ROOT,
        "%,d, %s, %.0f, %,.0f%n",
        pairs,
        name,
        cpuSeconds * 1e6 / REQUESTS,
        REQUESTS / seconds);
  }

  /** Sends requests over a bounded number of connections, and checks every status. */
  private void load(int count, IntFunction<HttpRequest> requests)
      throws InterruptedException, ExecutionException {
    try (ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS)) {
      List<Future<?>> parts = new ArrayList<>();
      for (int connection = 0; connection < CONNECTIONS; connection++) {
        int first = connection;
        parts.add(
            threads.submit(
                () -> {
                  for (int i = first; i < count; i += CONNECTIONS) {
                    HttpResponse<Void> answer =
                        client.send(requests.apply(i), BodyHandlers.discarding());
                    if (answer.statusCode() / 100 != 2) {
                      throw new IllegalStateException("status " + answer.statusCode());
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

  /** User and system time of the server in ticks: fields 14 and 15 of proc(5)'s stat. */
  private long cpuTicks() throws IOException {
    String stat = Files.readString(Path.of("/proc/" + server.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Arrays.stream(fields, 11, 13).mapToLong(Long::parseLong).sum();
  }

  private static HttpRequest post(int pair) {
    String body =
        "{\"agent\":\"%s\",\"serviceId\":\"%s\",\"requests\":1}"
            .formatted(agent(pair), service(pair));
    return request("/api/v1/usage")
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private static HttpRequest get(int pair) {
    return request(
            "/api/v1/rollups?groupBy=service&agent=" + agent(pair) + "&service=" + service(pair))
        .GET()
        .build();
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + PORT + path));
  }

  private static String agent(int pair) {
    return "agent-" + pair % AGENTS_PER_SERVICE;
  }

  private static String service(int pair) {
    return "service-" + pair / AGENTS_PER_SERVICE;
  }
}
