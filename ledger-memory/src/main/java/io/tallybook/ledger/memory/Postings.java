package io.tallybook.ledger.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.IntToLongFunction;

/**
 * Lists of rows, each ascending and append-only, by key. All lists share one pool of integers;
 * there is no object for a list or a posting.
 *
 * <p>A list is a chain of chunks, each twice as large as the one before, up to {@value #CHUNK_MAX}
 * rows, so that a list of any length is found through in few steps and wastes at most about half
 * its size. A key is a pair of a 64-bit and a 32-bit integer.
 *
 * <pre>
 *   slots     hash(key) -> list, linear probing, at most half full
 *   lists     | key, high | key, low | minor key | newest chunk | rows in it | its capacity |
 *   pool      | before | next | capacity | row + 1 | row + 1 | 0 | 0 |  before | ...
 *               an address is an index into the pool; a chunk may span pages of it
 * </pre>
 *
 * <p>One writer; any thread walks. A chunk is linked, by release, when its header is in place, and
 * a row is read as absent until it is there. Readers stop at the number of rows that was published
 * to them, and all before that is in place.
 */
final class Postings {
  static final int CHUNK_MAX = 1 << 16;

  private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int FIRST_CHUNK = 2;

  /** From this address on, chunks are smaller, so that what is left lasts for certain. */
  private static final long LATE = 1L << 30;

  private static final int CHUNK_LATE = 1 << 10;
  private static final int PAGE_BITS = 12;
  private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;
  private static final int BEFORE = 0;
  private static final int NEXT = 1;
  private static final int CAPACITY = 2;
  private static final int HEADER = 3;

  /** Most lists: their words fill the longest array that is a power of two. */
  private static final int LISTS_MAX = 1 << 27;

  private static final int KEY_HIGH = 0;
  private static final int KEY_LOW = 1;
  private static final int MINOR = 2;
  private static final int CHUNK = 3;
  private static final int FILL = 4;
  private static final int CHUNK_CAPACITY = 5;

  /** Words of a list in the directory: with two to spare it never spans two lines of the cache. */
  private static final int LIST_BITS = 3;

  /** The directory of lists; replaced as a whole when it grows. */
  private static final class Lists {
    final int[] slots;
    final int[] words;

    Lists(int capacity) {
      slots = new int[capacity * 2];
      words = new int[capacity << LIST_BITS];
    }

    boolean isFull(int size) {
      return size << LIST_BITS == words.length;
    }

    int word(int list, int word) {
      return words[(list << LIST_BITS) | word];
    }

    void word(int list, int word, int value) {
      words[(list << LIST_BITS) | word] = value;
    }

    int chunk(int list) {
      return (int) INTS.getAcquire(words, (list << LIST_BITS) | CHUNK);
    }
  }

  private volatile Lists lists = new Lists(64);
  private volatile int[][] pages = {new int[1 << PAGE_BITS]};
  private int size;
  private long end = 1;
  private long rows;

  /** Takes up what is read ahead of its use, so that the reading is not left out. */
  @SuppressWarnings("UnusedVariable") // it is there to be written
  private long readAhead;

  /** Appends a row, greater than any before, to the list of a key. By the writer only. */
  void append(long key, int minor, int row) {
    int list = find(key, minor);
    append(list < 0 ? add(key, minor) : list, row);
  }

  /**
   * Appends a row to each of many lists. Each step is done for all of them before the next: the
   * processor then waits for the memory of many lists at once.
   *
   * @param keys of the lists, one for each row
   * @param newRows ascending
   */
  void append(long[] keys, int[] minors, int[] newRows, int count) {
    Lists now = lists;
    int mask = now.slots.length - 1;
    int[] found = new int[count];
    for (int i = 0; i < count; i++) {
      found[i] = now.slots[spread(keys[i], minors[i]) & mask] - 1;
    }
    for (int i = 0; i < count; i++) {
      if (found[i] >= 0 && !isKey(now, found[i], keys[i], minors[i])) {
        found[i] = find(keys[i], minors[i]);
      }
    }
    for (int i = 0; i < count; i++) {
      if (found[i] >= 0) {
        readAhead += get(now.word(found[i], CHUNK) + HEADER + now.word(found[i], FILL) - 1);
      }
    }
    for (int i = 0; i < count; i++) {
      if (found[i] >= 0) {
        append(found[i], newRows[i]);
      } else {
        append(keys[i], minors[i], newRows[i]);
      }
    }
  }

