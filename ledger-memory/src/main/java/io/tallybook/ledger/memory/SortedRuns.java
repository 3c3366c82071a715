package io.tallybook.ledger.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An index over entries as sorted runs: for each block of rows the permutation that puts them in
 * order of tenant, key and row. A block has 1,024 rows at first; 64 of them are merged to one. Rows
 * that are in order already take nothing, others two bytes each. The rows behind the newest run are
 * looked at one by one.
 *
 * <pre>
 *   rows   0 ................ 65535 | ... | 1024 | 1024 | 1024 | tail
 *   runs        one permutation       ...   each its own
 * </pre>
 *
 * <p>This is a log-structured merge of two levels (O'Neil and others, "The log-structured
 * merge-tree", 1996), without the need to move what is sorted. Runs never change; their list is
 * replaced as a whole, so that readers need no lock. A reader may see runs of rows that were not
 * published to it, and leaves those rows out.
 */
final class SortedRuns {
  static final int SMALL = 1 << 10;
  static final int LARGE = 1 << 16;

  /** Up to so many different keys, rows are sorted by counting. */
  private static final int COUNTED = 1 << 14;

  /** What rows are sorted by within their tenant. */
  interface Key {
    long of(int row);
  }

  /** Sorted rows; without an order of their own where they are in order as they are. */
  private static final class Run {
    private final int first;
    private final int length;
    private final char[] order;
    private final boolean inOrder;
    private final long minKey;
    private final long maxKey;

    Run(int first, int length, char[] order, boolean inOrder, long minKey, long maxKey) {
      this.first = first;
      this.length = length;
      this.order = order;
      this.inOrder = inOrder;
      this.minKey = minKey;
      this.maxKey = maxKey;
    }

    int row(int index) {
      return first + (inOrder ? index : order[index]);
    }
  }

  private final Columns columns;
  private final Key key;
  private volatile Run[] runs = new Run[0];
  private long bytes;

  SortedRuns(Columns columns, Key key) {
    this.columns = columns;
    this.key = key;
  }

  /** Sorts what has become whole, when there are a number of rows. By the writer only. */
  void extend(int rows) {
    for (int end = end(runs); end + SMALL <= rows; end = end(runs)) {
      boolean large = (end + SMALL) % LARGE == 0;
      int first = large ? end + SMALL - LARGE : end;
      Run run = sort(first, end + SMALL - first);
      List<Run> list = new ArrayList<>(Arrays.asList(runs));
      while (!list.isEmpty() && list.getLast().first >= first) {
        bytes -= bytes(list.removeLast());
      }
      list.add(run);
      bytes += bytes(run);
      runs = list.toArray(Run[]::new);
    }
  }

  /** How much it occupies. */
  long bytes() {
    return bytes;
  }

  /**
   * The rows of a tenant whose keys lie in a range, in order of row.
   *
   * @param from smallest key, inclusive
   * @param to greatest key, inclusive
   * @param begin the first row to give, if it is among them
   * @param rows how many rows there are
   */
  RowCursor byRow(int tenant, long from, long to, int begin, int rows, boolean descending) {
    return new ByRow(tenant, from, to, begin, rows, descending);
  }

  /**
   * The rows of a tenant whose keys lie in a range, in order of key and then of row.
   *
   * @param from smallest key, inclusive
   * @param to greatest key, inclusive
   * @param afterKey where to begin, exclusive, with {@code afterRow}: only what comes behind this
   *     key and row in the order asked for
   * @param rows how many rows there are
   */
  RowCursor byKey(
      int tenant, long from, long to, long afterKey, int afterRow, int rows, boolean descending) {
    return new ByKey(tenant, from, to, afterKey, afterRow, rows, descending);
  }

  private static int end(Run[] runs) {
    return runs.length == 0 ? 0 : runs[runs.length - 1].first + runs[runs.length - 1].length;
  }

  private static long bytes(Run run) {
    return 64 + 2L * run.order.length;
  }

  private long tenant(int row) {
    return columns.get(Columns.TENANT, row);
  }

  private Run sort(int first, int length) {
    long[] keys = new long[length];
    long minKey = Long.MAX_VALUE;
    long maxKey = Long.MIN_VALUE;
    long minTenant = Long.MAX_VALUE;
    long maxTenant = Long.MIN_VALUE;
    boolean inOrder = true;
    long lastTenant = Long.MIN_VALUE;
    for (int i = 0; i < length; i++) {
      keys[i] = key.of(first + i);
      long tenant = tenant(first + i);
      inOrder &= i == 0 || tenant > lastTenant || (tenant == lastTenant && keys[i] >= keys[i - 1]);
      lastTenant = tenant;
      minKey = Math.min(minKey, keys[i]);
      maxKey = Math.max(maxKey, keys[i]);
      minTenant = Math.min(minTenant, tenant);
      maxTenant = Math.max(maxTenant, tenant);
    }
    if (inOrder) {
      return new Run(first, length, new char[0], true, minKey, maxKey);
    }
    char[] order = new char[length];
    long span = maxKey - minKey + 1;
    long tenants = maxTenant - minTenant + 1;
    if (span > 0 && tenants <= COUNTED / span) {
      int[] counts = new int[(int) (tenants * span) + 1];
      for (int i = 0; i < length; i++) {
        keys[i] = (tenant(first + i) - minTenant) * span + keys[i] - minKey;
        counts[(int) keys[i] + 1]++;
      }
      for (int value = 1; value < counts.length; value++) {
        counts[value] += counts[value - 1];
      }
      for (int i = 0; i < length; i++) {
        order[counts[(int) keys[i]]++] = (char) i;
      }
    } else if (span > 0 && tenants < (1L << 46) / span) {
      // Tenant, key and row in one word, which sorts as the three would.
      for (int i = 0; i < length; i++) {
        keys[i] = ((tenant(first + i) - minTenant) * span + keys[i] - minKey) << 16 | i;
      }
      Arrays.sort(keys);
      for (int i = 0; i < length; i++) {
        order[i] = (char) keys[i];
      }
    } else {
      Integer[] indexes = new Integer[length];
      Arrays.setAll(indexes, i -> i);
      Arrays.sort(
          indexes,
          (a, b) -> {
            int byTenant = Long.compare(tenant(first + a), tenant(first + b));
            int byKey = byTenant != 0 ? byTenant : Long.compare(keys[a], keys[b]);
            return byKey != 0 ? byKey : Integer.compare(a, b);
          });
      for (int i = 0; i < length; i++) {
        order[i] = (char) indexes[i].intValue();
      }
    }
    return new Run(first, length, order, false, minKey, maxKey);
  }

  /** The index in a run of the first row that is not before a tenant, a key and a row. */
  private int lowerBound(Run run, int tenant, long wantedKey, int wantedRow) {
    int low = 0;
    int high = run.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int row = run.row(middle);
      int compared = Long.compare(tenant(row), tenant);
      if (compared == 0) {
        compared = Long.compare(key.of(row), wantedKey);
      }
      if (compared == 0) {
        compared = Integer.compare(row, wantedRow);
      }
      if (compared < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private int upperBound(Run run, int tenant, long wantedKey) {
    return lowerBound(run, tenant, wantedKey, Integer.MAX_VALUE);
  }

  /** Run by run in order of row. */
  private final class ByRow implements RowCursor {
    private final int tenant;
    private final long from;
    private final long to;
    private final int begin;
    private final int rows;
    private final boolean descending;
    private final Run[] all = runs;
    private int next;
    private int[] found = new int[0];
    private int index;

    ByRow(int tenant, long from, long to, int begin, int rows, boolean descending) {
      this.tenant = tenant;
      this.from = from;
      this.to = to;
      this.begin = begin;
      this.rows = rows;
      this.descending = descending;
      this.next = descending ? all.length : 0;
    }

    @Override
    public int next() {
      while (index == found.length) {
        // The tail counts as one more run, behind the others.
        if (descending ? next < 0 : next > all.length) {
          return END;
        }
        found = next == all.length ? tail() : rowsOf(all[next]);
        index = 0;
        next += descending ? -1 : 1;
      }
      int row = descending ? found[found.length - 1 - index] : found[index];
      index++;
      return row;
    }

    private boolean isWanted(int row) {
      return row < rows && (descending ? row <= begin : row >= begin);
    }

    private int[] tail() {
      int first = end(all);
      int[] some = new int[Math.max(0, rows - first)];
      int count = 0;
      for (int row = first; row < rows; row++) {
        long value = key.of(row);
        if (value >= from && value <= to && isWanted(row) && tenant(row) == tenant) {
          some[count++] = row;
        }
      }
      return Arrays.copyOf(some, count);
    }

    private int[] rowsOf(Run run) {
      if (run.minKey > to
          || run.maxKey < from
          || run.first >= rows
          || (descending ? run.first > begin : run.first + run.length <= begin)) {
        return new int[0];
      }
      int low = lowerBound(run, tenant, from, 0);
      int high = upperBound(run, tenant, to);
      int[] some = new int[high - low];
      int count = 0;
      for (int i = low; i < high; i++) {
        int row = run.row(i);
        if (isWanted(row)) {
          some[count++] = row;
        }
      }
      int[] sorted = Arrays.copyOf(some, count);
      if (!run.inOrder && from != to) {
        Arrays.sort(sorted);
      }
      return sorted;
    }
  }

  /** All runs merged in order of key: a binary heap of them by the row that each gives next. */
  private final class ByKey implements RowCursor {
    private final int rows;
    private final boolean descending;
    private final Run[] heap;
    private final int[] at;
    private final int[] ends;
    private final int[] heads;
    private final long[] keys;
    private int size;

    ByKey(
        int tenant, long from, long to, long afterKey, int afterRow, int rows, boolean descending) {
      this.rows = rows;
      this.descending = descending;
      Run[] all = runs;
      Run tail = tail(end(all), tenant);
      heap = new Run[all.length + 1];
      at = new int[all.length + 1];
      ends = new int[all.length + 1];
      heads = new int[all.length + 1];
      keys = new long[all.length + 1];
      for (int i = 0; i <= all.length; i++) {
        Run run = i == all.length ? tail : all[i];
        if (run.length == 0 || run.minKey > to || run.maxKey < from || run.first >= rows) {
          continue;
        }
        int low = lowerBound(run, tenant, from, 0);
        int high = upperBound(run, tenant, to);
        if (descending) {
          // Behind the mark, downwards, is what comes before it.
          high = Math.min(high, lowerBound(run, tenant, afterKey, afterRow));
          heap[size] = run;
          at[size] = high - 1;
          ends[size] = low - 1;
        } else {
          low =
              afterRow == Integer.MAX_VALUE
                  ? Math.max(low, upperBound(run, tenant, afterKey))
                  : Math.max(low, lowerBound(run, tenant, afterKey, afterRow + 1));
          heap[size] = run;
          at[size] = low;
          ends[size] = high;
        }
        if (advance(size)) {
          up(size++);
        }
      }
    }

    /** The tenant's rows behind the newest run, as a run. */
    private Run tail(int first, int tenant) {
      long[] sorted = new long[Math.max(0, rows - first)];
      int count = 0;
      long minKey = Long.MAX_VALUE;
      long maxKey = Long.MIN_VALUE;
      List<Integer> indexes = new ArrayList<>();
      for (int row = first; row < rows; row++) {
        if (tenant(row) == tenant) {
          sorted[count++] = key.of(row);
          indexes.add(row - first);
          minKey = Math.min(minKey, sorted[count - 1]);
          maxKey = Math.max(maxKey, sorted[count - 1]);
        }
      }
      indexes.sort(
          (a, b) -> {
            int byKey = Long.compare(key.of(first + a), key.of(first + b));
            return byKey != 0 ? byKey : Integer.compare(a, b);
          });
      char[] order = new char[count];
      for (int i = 0; i < count; i++) {
        order[i] = (char) indexes.get(i).intValue();
      }
      return new Run(first, count, order, false, minKey, maxKey);
    }

    @Override
    public int next() {
      if (size == 0) {
        return END;
      }
      int row = heads[0];
      if (!advance(0)) {
        size--;
        move(size, 0);
      }
      down();
      return row;
    }

    /** Puts a run's next published row at its head; false if there is none. */
    private boolean advance(int run) {
      while (at[run] != ends[run]) {
        int row = heap[run].row(at[run]);
        at[run] += descending ? -1 : 1;
        if (row < rows) {
          heads[run] = row;
          keys[run] = key.of(row);
          return true;
        }
      }
      return false;
    }

    private boolean before(int a, int b) {
      int compared = Long.compare(keys[a], keys[b]);
      if (compared == 0) {
        compared = Integer.compare(heads[a], heads[b]);
      }
      return descending ? compared > 0 : compared < 0;
    }

    private void up(int from) {
      int i = from;
      while (i > 0 && before(i, (i - 1) >>> 1)) {
        swap(i, (i - 1) >>> 1);
        i = (i - 1) >>> 1;
      }
    }

    private void down() {
      int i = 0;
      for (int child = 1; child < size; child = 2 * i + 1) {
        if (child + 1 < size && before(child + 1, child)) {
          child++;
        }
        if (!before(child, i)) {
          return;
        }
        swap(i, child);
        i = child;
      }
    }

    private void swap(int a, int b) {
      Run run = heap[a];
      int runAt = at[a];
      int runEnd = ends[a];
      int head = heads[a];
      long headKey = keys[a];
      move(b, a);
      heap[b] = run;
      at[b] = runAt;
      ends[b] = runEnd;
      heads[b] = head;
      keys[b] = headKey;
    }

    private void move(int from, int to) {
      heap[to] = heap[from];
      at[to] = at[from];
      ends[to] = ends[from];
      heads[to] = heads[from];
      keys[to] = keys[from];
    }
  }
}
