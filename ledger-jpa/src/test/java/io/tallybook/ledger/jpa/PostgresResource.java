package io.tallybook.ledger.jpa;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL for a run of tests, which brings it from Maven. It does not wait for the disk: what
 * is durable is tested elsewhere, with a server that does.
 */
public final class PostgresResource implements QuarkusTestResourceLifecycleManager {
  private @Nullable EmbeddedPostgres postgres;

  @Override
  public Map<String, String> start() {
    try {
      EmbeddedPostgres started =
          EmbeddedPostgres.builder()
              .setServerConfig("max_connections", "100")
              .setServerConfig("shared_buffers", "256MB")
              .start();
      postgres = started;
      return Map.of(
          "quarkus.datasource.jdbc.url",
          started.getJdbcUrl("postgres", "postgres"),
          "quarkus.datasource.username",
          "postgres");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void stop() {
    EmbeddedPostgres started = postgres;
    if (started != null) {
      try {
        started.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
