package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class PostingsTest {
  private final Postings postings = new Postings();

  @Test
  void listsAreWalkedBothWaysFromAnyRowAsAModelSays() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    TreeMap<Long, TreeSet<Integer>> model = new TreeMap<>();
    int rows = 40_000;
    for (int row = 0; row < rows; row++) {
      long key = (long) Math.pow(random.nextDouble() * 12, 2);
      postings.append(key, (int) key % 3, row);
      model.computeIfAbsent(key, k -> new TreeSet<>()).add(row);
    }
    assertThat(postings.rows()).isEqualTo(rows);
    model.forEach(
        (key, list) -> {
          int minor = (int) (key % 3);
          assertThat(postings.capacity(key, minor)).isGreaterThanOrEqualTo(list.size());
          for (int i = 0; i < 20; i++) {
            int from = random.nextInt(rows + 10) - 5;
            int to = random.nextInt(rows + 10);
            assertThat(all(postings.ascending(key, minor, from, to)))
                .as("seed %s, key %s, from %s, to %s", seed, key, from, to)
                .isEqualTo(from < to ? new ArrayList<>(list.subSet(from, to)) : List.of());
            assertThat(all(postings.descending(key, minor, from)))
                .as("seed %s, key %s, down from %s", seed, key, from)
                .isEqualTo(new ArrayList<>(list.headSet(from, true).descendingSet()));
          }
        });
  }

  @Test
  void aListLongerThanTheLargestChunkIsWalkedWhole() {
    int rows = 3 * Postings.CHUNK_MAX;
    for (int row = 0; row < rows; row++) {
      postings.append(1, 0, row * 2);
    }
    assertThat(all(postings.ascending(1, 0, 0, Integer.MAX_VALUE))).hasSize(rows);
    // Whatever the lists, a group of a hundred thousand entries over seven lists each has room.
    assertThat(postings.left()).isGreaterThan(700_000);
    assertThat(postings.ascending(1, 0, 2 * rows - 3, Integer.MAX_VALUE).next())
        .isEqualTo(2 * rows - 2);
    assertThat(postings.descending(1, 0, 1).next()).isZero();
  }

  @Test
  void aRowIsFoundByItsNumberInTheList() {
    for (int row = 0; row < 1_000; row++) {
      postings.append(row % 3, 0, row);
    }
    for (int number = 1; number <= 333; number++) {
      assertThat(postings.numbered(1, 0, number, 1_000, row -> row / 3 + 1))
          .isEqualTo(3 * (number - 1) + 1);
    }
    assertThat(postings.numbered(1, 0, 334, 1_000, row -> row / 3 + 1)).isEqualTo(RowCursor.END);
    assertThat(postings.numbered(1, 0, 10, 20, row -> row / 3 + 1)).isEqualTo(RowCursor.END);
    assertThat(postings.numbered(1, 0, 1, 0, row -> row / 3 + 1)).isEqualTo(RowCursor.END);
    assertThat(postings.numbered(9, 0, 1, 1_000, row -> row / 3 + 1)).isEqualTo(RowCursor.END);
  }

  @Test
  void rowsAppendedManyAtATimeStandWhereSinglyAppendedOnesWould() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    Postings singly = new Postings();
    for (int row = 0; row < 30_000; ) {
      int count = 1 + random.nextInt(700);
      long[] keys = new long[count];
      int[] minors = new int[count];
      int[] rows = new int[count];
      for (int i = 0; i < count; i++) {
        keys[i] = random.nextInt(400);
        minors[i] = random.nextInt(3);
        rows[i] = row++;
        singly.append(keys[i], minors[i], rows[i]);
      }
      postings.append(keys, minors, rows, count);
    }
    assertThat(postings.rows()).isEqualTo(singly.rows());
    for (int key = 0; key < 401; key++) {
      for (int minor = 0; minor < 3; minor++) {
        assertThat(all(postings.ascending(key, minor, 0, Integer.MAX_VALUE)))
            .as("seed %s, key %s, %s", seed, key, minor)
            .isEqualTo(all(singly.ascending(key, minor, 0, Integer.MAX_VALUE)));
      }
    }
  }

  @Test
  void aKeyThatWasNeverUsedHasAnEmptyList() {
    assertThat(postings.ascending(5, 0, 0, 10).next()).isEqualTo(RowCursor.END);
    assertThat(postings.descending(5, 0, 10).next()).isEqualTo(RowCursor.END);
    assertThat(postings.capacity(5, 0)).isZero();
  }

  @Test
  void severalListsMergeToOneWithoutRepeats() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    TreeSet<Integer> model = new TreeSet<>();
    for (int row = 0; row < 5_000; row++) {
      for (int key = 0; key < 7; key++) {
        if (random.nextInt(4) == 0) {
          postings.append(key, 0, row);
          model.add(row);
        }
      }
    }
    List<RowCursor> up = new ArrayList<>();
    List<RowCursor> down = new ArrayList<>();
    for (int key = 0; key < 8; key++) {
      up.add(postings.ascending(key, 0, 0, 5_000));
      down.add(postings.descending(key, 0, 4_999));
    }
    assertThat(all(MergedRows.of(up, false))).as("seed %s", seed).isEqualTo(List.copyOf(model));
    assertThat(all(MergedRows.of(down, true)))
        .as("seed %s", seed)
        .isEqualTo(List.copyOf(model.descendingSet()));
  }

  static List<Integer> all(RowCursor cursor) {
    List<Integer> rows = new ArrayList<>();
    for (int row = cursor.next(); row != RowCursor.END; row = cursor.next()) {
      rows.add(row);
    }
    return rows;
  }
}
