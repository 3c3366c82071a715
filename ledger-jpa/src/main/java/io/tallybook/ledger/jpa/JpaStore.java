package io.tallybook.ledger.jpa;

import io.quarkus.narayana.jta.QuarkusTransactionException;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.storage.StoreStatistics;
import jakarta.persistence.LockModeType;
import jakarta.persistence.PersistenceException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.hibernate.Session;
import org.jspecify.annotations.Nullable;

/**
 * The ledger on PostgreSQL. Any number of nodes may share a database.
 *
 * <pre>
 *   commit   lock the head | read in bulk | plan | a statement for each table | commit
 *   read     one read-only transaction of repeatable reads, without a lock
 * </pre>
 *
 * <p><b>Unknown outcomes.</b> Each commit leaves a token in the row of its process. When the answer
 * to a commit is lost, the token that is there once the head can be locked again tells what became
 * of it.
 */
public final class JpaStore implements LedgerStore {
  /** The word by which configuration chooses this storage. */
  public static final String NAME = "jpa";

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final String TOKEN = "SELECT token FROM ledger_writer WHERE node = :node";

  private final CommitPlanner planner;
  private final JpaSettings settings;
  private final JpaDatabase database;
  private final NameDictionary dictionary;
  private final UUID node = UUID.randomUUID();
  private final Semaphore turn = new Semaphore(1, true);
  private volatile @Nullable Transactions transactions;

  /** A storage on a database that is opened by {@link #check}. */
  public JpaStore(CommitPlanner planner, JpaSettings settings, JpaDatabase database) {
    this.planner = planner;
    this.settings = settings;
    this.database = database;
    this.dictionary = new NameDictionary(database.rows().names, settings.namesCached());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<Receipt> commit(List<Request> group) {
    takeTurn();
    try {
      return commitInTurn(new Committing(group, UUID.randomUUID()));
    } finally {
      turn.release();
    }
  }

  /**
   * Waits for the commit of another thread. One at a time is in the hands of this node until its
   * outcome is known, since the row of the node has room for one token.
   */
  private void takeTurn() {
    boolean taken = false;
    try {
      taken = turn.tryAcquire(settings.commitMillisMax(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!taken) {
      throw new LedgerException.Unavailable(
          "Nothing was recorded: another commit of this node is still on its way; send it again"
              + " later",
          true,
          null);
    }
  }

  private List<Receipt> commitInTurn(Committing committing) {
    try {
      try {
        return committing.run();
      } catch (PersistenceException | QuarkusTransactionException e) {
        if (!Failures.isPassing(e)) {
          throw e;
        }
        // The transaction was not committed, so that nothing has happened; another may be.
        return committing.run();
      }
    } catch (PersistenceException | QuarkusTransactionException e) {
      throw Failures.unavailable("Nothing was recorded", e);
    } catch (Transactions.CommitFailed e) {
      return committing.settle(e);
    }
  }

  /** One group on its way. */
  private final class Committing {
    private final List<Request> group;
    private final UUID token;
    private @Nullable Changes changes;
    private @Nullable GroupCodes codes;

    Committing(List<Request> group, UUID token) {
      this.group = group;
      this.token = token;
    }

    List<Receipt> run() {
      Changes committed =
          transactions()
              .write(
                  () -> {
                    Session session = database.session();
                    CommitReads reads =
                        new CommitReads(
                            session, database.rows(), dictionary, settings.entriesMax());
                    Changes planned = planner.plan(group, reads);
                    if (!planned.isEmpty()) {
                      session.doWork(
                          connection ->
                              new CommitWrites(connection, reads).write(planned, node, token));
                    }
                    changes = planned;
                    codes = reads.codes();
                    return planned;
                  });
      return answer(committed);
    }

    private List<Receipt> answer(Changes committed) {
      if (codes != null) {
        codes.committed();
      }
      return committed.receipts();
    }

    /** Finds out what became of a commit whose answer was lost. */
    List<Receipt> settle(Transactions.CommitFailed failure) {
      Changes planned = changes;
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.commitMillisMax());
      do {
        try {
          if (planned != null && (planned.isEmpty() || isCommitted())) {
            return answer(planned);
          }
          throw Failures.unavailable("Nothing was recorded", failure);
        } catch (PersistenceException | QuarkusTransactionException | Transactions.CommitFailed e) {
          failure.addSuppressed(e);
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      } while (System.nanoTime() < deadline && !Thread.currentThread().isInterrupted());
      throw new LedgerException.Unavailable(
          "The answer of the database to a commit was lost, and it did not come back within "
              + settings.commitMillisMax()
              + " ms; the outcome is unknown",
          false,
          failure);
    }

    private boolean isCommitted() {
      return transactions()
          .write(
              () -> {
                // Whoever still commits holds the head; then what is there is final.
                database.rows().heads.findById(HeadRow.ID, LockModeType.PESSIMISTIC_WRITE);
                Session session = database.session();
                return session
                    .createNativeQuery(TOKEN, UUID.class)
                    .setParameter("node", node)
                    .getResultList()
                    .contains(token);
              });
    }
  }

  @Override
  public <T extends @Nullable Object> T read(String tenant, Function<Snapshot, T> question) {
    return transactions()
        .read(
            () ->
                question.apply(
                    new JpaSnapshot(database.session(), database.rows(), dictionary, tenant)));
  }

  @Override
  public void check() {
    if (transactions == null) {
      Schema.open(database, settings);
      transactions = new Transactions(database::session, database.pool(), settings);
    }
    read("", snapshot -> snapshot.head()).requireWritable();
  }

  @Override
  public StoreStatistics statistics() {
    return transactions().read(() -> Sizes.of(database.session(), database.rows(), settings));
  }

  @Override
  public void close() {
    // The pool belongs to the framework, which closes it.
    transactions = null;
  }

  private Transactions transactions() {
    Transactions open = transactions;
    if (open == null) {
      throw new LedgerException.Unavailable("The storage is not open", true, null);
    }
    return open;
  }
}
