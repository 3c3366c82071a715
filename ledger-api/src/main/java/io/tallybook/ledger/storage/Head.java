package io.tallybook.ledger.storage;

import io.tallybook.ledger.LedgerException;
import java.security.SecureRandom;

/**
 * The one record of a ledger that every commit changes.
 *
 * @param format of everything that is stored; a node that does not know it must not touch it
 * @param minWriter the oldest format that a node may know and still write
 * @param revision one more for each commit that changed something, documents included
 * @param lastPosition the position of the newest entry, 0 before the first
 * @param lastRecordedAt the newest recording time, in microseconds; it never falls
 * @param lastOrdinal the ordinal of the newest document
 * @param viewsRevision the revision at which a view's definition last changed
 * @param currency of every cost and price, fixed at first start
 * @param key0 first half of the key of identities
 * @param key1 second half of the key of identities
 */
public record Head(
    int format,
    int minWriter,
    long revision,
    long lastPosition,
    long lastRecordedAt,
    long lastOrdinal,
    long viewsRevision,
    String currency,
    long key0,
    long key1) {
  /** The format that this version reads and writes. */
  public static final int FORMAT = 1;

  /** The head of a new ledger, with a key of its own. */
  public static Head first(String currency) {
    SecureRandom random = new SecureRandom();
    return new Head(FORMAT, FORMAT, 0, 0, 0, 0, 0, currency, random.nextLong(), random.nextLong());
  }

  /**
   * Refuses a ledger that a newer version wrote.
   *
   * @throws LedgerException.Unavailable if this version must not write to it
   */
  public void requireWritable() {
    if (minWriter > FORMAT) {
      throw new LedgerException.Unavailable(
          "The ledger is written by nodes of format "
              + minWriter
              + " or newer, and this one knows format "
              + FORMAT
              + "; start a newer version",
          true,
          null);
    }
  }
}
