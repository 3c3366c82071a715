package io.tallybook.ledger.memory;

import io.tallybook.ledger.Entry;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * What only settlements and reversals have, numbered from 1 in order of position.
 *
 * <pre>
 *   settlement   | price | billed, high | billed, low | from | to, doubled, plus 1 for bulk |
 *   reversal     | reverses | settledBy | 0 | 0 | 0 |
 * </pre>
 */
final class Details {
  private static final int WORDS = 5;
  private static final int PAGE_BITS = 10;
  private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;

  private volatile long[][] pages = new long[0][];
  private int size;

  /** Keeps the details of a settlement or reversal; returns their number. */
  int add(Entry entry) {
    if (size >>> PAGE_BITS == pages.length) {
      long[][] more = Arrays.copyOf(pages, pages.length + 1);
      more[pages.length] = new long[WORDS << PAGE_BITS];
      pages = more;
    }
    Entry.Settlement settlement = entry.settlement();
    if (settlement == null) {
      set(0, entry.reverses());
      set(1, entry.settledBy());
    } else {
      set(0, settlement.price());
      set(1, settlement.billed().shiftRight(64).longValueExact());
      set(2, settlement.billed().longValue());
      set(3, settlement.fromSequence());
      set(4, settlement.toSequence() * 2 + (settlement.bulk() ? 1 : 0));
    }
    return ++size;
  }

  /** The settlement of a number. */
  Entry.Settlement settlement(int number) {
    BigInteger low = new BigInteger(Long.toUnsignedString(get(number, 2)));
    return new Entry.Settlement(
        get(number, 0),
        BigInteger.valueOf(get(number, 1)).shiftLeft(64).add(low),
        get(number, 3),
        get(number, 4) >> 1,
        (get(number, 4) & 1) == 1);
  }

  /** The sequence of the entry that a reversal reverses. */
  long reverses(int number) {
    return get(number, 0);
  }

  /** The settlement that had covered what a reversal reverses; 0 for none. */
  long settledBy(int number) {
    return get(number, 1);
  }

  /** How much it occupies. */
  long bytes() {
    return pages.length * ((8L * WORDS) << PAGE_BITS);
  }

  private void set(int word, long value) {
    pages[size >>> PAGE_BITS][(size & PAGE_MASK) * WORDS + word] = value;
  }

  private long get(int number, int word) {
    return pages[(number - 1) >>> PAGE_BITS][((number - 1) & PAGE_MASK) * WORDS + word];
  }
}
