package io.tallybook.ledger.memory;

import io.tallybook.ledger.LedgerException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.LongToIntFunction;

/**
 * What stood in places that one commit, or several in a row, changed: by place, the words as they
 * were before the first change.
 *
 * <pre>
 *   keys     hash(place) -> place, linear probing, at most half full
 *   offsets  beside it: where its words begin
 *   pages    words | words | ...      the words of a place stand in one page
 * </pre>
 *
 * <p>One writer saves, any thread looks up. A place's key is set, by release, when its words are in
 * place; the writer changes the place only after that.
 */
final class UndoLog {
  private static final VarHandle KEYS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int PAGE_BITS = 12;
  private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;

  private static final class Table {
    private final long[] keys;
    private final int[] offsets;

    Table(int slots) {
      keys = new long[slots];
      offsets = new int[slots];
    }
  }

  private final long base;
  private volatile Table table;
  private volatile long[][] pages = {new long[1 << PAGE_BITS]};
  private volatile boolean given;
  private int places;
  private int words;

  /**
   * A log of what stands at a revision and the commits after it change.
   *
   * @param expected about how many places there will be
   */
  UndoLog(long base, int expected) {
    this.base = base;
    this.table = new Table(Math.max(256, Integer.highestOneBit(expected) * 4));
  }

  /** How many places it holds. */
  int places() {
    return places;
  }

  /** The revision whose state it keeps. */
  long base() {
    return base;
  }

  /** How many words it occupies, its table included; none once it has given up. */
  long words() {
    return given ? 0 : ((long) pages.length << PAGE_BITS) + table.keys.length * 3L / 2;
  }

  /** Gives up what it holds, because it is too much; whoever needs it is told. */
  void giveUp() {
    // In this order: a reader that finds it not given up has read all that it needs before.
    given = true;
    table = new Table(2);
    pages = new long[][] {new long[1 << PAGE_BITS]};
    places = 0;
    words = 0;
  }

  /** Whether it gave up what it held. */
  boolean isGivenUp() {
    return given;
  }

  /**
   * Reads the words of a place as they were, if it was changed. Any thread may call it.
   *
   * @return whether the place is in the log
   * @throws LedgerException.Unavailable if the log gave up what it held
   */
  boolean read(long place, long[] into, int count) {
    int offset = find(place);
    long[][] now = pages;
    if (given) {
      throw new LedgerException.Unavailable(
          "The answer took so long that its revision is no longer kept; ask again, or for less",
          true,
          null);
    }
    if (offset < 0) {
      return false;
    }
    System.arraycopy(now[offset >>> PAGE_BITS], offset & PAGE_MASK, into, 0, count);
    return true;
  }

  /**
   * Where the words of a place begin, -1 if it was not changed.
   *
   * @param place not 0
   */
  int find(long place) {
    Table now = table;
    int mask = now.keys.length - 1;
    for (int slot = spread(place) & mask; ; slot = (slot + 1) & mask) {
      long key = (long) KEYS.getAcquire(now.keys, slot);
      if (key == 0) {
        return -1;
      }
      if (key == place) {
        return now.offsets[slot];
      }
    }
  }

  /** Makes room for the words of a place that is not in the log; fill it in, then {@link #put}. */
  int room(int count) {
    if (given) {
      return 0;
    }
    int left = (1 << PAGE_BITS) - (words & PAGE_MASK);
    int offset = left < count ? words + left : words;
    words = offset + count;
    if (offset >>> PAGE_BITS == pages.length) {
      long[][] more = Arrays.copyOf(pages, pages.length + 1);
      more[pages.length] = new long[1 << PAGE_BITS];
      pages = more;
    }
    return offset;
  }

  void word(int offset, long value) {
    pages[offset >>> PAGE_BITS][offset & PAGE_MASK] = value;
  }

  /** Saves the words of a place that is not in the log; it may be changed from now on. */
  void save(long place, long[] from, int at, int count) {
    if (!given) {
      int offset = room(count);
      System.arraycopy(from, at, pages[offset >>> PAGE_BITS], offset & PAGE_MASK, count);
      put(place, offset);
    }
  }

  /** Enters a place whose words are filled in; it may be changed from now on. */
  void put(long place, int offset) {
    if (given) {
      return;
    }
    if (++places * 2 > table.keys.length) {
      Table larger = new Table(table.keys.length * 2);
      for (int slot = 0; slot < table.keys.length; slot++) {
        if (table.keys[slot] != 0) {
          place(larger, table.keys[slot], table.offsets[slot]);
        }
      }
      table = larger;
    }
    place(table, place, offset);
    VarHandle.releaseFence();
  }

  /** Takes over what a later log holds of places that this one does not. */
  void absorb(UndoLog later, LongToIntFunction widthOf) {
    if (given) {
      return;
    }
    if (later.given) {
      giveUp();
      return;
    }
    Table other = later.table;
    for (int slot = 0; slot < other.keys.length; slot++) {
      long place = other.keys[slot];
      if (place != 0 && find(place) < 0) {
        int width = widthOf.applyAsInt(place);
        int offset = room(width);
        for (int i = 0; i < width; i++) {
          int from = other.offsets[slot] + i;
          word(offset + i, later.pages[from >>> PAGE_BITS][from & PAGE_MASK]);
        }
        put(place, offset);
      }
    }
  }

  private static void place(Table table, long place, int offset) {
    int mask = table.keys.length - 1;
    int slot = spread(place) & mask;
    while (table.keys[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    table.offsets[slot] = offset;
    KEYS.setRelease(table.keys, slot, place);
  }

  private static int spread(long place) {
    return (int) ((place * 0x9E3779B97F4A7C15L) >>> 32);
  }
}
