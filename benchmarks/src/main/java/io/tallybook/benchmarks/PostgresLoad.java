package io.tallybook.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Measures the service on PostgreSQL, which waits for the disk, on the same machine: a stream of
 * events, single posts from 64 connections over many pairs and over one, and rollups while the
 * ledger is small and when it has grown. In the same run {@code pgbench} does what people would
 * write themselves, an insert and an upsert for each event, as the baseline. Linux on x86-64 only;
 * everything goes over loopback and is bounded in count.
 *
 * <p>{@code pgbench} is part of the distribution's package {@code postgresql-contrib}. The second
 * argument is how many events the ledger grows to.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.tallybook.benchmarks.PostgresLoad \
 *     service/target/quarkus-app/quarkus-run.jar 5000000</pre>
 */
public final class PostgresLoad {
  private static final int BASELINE_SECONDS = 20;
  private static final Pattern TPS = Pattern.compile("tps = ([0-9.]+)");

  private static final String BASELINE_TABLES =
      "CREATE SCHEMA baseline;"
          + "CREATE TABLE baseline.event (id bigserial PRIMARY KEY, source text NOT NULL,"
          + " event_id text NOT NULL, agent text NOT NULL, service text NOT NULL, type text NOT"
          + " NULL, at timestamptz NOT NULL, units bigint NOT NULL, UNIQUE (source, event_id));"
          + "CREATE INDEX ON baseline.event (agent, at);"
          + "CREATE TABLE baseline.usage (agent text, service text, units bigint NOT NULL,"
          + " PRIMARY KEY (agent, service))";

  private static final String BASELINE =
      "\\set agent random(1, "
          + ServiceLoad.AGENTS
          + ")\n\\set service random(1, "
          + ServiceLoad.SERVICES
          + ")\nBEGIN;\n"
          + "INSERT INTO baseline.event (source, event_id, agent, service, type, at, units) VALUES"
          + " ('load', gen_random_uuid()::text, 'agent-' || :agent, 'service-' || :service,"
          + " 'call', now(), 1);\n"
          + "INSERT INTO baseline.usage VALUES ('agent-' || :agent, 'service-' || :service, 1)"
          + " ON CONFLICT (agent, service) DO UPDATE SET units = usage.units + 1;\nEND;\n";

  private PostgresLoad() {}

  /** Starts PostgreSQL and the service of the given jar, measures, and stops both. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException, SQLException {
    if (args.length != 2) {
      throw new IllegalArgumentException(
          "the path of quarkus-run.jar and the number of events are required");
    }
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("full_page_writes", "on")
            .setServerConfig("shared_buffers", "2GB")
            .setServerConfig("max_wal_size", "8GB")
            .start()) {
      baseline(postgres);
      ServiceLoad.measure(
          args[0],
          List.of(
              "-Dquarkus.profile=jpa",
              "-Dquarkus.datasource.jdbc.url=" + postgres.getJdbcUrl("postgres", "postgres"),
              "-Dquarkus.datasource.username=postgres"),
          Long.parseLong(args[1]));
    }
  }

  private static void baseline(EmbeddedPostgres postgres)
      throws SQLException, IOException, InterruptedException {
    try (Connection connection = postgres.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      for (String durable : new String[] {"fsync", "synchronous_commit", "full_page_writes"}) {
        try (ResultSet setting = statement.executeQuery("SHOW " + durable)) {
          if (!setting.next() || !setting.getString(1).equals("on")) {
            throw new IllegalStateException(durable + " is not on");
          }
        }
      }
      statement.execute(BASELINE_TABLES);
    }
    Path script = Files.createTempFile("baseline", ".sql");
    try {
      Files.writeString(script, BASELINE);
      for (int clients : new int[] {16, ServiceLoad.CONNECTIONS}) {
        Process pgbench =
            new ProcessBuilder(
                    "pgbench",
                    "-n",
                    "-M",
                    "prepared",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    Integer.toString(postgres.getPort()),
                    "-U",
                    "postgres",
                    "-c",
                    Integer.toString(clients),
                    "-j",
                    "2",
                    "-T",
                    Integer.toString(BASELINE_SECONDS),
                    "-f",
                    script.toString(),
                    "postgres")
                .redirectErrorStream(true)
                .start();
        String printed = new String(pgbench.getInputStream().readAllBytes(), UTF_8);
        Matcher tps = TPS.matcher(printed);
        if (pgbench.waitFor() != 0 || !tps.find()) {
          throw new IllegalStateException("pgbench failed:\n" + printed);
        }
        ServiceLoad.print(
            "baseline, insert and upsert, " + clients + " connections",
            String.format(Locale.ROOT, "%,.0f events a second", Double.parseDouble(tps.group(1))));
      }
    } finally {
      Files.delete(script);
    }
  }
}
