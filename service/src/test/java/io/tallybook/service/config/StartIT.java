package io.tallybook.service.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stops the start of the jar that is shipped. */
class StartIT {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ledger.storage=paper| Set ledger.storage to one of memory: there is no storage 'paper'.",
        "ledger.max-entries=5| Remove or rename ledger.max-entries: the settings of the ledger are",
        "ledger.currency=dollar| Set ledger.currency to three capital letters"
      })
  void aWrongSettingStopsTheStartWithWhatToDo(String setting, String message)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-D" + setting);
    command.add("-Dquarkus.http.port=0");
    command.add("-jar");
    command.add(Path.of("target", "quarkus-app", "quarkus-run.jar").toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(1);
      assertThat(output).contains(message).doesNotContain("Exception");
    } finally {
      process.destroyForcibly();
    }
  }
}
