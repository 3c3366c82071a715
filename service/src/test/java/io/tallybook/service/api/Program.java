package io.tallybook.service.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program beside the service, run to its end. */
final class Program {
  private Program() {}

  /**
   * How a program ended.
   *
   * @param output what it wrote to its two outputs
   */
  record End(int code, String output) {}

  /**
   * Runs a program in a directory and waits for its end; one that takes longer than it may is ended
   * with all that it started, and is a failure.
   */
  static End run(Path directory, Duration atMost, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("program", ".txt");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      process.getOutputStream().close();
      boolean ended = process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS);
      String written = Files.readString(output, UTF_8);
      assertThat(ended)
          .as("%s ends within %s; it has written:%n%s", command, atMost, written)
          .isTrue();
      return new End(process.exitValue(), written);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      Files.delete(output);
    }
  }
}
