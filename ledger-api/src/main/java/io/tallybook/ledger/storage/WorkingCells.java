package io.tallybook.ledger.storage;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewDefinition;
import io.tallybook.ledger.view.ViewDefinition.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The cells of all views that a group touches. A step names its cells, they are read together, and
 * then entries are counted in them. What pairs have outstanding is kept by {@link WorkingPairs}.
 */
final class WorkingCells {
  /** In the order of the definitions; a step's rows are in the same order. */
  final ViewCells[] views;

  private final CommitState state;
  private final GroupNames names;
  private final Appearances appearances;
  private final List<CellBatch> batches = new ArrayList<>();
  private final int[] key = new int[1 + ViewDefinition.DIMENSIONS_MAX];
  private boolean hasUnread;

  WorkingCells(CommitState state, GroupNames names, List<ViewDefinition> definitions) {
    this.state = state;
    this.names = names;
    this.views = definitions.stream().map(ViewCells::new).toArray(ViewCells[]::new);
    for (ViewCells view : views) {
      batches.add(view.batch);
    }
    this.appearances =
        new Appearances(
            first(CellShape.OUTSTANDING, 1), first(CellShape.SERVICE, 1), first(CellShape.PAIR, 2));
  }

  /** The first view of a shape and a number of dimensions; -1 if there is none. */
  int first(CellShape shape, int dimensions) {
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape == shape && views[v].dimensions() == dimensions) {
        return v;
      }
    }
    return -1;
  }

  Appearances appearances() {
    return appearances;
  }

  List<CellBatch> batches() {
    return batches;
  }

  // ---- Rows -------------------------------------------------------------------------------------

  /** The rows of an entry in each view; -1 in those that do not count it. */
  int[] rows(int[] codes, Source source, Map<String, String> attributes, long time) {
    int[] rows = new int[views.length];
    for (int v = 0; v < views.length; v++) {
      ViewCells view = views[v];
      rows[v] =
          view.counts(source, names, codes, attributes)
              ? row(view, codes, attributes, view.bucketStart(time))
              : -1;
    }
    return rows;
  }

  /** The row of the cell of these names in a view without attributes and buckets. */
  int row(ViewCells view, int[] codes) {
    return row(view, codes, Map.of(), Times.ABSENT);
  }

  /** The row of a cell, to be read if it is new. */
  private int row(ViewCells view, int[] codes, Map<String, String> attributes, long start) {
    view.key(names, codes, attributes, key);
    int row = view.batch.row(key, start);
    hasUnread |= row >= view.batch.loaded();
    return row;
  }

  /** Reads the cells that were named since it was last called. */
  void read() {
    if (hasUnread) {
      hasUnread = false;
      state.cells(names, batches);
      batches.forEach(CellBatch::allLoaded);
    }
  }

  // ---- Usage ------------------------------------------------------------------------------------

  /** Whether every sum can take an entry. */
  boolean fits(int[] rows, long count, long units, long cost, long outstanding) {
    for (int v = 0; v < views.length; v++) {
      if (rows[v] >= 0 && !views[v].batch.fits(rows[v], count, units, cost, outstanding)) {
        return false;
      }
    }
    return true;
  }

  /** Counts an entry of usage that fits: once, or minus once for a reversal. */
  void count(Step step, Entry entry, long count) {
    for (int v = 0; v < views.length; v++) {
      int row = step.rows[v];
      if (row >= 0
          && views[v].batch.count(row, count, entry.units(), entry.cost(), entry.sequence())) {
        appearances.add(step, v);
      }
    }
  }

  // ---- Readings ---------------------------------------------------------------------------------

  /** Whether every sum can take the value of a reading. */
  boolean fitsReading(int[] rows, long value) {
    for (int v = 0; v < views.length; v++) {
      if (rows[v] >= 0 && Amounts.overflows(views[v].batch.value(rows[v], CellShape.SUM), value)) {
        return false;
      }
    }
    return true;
  }

  /** Counts a reading that fits. */
  void countReading(Step step, Entry entry) {
    for (int v = 0; v < views.length; v++) {
      if (step.rows[v] >= 0) {
        countReading(views[v].batch, step.rows[v], entry);
      }
    }
  }

  private static void countReading(CellBatch batch, int row, Entry entry) {
    long value = entry.value();
    boolean first = !batch.exists(row);
    if (first) {
      batch.set(row, CellShape.FIRST, entry.sequence());
    }
    batch.add(row, CellShape.COUNT, 1);
    batch.add(row, CellShape.SUM, value);
    if (first || value < batch.value(row, CellShape.MIN)) {
      batch.set(row, CellShape.MIN, value);
    }
    if (first || value > batch.value(row, CellShape.MAX)) {
      batch.set(row, CellShape.MAX, value);
    }
    if (first || entry.time() >= batch.value(row, CellShape.LAST_TIME)) {
      batch.set(row, CellShape.LAST, value);
      batch.set(row, CellShape.LAST_TIME, entry.time());
      batch.set(row, CellShape.LAST_SEQUENCE, entry.sequence());
    }
  }
}
