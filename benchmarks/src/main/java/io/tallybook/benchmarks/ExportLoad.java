package io.tallybook.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Measures exports of a million entries and of 100,000 pairs over HTTP, from a service with a small
 * heap: how soon they begin, how long they take, what is on the heap meanwhile, and how fast others
 * write before, during and after. Each export of pairs is compared, pair by pair, with what a model
 * says of its {@code Ledger-Sequence}. Service, writers and reader share the machine; everything
 * goes over loopback. Linux only.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.tallybook.benchmarks.ExportLoad \
 *     service/target/quarkus-app/quarkus-run.jar</pre>
 */
public final class ExportLoad {
  private static final String HEAP = "640m";
  private static final int ENTRIES = 1_000_000;
  private static final int PAIRS = 100_000;
  private static final int AGENTS = 20_000;
  private static final int WRITERS = 4;

  /** How many events a second are sent where the writers keep to a pace. */
  private static final int PACE = 1_000;

  /** How long each rate is measured, at least. */
  private static final double PHASE_SECONDS = 5;

  private static final double NANOS = 1e9;
  private static final String ENTRIES_PATH = "/api/v1/entries/export";
  private static final String PAIRS_PATH = "/api/v1/usage/export.json";
  private static final Pattern PAIR =
      Pattern.compile(
          "\"agent\":\"agent-([0-9]+)\",\"serviceId\":\"service-([0-9]+)\",\"total\":([0-9]+)");
  private static final Pattern RECORDED =
      Pattern.compile("\\{\"status\":\"recorded\",\"sequence\":([0-9]+)}");

  private final ServiceProcess service;
  private final PrintStream out = System.out;
  private final Queue<Written> written = new ConcurrentLinkedQueue<>();
  private final LongAdder writes = new LongAdder();
  private volatile boolean isDone;

  private ExportLoad(ServiceProcess service) {
    this.service = service;
  }

  /** What a writer was told. */
  private record Written(long sequence, int pair, long units) {}

  /** Starts the service of the given jar, measures, and stops it. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args.length != 1) {
      throw new IllegalArgumentException("the path of quarkus-run.jar is required");
    }
    try (ServiceProcess service = ServiceProcess.start(args[0], HEAP)) {
      new ExportLoad(service).run();
    }
  }

  private void run() throws IOException, InterruptedException, ExecutionException {
    service.record(
        0,
        ENTRIES,
        i ->
            ServiceProcess.event(
                Integer.toString(i), agent(i % PAIRS), service(i % PAIRS), 1 + i % 7));
    out.println("export, while, items, bytes, seconds, first byte millis");
    for (String path : new String[] {PAIRS_PATH, ENTRIES_PATH}) {
      tell("first of its kind", HttpExport.read(service.port(), path, false));
    }
    for (String path : new String[] {PAIRS_PATH, ENTRIES_PATH}) {
      for (int i = 0; i < 3; i++) {
        tell("nobody writes", HttpExport.read(service.port(), path, false));
      }
      heap(path);
    }
    for (boolean paced : new boolean[] {true, false}) {
      for (String path : new String[] {PAIRS_PATH, ENTRIES_PATH}) {
        rates(path, paced);
      }
    }
  }

  private void tell(String when, HttpExport export) {
    out.printf(
        Locale.ROOT,
        "%s, %s, %,d, %,d, %.2f, %.1f%n",
        export.path(),
        when,
        export.count(),
        export.bytes(),
        export.nanos() / NANOS,
        export.firstByteNanos() / 1e6);
  }

  /** What is reachable on the heap before an export, and in the middle of it, three times. */
  private void heap(String path) throws IOException, InterruptedException {
    long before = service.liveBytes();
    HttpExport whole = HttpExport.read(service.port(), path, false);
    List<Long> during = new ArrayList<>();
    HttpExport paused =
        HttpExport.read(
            service.port(),
            path,
            false,
            bytes -> {
              if (bytes > (during.size() + 1) * whole.bytes() / 4 && during.size() < 3) {
                during.add(service.liveBytes());
              }
            });
    out.printf(
        Locale.ROOT,
        "%s, MiB on the heap before, during, after: %.1f, %s, %.1f%n",
        paused.path(),
        mebibytes(before),
        during.stream().map(live -> "%.1f".formatted(mebibytes(live))).toList(),
        mebibytes(service.liveBytes()));
  }

