package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.view.Cell;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Settling a pair, an agent, a service: what is stated, billed and covered. */
@SuppressWarnings("MemberName") // sentences
abstract class SettlementParity extends ParityTopic {
  SettlementParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_settlement_states_what_is_outstanding_and_sets_it_to_zero() {
    book.price("s", 30);
    book.use("a", "s", 5);
    book.use("a", "s", 6);
    assertThat(book.settle("a", "s"))
        .isEqualTo(Outcome.stated(3, List.of(statement("s", 11, 30, 3))));
    Entry entry = book.entry(3);
    assertThat(entry.kind()).isEqualTo(EntryKind.SETTLEMENT);
    assertThat(entry.units()).isEqualTo(11);
    assertThat(entry.settlement())
        .isEqualTo(new Entry.Settlement(30, BigInteger.valueOf(330), 1, 2, false));
    Cell cell = pair("a", "s");
    assertThat(cell.outstanding()).isZero();
    assertThat(cell.units()).isEqualTo(11);
    assertThat(cell.count()).isEqualTo(2);
    assertThat(tenant().settledAmount()).isEqualTo(330);
  }

  @Test
  final void settlements_cover_sequence_after_sequence() {
    book.use("a", "s", 1);
    book.use("b", "s", 1);
    book.settle("a", "s");
    book.use("a", "s", 2);
    book.settle("a", "s");
    book.reset("a", "s");
    book.use("a", "s", 3);
    book.settle("a", "s");
    assertThat(
            book.entries(all().withKinds(Set.of(EntryKind.SETTLEMENT))).stream()
                .map(Entry::settlement)
                .map(s -> List.of(s.fromSequence(), s.toSequence())))
        .containsExactly(List.of(1L, 2L), List.of(4L, 4L), List.of(7L, 7L));
  }

  @Test
  final void a_pair_that_was_never_used_makes_no_entry() {
    book.price("s", 9);
    long revision = book.revision();
    assertThat(book.settle("a", "s"))
        .isEqualTo(Outcome.stated(0, List.of(statement("s", 0, 9, 0))));
    assertThat(book.settle("a", "unknown"))
        .isEqualTo(Outcome.stated(0, List.of(statement("unknown", 0, 0, 0))));
    assertThat(book.revision()).isEqualTo(revision);
    assertThat(tenant().settlements()).isZero();
  }

  @Test
  final void a_pair_at_zero_is_settled_and_counts() {
    book.use("a", "s", 0);
    assertThat(book.settle("a", "s"))
        .isEqualTo(Outcome.stated(2, List.of(statement("s", 0, 0, 2))));
    assertThat(book.settle("a", "s"))
        .isEqualTo(Outcome.stated(3, List.of(statement("s", 0, 0, 3))));
    assertThat(tenant().settlements()).isEqualTo(2);
  }

  @Test
  final void a_negative_amount_is_settled_as_a_credit() {
    book.price("s", 4);
    book.use("a", "s", -25);
    assertThat(book.settle("a", "s"))
        .isEqualTo(Outcome.stated(2, List.of(statement("s", -25, 4, 2))));
    assertThat(tenant().settledAmount()).isEqualTo(-100);
  }

  @Test
  final void an_amount_is_billed_exactly_beyond_64_bits() {
    book.price("s", 9_007_199_254L);
    book.commit(usage("a", "s", MAX), usage("a", "s", MAX), usage("a", "s", MAX));
    assertThat(book.settle("a", "s").statements().getFirst().billed())
        .isEqualTo(new BigInteger("243388915223797230295262142"));
  }