  private void append(int list, int row) {
    int fill = lists.word(list, FILL);
    if (fill == lists.word(list, CHUNK_CAPACITY)) {
      link(list, lists.word(list, CHUNK));
      fill = 0;
    }
    setRelease(lists.word(list, CHUNK) + HEADER + fill, row + 1);
    lists.word(list, FILL, fill + 1);
    rows++;
  }

  /**
   * Walks a list upwards.
   *
   * @param from the first row to give, if it is there
   * @param to rows from this one on are not given
   */
  RowCursor ascending(long key, int minor, int from, int to) {
    int list = find(key, minor);
    if (list < 0) {
      return () -> RowCursor.END;
    }
    int chunk = lists.chunk(list);
    while (get(chunk + BEFORE) != 0 && firstRow(chunk) > from) {
      chunk = get(chunk + BEFORE);
    }
    return new Ascending(chunk, lowerBound(chunk, from), to);
  }

  /**
   * Walks a list downwards.
   *
   * @param from the first row to give, if it is there
   */
  RowCursor descending(long key, int minor, int from) {
    int list = find(key, minor);
    if (list < 0) {
      return () -> RowCursor.END;
    }
    int chunk = lists.chunk(list);
    while (get(chunk + BEFORE) != 0 && firstRow(chunk) > from) {
      chunk = get(chunk + BEFORE);
    }
    return new Descending(chunk, lowerBound(chunk, from + 1) - 1);
  }

  /**
   * The row of a list whose number, counted from 1, is given, where a function tells the number of
   * any of its rows; {@link RowCursor#END} if there is none below a bound.
   */
  int numbered(long key, int minor, long number, int to, IntToLongFunction numberOf) {
    int list = find(key, minor);
    if (list < 0) {
      return RowCursor.END;
    }
    int chunk = lists.chunk(list);
    while (get(chunk + BEFORE) != 0
        && (firstRow(chunk) >= to || numberOf.applyAsLong(firstRow(chunk)) > number)) {
      chunk = get(chunk + BEFORE);
    }
    int first = firstRow(chunk);
    if (first >= to) {
      return RowCursor.END;
    }
    long offset = number - numberOf.applyAsLong(first);
    if (offset < 0 || offset >= get(chunk + CAPACITY)) {
      return RowCursor.END;
    }
    int row = getAcquire(chunk + HEADER + (int) offset) - 1;
    return row >= 0 && row < to ? row : RowCursor.END;
  }

  /** Roughly how many rows a list has: the sum of its chunks' capacities; 0 if there is no list. */
  long capacity(long key, int minor) {
    int list = find(key, minor);
    long capacity = 0;
    int chunk = list < 0 ? 0 : lists.chunk(list);
    for (; chunk != 0; chunk = get(chunk + BEFORE)) {
      capacity += get(chunk + CAPACITY);
    }
    return capacity;
  }

  /** How many rows there are in all lists together. */
  long rows() {
    return rows;
  }

  /** How many more rows it takes for certain, whatever lists they are appended to. */
  long left() {
    long pool = Integer.MAX_VALUE - Math.max(end, LATE) - (HEADER + CHUNK_MAX);
    return Math.max(0, Math.min(pool / (HEADER + CHUNK_LATE), (long) LISTS_MAX - size));
  }

  /** How much it occupies. */
  long bytes() {
    return ((long) pages.length << PAGE_BITS) * 4
        + 4L * lists.slots.length
        + 4L * lists.words.length;
  }

  private int find(long key, int minor) {
    Lists now = lists;
    int mask = now.slots.length - 1;
    for (int slot = spread(key, minor) & mask; ; slot = (slot + 1) & mask) {
      int list = (int) INTS.getAcquire(now.slots, slot) - 1;
      if (list < 0 || isKey(now, list, key, minor)) {
        return list;
      }
    }
  }

  private static boolean isKey(Lists now, int list, long key, int minor) {
    return now.word(list, KEY_LOW) == (int) key
        && now.word(list, KEY_HIGH) == (int) (key >>> 32)
        && now.word(list, MINOR) == minor;
  }

