package io.tallybook.ledger.memory;

import java.util.List;

/**
 * Several walks in the same order as one, without repeats. A binary heap of the walks by the row
 * that each gives next.
 */
final class MergedRows implements RowCursor {
  private final RowCursor[] cursors;
  private final int[] heads;
  private final boolean descending;
  private int size;
  private int last = END;

  private MergedRows(List<RowCursor> walks, boolean descending) {
    this.descending = descending;
    this.cursors = new RowCursor[walks.size()];
    this.heads = new int[walks.size()];
    for (RowCursor walk : walks) {
      int head = walk.next();
      if (head != END) {
        cursors[size] = walk;
        heads[size] = head;
        up(size++);
      }
    }
  }

  /** One walk over all that the walks give. */
  static RowCursor of(List<RowCursor> walks, boolean descending) {
    return walks.size() == 1 ? walks.getFirst() : new MergedRows(walks, descending);
  }

  @Override
  public int next() {
    while (size > 0) {
      int row = heads[0];
      int head = cursors[0].next();
      if (head == END) {
        size--;
        cursors[0] = cursors[size];
        heads[0] = heads[size];
      } else {
        heads[0] = head;
      }
      down();
      if (row != last) {
        last = row;
        return row;
      }
    }
    return END;
  }

  private boolean before(int a, int b) {
    return descending ? heads[a] > heads[b] : heads[a] < heads[b];
  }

  private void up(int from) {
    int at = from;
    while (at > 0 && before(at, (at - 1) >>> 1)) {
      swap(at, (at - 1) >>> 1);
      at = (at - 1) >>> 1;
    }
  }

  private void down() {
    int at = 0;
    for (int child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(child + 1, child)) {
        child++;
      }
      if (!before(child, at)) {
        return;
      }
      swap(at, child);
      at = child;
    }
  }

  private void swap(int a, int b) {
    RowCursor cursor = cursors[a];
    cursors[a] = cursors[b];
    cursors[b] = cursor;
    int head = heads[a];
    heads[a] = heads[b];
    heads[b] = head;
  }
}
