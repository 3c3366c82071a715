package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.storage.StoreStatistics.Part;
import io.tallybook.ledger.storage.StoreStatistics.PartKind;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The ledger on an Infinispan grid. Any number of nodes may share it.
 *
 * <pre>
 *   commit      look at the log | read in bulk | plan | put commit n + 1 if there is none
 *   checkpoint  write rows from the log, now and then, behind the commits
 *   read        look at the log | the window in memory, and rows
 * </pre>
 *
 * <p>{@link Log} says when a commit is in the ledger, {@link Window} and {@link Revision} how one
 * revision is read, {@link Checkpoint} how rows are written, {@link Places} where everything is.
 *
 * <p><b>Unknown outcomes.</b> A commit whose call was not answered is put again, with the same
 * token under the same number: whatever the grid did with the first call, it then says whose commit
 * has the number.
 */
public final class InfinispanStore implements LedgerStore {
  /** The word by which configuration chooses this storage. */
  public static final String NAME = "infinispan";

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** What an item of a sorted set takes in its row, about. */
  private static final int ITEM_BYTES = 4;

  /** What the row of a cell or an identity takes beside its columns, about. */
  private static final int ROW_BYTES = 64;

  private final CommitPlanner planner;
  private final InfinispanSettings settings;
  private final Grid grid;
  private final Near near = new Near();
  private final Log log;
  private final Checkpoints checkpoints;
  private final Semaphore turn = new Semaphore(1, true);
  private volatile boolean isOpen;

  /** Of this node's newest commit; only the thread whose turn it is uses it. */
  private long lastCommitBytes;

  /**
   * A storage on a grid that is opened by {@link #check}.
   *
   * @param connection the client, which is started when the storage is opened, and belongs to the
   *     caller
   */
  public InfinispanStore(
      CommitPlanner planner, InfinispanSettings settings, Supplier<GridClient> connection) {
    this.planner = planner;
    this.settings = settings;
    this.grid = new Grid(connection, settings, () -> checkpoints().writesAtOnce());
    this.log = new Log(grid, settings);
    this.checkpoints = new Checkpoints(grid, log, settings);
  }

  @Override
  public String name() {
    return NAME;
  }

  private Checkpoints checkpoints() {
    return checkpoints;
  }

  // ---- Writing ----------------------------------------------------------------------------------

  /**
   * Records a group. It may wait for room as long as a commit may take. Then the call that records
   * it must begin in the first half of the time, so that it has the other half to be answered in.
   */
  @Override
  public List<Receipt> commit(List<Request> group) {
    long time = TimeUnit.MILLISECONDS.toNanos(settings.commitMillisMax());
    long deadline = System.nanoTime() + time;
    takeTurn(time);
    try {
      checkpoints.makeRoom(deadline);
      long begun = System.nanoTime();
      List<Receipt> receipts = commit(group, begun + time / 2, begun + time);
      checkpoints.beginIfDue();
      return receipts;
    } finally {
      turn.release();
    }
  }

