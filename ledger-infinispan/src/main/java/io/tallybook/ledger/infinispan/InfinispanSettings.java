package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import java.util.regex.Pattern;

/**
 * The settings of the storage on Infinispan.
 *
 * @param ledger the name of the ledger in the grid, which may hold several: a lower-case letter and
 *     then up to 62 lower-case letters, digits and underscores
 * @param caches what the names of the caches begin with; formed likewise
 * @param currency of a new ledger
 * @param entriesMax how many entries it takes, at least 1
 * @param commitMillisMax how long a commit may take, 100 to 600,000 milliseconds; it may wait as
 *     long for its turn and for room before
 * @param readMillisMax how long one call of a question to the grid may take, 100 to 600,000
 *     milliseconds
 * @param owners how many servers keep each value, 1 to 10; of caches that are created
 * @param syncWrites whether a server has written a value through to its disk before it answers; of
 *     caches that are created
 * @param windowEntriesMax after how many entries what is in the log is written to rows at the
 *     latest, 10 to 1,000,000; they are in the memory of each node until then
 * @param heldEntriesMax how many more entries are kept in memory for questions under way, at most,
 *     1,000 to 10,000,000; then the oldest questions end
 * @param logSecondsMin how long a commit stays in the log after that at least, 60 to 86,400
 *     seconds, and four times {@code commitMillisMax}: a node that stood still for longer begins
 *     anew
 */
public record InfinispanSettings(
    String ledger,
    String caches,
    String currency,
    long entriesMax,
    int commitMillisMax,
    int readMillisMax,
    int owners,
    boolean syncWrites,
    int windowEntriesMax,
    int heldEntriesMax,
    int logSecondsMin) {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,62}");

  public InfinispanSettings {
    requireName("ledger", ledger);
    requireName("caches", caches);
    require("entriesMax", entriesMax, 1, Long.MAX_VALUE);
    require("commitMillisMax", commitMillisMax, 100, 600_000);
    require("readMillisMax", readMillisMax, 100, 600_000);
    require("owners", owners, 1, 10);
    require("windowEntriesMax", windowEntriesMax, 10, 1_000_000);
    require("heldEntriesMax", heldEntriesMax, 1_000, 10_000_000);
    // Four times as long as a commit may take, so that none is still on its way when its number is
    // free again.
    require("logSecondsMin", logSecondsMin, Math.max(60, commitMillisMax / 250), 86_400);
  }

  private static void requireName(String field, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST,
          field,
          field
              + " must be a lower-case letter and then up to 62 lower-case letters, digits and"
              + " underscores, not '"
              + name
              + "'");
    }
  }

  private static void require(String field, long value, long min, long max) {
    if (value < min || value > max) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST,
          field,
          field + " must be between " + min + " and " + max + ", not " + value);
    }
  }
}
