package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.storage.Head;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TournamentTest {
  private final Head first = Head.first("USD");
  private final Revisions revisions = new Revisions(first, Revisions.WORDS_MAX);
  private final Tournament tournament = new Tournament(revisions);
  private final List<Long> amounts = new ArrayList<>();
  private final Tournament.Pairs pairs =
      new Tournament.Pairs() {
        @Override
        public long outstanding(int row) {
          return amounts.get(row);
        }

        @Override
        public int compareAgents(int row, int other) {
          return agent(row).compareTo(agent(other));
        }
      };
  private long revision;

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 1_000_000})
  void theBestAreThoseOfASortedListWhateverChanges(int amountMax) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int commit = 0; commit < 150; commit++) {
      UndoLog log = revisions.begin();
      for (int i = 0; i < 30; i++) {
        amounts.add(random.nextLong(-1, amountMax + 1L));
        assertThat(tournament.add(amounts.size() - 1, pairs, log)).isEqualTo(amounts.size() - 1);
        int changed = random.nextInt(amounts.size());
        long before = amounts.get(changed);
        amounts.set(changed, random.nextLong(-1, amountMax + 1L));
        tournament.changed(changed, amounts.get(changed) > before, pairs, log);
      }
      publish();
      assertTop(seed, 1 + random.nextInt(50));
    }
    assertTop(seed, 10_000);
    assertThat(tournament.bytes()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {40, 1_100})
  void aReaderFindsTheBestOfItsOwnRevisionThoughTheTreeHasGrownSince(int later) {
    UndoLog log = revisions.begin();
    for (int row = 0; row < 20; row++) {
      amounts.add(10L + row);
      tournament.add(row, pairs, log);
    }
    publish();
    try (Revisions.Reader reader = revisions.enter()) {
      UndoLog next = revisions.begin();
      for (int row = 20; row < 20 + later; row++) {
        amounts.add(1_000L + row);
        tournament.add(row, pairs, next);
      }
      publish();
      // As the table of cells does, amounts of rows from later are none for this reader.
      Tournament.Pairs asOfReader =
          new Tournament.Pairs() {
            @Override
            public long outstanding(int row) {
              return row < 20 ? amounts.get(row) : 0;
            }

            @Override
            public int compareAgents(int row, int other) {
              return pairs.compareAgents(row, other);
            }
          };
      assertThat(tournament.top(3, asOfReader, reader)).containsExactly(19, 18, 17);
    }
    assertTop(0, 5);
  }

  private void assertTop(long seed, int max) {
    List<Integer> expected =
        IntStream.range(0, amounts.size())
            .boxed()
            .filter(row -> amounts.get(row) > 0)
            .sorted(
                Comparator.<Integer>comparingLong(row -> -amounts.get(row))
                    .thenComparing(TournamentTest::agent))
            .limit(max)
            .toList();
    try (Revisions.Reader reader = revisions.enter()) {
      assertThat(tournament.top(max, pairs, reader)).as("seed %s", seed).isEqualTo(expected);
    }
  }

  /** Names in another order than rows. */
  private static String agent(int row) {
    return "agent " + Integer.reverse(row);
  }

  private void publish() {
    revision++;
    Head head = new Head(1, 1, revision, 0, 0, 0, 0, "USD", first.key0(), first.key1());
    revisions.publish(new Revisions.Published(head, 0, Map.of(), null));
  }
}
