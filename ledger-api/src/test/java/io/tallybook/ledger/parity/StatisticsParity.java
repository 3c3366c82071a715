package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.LedgerReader;
import org.junit.jupiter.api.Test;

/** What a storage tells of itself. */
@SuppressWarnings("MemberName") // sentences
abstract class StatisticsParity extends ParityTopic {
  StatisticsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_storage_tells_its_name_and_its_health() {
    assertThat(book.ledger.storage()).isEqualTo(book.store.name()).isNotBlank();
    book.ledger.check();
    assertThat(book.ledger.statistics().entries()).isZero();
    assertThat(book.read(LedgerReader::currency)).isEqualTo("EUR");
  }

  @Test
  final void closing_twice_is_closing_once() {
    Book other = new Book(opener, 10);
    other.close();
    other.close();
  }

  @Test
  final void entries_are_counted_over_all_tenants() {
    book.group(
        book.request(usage("a", "s", 1), new Command.Settle("a", "s")),
        Request.of("other", usage("a", "s", 1), new Command.Reset("a", "s")));
    assertThat(book.store.statistics().entries()).isEqualTo(4);
  }
}
