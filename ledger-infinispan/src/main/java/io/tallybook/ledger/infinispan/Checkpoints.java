package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes checkpoints behind the commits of this node, one at a time: when half of what the window
 * may hold is in the log only, that half is written. The more at once the better, for a row is then
 * written once for more commits.
 *
 * <pre>
 *   in the log only   0 ─────────── half ─────────── three quarters ─────────── full
 *   a checkpoint             none │ few calls at once, more and more │ as many as there may be
 *   commits                              go on                     │ as far as it has got
 * </pre>
 *
 * <p>Commits and questions are asked of the same servers meanwhile, so a checkpoint takes its time
 * while there is room. If the grid takes rows more slowly than commits come, these are not stopped
 * for as long as it takes, but let in little by little: of the last quarter they may fill as much
 * as is written of the checkpoint.
 */
final class Checkpoints implements AutoCloseable {
  /** How many calls a checkpoint has on their way while the window has room. */
  private static final int WRITES_AT_ONCE_MIN = 4;

  /** Commits that wait are told so many times how far a checkpoint has got. */
  private static final int NEWS = 64;

  /** So many marks are remembered to tell how long rows have had commits. */
  private static final int MARKS_MAX = 100;

  /** How long after rows were found not to fit they are looked at again. */
  private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final System.Logger LOGGER = System.getLogger(Checkpoints.class.getName());

  private final Grid grid;
  private final Log log;
  private final Counted counted;
  private final InfinispanSettings settings;
  private final long half;
  private final long threeQuarters;
  private final ExecutorService thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();

  /** Whether one is under way, or about to begin; under the {@link #lock}. */
  private boolean isRunning;

  /** Which part of the rows of the checkpoint under way is written, about. */
  private volatile double progress;

  /** The marks that this node has seen, the oldest first; only the {@link #thread} uses them. */
  private final Deque<Seen> marks = new ArrayDeque<>();

  private volatile LedgerException.@Nullable Unavailable failure;
  private volatile Checkpoint.@Nullable Unfit unfit;

  /** Rows of the grid, of which it is counted how many have been changed. */
  private final class Counted implements SortedSets.ChangingRows {
    private int size;
    private int done;

    /** Begins to count changes of so many rows, about. */
    void begin(int rows) {
      size = rows;
      done = 0;
      progress = 0;
    }

    @Override
    public Map<RowKey, Row> rows(Collection<RowKey> keys) {
      return grid.rows(keys);
    }

    @Override
    public void update(
        Map<RowKey, UnaryOperator<@Nullable Row>> changes, Predicate<RowKey> isLikelyNew) {
      Map<RowKey, UnaryOperator<@Nullable Row>> all = HashMap.newHashMap(changes.size());
      for (Map.Entry<RowKey, UnaryOperator<@Nullable Row>> change : changes.entrySet()) {
        all.put(change.getKey(), counting(change.getValue()));
      }
      grid.update(all, isLikelyNew);
    }

    private UnaryOperator<@Nullable Row> counting(UnaryOperator<@Nullable Row> change) {
      return row -> {
        count();
        return change.apply(row);
      };
    }

    private void count() {
      done++;
      progress = Math.min(1, (double) done / size);
      if (done % Math.max(1, size / NEWS) == 0) {
        signal();
      }
    }
  }

  /** A mark, and when this node saw it first. */
  private record Seen(long number, long nanos) {}

  Checkpoints(Grid grid, Log log, InfinispanSettings settings) {
    this.grid = grid;
    this.log = log;
    this.counted = new Counted();
    this.settings = settings;
    this.half = settings.windowEntriesMax() / 2;
    this.threeQuarters = settings.windowEntriesMax() * 3L / 4;
    this.thread =
        Executors.newSingleThreadExecutor(Thread.ofVirtual().name("ledger-checkpoint").factory());
  }

  /** How many calls that write rows may be on their way at once. */
  int writesAtOnce() {
    if (thread.isShutdown()) {
      return Grid.WRITES_AT_ONCE_MAX;
    }
    long more = Math.clamp(log.window().unwrittenSize() - half, 0, threeQuarters - half);
    return WRITES_AT_ONCE_MIN
        + (int) ((Grid.WRITES_AT_ONCE_MAX - WRITES_AT_ONCE_MIN) * more / (threeQuarters - half));
  }

  /** Begins a checkpoint if it is time for one and none is under way. */
  void beginIfDue() {
    if (log.window().unwrittenSize() >= half) {
      boolean _ = begin();
    }
  }

  /** Sees that one is under way; answers false if this is closed. */
  private boolean begin() {
    lock.lock();
    try {
      if (!isRunning) {
        failure = null;
        thread.execute(this::runAndEnd);
        isRunning = true;
      }
      return true;
    } catch (RejectedExecutionException e) {
      return false; // another node, or the next start, goes on
    } finally {
      lock.unlock();
    }
  }

