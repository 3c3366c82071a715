package io.tallybook.ledger.parity;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Setting a pair to 0 without a bill. */
@SuppressWarnings("MemberName") // sentences
abstract class ResetsParity extends ParityTopic {
  ResetsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_reset_clears_a_pair_and_bills_nothing() {
    book.price("s", 5);
    book.use("a", "s", 12);
    assertThat(book.reset("a", "s"))
        .isEqualTo(Outcome.stated(2, List.of(statement("s", 12, 0, 2))));
    assertThat(book.entry(2).kind()).isEqualTo(EntryKind.RESET);
    assertThat(book.entry(2).units()).isEqualTo(12);
    assertThat(book.entry(2).settlement()).isNull();
    assertThat(pair("a", "s").outstanding()).isZero();
    assertThat(pair("a", "s").units()).isEqualTo(12);
    assertThat(tenant().settlements()).isZero();
    assertThat(tenant().settledAmount()).isZero();
  }

  @Test
  final void a_pair_at_zero_is_reset_too() {
    book.use("a", "s", 0);
    assertThat(book.reset("a", "s")).isEqualTo(Outcome.stated(2, List.of(statement("s", 0, 0, 2))));
    assertThat(book.reset("a", "s").sequence()).isEqualTo(3);
  }

  @Test
  final void a_pair_that_was_never_used_is_not_found() {
    book.use("a", "s", 1);
    book.use("b", "z", 1);
    assertRefused(book.reset("a", "z"), Reason.NOT_FOUND);
    assertRefused(book.reset("nobody", "s"), Reason.NOT_FOUND);
  }
}
