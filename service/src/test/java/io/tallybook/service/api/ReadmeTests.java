package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows, from a new ledger on. */
abstract class ReadmeTests {
  /** A service of its own, and so a new ledger. */
  public static class NewLedger implements QuarkusTestProfile {}

  @Test
  void theReadmeShowsWhatIsAnswered(@TempDir Path directory)
      throws IOException, InterruptedException {
    Tour.of("README.md")
        .without("./mvnw -Prun", "./mvnw verify -Dnative", "./mvnw verify")
        .follow(directory);
  }
}