  /** Waits for the commit of another thread: each builds on the one before. */
  private void takeTurn(long nanosMax) {
    boolean taken = false;
    try {
      taken = turn.tryAcquire(nanosMax, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!taken) {
      throw nothingRecorded("another commit of this node is still on its way", null);
    }
  }

  private List<Receipt> commit(List<Request> group, long planUntil, long deadline) {
    boolean looked = !log.isFresh();
    if (looked) {
      log.look();
    }
    do {
      long lookedNanos = log.lookedNanos();
      try (Window.Question question = log.ask()) {
        Window window = question.window();
        Revision revision = new Revision(grid.until(planUntil), log, near, question);
        CommitReads reads = new CommitReads(revision, settings.entriesMax());
        Changes changes = planner.plan(group, reads);
        boolean isHeld = log.hold(question.state(), window, planUntil);
        if (changes.isEmpty()
            && looked
            && isHeld
            && window == log.window()
            && window.number() == question.revision()) {
          return changes.receipts();
        }
        if (!changes.isEmpty() && isHeld) {
          Commit commit = reads.commit(changes, logBytes(question));
          byte[] bytes = CommitCodec.encode(commit);
          requireInTime(planUntil);
          if (append(commit, new Logged(commit.state().token(), bytes), lookedNanos, deadline)) {
            lastCommitBytes = bytes.length;
            return changes.receipts();
          }
        }
      }
      // Another node was first, or may have changed what nothing is to be changed for.
      log.look();
      looked = true;
    } while (System.nanoTime() - planUntil < 0);
    throw nothingRecorded("other nodes were faster all the time", null);
  }

  private long logBytes(Window.Question question) {
    return question.state().logBytes() + lastCommitBytes;
  }

  /** Puts a commit into the log; answers whether it is in the ledger, or another has its number. */
  private boolean append(Commit commit, Logged logged, long lookedNanos, long deadline) {
    Grid.Unanswered failure = null;
    do {
      try {
        return log.append(commit, logged, lookedNanos, deadline);
      } catch (Grid.Unanswered e) {
        if (failure != null) {
          e.addSuppressed(failure);
        }
        failure = e;
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } while (System.nanoTime() - deadline < 0 && !Thread.currentThread().isInterrupted());
    throw new LedgerException.Unavailable(
        "The grid did not say within "
            + settings.commitMillisMax()
            + " ms whether it has taken a commit; the outcome is unknown",
        false,
        failure);
  }

  /** Refuses to begin what comes before a commit when there is no time left. */
  static void requireInTime(long deadlineNanos) {
    if (System.nanoTime() - deadlineNanos > 0) {
      throw nothingRecorded("the grid answers too slowly", null);
    }
  }

  static LedgerException.Unavailable nothingRecorded(String why, @Nullable Throwable cause) {
    return new LedgerException.Unavailable(
        "Nothing was recorded: " + why + "; send it again later", true, cause);
  }

  // ---- Reading ----------------------------------------------------------------------------------

  @Override
  public <T extends @Nullable Object> T read(String tenant, Function<Snapshot, T> question) {
    log.look();
    try (Window.Question asked = log.ask()) {
      return question.apply(new GridSnapshot(new Revision(grid, log, near, asked), tenant));
    }
  }

  @Override
  public void check() {
    checkpoints.requireSound();
    if (!isOpen) {
      grid.open();
      log.open();
      isOpen = true;
    } else {
      log.look();
    }
    log.window().newest().head().requireWritable();
  }

  @Override
  public StoreStatistics statistics() {
    log.look();
    try (Window.Question asked = log.ask()) {
      return statistics(new Revision(grid, log, near, asked));
    }
  }

  private StoreStatistics statistics(Revision revision) {
    Commit.State state = revision.state();
    long entries = state.head().lastPosition();
    List<Part> parts = new ArrayList<>();
    for (EntryIndex index : EntryIndex.values()) {
      long bytes =
          switch (index) {
            case ID -> entries * ROW_BYTES;
            case SEQUENCE -> 0;
            case AGENT_TYPE, AGENT, ORGANIZATION, SERVICE, TYPE, TIME -> entries * ITEM_BYTES;
          };
      parts.add(new Part(PartKind.INDEX, index.label(), entries, bytes));
    }
    for (ViewDefinition view : revision.views()) {
      long cells = state.cells().getOrDefault(view.name(), 0L);
      long bytes = cells * (ROW_BYTES + (long) view.shape().width() * ITEM_BYTES);
      parts.add(new Part(PartKind.VIEW, view.name(), cells, bytes));
    }
    return new StoreStatistics(entries, settings.entriesMax(), state.logBytes(), parts);
  }

  @Override
  public void close() {
    // The client belongs to the caller, who closes it.
    checkpoints.close();
  }
}
