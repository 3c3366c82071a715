package io.tallybook.ledger.jpa;

import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.storage.GroupNames;
import io.tallybook.ledger.view.ViewDefinition;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;

/** Keys of cells, column by column, as statements of many rows take them. */
final class CellKeys {
  private static final int COLUMNS = 2 + ViewDefinition.DIMENSIONS_MAX;

  private final int[][] columns;
  private final long[] starts;
  private int size;

  CellKeys(int capacity) {
    this.columns = new int[COLUMNS][capacity];
    this.starts = new long[capacity];
  }

  int size() {
    return size;
  }

  /**
   * Adds the key of a cell, unless one of its names is not in the dictionary, so that it cannot be
   * stored.
   */
  boolean addKnown(GroupCodes codes, CellBatch batch, int row) {
    columns[0][size] = codes.view(batch.view().name());
    columns[1][size] = codes.known(batch.tenant(row));
    boolean known = columns[0][size] > 0 && columns[1][size] > 0;
    for (int d = 0; d < batch.view().groupBy().size(); d++) {
      columns[2 + d][size] = codes.known(batch.name(row, d));
      known &= columns[2 + d][size] >= 0;
    }
    for (int d = batch.view().groupBy().size(); d < ViewDefinition.DIMENSIONS_MAX; d++) {
      columns[2 + d][size] = 0;
    }
    starts[size] = batch.start(row);
    size += known ? 1 : 0;
    return known;
  }

  /** Adds the key of a cell that is written, with codes for the names that have none. */
  void add(GroupCodes codes, GroupNames names, CellBatch batch, int row) {
    columns[0][size] = codes.viewCode(batch.view().name());
    columns[1][size] = codes.code(names, batch.tenant(row));
    for (int d = 0; d < batch.view().groupBy().size(); d++) {
      columns[2 + d][size] = codes.code(names, batch.name(row, d));
    }
    starts[size++] = batch.start(row);
  }

  /** Sets the nine parameters of a statement that keys are, from one on. */
  int bind(PreparedStatement statement, int from) throws SQLException {
    int at = from;
    for (int[] column : columns) {
      statement.setObject(at++, Arrays.copyOf(column, size));
    }
    statement.setObject(at++, Arrays.copyOf(starts, size));
    return at;
  }
}
