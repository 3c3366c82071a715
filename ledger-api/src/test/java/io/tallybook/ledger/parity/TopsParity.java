package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupQuery.Measure;
import io.tallybook.ledger.view.RollupQuery.Order;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The agents of a service by what they have outstanding. */
@SuppressWarnings("MemberName") // sentences
abstract class TopsParity extends ParityTopic {
  TopsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void ties_are_in_the_order_of_bytes() {
    List<String> names =
        List.of(
            "A",
            "B",
            "a",
            "aa",
            "ab",
            "\u00e9",
            "\u03b1",
            "\ud7ff",
            "\ue000",
            "\uff21",
            "\ufffd",
            "\ud800\udc00",
            "\ud83d\ude00",
            "\udbff\udfff");
    List<String> shuffled = new ArrayList<>(names);
    Collections.shuffle(shuffled, new Random(3));
    shuffled.forEach(name -> book.use(name, "s", 5));
    assertThat(top(100)).isEqualTo(names);
    assertThat(
            book
                .rollup(RollupQuery.by(Dimension.AGENT).ordered(Order.TOP, Measure.COUNT))
                .rows()
                .stream()
                .map(row -> row.names().getFirst()))
        .isEqualTo(names);
    assertThat(
            book.rollup(RollupQuery.by(Dimension.AGENT)).rows().stream()
                .map(row -> row.names().getFirst()))
        .isEqualTo(names);
  }

  @Test
  final void the_greatest_come_first_and_only_those_above_zero() {
    book.commit(
        usage("zero", "s", 0),
        usage("less", "s", -9),
        usage("one", "s", 1),
        usage("much", "s", MAX),
        usage("elsewhere", "z", 50),
        usage("ten", "s", 10),
        usage("gone", "s", 20));
    book.settle("gone", "s");
    assertThat(top(100)).containsExactly("much", "ten", "one");
    assertThat(top(2)).containsExactly("much", "ten");
    assertThat(book.<List<Cell>>read(r -> r.topOfService("nothing", 5))).isEmpty();
  }

  @Test
  final void the_order_follows_every_change() {
    Random random = new Random(9);
    for (int i = 0; i < 60; i++) {
      String agent = "agent-" + random.nextInt(12);
      int choice = random.nextInt(10);
      Command command =
          choice < 7
              ? usage(agent, "s", random.nextInt(9) - 2)
              : choice < 8
                  ? new Command.Settle(agent, "s")
                  : new Command.Reverse(1 + random.nextInt(20), Command.Reverse.At.NOW);
      book.one(command);
      List<Cell> pairs = book.model.cells(book.tenant, pairsView());
      List<String> expected =
          pairs.stream()
              .filter(pair -> pair.outstanding() > 0)
              .sorted(
                  Comparator.comparingLong(Cell::outstanding)
                      .reversed()
                      .thenComparing(pair -> String.valueOf(pair.name(0)), ReferenceModel.BYTES))
              .map(pair -> String.valueOf(pair.name(0)))
              .toList();
      assertThat(top(100)).isEqualTo(expected);
      assertThat(top(3)).isEqualTo(expected.subList(0, Math.min(3, expected.size())));
    }
  }

  private ViewDefinition pairsView() {
    return book.model.views().stream()
        .filter(view -> view.name().equals("by-agent-service"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  final void many_agents_are_kept_in_order() {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 6_000; i++) {
      commands.add(usage("agent-" + i % 3_000, "s", (i * 7_919L) % 1_000));
    }
    book.unmodelled(commands);
    ReferenceModel model = ReferenceModel.of(book.tenant, Audit.all(book), List.of());
    RollupQuery query = RollupQuery.by(Dimension.AGENT).ordered(Order.TOP, Measure.OUTSTANDING);
    List<RollupRow> expected =
        Objects.requireNonNull(model.rollup(book.tenant, query, true)).stream()
            .filter(row -> row.outstanding() > 0)
            .toList();
    for (int max : new int[] {1, 10, 100, 2_999, 10_000}) {
      assertThat(top(max))
          .isEqualTo(expected.stream().limit(max).map(row -> row.names().getFirst()).toList());
    }
    List<Command> settlements = new ArrayList<>();
    for (int i = 0; i < 3_000; i += 2) {
      settlements.add(new Command.Settle("agent-" + i, "s"));
    }
    book.unmodelled(settlements);
    assertThat(top(100))
        .isEqualTo(
            expected.stream()
                .map(row -> String.valueOf(row.names().getFirst()))
                .filter(name -> Integer.parseInt(name.substring(6)) % 2 == 1)
                .limit(100)
                .toList());
  }

  private List<String> top(int max) {
    return book.read(reader -> reader.topOfService("s", max)).stream()
        .map(cell -> String.valueOf(cell.name(0)))
        .toList();
  }
}
