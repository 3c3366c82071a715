package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupRow;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Taking usage back, once, before and after its settlement. */
@SuppressWarnings("MemberName") // sentences
abstract class ReversalsParity extends ParityTopic {
  ReversalsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_reversal_takes_back_what_its_original_counted() {
    UsageEvent event =
        new UsageEvent(
            "o", "1", "org", "a", "s", "t", TestClock.START - DAY, 9, 4, Map.of("k", "v"));
    book.one(record(event));
    assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(2, 0));
    assertThat(book.entry(2))
        .isEqualTo(
            new Entry(
                2,
                2,
                EntryKind.REVERSAL,
                book.clock.last(),
                TestClock.START - DAY,
                null,
                null,
                "org",
                "a",
                "s",
                "t",
                null,
                -9,
                -4,
                0,
                true,
                1,
                0,
                null,
                Map.of("k", "v")));
    Cell cell = pair("a", "s");
    assertThat(List.of(cell.count(), cell.units(), cell.cost(), cell.first()))
        .containsExactly(0L, 0L, 0L, 1L);
    assertThat(tenant().lifetimeUnits()).isEqualTo(9);
  }

  @Test
  final void a_reversal_counts_in_the_original_s_bucket_or_in_the_one_of_now() {
    long past = Bucket.HOUR.start(TestClock.START - 3 * DAY);
    book.commit(record(at(past, "a", "s", 5)), record(at(past, "a", "s", 6)));
    book.one(new Command.Reverse(1, Command.Reverse.At.ORIGINAL));
    book.one(new Command.Reverse(2, Command.Reverse.At.NOW));
    long now = Bucket.HOUR.start(book.clock.last());
    assertThat(book.entry(4).time()).isEqualTo(book.clock.last());
    assertThat(book.rollup(RollupQuery.by(Dimension.SERVICE).in(Bucket.HOUR)).rows())
        .containsExactly(
            new RollupRow(List.of("s"), past, 1, 6, 0, 0, 1),
            new RollupRow(List.of("s"), now, -1, -6, 0, 0, 4));
  }

  @Test
  final void an_entry_is_reversed_once() {
    book.use("a", "s", 5);
    book.reverse(1);
    for (Command.Reverse.At where : Command.Reverse.At.values()) {
      Outcome outcome = book.one(new Command.Reverse(1, where));
      assertThat(outcome.status()).isEqualTo(Status.CONFLICT);
      assertThat(outcome.sequence()).isEqualTo(2);
    }
    List<Outcome> outcomes =
        book.commit(
            usage("a", "s", 1),
            new Command.Reverse(3, Command.Reverse.At.NOW),
            new Command.Reverse(3, Command.Reverse.At.NOW));
    assertThat(outcomes.get(1)).isEqualTo(Outcome.recorded(4, 0));
    assertThat(outcomes.get(2).status()).isEqualTo(Status.CONFLICT);
    assertThat(outcomes.get(2).sequence()).isEqualTo(4);
  }

  @Test
  final void only_usage_can_be_reversed() {
    book.commit(
        usage("a", "s", 1),
        new Command.Settle("a", "s"),
        new Command.Reset("a", "s"),
        record(new Reading(null, null, "a", "w", NONE, 1, Map.of())),
        new Command.PutDocument(
            DocumentKey.service(book.tenant, "s"),
            Map.of(),
            Set.of(),
            -1,
            new Act("service.put", "s", Map.of())),
        new Command.Reverse(1, Command.Reverse.At.NOW));
    for (long sequence = 2; sequence <= 6; sequence++) {
      Outcome outcome = book.reverse(sequence);
      assertThat(outcome.status()).as("%d", sequence).isEqualTo(Status.CONFLICT);
      assertThat(outcome.sequence()).isEqualTo(sequence);
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(longs = {-1, 0, 2, 3, Long.MAX_VALUE, Long.MIN_VALUE})
  final void an_entry_that_is_not_there_is_not_found(long sequence) {
    book.group(
        book.request(usage("a", "s", 1)),
        Request.of("other", usage("a", "s", 1), usage("a", "s", 1)));
    assertRefused(book.reverse(sequence), Reason.NOT_FOUND);
  }

  @Test
  final void a_reversal_after_settlement_is_a_credit_and_names_the_settlement() {
    book.price("s", 2);
    book.commit(usage("a", "s", 5), usage("a", "s", 6));
    book.settle("a", "s");
    book.settle("a", "s");
    assertThat(book.reverse(2)).isEqualTo(Outcome.recorded(5, -6));
    assertThat(book.entry(5).settledBy()).isEqualTo(3);
    assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", -6, 2, 6));
  }

  @Test
  final void a_reversal_after_a_reset_changes_nothing_outstanding() {
    book.use("a", "s", 5);
    book.reset("a", "s");
    book.use("a", "s", 7);
    assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(4, 7));
    assertThat(book.entry(4).billable()).isFalse();
    assertThat(book.entry(4).settledBy()).isZero();
    assertThat(book.reverse(3)).isEqualTo(Outcome.recorded(5, 0));
    assertThat(pair("a", "s").units()).isZero();
  }

  @Test
  final void a_settlement_after_a_reset_did_not_cover_what_was_before() {
    book.use("a", "s", 5);
    book.reset("a", "s");
    book.settle("a", "s");
    book.reverse(1);
    assertThat(book.entry(4).settledBy()).isZero();
  }

  @Test
  final void a_reset_after_the_settlement_leaves_the_settlement_named() {
    book.use("a", "s", 5);
    book.settle("a", "s");
    book.reset("a", "s");
    assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(4, 0));
    assertThat(book.entry(4).settledBy()).isEqualTo(2);
    assertThat(book.entry(4).billable()).isFalse();
  }

  @Test
  final void everything_of_a_pair_s_life_may_happen_in_one_request() {
    List<Outcome> outcomes =
        book.commit(
            usage("a", "s", 5),
            new Command.Reverse(1, Command.Reverse.At.ORIGINAL),
            usage("a", "s", 6),
            new Command.Settle("a", "s"),
            new Command.Reverse(3, Command.Reverse.At.ORIGINAL),
            usage("a", "s", 7),
            new Command.Reset("a", "s"),
            new Command.Settle("a", "s"),
            new Command.Reverse(6, Command.Reverse.At.NOW));
    assertThat(outcomes.stream().map(Outcome::outstanding))
        .containsExactly(5L, 0L, 6L, 0L, -6L, 1L, 0L, 0L, 0L);
    assertThat(book.entry(5).settledBy()).isEqualTo(4);
    assertThat(book.entry(9).settledBy()).isZero();
    assertThat(book.entry(9).billable()).isFalse();
  }

  @Test
  final void a_settlement_of_another_pair_is_not_named() {
    book.commit(usage("a", "s", 5), usage("a", "z", 1), usage("b", "s", 1));
    book.settle("a", "z");
    book.settle("b", "s");
    book.group(Request.of("other", usage("a", "s", 1), new Command.Settle("a", "s")));
    book.reverse(1);
    assertThat(book.entry(6).settledBy()).isZero();
  }

  @Test
  final void agents_above_zero_follow_every_change() {
    book.commit(usage("a", "s", 5), usage("b", "s", 5), usage("c", "s", 0), usage("d", "s", -1));
    assertThat(aboveZero()).containsExactly(2L, 2L);
    book.settle("a", "s");
    assertThat(aboveZero()).containsExactly(1L, 1L);
    book.reverse(1);
    assertThat(aboveZero()).containsExactly(1L, 1L);
    book.use("a", "s", 6);
    assertThat(aboveZero()).containsExactly(2L, 2L);
    book.use("d", "s", 1);
    assertThat(aboveZero()).containsExactly(2L, 2L);
    book.use("d", "s", 1);
    assertThat(aboveZero()).containsExactly(3L, 3L);
    book.reverse(4);
    assertThat(aboveZero()).containsExactly(3L, 3L);
    book.reset("d", "s");
    book.reverse(2);
    assertThat(aboveZero()).containsExactly(1L, 1L);
    book.use("b", "z", 1);
    assertThat(aboveZero()).containsExactly(1L, 2L);
  }

  private List<Long> aboveZero() {
    return List.of(service("s").value(CellShape.AGENTS_ABOVE_ZERO), tenant().pairsAboveZero());
  }

  @Test
  final void negative_usage_is_reversed_as_any_other() {
    book.use("a", "s", -5);
    assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(2, 0));
    assertThat(tenant().lifetimeUnits()).isZero();
  }
}
