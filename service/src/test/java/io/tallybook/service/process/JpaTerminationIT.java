package io.tallybook.service.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** On a PostgreSQL that does not wait for the disk. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init") // set before the first test
class JpaTerminationIT extends TerminationTests {
  private EmbeddedPostgres postgres;

  @BeforeAll
  void startPostgres() throws IOException {
    postgres = EmbeddedPostgres.start();
  }

  @AfterAll
  void stopPostgres() throws IOException {
    postgres.close();
  }

  @Override
  Map<String, String> settings() {
    return settings(true);
  }

  private Map<String, String> settings(boolean isLossAccepted) {
    return Map.of(
        "quarkus.profile",
        "jpa",
        "quarkus.datasource.jdbc.url",
        postgres.getJdbcUrl("postgres", "postgres"),
        "quarkus.datasource.username",
        "postgres",
        "ledger.jpa.loss-accepted",
        Boolean.toString(isLossAccepted));
  }

  @Test
  void aServerThatMayLoseWhatItAcknowledgedStopsTheStart()
      throws IOException, InterruptedException {
    try (ServiceProcess service = ServiceProcess.launch(settings(false))) {
      assertThat(service.await()).isEqualTo(1);
      assertThat(service.output())
          .contains("The database may lose what it has acknowledged; set fsync, ")
          .contains("or ledger.jpa.loss-accepted to true if this ledger may be lost.");
    }
  }
}
