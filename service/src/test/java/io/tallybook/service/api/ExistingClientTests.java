package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.unique;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.RestAssured;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client in plain Node, as programs have had it before there was Tallybook. */
abstract class ExistingClientTests {
  private static final Path SCENARIO =
      Path.of("src", "test", "resources", "existing-client", "scenario.mjs").toAbsolutePath();

  @Test
  void isServedAsEver(@TempDir Path directory) throws IOException, InterruptedException {
    Program.End end =
        Program.run(
            directory,
            Duration.ofMinutes(2),
            List.of(
                Node.executable().toString(),
                SCENARIO.toString(),
                "http://localhost:" + RestAssured.port + API,
                unique("node")));
    assertThat(end.code()).as("The scenario failed:%n%s", end.output()).isZero();
    assertThat(end.output()).endsWith("passed\n");
  }
}
