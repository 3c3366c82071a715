package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.infinispan.Commit.State;
import io.tallybook.ledger.storage.Head;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The log of commits, followed by this node. A commit is in the ledger from the moment when the log
 * has it under the number that follows the newest; that is the one conditional write of a commit,
 * and there is no other step that could be left half done.
 *
 * <p>A commit leaves the log {@code logSecondsMin} after rows have it at the earliest. A node that
 * looks at the log more often than that has seen every commit, or finds it still there.
 *
 * <p>Another node's commit may be seen before all its owners have it, and be lost with the server
 * that showed it. So nothing is built on it before it was written again as it is ({@link #hold}): a
 * commit in the log says that all owners have had the one before it. Nor is it shown by a second
 * look before that, or at all if it changes views, which are remembered by its number.
 */
final class Log {
  /** How many commits are asked for at once where several follow. */
  private static final int AHEAD = 16;

  private final Grid grid;
  private final InfinispanSettings settings;
  private final ReentrantLock looking = new ReentrantLock();
  private final AtomicLong looksBegun = new AtomicLong();
  private volatile long looksDone;
  private long looksFailed;
  private LedgerException.@Nullable Unavailable failure;
  private volatile long lookedNanos;
  private volatile @Nullable Window window;

  /** The token of the newest commit that all its owners are known to have had. */
  private volatile @Nullable UUID held;

  /** The token of the commit that was the newest at the end of the last look. */
  private @Nullable UUID seen;

  /** A window that has a commit which is not in the log any more. */
  private volatile @Nullable Window wrong;

  Log(Grid grid, InfinispanSettings settings) {
    this.grid = grid;
    this.settings = settings;
  }

  /** What this node knows of the log. */
  Window window() {
    Window known = window;
    if (known == null) {
      throw new LedgerException.Unavailable("The storage is not open", true, null);
    }
    return known;
  }

  /** Begins a question at the newest revision that this node knows. */
  Window.Question ask() {
    Window.Question question = null;
    while (question == null) {
      question = window().begin();
    }
    return question;
  }

  /** Makes the ledger where there is none, and reads what the log has. */
  void open() {
    Logged there =
        grid.change(
            Mark.NUMBER,
            known -> {
              if (known != null) {
                return known;
              }
              State first =
                  new State(Head.first(settings.currency()), Map.of(), 0, UUID.randomUUID());
              return logged(new Mark(first, 0));
            });
    Mark mark = Mark.of(there.value());
    mark.state().head().requireWritable();
    if (window == null) {
      window = new Window(mark.state(), settings.heldEntriesMax());
    }
    look();
  }

  static Logged logged(Mark mark) {
    return new Logged(UUID.randomUUID(), mark.toBytes());
  }

  /** When the newest look began that has ended. */
  long lookedNanos() {
    return lookedNanos;
  }

  /** Whether the log was looked at so lately that nothing can have left it since. */
  boolean isFresh() {
    return System.nanoTime() - lookedNanos < keptNanos() / 2;
  }

  private long keptNanos() {
    return Duration.ofSeconds(settings.logSecondsMin()).toNanos();
  }

  /**
   * Checks that a commit that took very long did not get a number that was another's, whose commit
   * has left the log since.
   */
  private void requireUnwritten(long number) throws Grid.Unanswered {
    Logged there;
    try {
      there = grid.logged(List.of(Mark.NUMBER)).get(Mark.NUMBER);
    } catch (LedgerException e) {
      throw new Grid.Unanswered(e);
    }
    if (there == null || Mark.of(there.value()).number() >= number) {
      throw new Grid.Unanswered(
          new IllegalStateException("the log has gone on beyond commit " + number));
    }
  }

  /**
   * Takes in all commits that were in the log when this was called. One look serves all that were
   * waiting for it when it began, also where it fails: nobody waits for more than two.
   */
  void look() {
    long needed = looksBegun.get() + 1;
    looking.lock();
    try {
      if (looksDone < needed) {
        LedgerException.Unavailable failed = failure;
        if (failed != null && looksFailed >= needed) {
          throw failed;
        }
        long number = looksBegun.incrementAndGet();
        long nanos = System.nanoTime();
        try {
          follow();
        } catch (LedgerException.Unavailable e) {
          failure = e;
          looksFailed = number;
          throw e;
        }
        lookedNanos = nanos;
        looksDone = number;
      }
    } finally {
      looking.unlock();
    }
  }

  private void follow() {
    int ahead = 1;
    boolean missed = false;
    boolean begunAnew = false;
    while (true) {
      Window known = window();
      long newest = known.number();
      List<Long> numbers = new ArrayList<>(ahead + 1);
      numbers.add(Mark.NUMBER);
      for (int i = 1; i <= ahead; i++) {
        numbers.add(newest + i);
      }
      Map<Long, Logged> found = grid.logged(numbers);
      Mark mark = mark(found.get(Mark.NUMBER));
      if (known == wrong) {
        beginAnew(known, mark);
        ahead = AHEAD;
        continue;
      }
      Commit next = next(known, found);
      while (next != null && known.isNext(next)) {
        if (next.number() > mark.number()
            && !isShownAtOnce(next.state())
            && !writeAgain(next.state(), Grid.deadlineNanos(settings.readMillisMax()))) {
          throw GridErrors.unavailable("A commit that the grid has shown is gone again.", null);
        }
        known.add(next);
        next = next(known, found);
      }
      if (next != null) {
        // What this node took for the newest commit is not in the log any more, or never was.
        if (begunAnew) {
          throw notOneChain(next.number());
        }
        beginAnew(known, mark);
        begunAnew = true;
        ahead = AHEAD;
        continue;
      }
      long added = known.number() - newest;
      boolean behind = mark.number() > known.number();
      if (behind && ((added == 0 && missed) || known.closeIfIdle())) {
        // Nobody asks for what came before the mark; or it has left the log.
        beginAnew(known, mark);
        ahead = AHEAD;
        continue;
      }
      known.written(Math.min(mark.number(), known.number()));
      missed = behind && added == 0;
      if (added < ahead && !behind && isSure(known)) {
        return;
      }
      ahead = AHEAD;
    }
  }

  /** Whether the newest commit is in the log for sure, or was not seen by a look before. */
  private boolean isSure(Window known) {
    State newest = known.newest();
    boolean isNew = !newest.token().equals(seen);
    seen = newest.token();
    return isNew || hold(newest, known, Grid.deadlineNanos(settings.readMillisMax()));
  }

  /**
   * Whether a commit may be shown before all its owners are known to have it. What views are is
   * remembered by the number of the commit that changed them, so that one may not.
   */
  private boolean isShownAtOnce(State state) {
    return state.head().viewsRevision() < state.head().revision() || state.token().equals(held);
  }

  private static @Nullable Commit next(Window known, Map<Long, Logged> found) {
    Logged next = found.get(known.number() + 1);
    return next == null ? null : CommitCodec.decode(next.value());
  }

  /** The mark that the log has. */
  Mark mark(@Nullable Logged there) {
    if (there == null) {
      throw new LedgerException.Unavailable(
          "The ledger " + settings.ledger() + " is not in the grid any more", true, null);
    }
    return Mark.of(there.value());
  }

  private void beginAnew(Window known, Mark mark) {
    window = new Window(mark.state(), settings.heldEntriesMax());
    wrong = null;
    known.close();
  }

  /**
   * Sees that all owners of a commit have it before something is built on it.
   *
   * @param state that the commit left, of the window
   * @return whether it is in the log; if not, this node begins anew without it when it looks next
   */
  boolean hold(State state, Window known, long deadlineNanos) {
    long number = state.head().revision();
    if (number < known.number() || number <= known.mark() || writeAgain(state, deadlineNanos)) {
      return true;
    }
    wrong = known;
    return false;
  }

  /** Sees that all owners of a commit have it; answers whether it is in the log. */
  private boolean writeAgain(State state, long deadlineNanos) {
    if (state.token().equals(held)) {
      return true;
    }
    if (!grid.hold(state.head().revision(), state.token(), deadlineNanos)) {
      return false;
    }
    held = state.token();
    return true;
  }

  private static LedgerException.Unavailable notOneChain(long number) {
    return new LedgerException.Unavailable(
        "The log of the ledger is not one chain: commit "
            + number
            + " was planned over another one than that before it. The grid has lost or gone back on"
            + " a commit; nothing is recorded or answered until both caches are restored",
        true,
        null);
  }

  /**
   * Puts a commit under the number that follows the newest that this node knows.
   *
   * @param lookedNanos when the look began that the commit was planned after
   * @param deadlineNanos until when to wait for the answer
   * @return whether it is in the ledger now; if not, another node was faster
   * @throws Grid.Unanswered if that is not known
   */
  boolean append(Commit commit, Logged logged, long lookedNanos, long deadlineNanos)
      throws Grid.Unanswered {
    Logged other = grid.append(commit.number(), logged, deadlineNanos);
    if (other == null && System.nanoTime() - lookedNanos > keptNanos()) {
      requireUnwritten(commit.number());
    }
    if (other == null) {
      held = commit.state().token();
    }
    take(other == null ? commit : CommitCodec.decode(other.value()), deadlineNanos);
    return other == null;
  }

  /** Takes in a commit that the log has; the next look does if there is no time, or it has to. */
  private void take(Commit there, long deadlineNanos) {
    boolean locked = false;
    try {
      locked = looking.tryLock(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (locked) {
      try {
        Window known = window();
        if (known.isNext(there)) {
          if (isShownAtOnce(there.state())) {
            known.add(there);
          }
        } else if (known.number() == there.number()
            && !known.newest().token().equals(there.state().token())) {
          wrong = known; // it has one with the same number that another look had shown
        }
      } finally {
        looking.unlock();
      }
    }
  }
}