  private void signal() {
    lock.lock();
    try {
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void runAndEnd() {
    try {
      runHere();
    } finally {
      lock.lock();
      try {
        isRunning = false;
        moved.signalAll();
      } finally {
        lock.unlock();
      }
    }
    if (failure == null && unfit == null) {
      beginIfDue();
    }
  }

  /**
   * Waits until the window has room for a commit.
   *
   * @throws LedgerException.Unavailable if it has none until the deadline, or cannot be written;
   *     nothing has happened
   */
  void makeRoom(long deadlineNanos) {
    requireSound();
    lock.lock();
    try {
      while (!hasRoom(log.window().unwrittenSize())) {
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0 || !begin()) {
          throw InfinispanStore.nothingRecorded(
              "the grid takes rows more slowly than commits come", null);
        }
        long _ = moved.awaitNanos(left);
        requireSound();
        LedgerException.Unavailable failed = failure;
        if (failed != null && !hasRoom(log.window().unwrittenSize())) {
          throw new LedgerException.Unavailable(
              "Nothing was recorded: " + failed.getMessage(), true, failed);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw InfinispanStore.nothingRecorded("the wait for the grid was interrupted", e);
    } finally {
      lock.unlock();
    }
  }

  private boolean hasRoom(long unwritten) {
    double lastQuarter = (settings.windowEntriesMax() - threeQuarters) * progress;
    return unwritten < Math.max(1, threeQuarters + (long) lastQuarter);
  }

  /** Refuses to go on over rows that do not fit the log. */
  void requireSound() {
    Checkpoint.Unfit found = unfit;
    if (found != null) {
      throw new LedgerException.Unavailable(String.valueOf(found.getMessage()), true, found);
    }
  }

  private void runHere() {
    try {
      runUnlessUnfit();
    } catch (Checkpoint.Unfit e) {
      unfit = e;
      LOGGER.log(System.Logger.Level.ERROR, e.getMessage());
    } catch (LedgerException.Unavailable e) {
      failure = e;
      LOGGER.log(System.Logger.Level.WARNING, "A checkpoint failed: " + e.getMessage());
    } catch (RuntimeException | Error e) {
      failure = new LedgerException.Unavailable("A checkpoint failed: " + e, true, e);
      LOGGER.log(System.Logger.Level.ERROR, "A checkpoint failed", e);
    } finally {
      progress = 0;
    }
  }

  /** Looks again, after a while, before it takes rows for unfit: they stop this node. */
  private void runUnlessUnfit() {
    try {
      run();
    } catch (Checkpoint.Unfit e) {
      LOGGER.log(System.Logger.Level.WARNING, "To be looked at again: " + e.getMessage());
      try {
        TimeUnit.NANOSECONDS.sleep(AGAIN_NANOS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw GridErrors.interrupted(interrupted);
      }
      run();
    }
  }

  private void run() {
    Window window = log.window();
    List<Commit> commits = window.unwritten(half);
    if (commits.isEmpty()) {
      return;
    }
    Checkpoint checkpoint = new Checkpoint(commits);
    if (!log.hold(checkpoint.written(), window, Grid.deadlineNanos(settings.commitMillisMax()))) {
      return;
    }
    counted.begin(checkpoint.size());
    checkpoint.write(counted);
    Logged there =
        grid.change(
            Mark.NUMBER,
            known -> {
              Mark mark = log.mark(known);
              return mark.number() >= checkpoint.written().head().revision()
                  ? known
                  : Log.logged(mark.after(checkpoint.written()));
            });
    Mark mark = Mark.of(there.value());
    window.written(Math.min(mark.number(), window.number()));
    progress = 0;
    signal();
    try {
      forget(mark);
    } catch (LedgerException.Unavailable e) {
      // The rows are written; the next checkpoint forgets more.
      LOGGER.log(System.Logger.Level.WARNING, "The log was not shortened: " + e.getMessage());
    }
  }

  /** Removes from the log what this node has seen in rows for long enough, by its own clock. */
  private void forget(Mark mark) {
    long now = System.nanoTime();
    long kept = TimeUnit.SECONDS.toNanos(settings.logSecondsMin());
    marks.addLast(new Seen(mark.number(), now));
    if (marks.size() > MARKS_MAX) {
      // Every other one is enough to tell how long rows have had commits.
      boolean[] isOdd = {true};
      marks.removeIf(any -> isOdd[0] = !isOdd[0]);
    }
    long upTo = mark.forgotten();
    for (Seen seen = marks.peekFirst();
        seen != null && now - seen.nanos > kept;
        seen = marks.peekFirst()) {
      upTo = Math.max(upTo, seen.number);
      marks.removeFirst();
    }
    // Faster than commits come, and yet in bounded steps.
    upTo = Math.min(upTo, mark.forgotten() + 2L * settings.windowEntriesMax());
    if (upTo > mark.forgotten()) {
      List<Long> numbers = new ArrayList<>();
      LongStream.rangeClosed(mark.forgotten() + 1, upTo).forEach(numbers::add);
      grid.forget(numbers);
      long forgotten = upTo;
      Logged ignored =
          grid.change(Mark.NUMBER, known -> Log.logged(log.mark(known).forgetting(forgotten)));
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(settings.commitMillisMax(), TimeUnit.MILLISECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      thread.shutdownNow();
    }
  }
}
