package io.tallybook.ledger.storage;

import java.util.Arrays;

/**
 * The identities that one group names, each once. The storage fills in what it knows of them; the
 * planner assigns the new ones; the storage writes those.
 *
 * <p>An id row is the identity, the sequence of the entry recorded under it in its tenant, and the
 * fingerprint of what was sent. Sequence 0 means that nothing was.
 */
public final class IdBatch {
  private long[] highs = new long[64];
  private long[] lows = new long[64];
  private long[] sequences = new long[64];
  private long[] fingerprints = new long[64];
  private boolean[] assigned = new boolean[64];
  private int[] slots = new int[128];
  private int size;

  /** How many rows there are, from 0. */
  public int size() {
    return size;
  }

  public long high(int row) {
    return highs[row];
  }

  public long low(int row) {
    return lows[row];
  }

  public long sequence(int row) {
    return sequences[row];
  }

  public long fingerprint(int row) {
    return fingerprints[row];
  }

  /** Whether the planner assigned the row, so that it must be written. */
  public boolean assigned(int row) {
    return assigned[row];
  }

  /** Called by the storage for an identity that it knows. */
  public void found(int row, long sequence, long fingerprint) {
    sequences[row] = sequence;
    fingerprints[row] = fingerprint;
  }

  /** The row of an identity, a new one if the group has not named it yet. */
  int row(long high, long low) {
    int mask = slots.length - 1;
    int slot = (int) low & mask;
    for (int row = slots[slot]; row != 0; row = slots[slot]) {
      if (lows[row - 1] == low && highs[row - 1] == high) {
        return row - 1;
      }
      slot = (slot + 1) & mask;
    }
    if (size == highs.length) {
      grow();
      return row(high, low);
    }
    highs[size] = high;
    lows[size] = low;
    slots[slot] = ++size;
    return size - 1;
  }

  void assign(int row, long sequence, long fingerprint) {
    found(row, sequence, fingerprint);
    assigned[row] = true;
  }

  void unassign(int row) {
    found(row, 0, 0);
    assigned[row] = false;
  }

  private void grow() {
    int capacity = size * 2;
    highs = Arrays.copyOf(highs, capacity);
    lows = Arrays.copyOf(lows, capacity);
    sequences = Arrays.copyOf(sequences, capacity);
    fingerprints = Arrays.copyOf(fingerprints, capacity);
    assigned = Arrays.copyOf(assigned, capacity);
    slots = new int[capacity * 2];
    int mask = slots.length - 1;
    for (int row = 0; row < size; row++) {
      int slot = (int) lows[row] & mask;
      while (slots[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = row + 1;
    }
  }
}
