package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A storage that is full, and how it says so. */
@SuppressWarnings("MemberName") // sentences
abstract class CapacityParity extends ParityTopic {
  CapacityParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_full_ledger_refuses_what_makes_an_entry() {
    Book small = openBook(3);
    List<Outcome> outcomes =
        small.commit(
            record(event("1", "a", "s", 1)),
            usage("a", "s", 2),
            usage("b", "s", 4),
            usage("a", "s", 8));
    assertRefused(outcomes.get(3), Reason.STORE_CAPACITY_EXCEEDED);
    Act act = new Act("act", "s", Map.of());
    DocumentKey key = DocumentKey.service(small.tenant, "s");
    for (Command command :
        List.of(
            usage("new", "new", 1),
            record(new Reading(null, null, "a", "w", NONE, 1, Map.of())),
            new Command.Settle("a", "s"),
            new Command.SettleAgent("a"),
            new Command.Reset("a", "s"),
            new Command.Reverse(1, Command.Reverse.At.NOW),
            new Command.PutDocument(key, Map.of("price", "1"), Set.of(), -1, act))) {
      assertRefused(small.one(command), Reason.STORE_CAPACITY_EXCEEDED);
    }
    assertThat(small.one(record(event("1", "a", "s", 1)))).isEqualTo(Outcome.duplicate(1, 3));
    assertThat(small.price("s", 5).status()).isEqualTo(Status.RECORDED);
    assertRefused(
        small.one(new Command.DeleteDocument(key, -1, act)), Reason.STORE_CAPACITY_EXCEEDED);
    assertThat(small.settle("never", "used").status()).isEqualTo(Status.RECORDED);
    assertThat(small.one(new Command.SettleAgent("nobody")).status()).isEqualTo(Status.RECORDED);
    assertRefused(small.reset("never", "used"), Reason.NOT_FOUND);
    assertRefused(small.reverse(99), Reason.NOT_FOUND);
  }

  @Test
  final void an_agent_is_settled_whole_or_not_at_all() {
    Book small = openBook(5);
    small.commit(usage("a", "s", 1), usage("a", "z", 2), usage("a", "y", 4));
    assertRefused(small.one(new Command.SettleAgent("a")), Reason.STORE_CAPACITY_EXCEEDED);
    assertThat(small.settle("a", "s").sequence()).isEqualTo(4);
  }

  @Test
  final void an_atomic_request_that_does_not_fit_is_undone() {
    Book small = openBook(3);
    small.use("a", "s", 1);
    small.group(small.atomic(usage("a", "s", 2), usage("b", "s", 4), usage("c", "s", 8)));
    List<Outcome> outcomes = small.commit(usage("a", "s", 16), usage("a", "s", 32));
    assertThat(outcomes).containsExactly(Outcome.recorded(2, 17), Outcome.recorded(3, 49));
  }

  @Test
  final void all_tenants_share_the_room() {
    Book small = openBook(4);
    List<Receipt> receipts =
        small.group(
            small.request(usage("a", "s", 1), usage("a", "s", 1)),
            Request.of("other", usage("a", "s", 1)),
            small.request(usage("a", "s", 1), usage("a", "s", 1)),
            Request.of("third", usage("a", "s", 1)));
    assertThat(receipts.stream().flatMap(r -> r.outcomes().stream()).map(Outcome::reason))
        .containsExactly(
            null, null, null, null, Reason.STORE_CAPACITY_EXCEEDED, Reason.STORE_CAPACITY_EXCEEDED);
    assertThat(small.store.statistics().entries()).isEqualTo(4);
    assertThat(small.store.statistics().entriesMax()).isEqualTo(4);
  }

  @Test
  final void random_histories_end_at_the_bound_with_nothing_half_done() {
    Book small = openBook(100);
    Histories.run(small, 41, 30);
    assertThat(small.store.statistics().entries()).isEqualTo(100);
  }
}
