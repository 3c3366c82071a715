package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdempotencyRecord;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What one commit changed, with what was there before: the unit of the log. Its number is the
 * revision of its head.
 *
 * @param follows the token of the commit that this one was planned over
 */
record Commit(
    State state,
    UUID follows,
    List<Changed<Tenant>> tenants,
    List<Owned> entries,
    List<Identity> identities,
    List<ChangedCell> cells,
    List<ChangedDocument> documents,
    List<IdempotencyRecord> answers) {

  long number() {
    return state.head().revision();
  }

  /** How much of the window it takes: its entries and documents, at least 1. */
  int size() {
    return Math.max(1, entries.size() + documents.size());
  }

  /**
   * What is kept of the ledger as a whole.
   *
   * @param cells how many cells each view has
   * @param logBytes how many bytes all commits before this one had in the log
   * @param token of the commit that left it so, random: by it the next one names what it follows
   */
  record State(Head head, Map<String, Long> cells, long logBytes, UUID token) {
    State {
      cells = Map.copyOf(cells);
    }
  }

  /** A value before, null where there was none, and after. */
  record Changed<V>(@Nullable V before, V after) {}

  /** An entry of a tenant. */
  record Owned(String tenant, Entry entry) {}

  /** What was recorded under an identity. */
  record Identity(long high, long low, long sequence, long fingerprint) {}

  /**
   * A cell with all its columns.
   *
   * @param isPair whether it is of the view that keeps pairs
   * @param before null for a new one
   */
  @SuppressWarnings("ArrayRecordComponent") // compared with nothing
  record ChangedCell(CellKey key, boolean isPair, long @Nullable [] before, long[] after) {}

  /** A document; null where it is not there. */
  record ChangedDocument(DocumentKey key, @Nullable Document before, @Nullable Document after) {}

  /** Which cell of a ledger. */
  record CellKey(String view, String tenant, List<@Nullable String> names, long start) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof CellKey key
          && start == key.start
          && names.equals(key.names)
          && view.equals(key.view)
          && tenant.equals(key.tenant);
    }

    @Override
    public int hashCode() {
      int hash = Objects.hash(view, tenant) * 31 + Long.hashCode(start);
      for (String name : names) {
        hash = hash * 31 + io.tallybook.ledger.Names.hash(name);
      }
      return hash;
    }
  }
}