  private static double mebibytes(long bytes) {
    return bytes / (double) (1 << 20);
  }

  /** How fast others write before, during and after exports; checks the exports of pairs. */
  private void rates(String path, boolean paced)
      throws IOException, InterruptedException, ExecutionException {
    isDone = false;
    List<HttpExport> exports = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      List<Future<?>> writers = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        int number = writer;
        writers.add(threads.submit(() -> write(number, paced)));
      }
      try {
        double ignored = rate("", exports);
        double before = rate("", exports);
        double during = rate(path, exports);
        double after = rate("", exports);
        out.printf(
            Locale.ROOT,
            "%s, %s, writes a second before, during, after: %,.0f, %,.0f (%.0f %%), %,.0f%n",
            path,
            paced ? "at a pace" : "as fast as answers come",
            before,
            during,
            100 * during / ((before + after) / 2),
            after);
      } finally {
        isDone = true;
      }
      for (Future<?> writer : writers) {
        Object ignored = writer.get();
      }
    }
    exports.sort(Comparator.comparingLong(HttpExport::nanos));
    tell("median of " + exports.size() + " while others write", exports.get(exports.size() / 2));
    exports.sort(Comparator.comparingLong(HttpExport::firstByteNanos));
    tell("median to begin", exports.get(exports.size() / 2));
    tell("last to begin", exports.getLast());
    if (path.equals(PAIRS_PATH)) {
      exports.forEach(this::check);
      out.println(exports.size() + " exports of pairs were what the model says of their sequence");
    }
  }

  /** Writes a second while exports are read one after the other; or nothing is. */
  private double rate(String path, List<HttpExport> exports) throws IOException {
    long begin = System.nanoTime();
    long first = writes.sum();
    do {
      if (path.isEmpty()) {
        LockSupport.parkNanos((long) (PHASE_SECONDS * NANOS));
      } else {
        exports.add(HttpExport.read(service.port(), path, path.equals(PAIRS_PATH)));
      }
    } while (System.nanoTime() - begin < PHASE_SECONDS * NANOS);
    return (writes.sum() - first) * NANOS / (System.nanoTime() - begin);
  }

  private Void write(int writer, boolean paced) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    for (long i = 0; !isDone; i++) {
      int pair = (int) ((i * WRITERS + writer) * 7_919L % PAIRS);
      long units = 1 + i % 100;
      String id = "w" + writer + "-" + System.nanoTime();
      HttpResponse<String> answer =
          service
              .client()
              .send(
                  service
                      .request("/api/v1/events")
                      .header("Content-Type", "application/cloudevents+json")
                      .POST(
                          BodyPublishers.ofString(
                              ServiceProcess.event(id, agent(pair), service(pair), units)))
                      .build(),
                  BodyHandlers.ofString());
      Matcher recorded = RECORDED.matcher(answer.body());
      if (!recorded.matches()) {
        throw new IllegalStateException(answer.statusCode() + " " + answer.body());
      }
      written.add(new Written(Long.parseLong(recorded.group(1)), pair, units));
      writes.increment();
      if (paced) {
        long next = begin + (i + 1) * (long) NANOS * WRITERS / PACE;
        LockSupport.parkNanos(Math.max(0, next - System.nanoTime()));
      }
    }
    return null;
  }

  // ---- The model --------------------------------------------------------------------------------

  /** Compares an export of pairs with the sums of what was recorded up to its sequence. */
  private void check(HttpExport export) {
    long[] exported = new long[PAIRS];
    Matcher pair = PAIR.matcher(export.body());
    while (pair.find()) {
      int number = Integer.parseInt(pair.group(2)) * AGENTS + Integer.parseInt(pair.group(1));
      exported[number] = Long.parseLong(pair.group(3));
    }
    long[] expected = new long[PAIRS];
    for (int i = 0; i < ENTRIES; i++) {
      expected[i % PAIRS] += 1 + i % 7;
    }
    for (Written one : written) {
      if (one.sequence <= export.sequence()) {
        expected[one.pair] += one.units;
      }
    }
    int different = Arrays.mismatch(expected, exported);
    if (different >= 0) {
      throw new IllegalStateException(
          "at sequence %d pair %d has %d, not %d"
              .formatted(export.sequence(), different, exported[different], expected[different]));
    }
  }

  private static String agent(int pair) {
    return "agent-" + pair % AGENTS;
  }

  private static String service(int pair) {
    return "service-" + pair / AGENTS;
  }
}
