package io.tallybook.ledger.memory;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reason;

/**
 * What the storage in memory is started with.
 *
 * @param currency of every cost and price
 * @param entriesMax most entries that it takes, 1 to 2,000,000,000
 * @param heapPercentMax how much of the heap's maximum it may occupy by its own account, 1 to 95;
 *     beyond it nothing is recorded
 */
public record MemorySettings(String currency, long entriesMax, int heapPercentMax) {
  /** Most entries that rows can be numbered for. */
  public static final long ENTRIES_MAX = 2_000_000_000L;

  public MemorySettings {
    Names.require("currency", currency, 16);
    if (entriesMax < 1 || entriesMax > ENTRIES_MAX) {
      throw outside("entriesMax", ENTRIES_MAX);
    }
    if (heapPercentMax < 1 || heapPercentMax > 95) {
      throw outside("heapPercentMax", 95);
    }
  }

  private static LedgerException.Rejected outside(String field, long max) {
    return new LedgerException.Rejected(
        Reason.INVALID_REQUEST, field, field + " must be between 1 and " + max);
  }
}
