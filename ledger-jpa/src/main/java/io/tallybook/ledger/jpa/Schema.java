package io.tallybook.ledger.jpa;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.storage.Head;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Brings the tables to the form of this version, and puts the head of a new ledger into them. */
final class Schema {
  /** How long a process may take to find out about its newest commit, with much to spare. */
  private static final long WRITER_MICROS = TimeUnit.DAYS.toMicros(30);

  private Schema() {}

  /**
   * Opens the database.
   *
   * @throws LedgerException.Unavailable if it cannot be used; the message says what was tried and
   *     which settings to change
   */
  static void open(JpaDatabase database, JpaSettings settings) {
    int connections = database.pool().getConfiguration().connectionPoolConfiguration().maxSize();
    try (OpeningConnections opening = new OpeningConnections(database.pool(), connections)) {
      try (Connection connection = opening.getConnection()) {
        requireUtf8(connection);
        if (!settings.lossAccepted()) {
          requireDurable(connection);
        }
      }
      Flyway.configure()
          .configuration(database.migrations().getConfiguration())
          .dataSource(opening)
          .defaultSchema(settings.schema())
          .schemas(settings.schema())
          .load()
          .migrate();
      try (Connection connection = opening.getConnection()) {
        insertHead(connection, settings);
        forgetWriters(connection, settings);
      }
    } catch (SQLException | FlywayException e) {
      throw refused(database, e);
    }
  }

  private static void insertHead(Connection connection, JpaSettings settings) throws SQLException {
    String sql =
        "INSERT INTO "
            + settings.schema()
            + ".ledger_head (id, format, min_writer, revision, last_position, last_recorded_at,"
            + " last_ordinal, views_revision, last_name, currency, key0, key1)"
            + " VALUES (1, ?, ?, 0, 0, 0, 0, 0, 0, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      Head first = Head.first(settings.currency());
      insert.setInt(1, first.format());
      insert.setInt(2, first.minWriter());
      insert.setString(3, first.currency());
      insert.setLong(4, first.key0());
      insert.setLong(5, first.key1());
      insert.executeUpdate();
    }
  }

  /** Processes come and go; what they left for themselves is of no use to others. */
  private static void forgetWriters(Connection connection, JpaSettings settings)
      throws SQLException {
    try (Statement delete = connection.createStatement()) {
      delete.executeUpdate(
          "DELETE FROM "
              + settings.schema()
              + ".ledger_writer WHERE recorded_at < (SELECT last_recorded_at - "
              + WRITER_MICROS
              + " FROM "
              + settings.schema()
              + ".ledger_head)");
    }
  }

  private static void requireUtf8(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SHOW server_encoding")) {
      if (!result.next() || !"UTF8".equals(result.getString(1))) {
        throw new LedgerException.Unavailable(
            "The database has the encoding "
                + result.getString(1)
                + "; create one with ENCODING 'UTF8'",
            true,
            null);
      }
    }
  }

  /** Refuses a server that acknowledges what a crash may take from it. */
  private static void requireDurable(Connection connection) throws SQLException {
    String sql =
        "SELECT name FROM pg_catalog.pg_settings WHERE setting = 'off'"
            + " AND name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name";
    List<String> off = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        off.add(result.getString(1));
      }
    }
    if (!off.isEmpty()) {
      throw new LedgerException.Unavailable(
          "The database may lose what it has acknowledged; set "
              + String.join(", ", off)
              + " to on in the settings of the server, or ledger.jpa.loss-accepted to true if this"
              + " ledger may be lost",
          true,
          null);
    }
  }

  private static LedgerException.Unavailable refused(JpaDatabase database, Exception failure) {
    String url =
        database
            .pool()
            .getConfiguration()
            .connectionPoolConfiguration()
            .connectionFactoryConfiguration()
            .jdbcUrl();
    return new LedgerException.Unavailable(
        "Cannot use PostgreSQL at "
            + withoutParameters(url)
            + ": "
            + Failures.reason(failure)
            + "; set quarkus.datasource.jdbc.url, quarkus.datasource.username and"
            + " quarkus.datasource.password to a database whose tables the user may create",
        true,
        failure);
  }

  /** Parameters of a URL may hold a password. */
  private static String withoutParameters(String url) {
    int end = url.indexOf('?');
    return end < 0 ? url : url.substring(0, end);
  }
}
