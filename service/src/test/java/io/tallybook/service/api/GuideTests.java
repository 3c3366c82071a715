package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tour of the REST guide, from a new ledger on. */
abstract class GuideTests {
  /** A service of its own, and so a new ledger. */
  public static class NewLedger implements QuarkusTestProfile {}

  @Test
  void theGuideShowsWhatIsAnswered(@TempDir Path directory)
      throws IOException, InterruptedException {
    Tour.of("docs/rest-guide.md").follow(directory);
  }
}
