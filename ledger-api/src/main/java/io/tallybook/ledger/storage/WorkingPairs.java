package io.tallybook.ledger.storage;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.view.CellShape;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The outstanding amounts that a group touches. A pair has one, and every view that holds
 * outstanding amounts has its sum over pairs; they change together.
 */
final class WorkingPairs {
  private static final int OUTSTANDING = CellShape.OUTSTANDING_UNITS;

  private final WorkingCells cells;
  private final ViewCells[] views;
  private final int pairView;
  private final int serviceView;

  WorkingPairs(WorkingCells cells) {
    this.cells = cells;
    this.views = cells.views;
    this.pairView = cells.first(CellShape.PAIR, 2);
    this.serviceView = cells.first(CellShape.SERVICE, 1);
  }

  private void requireViews() {
    if (pairView < 0 || serviceView < 0) {
      throw new LedgerException.Unavailable(
          "The ledger lacks a view of pairs or services; its definitions are damaged", true, null);
    }
  }

  // ---- Rows -------------------------------------------------------------------------------------

  /** The rows of a pair in each view that holds outstanding amounts; -1 in the others. */
  int[] rows(int[] codes) {
    int[] rows = new int[views.length];
    for (int v = 0; v < views.length; v++) {
      rows[v] = views[v].shape.hasOutstanding() ? cells.row(views[v], codes) : -1;
    }
    return rows;
  }

  /** The row of the pair of these names. */
  int row(int[] codes) {
    requireViews();
    return cells.row(views[pairView], codes);
  }

  /** The row of the service of these names. */
  int serviceRow(int[] codes) {
    requireViews();
    return cells.row(views[serviceView], codes);
  }

  // ---- One pair ---------------------------------------------------------------------------------

  /** Whether the pair of a step was ever used. */
  boolean exists(Step step) {
    return value(step, CellShape.FIRST) != 0;
  }

  /** What the pair of a step has outstanding. */
  long outstanding(Step step) {
    return value(step, OUTSTANDING);
  }

  /** What the pair of these names has outstanding; 0 where they are no pair. */
  long outstanding(int[] codes) {
    if (codes[Changes.SERVICE] == 0) {
      return 0;
    }
    int row = row(codes);
    cells.read();
    return views[pairView].batch.value(row, OUTSTANDING);
  }

  /** The sequence of the newest settlement or reset of a step's pair; 0 where there is none. */
  long closedAt(Step step) {
    return value(step, CellShape.CLOSED_AT);
  }

  /** The sequence of the newest reset of a step's pair; 0 where there is none. */
  long resetAt(Step step) {
    return value(step, CellShape.RESET_AT);
  }

  /** The first sequence that the next settlement of a step's pair covers. */
  long openSince(Step step) {
    long closedAt = closedAt(step);
    return closedAt == 0 ? value(step, CellShape.FIRST) : closedAt + 1;
  }

  private long value(Step step, int column) {
    requireViews();
    return views[pairView].batch.value(step.rows[pairView], column);
  }

  /** Sets a column of a step's pair, in each view that keeps pairs. */
  private void set(Step step, int column, long value) {
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape == CellShape.PAIR) {
        views[v].batch.set(step.rows[v], column, value);
      }
    }
  }

  // ---- Changing ---------------------------------------------------------------------------------

  /** Adds to what a step's pair has outstanding. */
  void add(Step step, long units) {
    long before = outstanding(step);
    long after = before + units;
    int crossed = (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    step.tenant.pairsAboveZero += crossed;
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape.hasOutstanding()) {
        views[v].batch.add(step.rows[v], OUTSTANDING, units);
        if (crossed != 0 && views[v].shape == CellShape.SERVICE) {
          views[v].batch.add(step.rows[v], CellShape.AGENTS_ABOVE_ZERO, crossed);
        }
      }
    }
  }

  /** Takes a step's pair to 0 by an entry. */
  void close(Step step, long sequence) {
    add(step, -outstanding(step));
    set(step, CellShape.CLOSED_AT, sequence);
  }

  /** Takes a step's pair to 0 by an entry that bills nothing. */
  void reset(Step step, long sequence) {
    close(step, sequence);
    set(step, CellShape.RESET_AT, sequence);
  }

  // ---- Several pairs ----------------------------------------------------------------------------

  /** Whether every sum can do without what these pairs have outstanding, all of them together. */
  boolean canClose(List<Step> closing) {
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape.hasOutstanding()) {
        Map<Integer, BigInteger> left = new HashMap<>();
        for (Step step : closing) {
          int row = step.rows[v];
          BigInteger sum =
              left.getOrDefault(row, BigInteger.valueOf(views[v].batch.value(row, OUTSTANDING)));
          left.put(row, sum.subtract(BigInteger.valueOf(outstanding(step))));
        }
        if (left.values().stream().anyMatch(sum -> sum.bitLength() > 63)) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * Whether the other pairs of a service are all at 0: they are when none of them is above it and
   * their sum is 0.
   */
  boolean isAllThatIsOutstanding(int serviceRow, List<Step> some) {
    CellBatch services = views[serviceView].batch;
    BigInteger rest = BigInteger.valueOf(services.value(serviceRow, OUTSTANDING));
    long aboveZero = services.value(serviceRow, CellShape.AGENTS_ABOVE_ZERO);
    for (Step one : some) {
      long units = outstanding(one);
      rest = rest.subtract(BigInteger.valueOf(units));
      aboveZero -= units > 0 ? 1 : 0;
    }
    return rest.signum() == 0 && aboveZero == 0;
  }
}
