package io.tallybook.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Measures the native executable, the JVM, and the JVM with a cache of its classes side by side:
 * the time from the start of the process to its first answer, resident memory then and after
 * requests, what a request costs, and the size of the files. The storage is memory. For what
 * requests cost the service runs on the first core and the load on the second; starts have both.
 * Linux only; everything goes over loopback and is bounded in count.
 *
 * <pre>taskset -c 1 java -cp benchmarks/target/benchmarks.jar io.tallybook.benchmarks.StartLoad \
 *     service/target/quarkus-app/quarkus-run.jar service/target/service-0.1.0-SNAPSHOT-runner</pre>
 */
public final class StartLoad {
  private static final int STARTS = 15;
  private static final int CONNECTIONS = 16;
  private static final int REQUESTS = 100_000;
  private static final int AGENTS = 10_000;
  private static final int START_SECONDS_MAX = 30;
  private static final double MIB = 1 << 20;
  private static final String HEAP = "512m";
  private static final String QUESTION = "/api/v1/rollups?groupBy=service&agent=agent-";
  private static final List<String> BOTH_CORES = List.of("taskset", "-c", "0,1");
  private static final List<String> FIRST_CORE = List.of("taskset", "-c", "0");
  private static final PrintStream OUT = System.out;

  private StartLoad() {}

  /** A way to run the service. */
  private record Way(String name, String program, List<String> settings, double fileMib) {}

  /** Sends one request of a load. */
  private interface Exchange {
    String send(HttpConnection connection, int number) throws IOException;
  }

  /** Measures the given jar and the given native executable. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args.length != 2) {
      throw new IllegalArgumentException(
          "the paths of quarkus-run.jar and of the native executable are required");
    }
    String jar = args[0];
    Path cache = Files.createTempFile("tallybook", ".aot");
    try {
      train(jar, cache);
      double jars = mib(Path.of(jar).resolveSibling(""));
      List<Way> ways =
          List.of(
              new Way("native", args[1], List.of(), mib(Path.of(args[1]))),
              new Way("JVM", jar, List.of(), jars),
              new Way("JVM, AOT cache", jar, List.of("-XX:AOTCache=" + cache), jars + mib(cache)));
      OUT.println("way, file MiB, ms to first answer: lowest, median, highest; MiB after start");
      for (Way way : ways) {
        starts(way);
      }
      OUT.println("way, request, requests per second, server CPU micros, MiB after them");
      for (Way way : ways) {
        requests(way);
      }
    } finally {
      Files.delete(cache);
    }
  }

  /** Makes the cache by a start that ends at once. */
  private static void train(String jar, Path cache) throws IOException, InterruptedException {
    List<String> settings = List.of("-XX:AOTCacheOutput=" + cache, "-Dquarkus.init-and-exit=true");
    try (ServiceProcess training = ServiceProcess.launch(jar, HEAP, BOTH_CORES, settings)) {
      training.awaitEnd();
    }
    if (Files.size(cache) == 0) {
      throw new IllegalStateException("the JVM made no cache");
    }
  }

  private static double mib(Path files) throws IOException {
    try (Stream<Path> all = Files.walk(files)) {
      return all.map(Path::toFile)
              .filter(file -> file.isFile())
              .mapToLong(file -> file.length())
              .sum()
          / MIB;
    }
  }

  private static void starts(Way way) throws IOException, InterruptedException {
    double[] millis = new double[STARTS];
    double[] resident = new double[STARTS];
    for (int i = 0; i < STARTS; i++) {
      long start = System.nanoTime();
      try (ServiceProcess service =
          ServiceProcess.launch(way.program, HEAP, BOTH_CORES, way.settings)) {
        awaitAnswer(service, start);
        millis[i] = (System.nanoTime() - start) / 1e6;
        resident[i] = service.residentBytes() / MIB;
      }
    }
    Arrays.sort(millis);
    Arrays.sort(resident);
    OUT.printf(
        Locale.ROOT,
        "%s, %.0f, %.0f, %.0f, %.0f, %.0f%n",
        way.name,
        way.fileMib,
        millis[0],
        millis[STARTS / 2],
        millis[STARTS - 1],
        resident[STARTS / 2]);
  }

  private static void awaitAnswer(ServiceProcess service, long start) throws InterruptedException {
    while (service.isAlive() && (System.nanoTime() - start) / 1e9 < START_SECONDS_MAX) {
      try (HttpConnection connection = new HttpConnection(service.port())) {
        String ignored = connection.get("/api/v1/rollups");
        return;
      } catch (IOException notYet) {
        Thread.sleep(1);
      }
    }
    throw new IllegalStateException("the service did not answer");
  }

  private static void requests(Way way)
      throws IOException, InterruptedException, ExecutionException {
    try (ServiceProcess service =
        ServiceProcess.start(way.program, HEAP, FIRST_CORE, way.settings)) {
      Exchange post =
          (connection, i) ->
              connection.post(
                  "/api/v1/usage",
                  "application/json",
                  "{\"agent\":\"agent-%d\",\"serviceId\":\"search\",\"requests\":1}"
                      .formatted(i % AGENTS));
      Exchange get = (connection, i) -> connection.get(QUESTION + i % AGENTS);
      // The first load of each kind is for the compiler, and is told too.
      for (int round = 1; round <= 2; round++) {
        load(way, service, "POST /usage " + round, post);
        load(way, service, "GET /rollups " + round, get);
      }
    }
  }

  private static void load(Way way, ServiceProcess service, String name, Exchange exchange)
      throws IOException, InterruptedException, ExecutionException {
    double cpu = service.cpuSeconds();
    long start = System.nanoTime();
    try (ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS)) {
      List<Future<?>> parts = new ArrayList<>();
      for (int first = 0; first < CONNECTIONS; first++) {
        int from = first;
        parts.add(
            threads.submit(
                () -> {
                  try (HttpConnection connection = new HttpConnection(service.port())) {
                    for (int i = from; i < REQUESTS; i += CONNECTIONS) {
                      String ignored = exchange.send(connection, i);
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> part : parts) {
        part.get();
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    OUT.printf(
        Locale.ROOT,
        "%s, %s, %.0f, %.0f, %.0f%n",
        way.name,
        name,
        REQUESTS / seconds,
        (service.cpuSeconds() - cpu) * 1e6 / REQUESTS,
        service.residentBytes() / MIB);
  }
}
