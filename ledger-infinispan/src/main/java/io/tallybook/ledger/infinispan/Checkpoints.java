package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes checkpoints behind the commits of this node: one at a time, when half of what the window
 * may hold is in the log only. Commits wait when all of it is.
 */
final class Checkpoints implements AutoCloseable {
  /** In how many steps a full window is written: commits that wait go on after each. */
  private static final int STEPS = 4;

  /** So many marks are remembered to tell how long rows have had commits. */
  private static final int MARKS_MAX = 100;

  /** How long after rows were found not to fit they are looked at again. */
  private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final System.Logger LOGGER = System.getLogger(Checkpoints.class.getName());

  private final Grid grid;
  private final Log log;
  private final SortedSets sets;
  private final InfinispanSettings settings;
  private final ExecutorService thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();

  /** Whether one is under way, or about to begin; under the {@link #lock}. */
  private boolean isRunning;

  /** The marks that this node has seen, the oldest first; only the {@link #thread} uses them. */
  private final Deque<Seen> marks = new ArrayDeque<>();

  private volatile LedgerException.@Nullable Unavailable failure;
  private volatile Checkpoint.@Nullable Unfit unfit;

  /** A mark, and when this node saw it first. */
  private record Seen(long number, long nanos) {}

  Checkpoints(Grid grid, Log log, SortedSets sets, InfinispanSettings settings) {
    this.grid = grid;
    this.log = log;
    this.sets = sets;
    this.settings = settings;
    this.thread =
        Executors.newSingleThreadExecutor(Thread.ofVirtual().name("ledger-checkpoint").factory());
  }

  /** Begins a checkpoint if it is time for one and none is under way. */
  void beginIfDue() {
    if (log.window().unwrittenSize() * 2 >= settings.windowEntriesMax()) {
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

  private void runAndEnd() {
    runHere();
    lock.lock();
    try {
      isRunning = false;
      ended.signalAll();
    } finally {
      lock.unlock();
    }
    if (failure == null && unfit == null) {
      beginIfDue();
    }
  }

  /**
   * Waits while the window is full.
   *
   * @throws LedgerException.Unavailable if it is still full at the deadline, or cannot be written;
   *     nothing has happened
   */
  void makeRoom(long deadlineNanos) {
    requireSound();
    lock.lock();
    try {
      while (log.window().unwrittenSize() >= settings.windowEntriesMax()) {
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0 || !begin()) {
          throw InfinispanStore.nothingRecorded(
              "the grid takes rows more slowly than commits come", null);
        }
        long _ = ended.awaitNanos(left);
        requireSound();
        LedgerException.Unavailable failed = failure;
        if (failed != null) {
          throw InfinispanStore.nothingRecorded(String.valueOf(failed.getMessage()), failed);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw InfinispanStore.nothingRecorded("the wait for the grid was interrupted", e);
    } finally {
      lock.unlock();
    }
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
    } catch (RuntimeException e) {
      failure = new LedgerException.Unavailable("A checkpoint failed: " + e, true, e);
      LOGGER.log(System.Logger.Level.ERROR, "A checkpoint failed", e);
    }
  }

  /** Looks again, after a while, before it takes rows for unfit: they stop this node. */
  private void runUnlessUnfit() {
    try {
      run();
    } catch (Checkpoint.Unfit e) {
      LOGGER.log(System.Logger.Level.WARNING, "To be looked at again: " + e.getMessage());
      LockSupport.parkNanos(AGAIN_NANOS);
      run();
    }
  }

  private void run() {
    Window window = log.window();
    List<Commit> commits = window.unwritten(Math.max(1, settings.windowEntriesMax() / STEPS));
    if (commits.isEmpty()) {
      return;
    }
    Checkpoint checkpoint = new Checkpoint(commits);
    if (!log.hold(checkpoint.written(), window)) {
      return;
    }
    checkpoint.write(grid, sets);
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
