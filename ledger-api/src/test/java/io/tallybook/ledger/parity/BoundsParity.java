package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupQuery.Measure;
import io.tallybook.ledger.view.RollupQuery.Order;
import io.tallybook.ledger.view.RollupRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** As much as one answer may look at, and one more. */
@SuppressWarnings("MemberName") // sentences
abstract class BoundsParity extends ParityTopic {
  BoundsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void no_answer_looks_at_more_than_it_may() {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 100_001 + 20_001; i++) {
      String agent = i < 20_001 ? "busy" : "agent-" + i;
      commands.add(record(at(i, agent, "s", i % 10)));
      if (commands.size() == 10_000) {
        book.unmodelled(commands);
        commands.clear();
      }
    }
    book.unmodelled(commands);
    EntryFilter last = all().withAttributes(Map.of("x", Set.of("y")));
    for (boolean byTime : new boolean[] {false, true}) {
      EntryPage page = book.page(last, byTime, false, 10);
      assertThat(page.entries()).isEmpty();
      assertThat(page.looked()).isEqualTo(EntryQuery.LOOKS_MAX);
      assertThat(page.complete()).isFalse();
      assertThat(page.next()).isEqualTo(new EntryMark(99_999, 100_000));
      EntryQuery rest = new EntryQuery(last, byTime, false, page.next(), 10);
      EntryPage end = book.read(reader -> reader.entries(rest));
      assertThat(end.looked()).isEqualTo(20_002);
      assertThat(end.complete()).isTrue();
      assertThat(end.next()).isNull();
    }
    EntryPage found = book.page(all().withAgents(Set.of("agent-120001")), false, false, 10);
    assertThat(found.looked()).isEqualTo(1);
    assertThat(sequences(found.entries())).containsExactly(120_002L);
    // A long list of one agent is not sorted by time: the time index serves it.
    EntryFilter busy = all().withAgents(Set.of("busy"));
    assertThat(book.page(busy, false, true, 10).index()).isEqualTo(EntryIndex.AGENT);
    assertThat(book.page(busy, true, false, 10).index()).isEqualTo(EntryIndex.TIME);
    assertThat(sequences(book.page(busy, true, false, 3).entries())).containsExactly(1L, 2L, 3L);

    RollupQuery byAgent = RollupQuery.by(Dimension.AGENT);
    assertThat(book.rollup(byAgent.ordered(Order.FIRST, Measure.UNITS).page(null, 3)).rows())
        .extracting(RollupRow::first)
        .containsExactly(1L, 20_002L, 20_003L);
    assertTooMuch(byAgent);
    assertTooMuch(byAgent.ordered(Order.TOP, Measure.UNITS));
    assertTooMuch(RollupQuery.by().between(1, 150_000));
    assertThat(book.rollup(RollupQuery.by().between(1, 100_001)).rows().getFirst().count())
        .isEqualTo(100_000);
    assertThat(book.rollup(RollupQuery.by().between(0, HOUR)).rows().getFirst().count())
        .isEqualTo(120_002);
    List<Cell> top = book.read(reader -> reader.topOfService("s", 2));
    assertThat(top.stream().map(cell -> cell.name(0))).containsExactly("busy", "agent-100009");
  }

  private void assertTooMuch(RollupQuery query) {
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> book.rollup(query))
        .extracting(LedgerException.Rejected::reason)
        .isEqualTo(Reason.RANGE_TOO_RAGGED);
  }
}
