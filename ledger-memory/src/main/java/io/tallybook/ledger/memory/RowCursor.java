package io.tallybook.ledger.memory;

/** A walk over rows, each given once. */
interface RowCursor {
  /** What {@link #next} answers at the end. */
  int END = -1;

  /** The next row, or {@link #END}. */
  int next();
}