  private int add(long key, int minor) {
    if (lists.isFull(size)) {
      Lists larger = new Lists(size * 2);
      System.arraycopy(lists.words, 0, larger.words, 0, size << LIST_BITS);
      for (int list = 0; list < size; list++) {
        place(larger, list);
      }
      lists = larger;
    }
    int list = size++;
    lists.word(list, KEY_HIGH, (int) (key >>> 32));
    lists.word(list, KEY_LOW, (int) key);
    lists.word(list, MINOR, minor);
    link(list, 0);
    place(lists, list);
    return list;
  }

  /** Makes a chunk behind one and links it to its list. */
  private void link(int list, int before) {
    int largest = end < LATE ? CHUNK_MAX : CHUNK_LATE;
    int capacity = before == 0 ? FIRST_CHUNK : Math.min(get(before + CAPACITY) * 2, largest);
    if (end + HEADER + capacity > Integer.MAX_VALUE) {
      throw new IllegalStateException("the pool of postings is full");
    }
    int chunk = (int) end;
    end += HEADER + capacity;
    int lastPage = (int) ((end - 1) >>> PAGE_BITS);
    if (lastPage >= pages.length) {
      int had = pages.length;
      int[][] more = Arrays.copyOf(pages, lastPage + 1);
      for (int page = had; page <= lastPage; page++) {
        more[page] = new int[1 << PAGE_BITS];
      }
      pages = more;
    }
    setRelease(chunk + BEFORE, before);
    setRelease(chunk + CAPACITY, capacity);
    if (before != 0) {
      setRelease(before + NEXT, chunk);
    }
    lists.word(list, FILL, 0);
    lists.word(list, CHUNK_CAPACITY, capacity);
    INTS.setRelease(lists.words, (list << LIST_BITS) | CHUNK, chunk);
  }

  /** The first row of a chunk, beyond any if it has none yet. */
  private int firstRow(int chunk) {
    int value = getAcquire(chunk + HEADER);
    return value == 0 ? Integer.MAX_VALUE : value - 1;
  }

  /** The index in a chunk of the first row that is not below one. */
  private int lowerBound(int chunk, int row) {
    int low = 0;
    int high = get(chunk + CAPACITY);
    while (low < high) {
      int middle = (low + high) >>> 1;
      int value = getAcquire(chunk + HEADER + middle);
      if (value != 0 && value - 1 < row) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private int get(int address) {
    return pages[address >>> PAGE_BITS][address & PAGE_MASK];
  }

  private int getAcquire(int address) {
    return (int) INTS.getAcquire(pages[address >>> PAGE_BITS], address & PAGE_MASK);
  }

  private void setRelease(int address, int value) {
    INTS.setRelease(pages[address >>> PAGE_BITS], address & PAGE_MASK, value);
  }

  private static void place(Lists lists, int list) {
    int mask = lists.slots.length - 1;
    long key =
        ((long) lists.word(list, KEY_HIGH) << 32)
            | Integer.toUnsignedLong(lists.word(list, KEY_LOW));
    int slot = spread(key, lists.word(list, MINOR)) & mask;
    while (lists.slots[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    INTS.setRelease(lists.slots, slot, list + 1);
  }

  private static int spread(long key, int minor) {
    long hash = (key ^ minor * 0x9E3779B97F4A7C15L) * 0xD6E8FEB86659FD93L;
    return (int) (hash >>> 32);
  }

  private final class Ascending implements RowCursor {
    private final int to;
    private int chunk;
    private int index;

    Ascending(int chunk, int index, int to) {
      this.chunk = chunk;
      this.index = index;
      this.to = to;
    }

    @Override
    public int next() {
      while (chunk != 0) {
        if (index < get(chunk + CAPACITY)) {
          int value = getAcquire(chunk + HEADER + index);
          if (value == 0 || value - 1 >= to) {
            chunk = 0;
            return END;
          }
          index++;
          return value - 1;
        }
        chunk = getAcquire(chunk + NEXT);
        index = 0;
      }
      return END;
    }
  }

  private final class Descending implements RowCursor {
    private int chunk;
    private int index;

    Descending(int chunk, int index) {
      this.chunk = chunk;
      this.index = index;
    }

    @Override
    public int next() {
      while (chunk != 0) {
        if (index >= 0) {
          return getAcquire(chunk + HEADER + index--) - 1;
        }
        chunk = get(chunk + BEFORE);
        index = chunk == 0 ? -1 : get(chunk + CAPACITY) - 1;
      }
      return END;
    }
  }
}
