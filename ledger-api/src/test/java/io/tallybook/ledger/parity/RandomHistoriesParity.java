package io.tallybook.ledger.parity;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seeded random histories, compared with the model at every step. */
@SuppressWarnings("MemberName") // sentences
abstract class RandomHistoriesParity extends ParityTopic {
  RandomHistoriesParity(Book.Opener opener) {
    super(opener);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  final void a_ledger_equals_the_model_after_any_history(long seed) {
    Histories.run(book, seed, 30);
  }

  @Test
  final void a_ledger_equals_the_model_after_a_history_that_nobody_has_seen() {
    long seed = new Random().nextLong();
    System.out.println("random history of seed " + seed);
    try {
      Histories.run(book, seed, 20);
      Audit.of(book);
      Histories.run(book, seed + 1, 20);
      Audit.of(book);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("in the random history of seed " + seed, e);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {5, 6})
  final void a_ledger_equals_the_model_close_to_the_end_of_64_bits(long seed) {
    Histories.runAtTheEdge(book, seed, 12);
  }
}
