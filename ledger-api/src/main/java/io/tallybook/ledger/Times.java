package io.tallybook.ledger;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Times: microseconds since 1970-01-01T00:00Z in a long. Ranges are half-open. */
public final class Times {
  /** Stands where no time was given. */
  public static final long ABSENT = Long.MIN_VALUE;

  /** The earliest time of an entry: 1970-01-01T00:00Z. */
  public static final long MIN = 0;

  /** How far ahead of its recording the time of an entry may lie, in microseconds: one hour. */
  public static final long AHEAD_MAX_MICROS = Duration.ofHours(1).toNanos() / 1000;

  private Times() {}

  /** Microseconds of an instant; what is finer is cut off. */
  public static long of(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }

  /** The instant of a time that is not {@link #ABSENT}. */
  public static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }
}
