package io.tallybook.ledger.jpa;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import java.util.regex.Pattern;

/**
 * The settings of the storage on PostgreSQL.
 *
 * @param schema where the tables are: a lower-case letter and then up to 62 lower-case letters,
 *     digits and underscores
 * @param currency of a new ledger
 * @param entriesMax how many entries it takes, at least 1
 * @param commitMillisMax how long a commit may take, 100 to 600,000 milliseconds; the wait for
 *     another node's commit is part of it
 * @param readMillisMax how long one query of a question may take, 100 to 3,600,000 milliseconds
 * @param namesCached how many names of the dictionary are kept at hand, 1,000 to 10,000,000
 * @param lossAccepted whether a server is used that may lose what it acknowledged
 */
public record JpaSettings(
    String schema,
    String currency,
    long entriesMax,
    int commitMillisMax,
    int readMillisMax,
    int namesCached,
    boolean lossAccepted) {
  private static final Pattern SCHEMA = Pattern.compile("[a-z][a-z0-9_]{0,62}");

  public JpaSettings {
    if (!SCHEMA.matcher(schema).matches()) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST,
          "schema",
          "schema must be a lower-case letter and then up to 62 lower-case letters, digits and"
              + " underscores, not '"
              + schema
              + "'");
    }
    require("entriesMax", entriesMax, 1, Long.MAX_VALUE);
    require("commitMillisMax", commitMillisMax, 100, 600_000);
    require("readMillisMax", readMillisMax, 100, 3_600_000);
    require("namesCached", namesCached, 1_000, 10_000_000);
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
