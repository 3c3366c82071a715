package io.tallybook.ledger;

import java.util.List;

/**
 * What became of a request.
 *
 * @param revision the ledger's revision after its commit
 * @param replayed whether the outcomes are those of an earlier request with the same idempotency
 *     key
 * @param outcomes one for each command, in order
 */
public record Receipt(long revision, boolean replayed, List<Outcome> outcomes) {
  public Receipt {
    outcomes = List.copyOf(outcomes);
  }
}
