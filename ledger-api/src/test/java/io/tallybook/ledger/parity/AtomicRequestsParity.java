package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Requests that take effect as a whole or not at all. */
@SuppressWarnings("MemberName") // sentences
abstract class AtomicRequestsParity extends ParityTopic {
  AtomicRequestsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void all_commands_take_effect_or_none() {
    book.use("a", "s", 1);
    Receipt receipt =
        book.group(
                book.atomic(
                    usage("a", "s", 2), new Command.Reset("never", "used"), usage("a", "s", 4)))
            .getFirst();
    assertThat(receipt.outcomes().stream().map(Outcome::reason))
        .containsExactly(Reason.CONFLICT, Reason.NOT_FOUND, Reason.CONFLICT);
    assertThat(receipt.outcomes()).allMatch(o -> o.status() == Status.REJECTED);
    assertThat(pair("a", "s").units()).isEqualTo(1);
    assertThat(
            book.group(book.atomic(usage("a", "s", 2), usage("a", "s", 4))).getFirst().outcomes())
        .containsExactly(Outcome.recorded(2, 3), Outcome.recorded(3, 7));
  }

  @Test
  final void a_request_undone_leaves_no_trace() {
    book.price("s", 3);
    book.commit(usage("a", "s", 1), usage("a", "z", 5));
    long revision = book.revision();
    long clock = book.clock.last();
    book.clock.advance(Duration.ofHours(3));
    book.group(
        book.atomic(
            record(event("1", "new agent", "new service", 5)),
            usage("a", "s", 10),
            record(new Reading("r", null, "a", "w", NONE, 1, Map.of())),
            new Command.Settle("a", "s"),
            new Command.Reset("a", "z"),
            new Command.Reverse(1, Command.Reverse.At.NOW),
            book.put("s", -1, Map.of("price", "9")),
            book.put("new", -1, Map.of("price", "9")),
            new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), -1, null),
            new Command.SettleAgent("a"),
            record(at(-1, "a", "s", 1))));
    assertThat(book.revision()).isEqualTo(revision);
    assertThat(book.one(record(event("1", "x", "y", 6))).status()).isEqualTo(Status.RECORDED);
    assertThat(book.reverse(1).status()).isEqualTo(Status.RECORDED);
    assertThat(book.settle("a", "s").statements().getFirst().price()).isEqualTo(3);
    assertThat(book.entry(1).recordedAt()).isEqualTo(clock);
  }

  @Test
  final void a_duplicate_undoes_nothing_and_a_conflict_does() {
    book.one(record(event("1", "a", "s", 1)));
    assertThat(
            book.group(book.atomic(record(event("1", "a", "s", 1)), usage("a", "s", 2)))
                .getFirst()
                .outcomes())
        .containsExactly(Outcome.duplicate(1, 1), Outcome.recorded(2, 3));
    Receipt receipt =
        book.group(book.atomic(usage("a", "s", 4), record(event("1", "a", "s", 9)))).getFirst();
    assertThat(receipt.outcomes().stream().map(Outcome::status))
        .containsExactly(Status.REJECTED, Status.CONFLICT);
  }

  @Test
  final void neighbours_in_a_group_are_not_undone() {
    List<Receipt> receipts =
        book.group(
            book.request(usage("a", "s", 1), book.put("x", 0, Map.of("price", "1"))),
            book.atomic(
                usage("b", "t", 2),
                book.put("x", -1, Map.of("price", "2")),
                usage("a", "s", 4),
                record(event("1", "a", "s", 8)),
                new Command.Reverse(99, Command.Reverse.At.NOW)),
            book.request(record(event("1", "a", "s", 16)), new Command.SettleAgent("b")),
            book.atomic(usage("a", "s", 32), book.put("y", 0, Map.of())));
    assertThat(receipts.get(1).outcomes()).allMatch(Outcome::refused);
    assertThat(receipts.get(2).outcomes())
        .containsExactly(Outcome.recorded(2, 17), Outcome.stated(0, List.of()));
    assertThat(pair("a", "s").units()).isEqualTo(49);
  }

  @Test
  final void a_refused_atomic_request_is_kept_under_its_key() {
    Request request =
        new Request(
            book.tenant,
            new UUID(1, 2),
            "k",
            "f",
            true,
            List.of(usage("a", "s", 1), new Command.Reset("b", "s")));
    Receipt first = book.group(request).getFirst();
    book.use("b", "s", 1);
    Receipt again = book.group(request).getFirst();
    assertThat(again.replayed()).isTrue();
    assertThat(again.outcomes()).isEqualTo(first.outcomes());
  }
}
