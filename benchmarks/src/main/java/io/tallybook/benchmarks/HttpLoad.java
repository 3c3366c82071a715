package io.tallybook.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
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
  private static final int CONNECTIONS = 16;
  private static final int REQUESTS = 40_000;
  private static final int WARMUP_REQUESTS = 60_000;
  private static final int AGENTS_PER_SERVICE = 1_000;

  private final ServiceProcess service;
  private final PrintStream out = System.out;

  private HttpLoad(ServiceProcess service) {
    this.service = service;
  }

  /** Starts the service of the given jar, measures, and stops it. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args.length != 1) {
      throw new IllegalArgumentException("the path of quarkus-run.jar is required");
    }
    try (ServiceProcess service = ServiceProcess.start(args[0], "4g", "taskset", "-c", "0")) {
      new HttpLoad(service).run();
    }
  }

  private void run() throws IOException, InterruptedException, ExecutionException {
    out.println("pairs, request, server CPU micros, requests per second");
    int pairs = 0;
    for (int target : new int[] {1_000, 10_000, 100_000, 1_000_000}) {
      service.record(
          pairs,
          target,
          pair -> ServiceProcess.event(Integer.toString(pair), agent(pair), service(pair), 1));
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

  private void measure(int pairs, String name, IntFunction<HttpRequest> requests)
      throws IOException, InterruptedException, ExecutionException {
    double cpu = service.cpuSeconds();
    long start = System.nanoTime();
    load(REQUESTS, requests);
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpuSeconds = service.cpuSeconds() - cpu;
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
                        service.client().send(requests.apply(i), BodyHandlers.discarding());
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

  private HttpRequest post(int pair) {
    String body =
        "{\"agent\":\"%s\",\"serviceId\":\"%s\",\"requests\":1}"
            .formatted(agent(pair), service(pair));
    return service
        .request("/api/v1/usage")
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private HttpRequest get(int pair) {
    return service
        .request(
            "/api/v1/rollups?groupBy=service&agent=" + agent(pair) + "&service=" + service(pair))
        .GET()
        .build();
  }

  private static String agent(int pair) {
    return "agent-" + pair % AGENTS_PER_SERVICE;
  }

  private static String service(int pair) {
    return "service-" + pair / AGENTS_PER_SERVICE;
  }
}
