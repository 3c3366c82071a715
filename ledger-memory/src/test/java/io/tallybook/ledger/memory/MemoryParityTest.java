package io.tallybook.ledger.memory;

import io.tallybook.ledger.parity.LedgerParity;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;

/** The parity suite on the storage in memory. */
final class MemoryParityTest extends LedgerParity {
  @Override
  protected LedgerStore open(CommitPlanner planner, String currency, long entriesMax) {
    return new MemoryStore(planner, new MemorySettings(currency, entriesMax, 80));
  }
}
