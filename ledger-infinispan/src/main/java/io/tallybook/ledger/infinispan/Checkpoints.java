package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes checkpoints behind the commits of this node: one at a time, when half of what the window
 * may hold is in the log only. Commits wait when all of it is.
 */
final class Checkpoints implements AutoCloseable {
  /** In how many steps a full window is written: commits that wait go on after each. */
  private static final int STEPS = 4;

  private static final System.Logger LOGGER = System.getLogger(Checkpoints.class.getName());

  private final Grid grid;
  private final Log log;
  private final SortedSets sets;
  private final InfinispanSettings settings;
  private final ExecutorService thread;
  private final Semaphore running = new Semaphore(1, true);
  private volatile LedgerException.@Nullable Unavailable failure;
  private volatile Checkpoint.@Nullable Unfit unfit;

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
    if (log.window().unwrittenSize() * 2 >= settings.windowEntriesMax() && running.tryAcquire()) {
      try {
        thread.execute(
            () -> {
              runHere();
              if (isSound()) {
                beginIfDue();
              }
            });
      } catch (RejectedExecutionException e) {
        running.release(); // closed meanwhile: another node, or the next start, goes on
      }
    }
  }

  /**
   * Waits while the window is full; makes the checkpoint itself if nobody does.
   *
   * @throws LedgerException.Unavailable if it is still full at the deadline; nothing has happened
   */
  void makeRoom(long deadlineNanos) {
    requireSound();
    while (log.window().unwrittenSize() >= settings.windowEntriesMax()) {
      boolean mine;
      try {
        mine =
            running.tryAcquire(
                Math.max(1, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        mine = false;
      }
      if (!mine) {
        throw new LedgerException.Unavailable(
            "Nothing was recorded: the grid takes rows more slowly than commits come; send it again"
                + " later",
            true,
            null);
      }
      if (log.window().unwrittenSize() >= settings.windowEntriesMax()) {
        runHere();
        requireSound();
        LedgerException.Unavailable failed = failure;
        if (failed != null) {
          throw new LedgerException.Unavailable(
              "Nothing was recorded: " + failed.getMessage(), true, failed);
        }
      } else {
        running.release();
      }
    }
  }

  private boolean isSound() {
    return failure == null && unfit == null;
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
      run();
      failure = null;
    } catch (Checkpoint.Unfit e) {
      unfit = e;
      LOGGER.log(System.Logger.Level.ERROR, e.getMessage());
    } catch (LedgerException.Unavailable e) {
      failure = e;
      LOGGER.log(System.Logger.Level.WARNING, "A checkpoint failed: " + e.getMessage());
    } finally {
      running.release();
    }
  }

  private void run() {
    Window window = log.window();
    List<Commit> commits = window.unwritten(Math.max(1, settings.windowEntriesMax() / STEPS));
    if (commits.isEmpty()) {
      return;
    }
    Checkpoint checkpoint = new Checkpoint(commits);
    checkpoint.write(grid, sets);
    long now = System.currentTimeMillis();
    Logged there =
        grid.change(
            Mark.NUMBER,
            known -> {
              if (known == null) {
                throw new LedgerException.Unavailable(
                    "The ledger is not in the grid any more", true, null);
              }
              Mark mark = Mark.of(known.value());
              return mark.number() >= checkpoint.written().head().revision()
                  ? known
                  : Log.logged(mark.after(checkpoint.written(), now));
            });
    Mark mark = Mark.of(there.value());
    window.written(Math.min(mark.number(), window.number()));
    forget(mark, now);
  }

  /** Removes from the log what rows have had for long enough. */
  private void forget(Mark mark, long now) {
    long upTo = mark.forgettable(now - TimeUnit.SECONDS.toMillis(settings.logSecondsMin()));
    // Faster than commits come, and yet in bounded steps.
    upTo = Math.min(upTo, mark.forgotten() + 2L * settings.windowEntriesMax());
    if (upTo > mark.forgotten()) {
      List<Long> numbers = new ArrayList<>();
      LongStream.rangeClosed(mark.forgotten() + 1, upTo).forEach(numbers::add);
      grid.forget(numbers);
      long forgotten = upTo;
      Logged ignored =
          grid.change(
              Mark.NUMBER,
              known ->
                  known == null
                      ? Log.logged(mark)
                      : Log.logged(Mark.of(known.value()).forgetting(forgotten)));
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
