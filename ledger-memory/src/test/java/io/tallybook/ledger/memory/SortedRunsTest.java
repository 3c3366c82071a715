package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SortedRunsTest {
  /** How keys come in. */
  enum Keys {
    IN_ORDER,
    ALL_EQUAL,
    FEW,
    LATE,
    REVERSED,
    WIDE,
    WHOLE_RANGE;

    long of(long row) {
      return switch (this) {
        case IN_ORDER -> row * 3;
        case ALL_EQUAL -> 5;
        case FEW -> row * 7919 % 13;
        case LATE -> row - (row % 17 == 0 ? 2_500 : 0);
        case REVERSED -> -row;
        case WIDE -> row % 2 == 0 ? row << 40 : -(row << 40);
        case WHOLE_RANGE -> row % 2 == 0 ? Long.MIN_VALUE / 2 + row : Long.MAX_VALUE / 2 - row;
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void rowsComeInOrderOfRowAndOfKeyAsAModelSays(Keys keys) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    int rows = SortedRuns.LARGE + 3 * SortedRuns.SMALL + 77;
    Columns columns = new Columns();
    SortedRuns.Key key = keys::of;
    SortedRuns runs = new SortedRuns(columns, key);
    int[] tenants = new int[rows];
    for (int row = 0; row < rows; row++) {
      long[] values = new long[Columns.COUNT];
      tenants[row] = row < 2_000 ? 1 : 1 + random.nextInt(3);
      values[Columns.TENANT] = tenants[row];
      columns.append(values);
      if (random.nextInt(500) == 0) {
        runs.extend(row + 1);
      }
    }
    runs.extend(rows);
    for (int i = 0; i < 12; i++) {
      int tenant = 1 + random.nextInt(3);
      int below = i < 4 ? rows : random.nextInt(rows);
      long a = key.of(random.nextInt(rows));
      long b = i % 3 == 0 ? a : key.of(random.nextInt(rows));
      long from = Math.min(a, b);
      long to = Math.max(a, b);
      List<Integer> byRow = new ArrayList<>();
      for (int row = 0; row < below; row++) {
        if (tenants[row] == tenant && key.of(row) >= from && key.of(row) <= to) {
          byRow.add(row);
        }
      }
      List<Integer> byKey = new ArrayList<>(byRow);
      byKey.sort(Comparator.<Integer>comparingLong(key::of).thenComparing(row -> row));
      String description = "seed %s, %s, tenant %s, below %s".formatted(seed, keys, tenant, below);

      int begin = random.nextInt(rows);
      assertThat(PostingsTest.all(runs.byRow(tenant, from, to, begin, below, false)))
          .as(description)
          .isEqualTo(byRow.stream().filter(row -> row >= begin).toList());
      assertThat(PostingsTest.all(runs.byRow(tenant, from, to, begin, below, true)))
          .as(description)
          .isEqualTo(byRow.reversed().stream().filter(row -> row <= begin).toList());
      assertThat(PostingsTest.all(runs.byKey(tenant, from, to, Long.MIN_VALUE, -1, below, false)))
          .as(description)
          .isEqualTo(byKey);
      Collections.reverse(byKey);
      assertThat(
              PostingsTest.all(
                  runs.byKey(tenant, from, to, Long.MAX_VALUE, Integer.MAX_VALUE, below, true)))
          .as(description)
          .isEqualTo(byKey);
      if (!byKey.isEmpty()) {
        int at = random.nextInt(byKey.size());
        int mark = byKey.get(at);
        assertThat(PostingsTest.all(runs.byKey(tenant, from, to, key.of(mark), mark, below, true)))
            .as(description)
            .isEqualTo(byKey.subList(at + 1, byKey.size()));
        assertThat(PostingsTest.all(runs.byKey(tenant, from, to, key.of(mark), mark, below, false)))
            .as(description)
            .isEqualTo(byKey.subList(0, at).reversed());
      }
    }
  }
}
