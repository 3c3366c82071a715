package io.tallybook.ledger.storage;

import io.tallybook.ledger.Outcome;
import java.util.List;

/**
 * What was answered under an idempotency key; written in the same step as what it tells of.
 *
 * @param fingerprint of the request
 * @param recordedAt microseconds since 1970
 */
public record IdempotencyRecord(
    IdempotencyKey key, String fingerprint, long recordedAt, List<Outcome> outcomes) {
  public IdempotencyRecord {
    outcomes = List.copyOf(outcomes);
  }
}
