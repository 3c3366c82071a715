package io.tallybook.ledger.view;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Times;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** How a view cuts time, in UTC; from the finest to the coarsest, and not at all. */
public enum Bucket {
  HOUR,
  DAY,
  MONTH,
  /** One bucket for all time; its start is {@link Times#ABSENT}. */
  NONE;

  private static final long HOUR_MICROS = 3_600_000_000L;
  private static final long DAY_MICROS = 24 * HOUR_MICROS;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The word of requests and answers. */
  public String label() {
    return label;
  }

  /** The bucket of a word. */
  public static Bucket parse(String label) {
    for (Bucket bucket : values()) {
      if (bucket.label.equals(label)) {
        return bucket;
      }
    }
    throw new LedgerException.Rejected(
        Reason.INVALID_REQUEST, "bucket", "bucket must be one of none, hour, day, month");
  }

  /** Start of the bucket that a time falls into. */
  public long start(long time) {
    return switch (this) {
      case HOUR -> micros(Math.floorDiv(time, HOUR_MICROS), HOUR_MICROS);
      case DAY -> micros(Math.floorDiv(time, DAY_MICROS), DAY_MICROS);
      case MONTH -> micros(date(time).withDayOfMonth(1));
      case NONE -> Times.ABSENT;
    };
  }

  /** Start of the bucket after the one that begins at a start. */
  public long next(long start) {
    return switch (this) {
      case HOUR -> start > Long.MAX_VALUE - HOUR_MICROS ? Long.MAX_VALUE : start + HOUR_MICROS;
      case DAY -> start > Long.MAX_VALUE - DAY_MICROS ? Long.MAX_VALUE : start + DAY_MICROS;
      case MONTH -> micros(date(start).plusMonths(1));
      case NONE -> Long.MAX_VALUE;
    };
  }

  /** The first start of a bucket that is not before a time. */
  public long ceiling(long time) {
    long start = start(time);
    return start == time ? start : next(start);
  }

  private static LocalDate date(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).atZone(ZoneOffset.UTC).toLocalDate();
  }

  private static long micros(LocalDate date) {
    return micros(date.toEpochDay(), DAY_MICROS);
  }

  /** What lies beyond the first or the last time is that time. */
  private static long micros(long count, long unit) {
    if (count > Long.MAX_VALUE / unit) {
      return Long.MAX_VALUE;
    }
    return count < Long.MIN_VALUE / unit ? Long.MIN_VALUE : count * unit;
  }
}
