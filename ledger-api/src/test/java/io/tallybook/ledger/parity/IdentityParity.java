package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Events with an id are counted once, for good. */
@SuppressWarnings("MemberName") // sentences
abstract class IdentityParity extends ParityTopic {
  IdentityParity(Book.Opener opener) {
    super(opener);
  }

  private final UsageEvent event =
      new UsageEvent("source", "1", "org", "a", "s", "t", Times.ABSENT, 5, 7, Map.of("k", "v"));

  @Test
  final void the_same_again_is_a_duplicate_with_the_first_sequence() {
    book.use("a", "s", 1);
    assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(2, 6));
    book.use("a", "s", 10);
    book.clock.advance(Duration.ofDays(400));
    assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(2, 16));
    assertThat(tenant().lastSequence()).isEqualTo(3);
  }

  @Test
  final void the_same_twice_in_a_request_and_in_a_group_counts_once() {
    List<Receipt> receipts =
        book.group(
            book.request(record(event), record(event)),
            book.request(record(event), usage("a", "s", 1)),
            book.request(record(event)));
    assertThat(receipts.stream().flatMap(r -> r.outcomes().stream()).map(Outcome::status))
        .containsExactly(
            Status.RECORDED, Status.DUPLICATE, Status.DUPLICATE, Status.RECORDED, Status.DUPLICATE);
    assertThat(pair("a", "s").units()).isEqualTo(6);
  }

  @Test
  final void other_content_under_the_same_id_is_a_conflict() {
    book.one(record(event));
    List<UsageEvent> others =
        List.of(
            new UsageEvent("source", "1", null, "a", "s", "t", NONE, 5, 7, Map.of("k", "v")),
            new UsageEvent("source", "1", "org", "b", "s", "t", NONE, 5, 7, Map.of("k", "v")),
            new UsageEvent("source", "1", "org", "a", "z", "t", NONE, 5, 7, Map.of("k", "v")),
            new UsageEvent("source", "1", "org", "a", "s", "u", NONE, 5, 7, Map.of("k", "v")),
            new UsageEvent("source", "1", "org", "a", "s", "t", 9, 5, 7, Map.of("k", "v")),
            new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 6, 7, Map.of("k", "v")),
            new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 8, Map.of("k", "v")),
            new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 7, Map.of("k", "w")),
            new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 7, Map.of("kv", "")),
            new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 7, Map.of()));
    for (UsageEvent other : others) {
      Outcome outcome = book.one(record(other));
      assertThat(outcome.status()).as("%s", other).isEqualTo(Status.CONFLICT);
      assertThat(outcome.sequence()).isEqualTo(1);
      assertThat(outcome.reason()).isEqualTo(Reason.CONFLICT);
    }
    assertThat(tenant().lastSequence()).isEqualTo(1);
  }

  @Test
  final void a_time_that_was_sent_and_one_that_was_filled_in_are_not_the_same() {
    book.one(record(event("1", "a", "s", 1)));
    long filledIn = book.entry(1).time();
    UsageEvent said =
        new UsageEvent("source", "1", null, "a", "s", "usage", filledIn, 1, 0, Map.of());
    assertThat(book.one(record(said)).status()).isEqualTo(Status.CONFLICT);
  }

  @Test
  final void the_order_of_attributes_does_not_matter() {
    Map<String, String> there = new LinkedHashMap<>();
    there.put("a", "1");
    there.put("b", "2");
    Map<String, String> back = new LinkedHashMap<>();
    back.put("b", "2");
    back.put("a", "1");
    book.one(record(new UsageEvent("o", "1", null, "a", "s", "t", 1, 1, 1, there)));
    assertThat(
            book.one(record(new UsageEvent("o", "1", null, "a", "s", "t", 1, 1, 1, back))).status())
        .isEqualTo(Status.DUPLICATE);
  }

  @Test
  final void source_and_id_are_an_identity_together() {
    List<Outcome> outcomes =
        book.commit(
            record(new UsageEvent("a", "bc", null, "a", "s", "t", NONE, 1, 0, Map.of())),
            record(new UsageEvent("ab", "c", null, "a", "s", "t", NONE, 1, 0, Map.of())),
            record(new UsageEvent("bc", "a", null, "a", "s", "t", NONE, 1, 0, Map.of())),
            record(new UsageEvent("a", "bC", null, "a", "s", "t", NONE, 1, 0, Map.of())));
    assertThat(outcomes).allMatch(outcome -> outcome.status() == Status.RECORDED);
  }

  @Test
  final void each_tenant_has_identities_of_its_own() {
    List<Receipt> receipts =
        book.group(
            book.request(record(event)),
            Request.of("other", record(event)),
            Request.of("other", record(event)));
    assertThat(receipts.stream().map(r -> r.outcomes().getFirst().status()))
        .containsExactly(Status.RECORDED, Status.RECORDED, Status.DUPLICATE);
    assertThat(book.group(Request.of("third", record(event))).getFirst().outcomes())
        .containsExactly(Outcome.recorded(1, 5));
  }

  @Test
  final void readings_have_identities_of_their_own() {
    Reading reading = new Reading("1", null, "a", "w", 5, 10, Map.of());
    Reading another = new Reading("1", null, "a", "w", 5, 11, Map.of());
    book.one(record(event));
    assertThat(book.one(record(reading))).isEqualTo(Outcome.recorded(2, 0));
    assertThat(book.one(record(reading))).isEqualTo(Outcome.duplicate(2, 0));
    assertThat(book.one(record(another)).status()).isEqualTo(Status.CONFLICT);
    assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 5));
  }

  @Test
  final void what_has_no_id_is_never_a_duplicate() {
    Reading reading = new Reading(null, null, "a", "w", 5, 10, Map.of());
    List<Outcome> outcomes =
        book.commit(usage("a", "s", 1), usage("a", "s", 1), record(reading), record(reading));
    assertThat(outcomes).allMatch(outcome -> outcome.status() == Status.RECORDED);
  }

  @Test
  final void a_duplicate_is_one_after_settlement_reset_and_reversal() {
    book.one(record(event));
    book.settle("a", "s");
    assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 0));
    book.reset("a", "s");
    assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 0));
    book.reverse(1);
    assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 0));
  }

  @Test
  final void a_duplicate_for_a_disabled_service_is_still_one() {
    book.one(record(event));
    book.disable("s");
    assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 5));
    UsageEvent another = event("2", "a", "s", 1);
    assertRefused(book.one(record(another)), Reason.SERVICE_DISABLED);
    book.one(book.put("s", Command.PutDocument.ANY, Map.of("disabled", "false")));
    assertThat(book.one(record(another)).status()).isEqualTo(Status.RECORDED);
  }

  @Test
  final void a_refused_event_leaves_its_id_free() {
    UsageEvent early = new UsageEvent("o", "1", null, "a", "s", "t", -1, 1, 0, Map.of());
    UsageEvent timely = new UsageEvent("o", "1", null, "a", "s", "t", 1, 1, 0, Map.of());
    List<Outcome> outcomes = book.commit(record(early), record(timely), record(timely));
    assertThat(outcomes.stream().map(Outcome::status))
        .containsExactly(Status.REJECTED, Status.RECORDED, Status.DUPLICATE);
  }

  @Test
  final void many_ids_are_each_counted_once() {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      commands.add(record(event("id-" + i, "a", "s", 1)));
    }
    assertThat(book.unmodelled(commands)).allMatch(o -> o.status() == Status.RECORDED);
    Collections.shuffle(commands, new Random(1));
    List<Outcome> again = book.unmodelled(commands);
    assertThat(again).allMatch(outcome -> outcome.equals(Outcome.duplicate(o(outcome), 3_000)));
    assertThat(again.stream().map(Outcome::sequence).distinct()).hasSize(3_000);
    Audit.recompute(book);
  }

  private static long o(Outcome outcome) {
    return outcome.sequence();
  }
}
