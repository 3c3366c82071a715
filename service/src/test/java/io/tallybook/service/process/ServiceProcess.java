package io.tallybook.service.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process of what is shipped, the jar or the native executable, whichever was built last; on a
 * free port of the loopback address.
 */
final class ServiceProcess implements AutoCloseable {
  /** Where the API is. */
  static final String API = "/api/v1";

  /** The code of a process that SIGTERM has ended: 128 and the signal's number. */
  static final int TERMINATED = 143;

  private static final int SECONDS_MAX = 120;
  private static final Path TARGET = Path.of("target");
  private static final Pattern LISTENING = Pattern.compile("Listening on: http://[^:]+:(\\d+)");

  private final Process process;
  private final CompletableFuture<Integer> port = new CompletableFuture<>();
  private final Queue<String> output = new ConcurrentLinkedQueue<>();
  private final Thread reader;

  private ServiceProcess(Process process) {
    this.process = process;
    this.reader = Thread.ofVirtual().start(this::readOutput);
  }

  /** Starts a service with some settings; does not wait for it. */
  static ServiceProcess launch(Map<String, String> settings) throws IOException {
    List<String> options = new ArrayList<>();
    options.add("-Xmx512m");
    options.add("-Dquarkus.http.port=0");
    options.add("-Dquarkus.http.host=127.0.0.1");
    settings.forEach((name, value) -> options.add("-D" + name + "=" + value));
    return new ServiceProcess(
        new ProcessBuilder(command(options)).redirectErrorStream(true).start());
  }

  /** The command that runs what the build says it has made. */
  private static List<String> command(List<String> options) throws IOException {
    Properties built = new Properties();
    try (Reader properties =
        Files.newBufferedReader(TARGET.resolve("quarkus-artifact.properties"))) {
      built.load(properties);
    }
    String path = TARGET.resolve(built.getProperty("path")).toAbsolutePath().toString();
    List<String> command = new ArrayList<>();
    if (built.getProperty("type").equals("native")) {
      command.add(path);
      command.addAll(options);
    } else {
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(jvmOptions());
      command.addAll(options);
      command.addAll(List.of("-jar", path));
    }
    return command;
  }

  /** Those that services have which the other integration tests start. */
  private static List<String> jvmOptions() {
    String options = System.getProperty("quarkus.test.arg-line", "");
    return options.isBlank() ? List.of() : List.of(options.split(" ", -1));
  }

  /** Starts a service and waits until it listens. */
  static ServiceProcess start(Map<String, String> settings) throws IOException {
    ServiceProcess service = launch(settings);
    try {
      service.port.get(SECONDS_MAX, TimeUnit.SECONDS);
      return service;
    } catch (ExecutionException | TimeoutException e) {
      service.close();
      throw new IllegalStateException("The service did not start:\n" + service.output(), e);
    } catch (InterruptedException e) {
      service.close();
      throw new IllegalStateException(e);
    }
  }

  private void readOutput() {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.add(line);
        Matcher listening = LISTENING.matcher(line);
        if (listening.find()) {
          port.complete(Integer.valueOf(listening.group(1)));
        }
      }
    } catch (IOException e) {
      output.add(e.toString());
    } finally {
      port.completeExceptionally(new IllegalStateException("The process ended"));
    }
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port.getNow(0) + path);
  }

  /** Ends the process as a crash does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    await();
  }

  /** Ends the process as an operator does; returns its code. */
  int terminate() throws InterruptedException {
    requestEnd();
    return await();
  }

  /** Asks the process to end, as an operator does. */
  void requestEnd() {
    process.destroy();
  }

  /** Waits for the end of the process; returns its code. */
  int await() throws InterruptedException {
    if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
      throw new IllegalStateException("The service did not end:\n" + output());
    }
    reader.join();
    return process.exitValue();
  }

  /** What it has written so far. */
  String output() {
    return String.join("\n", output);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
