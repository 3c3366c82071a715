package io.tallybook.ledger.storage;

import io.tallybook.ledger.Names;
import org.jspecify.annotations.Nullable;

/** A client's key for a request, within its tenant. */
public record IdempotencyKey(String tenant, String key) {
  @Override // as Dimension tells
  public boolean equals(@Nullable Object other) {
    return other instanceof IdempotencyKey that
        && tenant.equals(that.tenant)
        && key.equals(that.key);
  }

  @Override
  public int hashCode() {
    return 31 * tenant.hashCode() + Names.hash(key);
  }
}
