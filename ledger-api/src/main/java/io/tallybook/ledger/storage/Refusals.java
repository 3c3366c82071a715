package io.tallybook.ledger.storage;

import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;

/** Refusals that commands of several kinds meet with. */
final class Refusals {
  private Refusals() {}

  /** The storage takes no more entries. */
  static Outcome full() {
    return Outcome.rejected(
        Reason.STORE_CAPACITY_EXCEEDED, "the ledger's storage is full; nothing was recorded");
  }

  /** A sum would wrap. */
  static Outcome overflow() {
    return Outcome.rejected(
        Reason.SUM_OVERFLOW, "a sum would leave the range of 64 bits; nothing was recorded");
  }
}
