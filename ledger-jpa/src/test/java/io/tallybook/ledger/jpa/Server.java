package io.tallybook.ledger.jpa;

import static org.awaitility.Awaitility.await;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL of one test, which can be stopped, killed, and started again over what it wrote. */
public final class Server implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofMinutes(2);

  private final EmbeddedPostgres installed;
  private final Path data;
  private final Path binaries;
  private final List<String> command = new ArrayList<>();
  private @Nullable Process process;

  /** Makes a server and starts it with some settings of postgresql.conf. */
  public Server(Map<String, String> settings) throws IOException, SQLException {
    installed = EmbeddedPostgres.builder().start();
    data = Path.of(one("SHOW data_directory"));
    String options = Files.readString(data.resolve("postmaster.opts"));
    Path executable = Path.of(options.substring(0, options.indexOf(" \"")));
    binaries = executable.resolveSibling("");
    // Its own installer turns fsync off by a switch; so the server is started anew without it.
    stop();
    command.addAll(privileged(executable.toString()));
    command.addAll(List.of("-D", data.toString(), "-p", Integer.toString(port())));
    settings.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    start();
  }

  /** The server refuses to run as root, so that root runs it as somebody else. */
  private static List<String> privileged(String... program) {
    List<String> all = new ArrayList<>();
    if (LinuxUtils.isUnshareAvailable()) {
      all.addAll(List.of("unshare", "-U"));
    }
    all.addAll(List.of(program));
    return all;
  }

  public int port() {
    return installed.getPort();
  }

  /** What the server says. */
  Path log() {
    return data.resolve("server.log");
  }

  /** Starts it; returns when it answers. What a killed one left behind may delay that. */
  public void start() {
    await()
        .atMost(START_MAX)
        .pollInterval(Duration.ofMillis(50))
        .ignoreExceptionsInstanceOf(SQLException.class)
        .until(
            () -> {
              if (!isRunning()) {
                process =
                    new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                        .start();
              }
              try (Connection connection = connect()) {
                return connection.isValid(5);
              }
            });
  }

  boolean isRunning() {
    Process running = process;
    return running != null && running.isAlive();
  }

  /** Stops it in order, breaking off its connections. */
  void stop() {
    try {
      Process stopping =
          new ProcessBuilder(
                  privileged(
                      binaries.resolve("pg_ctl").toString(),
                      "stop",
                      "-w",
                      "-m",
                      "fast",
                      "-D",
                      data.toString()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (stopping.waitFor() != 0) {
        throw new IllegalStateException("pg_ctl stop ended with " + stopping.exitValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Kills it, as {@code kill -9} of the postmaster does; nothing more reaches the disk. */
  public void kill() {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException("the server is not running");
    }
    running.destroyForcibly();
    running.onExit().join();
  }

  Connection connect() throws SQLException {
    return installed.getPostgresDatabase().getConnection();
  }

  /** Executes statements past everybody else. */
  void execute(String... statements) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The first column of the first row of a query. */
  String one(String query) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      if (!result.next()) {
        throw new IllegalStateException("no row from " + query);
      }
      return String.valueOf(result.getString(1));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (!isRunning()) {
      start(); // it can be removed only when it can be stopped
    }
    installed.close();
  }
}
