package io.tallybook.ledger.parity;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Cell;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A topic of the suite: tests that are about one thing. Each test has a ledger, a tenant and a
 * clock of its own, beside a {@linkplain ReferenceModel model} that is told the same: every receipt
 * is compared with the model's as it comes, and after each test everything that can be asked is.
 */
abstract class ParityTopic {
  static final long HOUR = 3_600_000_000L;
  static final long DAY = 24 * HOUR;
  static final long NONE = Long.MIN_VALUE;
  static final long MAX = Amounts.MAX;

  /** More than any test makes, and no more than any storage takes. */
  static final long ENTRIES_MAX = 1_000_000_000;

  /** Opens a new storage of the kind that is tested. */
  final Book.Opener opener;

  private final List<Book> books = new ArrayList<>();

  /** What most tests are about. */
  Book book;

  ParityTopic(Book.Opener opener) {
    this.opener = opener;
  }

  @BeforeEach
  final void openBook() {
    book = openBook(ENTRIES_MAX);
  }

  @AfterEach
  final void auditAndClose() {
    try {
      books.stream().filter(Book::isModelled).forEach(Audit::of);
    } finally {
      books.forEach(Book::close);
    }
  }

  Book openBook(long entriesMax) {
    Book opened = new Book(opener, entriesMax);
    books.add(opened);
    return opened;
  }

  static void assertRefused(Outcome outcome, Reason reason) {
    assertThat(outcome.status()).isEqualTo(Status.REJECTED);
    assertThat(outcome.reason()).isEqualTo(reason);
    assertThat(outcome.sequence()).isZero();
  }

  static EntryFilter all() {
    return EntryFilter.ALL;
  }

  static Outcome.Statement statement(String service, long units, long price, long sequence) {
    return new Outcome.Statement(
        service,
        units,
        price,
        BigInteger.valueOf(units).multiply(BigInteger.valueOf(price)),
        sequence);
  }

  static List<Long> sequences(List<Entry> entries) {
    return entries.stream().map(Entry::sequence).toList();
  }

  static List<Long> upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }

  Cell pair(String agent, String service) {
    return Objects.requireNonNull(book.<@Nullable Cell>read(r -> r.pair(agent, service)));
  }

  Cell service(String service) {
    return Objects.requireNonNull(book.<@Nullable Cell>read(r -> r.service(service)));
  }

  @Nullable Document registration(String service) {
    return book.read(reader -> reader.registration(service));
  }

  Tenant tenant() {
    return book.read(LedgerReader::tenant);
  }

  static void done(Future<?> task) {
    try {
      Object ignored = task.get();
    } catch (ExecutionException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
