package io.tallybook.ledger.jpa;

import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.view.CellShape;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;

/** Values of cells, column by column, as statements of many rows take them. */
final class CellValues {
  private static final int COLUMNS = CellShape.READING.width();

  private final long[][] columns;
  private final short[] widths;
  private final long[] row = new long[COLUMNS];
  private int size;

  CellValues(int capacity) {
    this.columns = new long[COLUMNS][capacity];
    this.widths = new short[capacity];
  }

  int size() {
    return size;
  }

  void add(CellBatch batch, int cell) {
    int width = batch.view().shape().width();
    batch.copy(cell, row, 0);
    for (int column = 0; column < width; column++) {
      columns[column][size] = row[column];
    }
    widths[size++] = (short) width;
  }

  /** Sets the nine parameters of a statement that values are with their widths, from one on. */
  int bind(PreparedStatement statement, int from) throws SQLException {
    int at = from;
    for (long[] column : columns) {
      statement.setObject(at++, Arrays.copyOf(column, size));
    }
    statement.setObject(at++, Arrays.copyOf(widths, size));
    return at;
  }
}