  @Test
  final void a_new_price_applies_to_everything_not_yet_settled() {
    book.price("s", 10);
    book.use("a", "s", 2);
    book.price("s", 7);
    assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 2, 7, 2));
    book.use("a", "s", 2);
    book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), -1, null));
    assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 2, 0, 4));
  }

  @Test
  final void a_price_put_in_the_same_request_applies_from_there_on() {
    List<Outcome> outcomes =
        book.commit(
            usage("a", "s", 3),
            book.put("s", -1, Map.of("price", "5")),
            new Command.Settle("a", "s"),
            book.put("s", -1, Map.of("price", "6")),
            usage("a", "s", 1),
            new Command.Settle("a", "s"));
    assertThat(outcomes.get(2).statements()).containsExactly(statement("s", 3, 5, 2));
    assertThat(outcomes.get(5).statements()).containsExactly(statement("s", 1, 6, 4));
  }

  @Test
  final void a_disabled_service_is_billed() {
    book.use("a", "s", 3);
    book.price("s", 2);
    book.disable("s");
    assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 3, 2, 2));
  }

  @Test
  final void late_events_belong_to_the_next_settlement() {
    book.use("a", "s", 1);
    book.settle("a", "s");
    book.one(record(at(TestClock.START - 40 * DAY, "a", "s", 8)));
    assertThat(book.settle("a", "s").statements().getFirst().units()).isEqualTo(8);
  }

  @Test
  final void an_agent_is_settled_by_first_appearance_zeros_included() {
    book.price("m", 3);
    book.commit(
        usage("a", "z", 1),
        usage("b", "y", 1),
        usage("a", "m", 2),
        usage("a", "b", 0),
        usage("a", "z", 4));
    Outcome outcome = book.one(new Command.SettleAgent("a"));
    assertThat(outcome)
        .isEqualTo(
            Outcome.stated(
                8,
                List.of(
                    statement("z", 5, 0, 6), statement("m", 2, 3, 7), statement("b", 0, 0, 8))));
    assertThat(book.entry(7).settlement())
        .isEqualTo(new Entry.Settlement(3, BigInteger.valueOf(6), 3, 6, true));
    assertThat(pair("b", "y").outstanding()).isEqualTo(1);
    assertThat(tenant().settlements()).isEqualTo(3);
  }

  @Test
  final void an_agent_s_pairs_of_the_same_group_are_settled_with_the_others() {
    book.use("a", "stored", 1);
    List<Receipt> receipts =
        book.group(
            book.request(usage("a", "new", 2), usage("b", "new", 3)),
            Request.of("other", usage("a", "others", 9)),
            book.request(new Command.SettleAgent("a"), usage("a", "newer", 4)),
            book.request(new Command.SettleAgent("a")));
    assertThat(receipts.get(2).outcomes().getFirst().statements())
        .extracting(Outcome.Statement::service)
        .containsExactly("stored", "new");
    assertThat(receipts.get(3).outcomes().getFirst().statements())
        .containsExactly(
            statement("stored", 0, 0, 7), statement("new", 0, 0, 8), statement("newer", 4, 0, 9));
  }

  @Test
  final void an_unknown_agent_has_nothing_to_settle() {
    book.one(record(new Reading(null, null, "reader", "w", NONE, 1, Map.of())));
    long revision = book.revision();
    assertThat(book.one(new Command.SettleAgent("nobody"))).isEqualTo(Outcome.stated(0, List.of()));
    assertThat(book.one(new Command.SettleAgent("reader"))).isEqualTo(Outcome.stated(0, List.of()));
    assertThat(book.revision()).isEqualTo(revision);
  }

  @Test
  final void ten_thousand_pairs_are_settled_at_once_and_one_more_is_refused() {
    Command[] commands = new Command[10_000];
    Arrays.setAll(commands, i -> usage("a", "s" + i, i));
    book.unmodelled(List.of(commands));
    Outcome outcome = book.unmodelled(List.of(new Command.SettleAgent("a"))).getFirst();
    assertThat(outcome.statements()).hasSize(10_000);
    assertThat(outcome.statements().get(1_234)).isEqualTo(statement("s1234", 1_234, 0, 11_235));
    Audit.recompute(book);
    long revision = book.revision() + 1;
    List<Outcome> tooMany =
        book.unmodelled(List.of(usage("a", "one more", 1), new Command.SettleAgent("a")));
    assertRefused(tooMany.get(1), Reason.TOO_MANY_PAIRS);
    assertRefused(
        book.unmodelled(List.of(new Command.SettleAgent("a"))).getFirst(), Reason.TOO_MANY_PAIRS);
    assertThat(book.revision()).isEqualTo(revision);
    assertThat(tenant().settlements()).isEqualTo(10_000);
  }

  @Test
  final void a_service_is_settled_in_the_order_of_its_named_agents() {
    book.price("s", 3);
    book.commit(usage("a", "s", 1), usage("b", "s", -4), usage("c", "s", 0), usage("a", "t", 9));
    assertThat(book.one(new Command.SettleService("s", List.of("b", "nobody", "a", "b"))))
        .isEqualTo(Outcome.stated(6, List.of(statement("s", -4, 3, 5), statement("s", 1, 3, 6))));
    assertThat(book.entry(5).settlement())
        .isEqualTo(new Entry.Settlement(3, BigInteger.valueOf(-12), 2, 4, true));
    assertThat(pair("a", "t").outstanding()).isEqualTo(9);
    assertThat(tenant().settlements()).isEqualTo(2);
  }

  @Test
  final void a_service_is_not_settled_where_another_agent_is_not_at_0() {
    book.commit(usage("a", "s", 2), usage("b", "s", 1), usage("c", "s", -1));
    Outcome refusal = book.one(new Command.SettleService("s", List.of("a")));
    assertThat(refusal.status()).isEqualTo(Status.CONFLICT);
    assertThat(tenant().settlements()).isZero();
    assertThat(book.one(new Command.SettleService("s", List.of("a", "b"))).refused()).isTrue();
    assertThat(book.one(new Command.SettleService("s", List.of("a", "b", "c"))).refused())
        .isFalse();
    assertThat(book.one(new Command.SettleService("s", List.of())))
        .isEqualTo(Outcome.stated(0, List.of()));
    assertThat(book.one(new Command.SettleService("unused", List.of())))
        .isEqualTo(Outcome.stated(0, List.of()));
  }

  @Test
  final void a_service_is_settled_with_what_the_same_group_recorded() {
    book.use("a", "s", 1);
    List<Receipt> receipts =
        book.group(
            book.request(usage("b", "s", 2)),
            book.request(new Command.SettleService("s", List.of("a"))),
            book.request(new Command.SettleService("s", List.of("a", "b"))));
    assertThat(receipts.get(1).outcomes().getFirst().status()).isEqualTo(Status.CONFLICT);
    assertThat(receipts.get(2).outcomes().getFirst().statements())
        .containsExactly(statement("s", 1, 0, 3), statement("s", 2, 0, 4));
  }

  @Test
  final void a_service_with_more_than_ten_thousand_agents_is_not_settled_at_once() {
    List<String> agents = IntStream.rangeClosed(0, 10_000).mapToObj(i -> "a" + i).toList();
    assertThatThrownBy(() -> new Command.SettleService("s", agents))
        .isInstanceOfSatisfying(
            LedgerException.Rejected.class,
            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_PAIRS));
    assertThat(book.one(new Command.SettleService("s", agents.subList(0, 10_000))))
        .isEqualTo(Outcome.stated(0, List.of()));
  }

  @Test
  final void what_a_settlement_covered_adds_up_to_what_it_stated() {
    book.use("a", "s", 1);
    book.reset("a", "s");
    book.use("a", "s", 2);
    book.use("a", "z", 4);
    book.use("b", "s", 8);
    book.reverse(1);
    book.reverse(3);
    book.use("a", "s", 16);
    assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 16, 0, 9));
    book.use("a", "s", 32);
    assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 32, 0, 11));
    book.settle("a", "s");
    assertThat(covered(9, EntryFilter.ALL)).containsExactly(3L, 7L, 8L);
    assertThat(covered(9, EntryFilter.ALL.withKinds(Set.of(EntryKind.REVERSAL))))
        .containsExactly(7L);
    assertThat(covered(9, EntryFilter.ALL.withAgents(Set.of("b")))).isEmpty();
    assertThat(covered(9, EntryFilter.ALL.withSequences(4, 7))).containsExactly(7L);
    assertThat(covered(11, EntryFilter.ALL)).containsExactly(10L);
    assertThat(covered(12, EntryFilter.ALL)).isEmpty();
    for (long other : new long[] {-1, 0, 1, 2, 13}) {
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> covered(other, EntryFilter.ALL))
          .withMessage("there is no settlement " + other)
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.NOT_FOUND);
    }
  }

  private List<Long> covered(long settlement, EntryFilter filter) {
    List<Long> found = new ArrayList<>();
    EntryMark after = null;
    do {
      EntryQuery query = new EntryQuery(filter, false, false, after, 1);
      EntryPage page = book.read(reader -> reader.covered(settlement, query));
      page.entries().forEach(entry -> found.add(entry.sequence()));
      after = page.next();
    } while (after != null);
    return found;
  }
}
