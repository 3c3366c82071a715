package io.tallybook.ledger.facade;

import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.storage.EntryMark;
import org.jspecify.annotations.Nullable;

/**
 * A question for entries.
 *
 * @param byTime in order of time and then sequence, rather than of sequence
 * @param descending newest first
 * @param after where the page begins, exclusive; null for the end of the order
 * @param limit 1 to {@link #LIMIT_MAX}
 */
public record EntryQuery(
    EntryFilter filter, boolean byTime, boolean descending, @Nullable EntryMark after, int limit) {
  /** Most entries of a page. */
  public static final int LIMIT_MAX = 1_000;

  /** Most entries that are looked at for a page. */
  public static final long LOOKS_MAX = 100_000;

  public EntryQuery {
    if (limit < 1 || limit > LIMIT_MAX) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST, "limit", "limit must be between 1 and " + LIMIT_MAX);
    }
  }
}
