package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Cell;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Lists of agents, services and pairs in pages. */
@SuppressWarnings("MemberName") // sentences
abstract class ListsParity extends ParityTopic {
  ListsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void lists_go_by_first_appearance_and_keep_what_was_settled() {
    book.commit(
        usage("m", "z", 1),
        usage("z", "a", 2),
        usage("a", "z", 0),
        usage("m", "a", -3),
        usage("z", "z", 4));
    book.settle("m", "z");
    book.reset("z", "a");
    assertThat(names(book.read(r -> r.agents(0, 10).items()), 0)).containsExactly("m", "z", "a");
    assertThat(names(book.read(r -> r.pairsOfAgent("z", 0, 10).items()), 1))
        .containsExactly("a", "z");
    assertThat(names(book.read(r -> r.pairsOfAgent("m", 0, 10).items()), 1))
        .containsExactly("z", "a");
    assertThat(names(book.read(r -> r.pairsOfService("z", 0, 10).items()), 0)).containsExactly("z");
    assertThat(names(book.read(r -> r.pairsOfService("a", 0, 10).items()), 0)).containsExactly("m");
    assertThat(book.<List<Cell>>read(r -> r.pairs(0, 10).items())).hasSize(5);
  }

  private static List<String> names(List<Cell> cells, int dimension) {
    return cells.stream().map(cell -> String.valueOf(cell.name(dimension))).toList();
  }

  @Test
  final void lists_page_without_miss_or_repeat_while_others_write() {
    for (int i = 0; i < 25; i++) {
      book.use("agent-" + (i * 7) % 25, "s", 1);
    }
    List<String> before = names(book.read(r -> r.agents(0, 100).items()), 0);
    List<String> paged = new ArrayList<>();
    long after = 0;
    int pages = 0;
    do {
      long mark = after;
      var page = book.read(r -> r.agents(mark, 4));
      paged.addAll(names(page.items(), 0));
      after = page.next();
      if (pages++ < 3) {
        book.commit(usage("aa new " + pages, "s", 1), usage("agent-0", "s", 1));
      }
    } while (after != 0);
    assertThat(paged).doesNotHaveDuplicates().hasSize(28);
    assertThat(paged.subList(0, 25)).isEqualTo(before);
  }

  @Test
  final void a_limit_out_of_bounds_is_refused_even_of_an_empty_list() {
    for (int limit : new int[] {-1, 0, LedgerReader.PAGE_MAX + 1}) {
      for (Consumer<LedgerReader> question :
          List.<Consumer<LedgerReader>>of(
              r -> r.agents(0, limit),
              r -> r.pairs(0, limit),
              r -> r.pairsOfAgent("a", 0, limit),
              r -> r.pairsOfService("s", 0, limit),
              r -> r.topOfService("s", limit),
              r -> r.registrations(0, limit))) {
        assertThatExceptionOfType(LedgerException.Rejected.class)
            .isThrownBy(() -> book.look(book.tenant, question))
            .satisfies(e -> assertThat(e.field()).isEqualTo("limit"));
      }
    }
  }

  @Test
  final void the_billing_total_is_at_the_prices_of_now() {
    book.price("s", 10);
    book.price("off", 7);
    book.price("unused", 1_000);
    book.commit(
        usage("a", "s", 3),
        usage("b", "s", -1),
        usage("a", "off", 5),
        usage("a", "free", 11),
        usage("b", "free", 2));
    book.disable("off");
    assertThat(book.read(LedgerReader::billingTotal)).isEqualTo(total(55, 35, 13));
    book.price("s", 11);
    assertThat(book.read(LedgerReader::billingTotal)).isEqualTo(total(57, 35, 13));
    book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "off"), -1, null));
    assertThat(book.read(LedgerReader::billingTotal)).isEqualTo(total(22, 0, 18));
  }

  private static LedgerReader.BillingTotal total(long total, long disabled, long unpriced) {
    return new LedgerReader.BillingTotal(
        BigInteger.valueOf(total), BigInteger.valueOf(disabled), BigInteger.valueOf(unpriced));
  }
}
