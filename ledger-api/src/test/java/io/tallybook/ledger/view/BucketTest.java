package io.tallybook.ledger.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Times;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class BucketTest {
  @ParameterizedTest
  @CsvSource({
    "hour,  2024-02-29T23:59:59.999999Z, 2024-02-29T23:00:00Z, 2024-03-01T00:00:00Z",
    "hour,  2024-02-29T23:00:00Z,        2024-02-29T23:00:00Z, 2024-03-01T00:00:00Z",
    "day,   2024-02-29T23:59:59.999999Z, 2024-02-29T00:00:00Z, 2024-03-01T00:00:00Z",
    "day,   2023-12-31T00:00:00Z,        2023-12-31T00:00:00Z, 2024-01-01T00:00:00Z",
    "month, 2024-02-29T23:59:59.999999Z, 2024-02-01T00:00:00Z, 2024-03-01T00:00:00Z",
    "month, 2023-12-31T12:00:00Z,        2023-12-01T00:00:00Z, 2024-01-01T00:00:00Z",
    "month, 2024-01-31T00:00:00Z,        2024-01-01T00:00:00Z, 2024-02-01T00:00:00Z",
    "hour,  1970-01-01T00:00:00Z,        1970-01-01T00:00:00Z, 1970-01-01T01:00:00Z",
    "hour,  1969-12-31T23:30:00Z,        1969-12-31T23:00:00Z, 1970-01-01T00:00:00Z",
    "day,   1969-12-31T23:30:00Z,        1969-12-31T00:00:00Z, 1970-01-01T00:00:00Z",
    "month, 1969-12-31T23:30:00Z,        1969-12-01T00:00:00Z, 1970-01-01T00:00:00Z",
  })
  void a_bucket_begins_and_ends(String label, Instant time, Instant start, Instant next) {
    Bucket bucket = Bucket.parse(label);
    assertThat(bucket.start(Times.of(time))).isEqualTo(Times.of(start));
    assertThat(bucket.next(Times.of(start))).isEqualTo(Times.of(next));
    assertThat(bucket.ceiling(Times.of(time)))
        .isEqualTo(Times.of(time.equals(start) ? start : next));
  }

  @ParameterizedTest
  @EnumSource(names = {"HOUR", "DAY", "MONTH"})
  void buckets_end_with_time(Bucket bucket) {
    assertThat(bucket.ceiling(Long.MAX_VALUE - 5)).isEqualTo(Long.MAX_VALUE);
    assertThat(bucket.start(Long.MAX_VALUE - 5)).isBetween(0L, Long.MAX_VALUE - 5);
    assertThat(bucket.start(Long.MIN_VALUE + 5)).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void no_bucket_is_one_for_all_time() {
    assertThat(Bucket.NONE.start(17)).isEqualTo(Times.ABSENT);
    assertThat(Bucket.NONE.next(Times.ABSENT)).isEqualTo(Long.MAX_VALUE);
  }

  @ParameterizedTest
  @EnumSource
  void a_label_is_parsed_back(Bucket bucket) {
    assertThat(Bucket.parse(bucket.label())).isEqualTo(bucket);
  }

  @Test
  void another_word_is_refused() {
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> Bucket.parse("week"))
        .withMessage("bucket must be one of none, hour, day, month");
  }
}
