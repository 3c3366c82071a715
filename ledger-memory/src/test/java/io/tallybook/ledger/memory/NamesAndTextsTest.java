package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class NamesAndTextsTest {
  @Test
  void eachNameHasOneCodeAndEachCodeOneName() {
    Dictionary names = new Dictionary();
    for (int i = 0; i < 5_000; i++) {
      String name = i % 2 == 0 ? "name " + i : "ναμε \uD83D\uDE00 " + i;
      assertThat(names.find(name)).isEqualTo(-1);
      int code = names.code(name);
      assertThat(code).isEqualTo(i + 1);
      assertThat(names.code(name)).isEqualTo(code);
      assertThat(names.find(name)).isEqualTo(code);
      assertThat(names.name(code)).isEqualTo(name);
    }
    assertThat(names.find(null)).isZero();
    assertThat(names.code(null)).isZero();
    assertThat(names.name(0)).isNull();
    assertThat(names.bytes()).isGreaterThan(5_000);
  }

  @Test
  void textsReadBackFromAnyPage() {
    Texts texts = new Texts();
    List<Long> addresses = new ArrayList<>();
    List<String> model = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      String text = "é\uD83D\uDE00".repeat(i % 7) + i;
      model.add(text);
      addresses.add(texts.add(text));
    }
    for (int i = 0; i < model.size(); i++) {
      assertThat(texts.get(addresses.get(i))).isEqualTo(model.get(i));
      if (i > 0) {
        assertThat(texts.after(addresses.get(i - 1))).isEqualTo(addresses.get(i));
      }
    }
    assertThat(texts.get(texts.add(""))).isEmpty();
    assertThat(addresses.getFirst()).isPositive();
  }

  @Test
  void amountsOfSettlementsReadBackOverOneHundredAndTwentyEightBits() {
    Details details = new Details();
    BigInteger max = BigInteger.TWO.pow(127).subtract(BigInteger.ONE);
    List<BigInteger> amounts =
        List.of(
            BigInteger.ZERO,
            BigInteger.ONE,
            BigInteger.ONE.negate(),
            max,
            max.negate(),
            BigInteger.TWO.pow(64),
            BigInteger.TWO.pow(63),
            BigInteger.TWO.pow(64).negate());
    for (int i = 0; i < 3_000; i++) {
      BigInteger amount = amounts.get(i % amounts.size());
      Entry.Settlement settlement = new Entry.Settlement(i, amount, i, i + 5L, i % 2 == 0);
      int number = details.add(entry(EntryKind.SETTLEMENT, settlement, 0, 0));
      assertThat(number).isEqualTo(i + 1);
      assertThat(details.settlement(number)).isEqualTo(settlement);
    }
    int reversal = details.add(entry(EntryKind.REVERSAL, null, 77, 88));
    assertThat(details.reverses(reversal)).isEqualTo(77);
    assertThat(details.settledBy(reversal)).isEqualTo(88);
    assertThat(details.bytes()).isPositive();
  }

  private static Entry entry(
      EntryKind kind,
      Entry.@org.jspecify.annotations.Nullable Settlement settlement,
      long reverses,
      long settledBy) {
    return new Entry(
        1,
        1,
        kind,
        0,
        0,
        null,
        null,
        null,
        "a",
        "s",
        null,
        null,
        0,
        0,
        0,
        false,
        reverses,
        settledBy,
        settlement,
        Map.of());
  }
}
