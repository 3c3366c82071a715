package io.tallybook.ledger.memory;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.storage.Head;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Who reads which revision, and how what is changed in place is kept for them.
 *
 * <p>The writer opens an undo log when a commit begins, saves in it what stands in a place before
 * it changes the place, and publishes the new revision last. A reader reads a place first and then
 * looks for it in the logs whose base is not before its own revision, the oldest first; the first
 * that has the place tells what stood there. What was read before need not even be whole.
 *
 * <pre>
 *   revisions   7     8     9     10    11 (being written)
 *   readers     R           R     R
 *   logs        [ base 7     )[ 9  )[ base 10
 * </pre>
 *
 * <p>After a commit logs are dropped if nobody reads an older revision, and else merged into the
 * one before if nobody reads a revision between the two. So there are at most as many logs as
 * revisions being read, and one. Their size is bounded: beyond it the oldest log gives up what it
 * holds, and whoever needs it ends with {@link LedgerException.Unavailable}.
 *
 * <p>A reader announces the revision that it saw and then looks whether it is still the newest; the
 * writer publishes and then looks who announced what. One of the two notices the other.
 */
final class Revisions {
  /** Most words that all logs together may hold: 256 MiB. */
  static final int WORDS_MAX = 1 << 25;

  private static final int SLOTS = 64;

  /** Slots are as far apart as cache lines. */
  private static final int STRIDE = 8;

  private static final long FREE = -1;

  /**
   * What a commit publishes.
   *
   * @param rows how many entries there are
   * @param tables the cells of each view by its name
   * @param pairs the table of the view that keeps pairs; null before the first pair
   */
  record Published(Head head, int rows, Map<String, CellTable> tables, @Nullable CellTable pairs) {
    Published {
      tables = Map.copyOf(tables);
    }

    long revision() {
      return head.revision();
    }
  }

  private final AtomicLongArray slots = new AtomicLongArray(SLOTS * STRIDE);
  private final ConcurrentLinkedQueue<AtomicLong> overflow = new ConcurrentLinkedQueue<>();
  private final int wordsMax;
  private volatile Published published;
  private volatile UndoLog[] logs = new UndoLog[0];
  private volatile int[] widths = new int[16];
  private int spaces;
  private int lastPlaces;

  Revisions(Head first, int wordsMax) {
    this.published = new Published(first, 0, Map.of(), null);
    this.wordsMax = wordsMax;
    for (int slot = 0; slot < SLOTS; slot++) {
      slots.set(slot * STRIDE, FREE);
    }
  }

  /** The newest published revision. */
  Published published() {
    return published;
  }

  // ---- The writer -------------------------------------------------------------------------------

  /** A new space of places, each of a number of words. */
  int space(int width) {
    spaces++;
    if (spaces == widths.length) {
      widths = Arrays.copyOf(widths, spaces * 2);
    }
    widths[spaces] = width;
    return spaces;
  }

  /** The name of a place. */
  static long place(int space, int index) {
    return (long) space << 32 | Integer.toUnsignedLong(index);
  }

  /** Begins a commit: from now on, what is changed in place must be saved first. */
  UndoLog begin() {
    UndoLog[] more = Arrays.copyOf(logs, logs.length + 1);
    UndoLog log = new UndoLog(published.revision(), lastPlaces);
    more[logs.length] = log;
    logs = more;
    return log;
  }

  /** Publishes what the commit has made, and lets go of what nobody needs any more. */
  void publish(Published next) {
    published = next;
    lastPlaces = logs[logs.length - 1].places();
    long[] reading = reading();
    long oldest = reading.length == 0 ? Long.MAX_VALUE : reading[0];
    List<UndoLog> kept = new ArrayList<>();
    for (UndoLog log : logs) {
      UndoLog before = kept.isEmpty() ? null : kept.getLast();
      if (before != null && !isRead(reading, before.base(), log.base())) {
        before.absorb(log, place -> widths[(int) (place >>> 32)]);
      } else if (log.base() >= oldest) {
        kept.add(log);
      }
    }
    for (int i = 0; words(kept) > wordsMax && i < kept.size(); i++) {
      kept.get(i).giveUp();
    }
    logs = kept.toArray(UndoLog[]::new);
  }

  /** The oldest revision that somebody reads; the greatest number if nobody reads. */
  long oldest() {
    long[] reading = reading();
    return reading.length == 0 ? Long.MAX_VALUE : reading[0];
  }

  private static long words(List<UndoLog> logs) {
    return logs.stream().mapToLong(UndoLog::words).sum();
  }

  /** Whether somebody reads a revision after one and up to another. */
  private static boolean isRead(long[] reading, long after, long upTo) {
    int found = Arrays.binarySearch(reading, upTo);
    int last = found >= 0 ? found : -found - 2;
    return last >= 0 && reading[last] > after;
  }

  /** The revisions being read, in order. */
  private long[] reading() {
    LongStream.Builder revisions = LongStream.builder();
    for (int slot = 0; slot < SLOTS; slot++) {
      long revision = slots.get(slot * STRIDE);
      if (revision != FREE) {
        revisions.add(revision);
      }
    }
    overflow.forEach(revision -> revisions.add(revision.get()));
    return revisions.build().sorted().toArray();
  }

  // ---- Readers ----------------------------------------------------------------------------------

  /** Begins to read the newest revision. */
  Reader enter() {
    int begin = (int) ((Thread.currentThread().threadId() * 0x9E3779B9L) >>> 7) & (SLOTS - 1);
    for (int i = 0; i < SLOTS; i++) {
      int slot = ((begin + i) & (SLOTS - 1)) * STRIDE;
      if (slots.get(slot) == FREE && slots.compareAndSet(slot, FREE, published.revision())) {
        return new Reader(slot, null);
      }
    }
    AtomicLong own = new AtomicLong(published.revision());
    overflow.add(own);
    return new Reader(-1, own);
  }

  /** Somebody who reads one revision. */
  final class Reader implements AutoCloseable {
    private final int slot;
    private final @Nullable AtomicLong own;
    private final Published at;
    private final long[] one = new long[1];

    Reader(int slot, @Nullable AtomicLong own) {
      this.slot = slot;
      this.own = own;
      Published seen = published;
      announce(seen.revision());
      while (published.revision() != seen.revision()) {
        seen = published;
        announce(seen.revision());
      }
      this.at = seen;
    }

    Published at() {
      return at;
    }

    /**
     * Puts back what stood in a place at the reader's revision, if it was changed since.
     *
     * @param words what was read from the place
     */
    void restore(long place, long[] words, int count) {
      VarHandle.acquireFence();
      for (UndoLog log : logs) {
        if (log.base() >= at.revision() && log.read(place, words, count)) {
          return;
        }
      }
    }

    /** What stood in a place of one word, given what stands there now. */
    long restore(long place, long word) {
      one[0] = word;
      restore(place, one, 1);
      return one[0];
    }

    private void announce(long revision) {
      if (own == null) {
        slots.set(slot, revision);
      } else {
        own.set(revision);
      }
    }

    @Override
    public void close() {
      if (own == null) {
        slots.set(slot, FREE);
      } else {
        overflow.remove(own);
      }
    }
  }
}
