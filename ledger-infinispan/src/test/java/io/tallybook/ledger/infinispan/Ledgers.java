package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Settings of ledgers for tests, and what is sent to them. */
final class Ledgers {
  /** The tenant of tests that need no more than one. */
  static final String TENANT = "tenant";

  /** More than any test makes. */
  static final long ENTRIES_MAX = 1_000_000_000;

  /** So few that there is a checkpoint after every few commits. */
  static final int WINDOW_MIN = 10;

  /** So long that the largest commits are in time on a machine that is busy with other things. */
  private static final int MILLIS_MAX = 60_000;

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private Ledgers() {}

  /** Settings of a ledger that is not there yet. */
  static InfinispanSettings fresh(String currency, long entriesMax) {
    return settings(
        "ledger_" + NUMBER.incrementAndGet(), currency, entriesMax, MILLIS_MAX, WINDOW_MIN);
  }

  static InfinispanSettings settings(
      String ledger, String currency, long entriesMax, int millisMax, int windowEntriesMax) {
    return new InfinispanSettings(
        ledger,
        "tallybook",
        currency,
        entriesMax,
        millisMax,
        millisMax,
        2,
        false,
        windowEntriesMax,
        200_000,
        600);
  }

  /** One unit by an agent of a service, with an id. */
  static Command event(String id, String agent, String service) {
    return new Command.Record(
        new UsageEvent(
            "test",
            id,
            null,
            agent,
            service,
            UsageEvent.DEFAULT_TYPE,
            Times.ABSENT,
            1,
            0,
            Map.of()));
  }

  /** One event with an id. */
  static Request request(String id) {
    return Request.of(TENANT, event(id, "agent", "service"));
  }
}
