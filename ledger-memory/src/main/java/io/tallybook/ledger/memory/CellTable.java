package io.tallybook.ledger.memory;

import io.tallybook.ledger.Times;
import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewDefinition;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The cells of one view, of all tenants. Rows are in order of creation, which within a tenant is
 * order of {@code first}.
 *
 * <pre>
 *   slots    hash(key) -> row + 1, linear probing, at most two thirds full
 *   pages    | tenant, code | code, code | start | value | value | ... |   1,024 rows each
 *              two codes a word            only where the view has buckets
 *   lists    rows by tenant, and by tenant and name of each dimension
 * </pre>
 *
 * <p>All words of a cell stand together, so that finding it and reading it touch the same lines of
 * the cache.
 *
 * <p>A new cell is put into its slot, by release, when it is whole; readers tell by its {@code
 * first} whether it is of their revision. Values are changed in place, behind the undo log.
 */
final class CellTable {
  private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(int[].class);

  /** Stands for the row of a cell that is not there. */
  static final int ABSENT = -1;

  /** The longest array that is a power of two. */
  private static final int SLOTS_MAX = 1 << 30;

  private static final int PAGE_BITS = 10;
  private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;

  /** The minor key of the list of all cells of a tenant. */
  private static final int WHOLE = 0;

  private final ViewDefinition view;
  private final int space;
  private final int keyWidth;
  private final int keyWords;
  private final int width;
  private final int rowWords;
  private final boolean hasStarts;
  private final Postings lists = new Postings();
  private volatile int[] slots = new int[64];
  private volatile long[][] pages = new long[0][];
  private int size;

  CellTable(ViewDefinition view, Revisions revisions) {
    this.view = view;
    this.width = view.shape().width();
    this.space = revisions.space(width);
    this.keyWidth = view.groupBy().size() + 1;
    this.hasStarts = view.bucket() != Bucket.NONE;
    this.keyWords = (keyWidth + 1) / 2 + (hasStarts ? 1 : 0);
    this.rowWords = keyWords + width;
  }

  /** Whether the table can hold the cells of a definition. */
  boolean fits(ViewDefinition other) {
    return view.groupBy().equals(other.groupBy())
        && view.bucket() == other.bucket()
        && view.shape() == other.shape()
        && view.filter().equals(other.filter());
  }

  ViewDefinition view() {
    return view;
  }

  int width() {
    return width;
  }

  /** How many cells there are, of all tenants. */
  int size() {
    return size;
  }

  /** How many more cells it takes for certain. */
  long left() {
    return Math.min(SLOTS_MAX / 3 * 2L - size, lists.left() / keyWidth);
  }

  /** How much it occupies. */
  long bytes() {
    return 4L * slots.length + ((8L * rowWords) << PAGE_BITS) * pages.length + lists.bytes();
  }

  /**
   * The row of a cell; -1 if there is none.
   *
   * @param key the tenant's code, then one for each dimension
   */
  int find(int[] key, long start) {
    long[] packed = new long[keyWords];
    pack(key, start, packed, 0);
    int[] now = slots;
    int mask = now.length - 1;
    for (int slot = hash(packed, 0) & mask; ; slot = (slot + 1) & mask) {
      int row = (int) SLOTS.getAcquire(now, slot) - 1;
      if (row < 0 || isKey(row, packed, 0)) {
        return row;
      }
    }
  }

  /**
   * Finds the rows of the cells that a batch has not loaded yet.
   *
   * @param codes the ledger's codes of the group's names; -1 for a name that it does not have
   * @param found by the batch's rows; {@link #ABSENT} where there is no cell
   */
  void find(CellBatch batch, int[] codes, int[] found) {
    int from = batch.loaded();
    int count = batch.size() - from;
    long[] packed = new long[count * keyWords];
    int[] now = slots;
    int mask = now.length - 1;
    int[] at = new int[count];
    int[] key = new int[keyWidth];
    for (int i = 0; i < count; i++) {
      boolean isKnown = true;
      for (int k = 0; k < keyWidth; k++) {
        key[k] = codes[k == 0 ? batch.tenant(from + i) : batch.name(from + i, k - 1)];
        isKnown &= key[k] >= 0;
      }
      pack(key, batch.start(from + i), packed, i * keyWords);
      at[i] = isKnown ? hash(packed, i * keyWords) & mask : ABSENT;
    }
    for (int i = 0; i < count; i++) {
      found[from + i] = at[i] == ABSENT ? ABSENT : now[at[i]] - 1;
    }
    for (int i = 0; i < count; i++) {
      int slot = at[i];
      while (found[from + i] >= 0 && !isKey(found[from + i], packed, i * keyWords)) {
        slot = (slot + 1) & mask;
        found[from + i] = now[slot] - 1;
      }
    }
  }

  /** The code of a row's name in a dimension. */
  int name(int row, int dimension) {
    return key(row, dimension + 1);
  }

  int tenant(int row) {
    return key(row, 0);
  }

  long start(int row) {
    return hasStarts ? page(row)[at(row) + keyWords - 1] : Times.ABSENT;
  }

