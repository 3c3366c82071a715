package io.tallybook.ledger.storage;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one view that one group touches, each once, by tenant, names and start. The storage
 * fills in the values that it holds; the planner changes them; the storage writes those that are
 * {@linkplain #changed changed}, all columns absolute.
 *
 * <p>Rows are numbered from 0 in the order in which the group named them; new cells among them are
 * not in order of {@code first}. Keys are {@link GroupNames} codes: the tenant's, then one for each
 * of the view's dimensions. Values are the columns of the view's {@link CellShape}; a cell whose
 * {@code first} is 0 does not exist yet.
 */
public final class CellBatch {
  private final ViewDefinition view;
  private final int dimensions;
  private final int width;
  private final boolean hasOutstanding;
  private final int keyWidth;
  private int[] keys;
  private long[] starts = new long[16];
  private long[] values;
  private boolean[] changed = new boolean[16];
  private int[] slots = new int[32];
  private int size;
  private int loaded;
  private @Nullable ArrayDeque<Was> undo;

  CellBatch(ViewDefinition view) {
    this.view = view;
    this.dimensions = view.groupBy().size();
    this.width = view.shape().width();
    this.hasOutstanding = view.shape().hasOutstanding();
    this.keyWidth = dimensions + 1;
    this.keys = new int[16 * keyWidth];
    this.values = new long[16 * width];
  }

  public ViewDefinition view() {
    return view;
  }

  /** How many rows there are. */
  public int size() {
    return size;
  }

  /** The first row whose values the storage has not been asked for yet; it fills in from here. */
  public int loaded() {
    return loaded;
  }

  /** The code of a row's tenant. */
  public int tenant(int row) {
    return keys[row * keyWidth];
  }

  /** The code of a row's name in a dimension. */
  public int name(int row, int dimension) {
    return keys[row * keyWidth + 1 + dimension];
  }

  /** The start of a row's bucket in microseconds. */
  public long start(int row) {
    return starts[row];
  }

  /** The value of a column of the view's shape. */
  public long value(int row, int column) {
    return values[row * width + column];
  }

  /** Copies all columns of a row into an array, from an index on. */
  public void copy(int row, long[] into, int at) {
    System.arraycopy(values, row * width, into, at, width);
  }

  /** Sets all columns of a row from an array, from an index on, as the storage holds them. */
  public void load(int row, long[] from, int at) {
    System.arraycopy(from, at, values, row * width, width);
  }

  /** Sets a column; the storage does so when it fills in what it holds. */
  public void value(int row, int column, long value) {
    values[row * width + column] = value;
  }

  /** Whether the planner changed the row. */
  public boolean changed(int row) {
    return changed[row];
  }

  /** Whether the cell exists, stored or made by this group. */
  boolean exists(int row) {
    return value(row, CellShape.FIRST) != 0;
  }

  void set(int row, int column, long value) {
    int at = row * width + column;
    if (undo != null) {
      undo.push(new Was(at, values[at], changed[row]));
    }
    values[at] = value;
    changed[row] = true;
  }

  void add(int row, int column, long delta) {
    set(row, column, value(row, column) + delta);
  }

  /** Whether counting an entry in a row leaves every sum in the range of 64 bits. */
  boolean fits(int row, long count, long units, long cost, long outstanding) {
    int at = row * width;
    return !Amounts.overflows(values[at + CellShape.COUNT], count)
        && !Amounts.overflows(values[at + CellShape.UNITS], units)
        && !Amounts.overflows(values[at + CellShape.COST], cost)
        && (!hasOutstanding
            || !Amounts.overflows(values[at + CellShape.OUTSTANDING_UNITS], outstanding));
  }

  /**
   * Counts an entry in a row that it fits in.
   *
   * @return whether it is the first of the cell
   */
  boolean count(int row, long count, long units, long cost, long sequence) {
    if (undo != null) {
      for (int column = CellShape.COUNT; column <= CellShape.FIRST; column++) {
        set(row, column, value(row, column));
      }
    }
    int at = row * width;
    values[at + CellShape.COUNT] += count;
    values[at + CellShape.UNITS] += units;
    values[at + CellShape.COST] += cost;
    changed[row] = true;
    if (values[at + CellShape.FIRST] != 0) {
      return false;
    }
    values[at + CellShape.FIRST] = sequence;
    return true;
  }

  /**
   * The row of a key, a new one if the group has not touched it yet.
   *
   * @param key the tenant's code and then one for each dimension; longer arrays are fine
   */
  int row(int[] key, long start) {
    int hash = hash(key, 0, start);
    int mask = slots.length - 1;
    int slot = hash & mask;
    for (int row = slots[slot]; row != 0; row = slots[slot]) {
      if (starts[row - 1] == start && equal(key, (row - 1) * keyWidth)) {
        return row - 1;
      }
      slot = (slot + 1) & mask;
    }
    if (size == starts.length) {
      grow();
      return row(key, start);
    }
    System.arraycopy(key, 0, keys, size * keyWidth, keyWidth);
    starts[size] = start;
    slots[slot] = ++size;
    return size - 1;
  }

  void allLoaded() {
    loaded = size;
  }

  /** From now on, remembers what it changes, until {@link #keep} or {@link #undo}. */
  void remember() {
    undo = new ArrayDeque<>();
  }

  /** Keeps the changes since {@link #remember}. */
  void keep() {
    undo = null;
  }

  /** Takes back the changes since {@link #remember}, the newest first. */
  void undo() {
    if (undo != null) {
      for (Was was = undo.poll(); was != null; was = undo.poll()) {
        values[was.at] = was.value;
        changed[was.at / width] = was.changed;
      }
      undo = null;
    }
  }

  private record Was(int at, long value, boolean changed) {}

  private boolean equal(int[] key, int at) {
    for (int i = 0; i < keyWidth; i++) {
      if (keys[at + i] != key[i]) {
        return false;
      }
    }
    return true;
  }

  private int hash(int[] key, int at, long start) {
    long hash = start * 0x9E3779B97F4A7C15L;
    for (int i = 0; i < keyWidth; i++) {
      hash = (hash ^ key[at + i]) * 0xD6E8FEB86659FD93L;
    }
    return (int) (hash >>> 32);
  }

  private void grow() {
    int capacity = size * 4;
    keys = Arrays.copyOf(keys, capacity * keyWidth);
    starts = Arrays.copyOf(starts, capacity);
    values = Arrays.copyOf(values, capacity * width);
    changed = Arrays.copyOf(changed, capacity);
    slots = new int[capacity * 2];
    int mask = slots.length - 1;
    for (int row = 0; row < size; row++) {
      int slot = hash(keys, row * keyWidth, starts[row]) & mask;
      while (slots[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = row + 1;
    }
  }
}
