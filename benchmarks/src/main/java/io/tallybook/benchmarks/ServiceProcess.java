package io.tallybook.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/** The service as a process of its own, on a free port of the loopback interface. Linux only. */
final class ServiceProcess implements AutoCloseable {
  private static final double TICKS_PER_SECOND = 100;
  private static final int EVENTS_PER_STREAM = 10_000;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Process process;
  private final int port;

  private ServiceProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts the service and waits until it is ready.
   *
   * @param jar the path of quarkus-run.jar
   * @param heap as the option {@code -Xmx} takes it
   * @param before what the command begins with, such as {@code taskset -c 0}
   */
  static ServiceProcess start(String jar, String heap, String... before)
      throws IOException, InterruptedException {
    return start(jar, heap, List.of(before), List.of());
  }

  /**
   * Starts the service with settings of its own and waits until it is ready.
   *
   * @param settings as the command takes them, such as {@code -Dquarkus.profile=jpa}
   */
  static ServiceProcess start(String jar, String heap, List<String> before, List<String> settings)
      throws IOException, InterruptedException {
    ServiceProcess service = launch(jar, heap, before, settings);
    service.awaitReady();
    return service;
  }

  /**
   * Starts the service and does not wait for it.
   *
   * @param program the path of quarkus-run.jar or of the native executable
   */
  static ServiceProcess launch(
      String program, String heap, List<String> before, List<String> settings) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    boolean isJar = program.endsWith(".jar");
    List<String> command = new ArrayList<>(before);
    if (isJar) {
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("-XX:+UseCompactObjectHeaders");
    } else {
      command.add(program);
    }
    command.addAll(
        List.of(
            "-Xmx" + heap,
            "-Dquarkus.http.host=127.0.0.1",
            "-Dquarkus.http.port=" + port,
            "-Dquarkus.log.level=WARN"));
    command.addAll(settings);
    if (isJar) {
      command.addAll(List.of("-jar", program));
    }
    return new ServiceProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start(),
        port);
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

  int port() {
    return port;
  }

  HttpClient client() {
    return client;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
  }

  /** Records the events of some numbers, by streams; each number has one event, as JSON. */
  void record(int from, int to, IntFunction<String> event)
      throws IOException, InterruptedException {
    for (int begin = from; begin < to; begin += EVENTS_PER_STREAM) {
      StringBuilder lines = new StringBuilder();
      for (int i = begin; i < Math.min(begin + EVENTS_PER_STREAM, to); i++) {
        lines.append(event.apply(i)).append('\n');
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

  /** An event of the type {@code usage}. */
  static String event(String id, String agent, String service, long units) {
    return "{\"specversion\":\"1.0\",\"type\":\"usage\",\"source\":\"load\",\"id\":\""
        + id
        + "\",\"subject\":\""
        + agent
        + "\",\"data\":{\"service\":\""
        + service
        + "\",\"units\":"
        + units
        + "}}";
  }

  /** User and system time in seconds: fields 14 and 15 of proc(5)'s stat. */
  double cpuSeconds() throws IOException {
    String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Arrays.stream(fields, 11, 13).mapToLong(Long::parseLong).sum() / TICKS_PER_SECOND;
  }

  /** Resident memory in bytes: VmRSS of proc(5)'s status. */
  long residentBytes() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
      String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
      return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1_024;
    }
  }

  /** Waits until the process has ended by itself. */
  void awaitEnd() throws InterruptedException {
    int ignored = process.waitFor();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** What is reachable on the heap, after a full collection. */
  long liveBytes() throws IOException, InterruptedException {
    Process histogram =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(process.pid()),
                "GC.class_histogram")
            .redirectErrorStream(true)
            .start();
    String text = new String(histogram.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String total = text.lines().filter(line -> line.startsWith("Total")).findFirst().orElse("");
    if (histogram.waitFor() != 0 || total.isEmpty()) {
      throw new IllegalStateException("jcmd did not tell the heap: " + text);
    }
    String[] cells = total.strip().split("\\s+", -1);
    return Long.parseLong(cells[cells.length - 1]);
  }

  @Override
  public void close() {
    process.destroy();
    Process ignored = process.onExit().join();
  }
}
