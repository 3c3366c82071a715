package io.tallybook.ledger.jpa;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The connections by which the database is opened: of the pool, each tried before it is given, and
 * all given back in the end, even if opening fails halfway.
 */
final class OpeningConnections implements DataSource, AutoCloseable {
  private static final int TRY_SECONDS = 10;
  private static final int STATEMENT_MILLIS = (int) TimeUnit.HOURS.toMillis(1);

  private final DataSource pool;
  private final int staleMax;
  private final List<Connection> given = new ArrayList<>();

  /**
   * Takes connections from a pool.
   *
   * @param staleMax how many in the pool may be broken at most
   */
  OpeningConnections(DataSource pool, int staleMax) {
    this.pool = pool;
    this.staleMax = staleMax;
  }

  @Override
  public Connection getConnection() throws SQLException {
    for (int stale = 0; ; stale++) {
      Connection connection = pool.getConnection();
      given.add(connection);
      if (stale == staleMax || connection.isValid(TRY_SECONDS)) {
        connection.setNetworkTimeout(Runnable::run, STATEMENT_MILLIS);
        return connection;
      }
      connection.close();
    }
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return getConnection();
  }

  /** Gives back what nobody has closed. */
  @Override
  public void close() throws SQLException {
    for (Connection connection : given) {
      connection.close();
    }
  }

  @Override
  public @Nullable PrintWriter getLogWriter() throws SQLException {
    return pool.getLogWriter();
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
    pool.setLogWriter(out);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return pool.getLoginTimeout();
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    pool.setLoginTimeout(seconds);
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    return pool.getParentLogger();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return pool.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return pool.isWrapperFor(type);
  }
}
