package io.tallybook.service.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process of the jar that is shipped, on a free port of the loopback address. */
final class ServiceProcess implements AutoCloseable {
  private static final int SECONDS_MAX = 120;
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
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx512m");
    command.add("-Dquarkus.http.port=0");
    command.add("-Dquarkus.http.host=127.0.0.1");
    settings.forEach((name, value) -> command.add("-D" + name + "=" + value));
    command.add("-jar");
    command.add(Path.of("target", "quarkus-app", "quarkus-run.jar").toString());
    return new ServiceProcess(new ProcessBuilder(command).redirectErrorStream(true).start());
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
    return URI.create("http://127.0.0.1:" + port.getNow(0) + "/api/v1" + path);
  }

  /** Ends the process as a crash does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    await();
  }

  /** Ends the process as an operator does; returns its code. */
  int terminate() throws InterruptedException {
    process.destroy();
    return await();
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