  /** A value as it stands now. */
  long value(int row, int column) {
    return page(row)[at(row) + keyWords + column];
  }

  /** All values as they were at a reader's revision; whether the cell existed then. */
  boolean read(int row, Revisions.Reader reader, long lastSequence, long[] into) {
    System.arraycopy(page(row), at(row) + keyWords, into, 0, width);
    reader.restore(Revisions.place(space, row), into, width);
    return into[CellShape.FIRST] != 0 && into[CellShape.FIRST] <= lastSequence;
  }

  /** Saves the values of a row before it is changed. By the writer only. */
  void save(int row, UndoLog log) {
    log.save(Revisions.place(space, row), page(row), at(row) + keyWords, width);
  }

  /** Sets all values of a row that was saved. By the writer only. */
  void set(int row, CellBatch batch, int batchRow) {
    batch.copy(batchRow, page(row), at(row) + keyWords);
  }

  /** Fills in a batch's row with the values as they stand now. */
  void load(int row, CellBatch batch, int batchRow) {
    batch.load(batchRow, page(row), at(row) + keyWords);
  }

  /**
   * Adds a batch's cell, which is not there, under its key; returns its row. By the writer only.
   */
  int add(int[] key, CellBatch batch, int batchRow) {
    int row = size;
    if (row >>> PAGE_BITS == pages.length) {
      long[][] more = Arrays.copyOf(pages, pages.length + 1);
      more[pages.length] = new long[rowWords << PAGE_BITS];
      pages = more;
    }
    pack(key, batch.start(batchRow), page(row), at(row));
    set(row, batch, batchRow);
    if (3L * (size + 1) > 2L * slots.length) {
      grow();
    }
    size++;
    place(slots, row);
    list(key, row);
    return row;
  }

  /** The rows of all cells of a tenant, from a row on, in order. */
  RowCursor all(int tenant, int from) {
    return lists.ascending((long) tenant << 32, WHOLE, from, Integer.MAX_VALUE);
  }

  /** The rows of a tenant's cells with a name in a dimension, from a row on, in order. */
  RowCursor named(int tenant, int dimension, int name, int from) {
    return hasNameLists()
        ? lists.ascending(((long) tenant << 32) | name, dimension + 1, from, Integer.MAX_VALUE)
        : all(tenant, from);
  }

  /** Roughly how many cells a tenant has with a name in a dimension; never too few. */
  long named(int tenant, int dimension, int name) {
    return hasNameLists()
        ? lists.capacity(((long) tenant << 32) | name, dimension + 1)
        : Long.MAX_VALUE;
  }

  /** The first row of a tenant's cells whose {@code first} is greater than a sequence. */
  int rowAfter(int tenant, long sequence) {
    // Within a tenant rows are in order of first, so the last row at or before it is searched for
    // among all rows; those of other tenants are skipped by walking on.
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      RowCursor cursor = all(tenant, middle);
      int row = cursor.next();
      if (row != RowCursor.END && row < high && value(row, CellShape.FIRST) <= sequence) {
        low = row + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** A view by one dimension alone finds its cells by key; lists by name would say the same. */
  private boolean hasNameLists() {
    return keyWidth > 2 || hasStarts;
  }

  private void list(int[] key, int row) {
    long tenant = (long) key[0] << 32;
    lists.append(tenant, WHOLE, row);
    if (hasNameLists()) {
      for (int dimension = 1; dimension < keyWidth; dimension++) {
        lists.append(tenant | key[dimension], dimension, row);
      }
    }
  }

  private long[] page(int row) {
    return pages[row >>> PAGE_BITS];
  }

  private int at(int row) {
    return (row & PAGE_MASK) * rowWords;
  }

  private int key(int row, int index) {
    long word = page(row)[at(row) + (index >>> 1)];
    return (int) ((index & 1) == 0 ? word >>> 32 : word);
  }

  private void pack(int[] key, long start, long[] into, int at) {
    for (int i = 0; i < keyWidth; i += 2) {
      long second = i + 1 < keyWidth ? Integer.toUnsignedLong(key[i + 1]) : 0;
      into[at + (i >>> 1)] = ((long) key[i] << 32) | second;
    }
    if (hasStarts) {
      into[at + keyWords - 1] = start;
    }
  }

  private boolean isKey(int row, long[] packed, int from) {
    long[] page = page(row);
    int at = at(row);
    for (int i = 0; i < keyWords; i++) {
      if (page[at + i] != packed[from + i]) {
        return false;
      }
    }
    return true;
  }

  private void grow() {
    int[] larger = new int[slots.length * 2];
    for (int row = 0; row < size; row++) {
      place(larger, row);
    }
    slots = larger;
  }

  private void place(int[] table, int row) {
    int mask = table.length - 1;
    int slot = hash(page(row), at(row)) & mask;
    while (table[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    SLOTS.setRelease(table, slot, row + 1);
  }

  private int hash(long[] words, int at) {
    long hash = 0;
    for (int i = 0; i < keyWords; i++) {
      hash = (hash ^ words[at + i]) * 0xD6E8FEB86659FD93L;
      hash ^= hash >>> 32;
    }
    return (int) hash;
  }
}
