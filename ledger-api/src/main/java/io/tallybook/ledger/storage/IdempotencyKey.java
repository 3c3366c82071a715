package io.tallybook.ledger.storage;

import io.tallybook.ledger.Names;

/** A client's key for a request, within its tenant. */
public record IdempotencyKey(String tenant, String key) {
  @Override
  public int hashCode() {
    return 31 * tenant.hashCode() + Names.hash(key);
  }
}
