package io.tallybook.ledger.jpa;

import io.agroal.api.AgroalDataSource;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.narayana.jta.QuarkusTransactionException;
import io.tallybook.ledger.LedgerException;
import jakarta.persistence.PersistenceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.hibernate.FlushMode;
import org.hibernate.Session;
import org.jspecify.annotations.Nullable;

/**
 * Runs work in transactions of bounded time. Readers leave one connection of the pool to the
 * writer, so that no number of questions keeps a commit from beginning.
 *
 * <p><b>Bounds.</b> The database ends a statement, a wait for a lock, a pause between statements
 * and, from PostgreSQL 17 on, the writing transaction as a whole. The network timeout is for a
 * database that has vanished, and a little longer, so that one that is there can say why. The
 * framework's own timeout is not used: it rolls back from another thread, under a statement.
 *
 * <p><b>Stale connections.</b> A connection that broke in the pool shows at the first statement,
 * before anything can have happened; then another is taken.
 */
final class Transactions {
  private static final int NO_TIMEOUT_SECONDS = (int) TimeUnit.DAYS.toSeconds(365);
  private static final int NETWORK_MILLIS = 2_000;
  private static final int TRANSACTION_TIMEOUT_SINCE = 17;

  /**
   * Every query has an index in whose order it stops after a page; the database must not read a
   * whole list to sort it, which it thinks cheaper when it is told the bound of the walk. What is
   * looked up in bulk is looked up row by row, whatever it last knew of the size of the table.
   */
  private static final String BY_INDEX =
      "SET LOCAL enable_seqscan TO off;SET LOCAL enable_bitmapscan TO off;"
          + "SET LOCAL enable_hashjoin TO off;SET LOCAL enable_mergejoin TO off;";

  private final Supplier<Session> session;
  private final JpaSettings settings;
  private final int connections;
  private final Semaphore readers;

  Transactions(Supplier<Session> session, AgroalDataSource pool, JpaSettings settings) {
    this.session = session;
    this.settings = settings;
    this.connections = pool.getConfiguration().connectionPoolConfiguration().maxSize();
    if (connections < 2) {
      throw new LedgerException.Unavailable(
          "The pool of connections has room for "
              + connections
              + "; set quarkus.datasource.jdbc.max-size to at least 2",
          true,
          null);
    }
    this.readers = new Semaphore(connections - 1, true);
  }

  /**
   * Runs work that may write. Each statement sees what was committed before it.
   *
   * @throws CommitFailed if the work was done and the commit failed, so that nobody knows
   */
  <T> T write(Supplier<T> work) {
    boolean[] done = {false};
    try {
      return run(
          true,
          settings.commitMillisMax(),
          () -> {
            T result = work.get();
            done[0] = true;
            return result;
          });
    } catch (RuntimeException e) {
      if (done[0]) {
        throw new CommitFailed(e);
      }
      throw e;
    }
  }

  /** Answers a question from one snapshot, without a lock. */
  <T extends @Nullable Object> T read(Supplier<T> question) {
    if (!admit()) {
      throw new LedgerException.Unavailable(
          "All connections for reading were in use for "
              + settings.readMillisMax()
              + " ms; ask again later, or raise quarkus.datasource.jdbc.max-size",
          true,
          null);
    }
    try {
      return run(false, settings.readMillisMax(), question);
    } catch (PersistenceException | QuarkusTransactionException e) {
      throw Failures.unavailable("The question was not answered", e);
    } finally {
      readers.release();
    }
  }

  private <T extends @Nullable Object> T run(boolean writes, int millisMax, Supplier<T> work) {
    long start = System.nanoTime();
    for (int attempt = 0; ; attempt++) {
      Start began = new Start();
      try {
        return QuarkusTransaction.requiringNew()
            .timeout(NO_TIMEOUT_SECONDS)
            .call(
                () -> {
                  begin(writes, millisMax, began);
                  return work.get();
                });
      } catch (PersistenceException | QuarkusTransactionException e) {
        boolean inTime = System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(millisMax);
        if (!began.isStale() || attempt >= connections || !Failures.isPassing(e) || !inTime) {
          throw e;
        }
      }
    }
  }

  private boolean admit() {
    try {
      return readers.tryAcquire(settings.readMillisMax(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Bounds the transaction on the side of the server too, in one exchange with it. */
  private void begin(boolean writes, int millisMax, Start start) {
    Session own = session.get();
    own.setHibernateFlushMode(FlushMode.MANUAL);
    own.setDefaultReadOnly(!writes);
    own.doWork(
        connection -> {
          start.connected = true;
          connection.setNetworkTimeout(Runnable::run, millisMax + NETWORK_MILLIS);
          try (Statement statement = connection.createStatement()) {
            statement.execute(beginning(connection, writes, millisMax));
          }
          start.begun = true;
        });
  }

  private String beginning(Connection connection, boolean writes, int millisMax)
      throws SQLException {
    StringBuilder sql = new StringBuilder(300);
    if (!writes) {
      sql.append("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;");
    } else if (connection.getMetaData().getDatabaseMajorVersion() >= TRANSACTION_TIMEOUT_SINCE) {
      sql.append("SET LOCAL transaction_timeout TO ").append(millisMax).append(';');
    }
    return sql.append(BY_INDEX)
        .append("SET LOCAL search_path TO ")
        .append(settings.schema())
        .append(";SET LOCAL lock_timeout TO ")
        .append(millisMax)
        .append(";SET LOCAL statement_timeout TO ")
        .append(millisMax)
        .append(";SET LOCAL idle_in_transaction_session_timeout TO ")
        .append(millisMax)
        .toString();
  }

  /** How far a transaction came. */
  private static final class Start {
    boolean connected;
    boolean begun;

    /** Whether there was a connection, which failed at once. */
    boolean isStale() {
      return connected && !begun;
    }
  }

  /** The work of a transaction was done, and whether it was committed is not known. */
  static final class CommitFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    CommitFailed(Throwable cause) {
      super(cause);
    }
  }
}
