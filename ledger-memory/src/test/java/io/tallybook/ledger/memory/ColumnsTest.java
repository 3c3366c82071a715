package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ColumnsTest {
  @Test
  void everyRowReadsBackWhetherItsSegmentIsOpenOrSealed() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    Columns columns = new Columns();
    List<long[]> model = new ArrayList<>();
    for (int row = 0; row < 3 * Columns.SEGMENT + 17; row++) {
      long[] values = new long[Columns.COUNT];
      for (int column = 0; column < Columns.COUNT; column++) {
        values[column] = ofWidth(random, column * 4 + (row / Columns.SEGMENT) * 2, row);
      }
      columns.append(values);
      model.add(values);
    }
    for (int row = 0; row < model.size(); row++) {
      for (int column = 0; column < Columns.COUNT; column++) {
        assertThat(columns.get(column, row))
            .as("seed %s, row %s, column %s", seed, row, column)
            .isEqualTo(model.get(row)[column]);
      }
    }
  }

  @Test
  void aColumnThatSpansAllOfSixtyFourBitsReadsBack() {
    Columns columns = new Columns();
    for (int row = 0; row < Columns.SEGMENT; row++) {
      long[] values = new long[Columns.COUNT];
      values[Columns.UNITS] = row % 2 == 0 ? Long.MIN_VALUE + row : Long.MAX_VALUE - row;
      columns.append(values);
    }
    assertThat(columns.get(Columns.UNITS, 0)).isEqualTo(Long.MIN_VALUE);
    assertThat(columns.get(Columns.UNITS, 1)).isEqualTo(Long.MAX_VALUE - 1);
    assertThat(columns.get(Columns.UNITS, 4094)).isEqualTo(Long.MIN_VALUE + 4094);
  }

  @Test
  void columnsThatAreTheSameThroughoutTakeNoRoomOnceSealed() {
    Columns columns = new Columns();
    for (int row = 0; row < Columns.SEGMENT; row++) {
      columns.append(new long[Columns.COUNT]);
    }
    assertThat(columns.bytes()).isLessThan(1_000);
  }

  /** A value that takes about a number of bits; constant for 0. */
  private static long ofWidth(SplittableRandom random, int bits, int row) {
    if (bits == 0) {
      return -7;
    }
    long value = random.nextLong() >>> Math.max(0, 64 - bits);
    return row % 3 == 0 ? -value : value;
  }
}
