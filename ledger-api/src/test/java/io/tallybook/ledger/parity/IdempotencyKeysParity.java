package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Requests under a client's key, which have one effect and one answer. */
@SuppressWarnings("MemberName") // sentences
abstract class IdempotencyKeysParity extends ParityTopic {
  IdempotencyKeysParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_request_sent_again_is_answered_as_the_first_time() {
    Request request = book.keyed("k", "f", usage("a", "s", 5), new Command.Settle("a", "s"));
    Receipt first = book.group(request).getFirst();
    book.use("a", "s", 100);
    book.clock.advance(Duration.ofHours(20));
    Receipt again = book.group(request).getFirst();
    assertThat(again.replayed()).isTrue();
    assertThat(again.outcomes()).isEqualTo(first.outcomes());
    assertThat(tenant().lastSequence()).isEqualTo(3);
  }

  @Test
  final void another_request_under_the_key_is_a_conflict() {
    book.group(book.keyed("k", "f", usage("a", "s", 5)));
    long revision = book.revision();
    Receipt receipt =
        book.group(book.keyed("k", "g", usage("a", "s", 5), usage("a", "s", 6))).getFirst();
    assertThat(receipt.replayed()).isFalse();
    assertThat(receipt.outcomes())
        .hasSize(2)
        .allMatch(outcome -> outcome.reason() == Reason.IDEMPOTENCY_CONFLICT);
    assertThat(book.revision()).isEqualTo(revision);
  }

  @Test
  final void one_key_in_one_group_has_one_effect() {
    Request request = book.keyed("k", "f", usage("a", "s", 5));
    List<Receipt> receipts =
        book.group(request, request, book.keyed("k", "g", usage("a", "s", 1)), request);
    assertThat(receipts.stream().map(Receipt::replayed)).containsExactly(false, true, false, true);
    assertThat(receipts.get(2).outcomes().getFirst().reason())
        .isEqualTo(Reason.IDEMPOTENCY_CONFLICT);
    assertThat(pair("a", "s").units()).isEqualTo(5);
  }

  @Test
  final void each_tenant_has_keys_of_its_own() {
    book.group(book.keyed("k", "f", usage("a", "s", 5)));
    Request same = book.keyed("k", "f", usage("a", "s", 5));
    Request other =
        new Request("other", same.token(), "k", "f", false, List.of(usage("a", "s", 6)));
    assertThat(book.group(other).getFirst().outcomes()).containsExactly(Outcome.recorded(1, 6));
  }

  @Test
  final void refusals_are_kept_with_their_key() {
    book.disable("s");
    Request request =
        book.keyed(
            "k", "f", usage("a", "s", 5), new Command.Reset("a", "s"), record(at(-1, "a", "z", 1)));
    Receipt first = book.group(request).getFirst();
    long revision = book.revision();
    book.one(book.put("s", -1, Map.of("disabled", "false")));
    Receipt again = book.group(request).getFirst();
    assertThat(again.replayed()).isTrue();
    assertThat(again.outcomes()).isEqualTo(first.outcomes());
    assertThat(first.revision()).isEqualTo(revision);
    assertThat(tenant().lastSequence()).isZero();
  }

  @Test
  final void all_that_an_outcome_can_hold_is_kept() {
    book.price("s", 9_007_199_254L);
    book.commit(usage("a", "s", MAX), usage("a", "s", MAX), usage("a", "z", 1));
    Request request =
        book.keyed(
            "\u03ba\u03bb\ud83d\ude00",
            "fingerprint",
            new Command.SettleAgent("a"),
            record(event("1", "a", "s", 1)),
            record(event("1", "a", "s", 1)),
            record(event("1", "a", "s", 2)),
            new Command.Reset("a", "s"),
            book.put("x", -1, Map.of("price", "5", "description", "\u00fc")),
            new Command.DeleteDocument(
                DocumentKey.service(book.tenant, "x"), -1, new Act("x.gone", "x", Map.of())),
            new Command.Reverse(99, Command.Reverse.At.NOW),
            new Command.Reverse(1, Command.Reverse.At.NOW));
    Receipt first = book.store.commit(List.of(request)).getFirst();
    Receipt again = book.store.commit(List.of(request)).getFirst();
    assertThat(again.replayed()).isTrue();
    assertThat(again.outcomes()).isEqualTo(first.outcomes());
    book.leaveModel();
  }

  @Test
  final void a_refusal_for_want_of_room_is_not_kept() {
    Book small = openBook(2);
    small.use("a", "s", 1);
    Request both = small.keyed("both", "f", usage("a", "s", 1), usage("a", "s", 2));
    Request none = small.keyed("none", "f", usage("a", "s", 4));
    Request whole =
        new Request(
            small.tenant,
            none.token(),
            "whole",
            "f",
            true,
            List.of(usage("a", "s", 1), usage("a", "s", 2)));
    Receipt undone = small.group(whole).getFirst();
    assertThat(undone.outcomes()).allMatch(Outcome::refused);
    assertThat(small.group(whole).getFirst().replayed()).isFalse();
    small.group(both);
    assertRefused(
        small.group(none).getFirst().outcomes().getFirst(), Reason.STORE_CAPACITY_EXCEEDED);
    assertThat(small.group(none).getFirst().replayed()).isFalse();
    assertThat(small.group(both).getFirst().replayed()).isTrue();
  }

  @Test
  final void a_key_of_a_request_that_changed_nothing_is_remembered() {
    Request request = book.keyed("k", "f", new Command.Settle("a", "s"));
    long revision = book.revision();
    book.group(request);
    assertThat(book.revision()).isEqualTo(revision + 1);
    book.use("a", "s", 5);
    Receipt again = book.group(request).getFirst();
    assertThat(again.replayed()).isTrue();
    assertThat(again.outcomes())
        .containsExactly(Outcome.stated(0, List.of(statement("s", 0, 0, 0))));
    assertThat(pair("a", "s").outstanding()).isEqualTo(5);
  }
}
