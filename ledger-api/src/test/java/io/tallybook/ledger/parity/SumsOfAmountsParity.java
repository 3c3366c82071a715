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
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Amounts and sums up to the ends of their ranges, and none that wraps. */
@SuppressWarnings("MemberName") // sentences
abstract class SumsOfAmountsParity extends ParityTopic {
  SumsOfAmountsParity(Book.Opener opener) {
    super(opener);
  }

  @ParameterizedTest(name = "{0} units at {1}")
  @CsvSource({
    "0, 0",
    "-5, -7",
    "9007199254740991, -9007199254740991",
    "-9007199254740991, 9007199254740991",
  })
  final void an_amount_counts_as_it_is(long units, long cost) {
    UsageEvent event = new UsageEvent(null, null, null, "a", "s", "t", NONE, units, cost, Map.of());
    assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(1, units));
    assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(2, 2 * units));
    Cell cell = pair("a", "s");
    assertThat(cell.units()).isEqualTo(2 * units);
    assertThat(cell.cost()).isEqualTo(2 * cost);
    assertThat(tenant().lifetimeUnits()).isEqualTo(Math.max(0, 2 * units));
  }

  @Test
  final void units_reach_the_end_of_64_bits_and_no_further() {
    fill("a", "s", MAX);
    assertThat(book.unmodelled(List.of(usage("a", "s", 1_023))))
        .containsExactly(Outcome.recorded(1_025, Long.MAX_VALUE));
    assertNothingChanges(usage("a", "s", 1));
    assertNothingChanges(usage("b", "z", 1));
    assertThat(book.unmodelled(List.of(usage("a", "s", 0), usage("a", "s", -1))))
        .containsExactly(
            Outcome.recorded(1_026, Long.MAX_VALUE), Outcome.recorded(1_027, Long.MAX_VALUE - 1));
    Audit.recompute(book);
  }

  @Test
  final void lifetime_units_do_not_fall_and_so_overflow_first() {
    fill("a", "s", MAX);
    book.unmodelled(List.of(new Command.Settle("a", "s"), usage("a", "s", -MAX)));
    assertNothingChanges(usage("a", "s", 1_024));
    assertThat(book.unmodelled(List.of(usage("a", "s", 1_023))).getFirst().status())
        .isEqualTo(Status.RECORDED);
    assertThat(tenant().lifetimeUnits()).isEqualTo(Long.MAX_VALUE);
    Audit.recompute(book);
  }

  @Test
  final void an_overflow_is_found_in_the_order_of_commands() {
    fill("a", "s", -MAX);
    List<Outcome> outcomes =
        book.unmodelled(
            List.of(
                usage("a", "s", -1_025),
                usage("a", "s", -1_024),
                usage("a", "s", -1),
                usage("a", "s", 1),
                usage("a", "s", -1)));
    assertThat(outcomes.stream().map(Outcome::reason))
        .containsExactly(Reason.SUM_OVERFLOW, null, Reason.SUM_OVERFLOW, null, null);
    assertThat(pair("a", "s").units()).isEqualTo(Long.MIN_VALUE);
    Audit.recompute(book);
  }

  /**
   * One view of each kind is brought to its end while all others have room: base events at one
   * agent, service, type, organization and hour, and others that balance what is not asked about.
   */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "total,                       ,            a9 s9 t9 o9 9",
    "by-agent,                    b z t2 o2 2, a s9 t9 o9 9",
    "by-service,                  b z t2 o2 2, a9 s t9 o9 9",
    "by-agent-service,            a z t2 o2 2+b s t2 o2 3, a s t9 o9 9",
    "by-service-type,             b s t2 o2 2, a9 s t o9 9",
    "daily-by-organization-agent, a z t2 o2 50, a s9 t9 o 2",
    "hourly-by-organization-type, b z t2 o2 2, a9 s9 t o 0",
    "hourly-by-service,           b s t2 o2 2, a9 s t9 o9 0",
  })
  final void no_cell_of_any_view_leaves_64_bits(String view, String balance, String probe) {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 1_024; i++) {
      commands.add(costing("a s t o 0", -MAX));
      if (balance != null) {
        for (String other : balance.split("\\+", -1)) {
          commands.add(costing(other, MAX));
        }
      }
    }
    assertThat(book.unmodelled(commands))
        .as(view)
        .allMatch(outcome -> outcome.status() == Status.RECORDED);
    assertNothingChanges(costing(probe, -1_025));
    assertThat(book.unmodelled(List.of(costing(probe, -1_024))).getFirst().status())
        .as(view)
        .isEqualTo(Status.RECORDED);
    assertNothingChanges(costing(probe, -1));
    Audit.recompute(book);
  }

  private static Command costing(String where, long cost) {
    String[] names = where.split(" ", -1);
    long time = Bucket.DAY.start(TestClock.START - 10 * DAY) + Long.parseLong(names[4]) * HOUR;
    return record(
        new UsageEvent(
            null, null, names[3], names[0], names[1], names[2], time, 0, cost, Map.of()));
  }

  @Test
  final void a_count_of_readings_goes_on_when_their_sum_cannot() {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 1_024; i++) {
      commands.add(record(new Reading(null, null, "a", "w", i, MAX, Map.of())));
    }
    assertThat(book.unmodelled(commands)).allMatch(o -> o.status() == Status.RECORDED);
    assertNothingChanges(record(new Reading(null, null, "a", "w", 1, 1_024, Map.of())));
    // The same day has room in other hours, and the agent in other windows.
    assertNothingChanges(record(new Reading(null, null, "a", "w", DAY, 1_024, Map.of())));
    assertThat(
            book
                .unmodelled(
                    List.of(
                        record(new Reading(null, null, "a", "x", 1, 1_024, Map.of())),
                        record(new Reading(null, null, "a", "w", 1, 1_023, Map.of()))))
                .stream()
                .map(Outcome::status))
        .containsExactly(Status.RECORDED, Status.RECORDED);
    Audit.recompute(book);
  }

  @Test
  final void a_reversal_that_no_sum_can_hold_is_refused() {
    fill("a", "s", -MAX);
    book.unmodelled(List.of(usage("a", "s", -1_024), usage("b", "s", 1_024)));
    book.unmodelled(List.of(usage("b", "z", -1_024)));
    assertNothingChanges(new Command.Reverse(1_026, Command.Reverse.At.NOW));
    assertThat(
            book.unmodelled(List.of(new Command.Reverse(1_025, Command.Reverse.At.NOW)))
                .getFirst()
                .status())
        .isEqualTo(Status.RECORDED);
    Audit.recompute(book);
  }

  @Test
  final void a_pair_at_the_lowest_amount_can_be_settled_and_reset() {
    fill("a", "s", -MAX);
    book.unmodelled(List.of(usage("a", "s", -1_024)));
    assertThat(book.unmodelled(List.of(new Command.Settle("a", "s"))))
        .containsExactly(Outcome.stated(1_026, List.of(statement("s", Long.MIN_VALUE, 0, 1_026))));
    fill("b", "z", MAX);
    book.unmodelled(List.of(new Command.Reset("b", "z")));
    assertThat(pair("b", "z").outstanding()).isZero();
    Audit.recompute(book);
  }

  @Test
  final void settling_one_pair_is_refused_where_others_cannot_hold_the_rest() {
    fill("b", "s", -MAX);
    book.unmodelled(
        List.of(usage("a", "z", 2_000), usage("b", "s", -1_024), usage("c", "y", -500)));
    // What is left without agent a: -2^63 - 500.
    assertNothingChanges(new Command.Settle("a", "z"));
    assertNothingChanges(new Command.Reset("a", "z"));
    assertNothingChanges(new Command.SettleAgent("a"));
    Audit.recompute(book);
  }

  @Test
  final void settling_an_agent_is_refused_where_only_all_its_pairs_are_too_much() {
    fill("b", "s", -MAX);
    book.unmodelled(
        List.of(
            usage("a", "y", 10),
            usage("a", "z", 10),
            usage("b", "s", -1_024),
            usage("c", "x", -8)));
    // Each pair alone could be settled: -2^63 + 12 - 10. Both could not.
    assertNothingChanges(new Command.SettleAgent("a"));
    assertThat(book.unmodelled(List.of(new Command.Settle("a", "y"))).getFirst().status())
        .isEqualTo(Status.RECORDED);
    Audit.recompute(book);
  }

  @Test
  final void settling_an_agent_may_pass_beyond_64_bits_between_its_pairs() {
    fill("a", "u", -MAX);
    fill("b", "v", MAX);
    book.unmodelled(List.of(usage("a", "w", 1_000), usage("a", "x", -1_000)));
    assertThat(book.unmodelled(List.of(new Command.SettleAgent("a"))).getFirst().statements())
        .extracting(Outcome.Statement::units)
        .containsExactly(-MAX * 1_024, 1_000L, -1_000L);
    Audit.recompute(book);
  }

  @Test
  final void settled_amounts_have_128_bits() {
    book.leaveModel();
    book.unmodelled(List.of(book.put("s", -1, Map.of("price", "9007199254"))));
    BigInteger settled = BigInteger.ZERO;
    for (int i = 0; i < 2; i++) {
      long units = i == 0 ? -MAX : MAX;
      fill("a" + i, "s", units);
      Outcome outcome = book.unmodelled(List.of(new Command.Settle("a" + i, "s"))).getFirst();
      BigInteger billed =
          BigInteger.valueOf(units * 1_024).multiply(BigInteger.valueOf(9_007_199_254L));
      assertThat(outcome.statements().getFirst().billed()).isEqualTo(billed);
      settled = settled.add(billed);
      assertThat(tenant().settledAmount()).isEqualTo(settled);
    }
    Audit.recompute(book);
  }

  private void fill(String agent, String service, long units) {
    List<Outcome> outcomes =
        book.unmodelled(Collections.nCopies(1_024, usage(agent, service, units)));
    assertThat(outcomes).allMatch(outcome -> outcome.status() == Status.RECORDED);
  }

  private void assertNothingChanges(Command command) {
    long revision = book.revision();
    Tenant before = tenant();
    assertRefused(book.unmodelled(List.of(command)).getFirst(), Reason.SUM_OVERFLOW);
    assertThat(book.revision()).isEqualTo(revision);
    assertThat(tenant()).isEqualTo(before);
  }
}
