package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class VersionsTest {
  @Test
  void aValueIsWhatItWasAtEachRevisionStillRead() {
    Versions<String> versions = new Versions<>();
    assertThat(versions.newest()).isNull();
    versions.set(3, "three", 0);
    versions.set(5, "five", 0);
    versions.set(8, null, 0);
    assertThat(versions.at(2)).isNull();
    assertThat(versions.at(3)).isEqualTo("three");
    assertThat(versions.at(4)).isEqualTo("three");
    assertThat(versions.at(7)).isEqualTo("five");
    assertThat(versions.at(8)).isNull();
  }

  @Test
  void whatNobodyReadsAnyMoreIsForgotten() {
    Versions<String> versions = new Versions<>();
    versions.set(1, "one", 0);
    versions.set(2, "two", 0);
    versions.set(3, "three", 2);
    assertThat(versions.at(2)).isEqualTo("two");
    assertThat(versions.at(1)).isNull();
    assertThat(versions.newest()).isEqualTo("three");
  }
}
