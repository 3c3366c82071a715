package io.tallybook.ledger.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The identities of everything that was recorded under one: 128 bits to sequence and fingerprint.
 * Rows are never changed or removed.
 *
 * <pre>
 *   slots   low bits of the identity -> row + 1, linear probing, at most two thirds full
 *   pages   high, low, fingerprint, sequence of 4,096 rows each
 * </pre>
 *
 * <p>An identity is a keyed hash already, so that its own bits place it. One writer adds; any
 * thread looks up.
 */
final class IdTable {
  private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int PAGE_BITS = 12;
  private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;
  private static final int WORDS = 3;

  /** The longest array that is a power of two. */
  private static final int SLOTS_MAX = 1 << 30;

  private static final class Page {
    private final long[] words = new long[WORDS << PAGE_BITS];
    private final int[] sequences = new int[1 << PAGE_BITS];
  }

  private volatile int[] slots = new int[1 << 10];
  private volatile Page[] pages = new Page[0];
  private int size;

  /** The row of an identity; -1 if it is not there. */
  int find(long high, long low) {
    int[] now = slots;
    int mask = now.length - 1;
    for (int slot = (int) low & mask; ; slot = (slot + 1) & mask) {
      int row = (int) SLOTS.getAcquire(now, slot) - 1;
      if (row < 0) {
        return -1;
      }
      long[] words = pages[row >>> PAGE_BITS].words;
      int at = (row & PAGE_MASK) * WORDS;
      if (words[at + 1] == low && words[at] == high) {
        return row;
      }
    }
  }

  long fingerprint(int row) {
    return pages[row >>> PAGE_BITS].words[(row & PAGE_MASK) * WORDS + 2];
  }

  long sequence(int row) {
    return Integer.toUnsignedLong(pages[row >>> PAGE_BITS].sequences[row & PAGE_MASK]);
  }

  /** Adds an identity that is not there. */
  void add(long high, long low, long sequence, long fingerprint) {
    if (3L * (size + 1) > 2L * slots.length) {
      grow();
    }
    if (size >>> PAGE_BITS == pages.length) {
      Page[] more = Arrays.copyOf(pages, pages.length + 1);
      more[pages.length] = new Page();
      pages = more;
    }
    Page page = pages[size >>> PAGE_BITS];
    int at = (size & PAGE_MASK) * WORDS;
    page.words[at] = high;
    page.words[at + 1] = low;
    page.words[at + 2] = fingerprint;
    page.sequences[size & PAGE_MASK] = (int) sequence;
    size++;
    place(slots, low, size);
  }

  int size() {
    return size;
  }

  /** How many more identities it takes. */
  long left() {
    return SLOTS_MAX / 3 * 2L - size;
  }

  /** How much it occupies. */
  long bytes() {
    return 4L * slots.length + pages.length * ((8L * WORDS + 4) << PAGE_BITS);
  }

  private void grow() {
    int[] larger = new int[slots.length * 2];
    for (int row = 0; row < size; row++) {
      place(larger, pages[row >>> PAGE_BITS].words[(row & PAGE_MASK) * WORDS + 1], row + 1);
    }
    slots = larger;
  }

  private static void place(int[] slots, long low, int value) {
    int mask = slots.length - 1;
    int slot = (int) low & mask;
    while (slots[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    SLOTS.setRelease(slots, slot, value);
  }
}
