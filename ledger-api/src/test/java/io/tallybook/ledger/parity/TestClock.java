package io.tallybook.ledger.parity;

import io.tallybook.ledger.Times;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that goes on by a microsecond whenever it is read, and otherwise only when told to. */
final class TestClock implements InstantSource {
  /** 2024-02-29T22:59:59.5Z: a day before the end of a leap February, close to the hour. */
  static final long START = Times.of(Instant.parse("2024-02-29T22:59:59.5Z"));

  private final AtomicLong micros = new AtomicLong(START);

  @Override
  public Instant instant() {
    return Times.instant(micros.incrementAndGet());
  }

  /** What was read last. */
  long last() {
    return micros.get();
  }

  void advance(Duration duration) {
    micros.addAndGet(duration.toNanos() / 1000);
  }

  void set(long newMicros) {
    micros.set(newMicros);
  }
}
