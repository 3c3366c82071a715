package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.record;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.LedgerReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A ledger with nothing in it, or with one of everything. */
@SuppressWarnings("MemberName") // sentences
abstract class PlainEdgesParity extends ParityTopic {
  PlainEdgesParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void an_empty_ledger_answers_every_question() {
    assertThat(book.read(LedgerReader::total)).isNull();
    assertThat(book.page(all(), true, false, 10).next()).isNull();
  }

  @Test
  final void a_ledger_of_one_entry_answers_every_question() {
    book.use("a", "s", 1);
    assertThat(book.entries(all())).hasSize(1);
  }

  @ParameterizedTest(name = "{0} agents, {1} services, {2} types, {3} organizations")
  @CsvSource({"1, 5, 5, 2", "20, 5, 1, 2", "1, 20, 3, 1", "20, 1, 3, 3", "1, 1, 1, 1"})
  final void everything_may_have_the_same_name(
      int agents, int services, int types, int organizations) {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 90; i++) {
      commands.add(
          record(
              new UsageEvent(
                  null,
                  null,
                  i % organizations == 0 ? null : "o" + i % organizations,
                  "a" + i % agents,
                  "s" + i % services,
                  "t" + i % types,
                  TestClock.START - i * HOUR,
                  i,
                  1,
                  Map.of())));
    }
    book.group(Request.of(book.tenant, commands));
    book.one(new Command.SettleAgent("a0"));
  }
}
