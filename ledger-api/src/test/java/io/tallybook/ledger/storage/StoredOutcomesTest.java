package io.tallybook.ledger.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StoredOutcomesTest {
  private static final List<Outcome> OUTCOMES =
      List.of(
          Outcome.recorded(7, -3),
          Outcome.duplicate(Long.MAX_VALUE, Long.MIN_VALUE),
          Outcome.conflict(2, "another event, ünd ein 😀"),
          Outcome.rejected(Reason.SUM_OVERFLOW, "too much"),
          Outcome.stated(
              9,
              List.of(
                  new Outcome.Statement(
                      "sérvice", -5, 3, BigInteger.TWO.pow(127).subtract(BigInteger.ONE), 9),
                  new Outcome.Statement("", 0, 0, BigInteger.valueOf(-15), 0))),
          Outcome.documented(
              11,
              new Document(
                  DocumentKey.service("public", "search"), 2, 4, Map.of("price", "5", "é", ""))));

  @Test
  void whatIsKeptComesBack() {
    assertThat(StoredOutcomes.decode(StoredOutcomes.encode(OUTCOMES))).isEqualTo(OUTCOMES);
    assertThat(StoredOutcomes.decode(StoredOutcomes.encode(List.of()))).isEmpty();
  }

  @Test
  void anotherVersionIsNamed() {
    byte[] bytes = StoredOutcomes.encode(OUTCOMES);
    bytes[0] = 2;
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> StoredOutcomes.decode(bytes))
        .withMessageContaining("form 2");
  }

  @Test
  void everyCutIsNoticed() {
    byte[] bytes = StoredOutcomes.encode(OUTCOMES);
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatExceptionOfType(LedgerException.Unavailable.class)
          .as("%d of %d bytes", length, bytes.length)
          .isThrownBy(() -> StoredOutcomes.decode(cut));
    }
  }

  @Test
  void anUnknownWordIsNoticed() {
    byte[] bytes = StoredOutcomes.encode(List.of(Outcome.recorded(1, 1)));
    bytes[10] = '?';
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> StoredOutcomes.decode(bytes));
  }
}
