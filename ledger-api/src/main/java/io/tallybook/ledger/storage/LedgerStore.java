package io.tallybook.ledger.storage;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where a ledger is kept. The meaning of everything is decided above it, by {@link CommitPlanner}
 * and the readers; a storage keeps what it is told to and finds it again.
 *
 * <p><b>Atomic.</b> A commit happens as a whole or not at all. No reader sees a part of it.
 *
 * <p><b>Durable.</b> When {@link #commit} has returned, a storage that outlives the process has
 * written everything where a crash does not reach it.
 *
 * <p><b>Visible.</b> A read that begins after a commit has returned, on any node, includes it.
 *
 * <p><b>One order.</b> Commits of all nodes that share a storage happen one after the other; each
 * that changes something makes the revision one higher. Positions are gapless over the ledger,
 * sequences within a tenant.
 *
 * <p><b>Not promised.</b> That commits of several callers happen in the order in which they called;
 * that a snapshot is of the newest revision when the question ends; anything after {@link #close}.
 */
public interface LedgerStore extends AutoCloseable {
  /** The word by which configuration chooses the storage, such as {@code memory}. */
  String name();

  /**
   * Commits a group of requests in one atomic and durable step. Safe to call from any thread.
   *
   * @return one receipt for each request, in order
   * @throws LedgerException.Rejected if nothing happened, and the group as it is never will
   * @throws LedgerException.Unavailable if the storage does not answer; the outcome is unknown
   *     unless it is safe to resend
   */
  List<Receipt> commit(List<Request> group);

  /**
   * Answers a question from exactly one revision. Readers wait for no writer, and no writer for
   * them.
   *
   * @throws LedgerException.Unavailable if the storage does not answer
   */
  <T extends @Nullable Object> T read(String tenant, Function<Snapshot, T> question);

  /**
   * Whether the storage can be used.
   *
   * @throws LedgerException.Unavailable if it cannot; the message says what was tried
   */
  void check();

  /** How much is stored. */
  StoreStatistics statistics();

  /** Ends all use. Without effect the second time. */
  @Override
  void close();
}
