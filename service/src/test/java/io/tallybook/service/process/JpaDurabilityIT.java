package io.tallybook.service.process;

import io.tallybook.ledger.jpa.Server;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** On a PostgreSQL that waits for the disk. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init") // set before the first test
class JpaDurabilityIT extends DurabilityTests {
  private Server postgres;

  @BeforeAll
  void startPostgres() throws IOException, SQLException {
    postgres =
        new Server(Map.of("fsync", "on", "synchronous_commit", "on", "full_page_writes", "on"));
  }

  @AfterAll
  void stopPostgres() throws IOException {
    postgres.close();
  }

  @Override
  Map<String, String> settings() {
    return Map.of(
        "quarkus.profile", "jpa",
        "quarkus.datasource.jdbc.url",
            "jdbc:postgresql://localhost:" + postgres.port() + "/postgres",
        "quarkus.datasource.username", "postgres");
  }

  @Override
  void restartStorage() {
    postgres.kill();
    postgres.start();
  }
}
