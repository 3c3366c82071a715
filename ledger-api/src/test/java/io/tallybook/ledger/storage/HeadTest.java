package io.tallybook.ledger.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.LedgerException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HeadTest {
  @Test
  void each_ledger_has_a_key_of_its_own() {
    Head one = Head.first("EUR");
    Head two = Head.first("EUR");
    assertThat(List.of(one.key0(), one.key1())).isNotEqualTo(List.of(two.key0(), two.key1()));
    assertThat(one.revision()).isZero();
    assertThat(one.currency()).isEqualTo("EUR");
  }

  @Test
  void a_ledger_of_a_newer_format_is_not_written_to() {
    Head.first("EUR").requireWritable();
    Head newer = new Head(Head.FORMAT + 1, Head.FORMAT + 1, 5, 4, 3, 2, 1, "EUR", 0, 0);
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(newer::requireWritable)
        .withMessageContaining("start a newer version")
        .satisfies(e -> assertThat(e.safeToResend()).isTrue());
    new Head(Head.FORMAT + 1, Head.FORMAT, 5, 4, 3, 2, 1, "EUR", 0, 0).requireWritable();
  }

  @Test
  void names_of_a_group_have_a_code_each() {
    GroupNames names = new GroupNames();
    assertThat(names.code(null)).isZero();
    assertThat(names.name(0)).isNull();
    for (int i = 1; i <= 5_000; i++) {
      assertThat(names.code("name-" + i)).isEqualTo(i);
    }
    for (int i = 1; i <= 5_000; i++) {
      assertThat(names.code("name-" + i)).isEqualTo(i);
      assertThat(names.name(i)).isEqualTo("name-" + i);
    }
    assertThat(names.size()).isEqualTo(5_000);
  }

  @Test
  void labels_of_indexes_are_words() {
    assertThat(List.of(EntryIndex.values()))
        .extracting(EntryIndex::label)
        .containsExactly(
            "id", "agent-type", "agent", "organization", "service", "type", "time", "sequence");
  }
}
