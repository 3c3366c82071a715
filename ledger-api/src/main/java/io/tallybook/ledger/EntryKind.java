package io.tallybook.ledger;

import java.util.Locale;

/** The kinds of entry. Stored forms keep the {@linkplain #code() code}; never renumber. */
public enum EntryKind {
  USAGE(1),
  READING(2),
  SETTLEMENT(3),
  RESET(4),
  REVERSAL(5),
  ACT(6);

  private final int code;
  private final String label = name().toLowerCase(Locale.ROOT);

  EntryKind(int code) {
    this.code = code;
  }

  /** The number that stored forms keep. */
  public int code() {
    return code;
  }

  /** The word that requests and answers use. */
  public String label() {
    return label;
  }

  /** The kind of a stored code. */
  public static EntryKind of(int code) {
    for (EntryKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    throw new LedgerException.Unavailable(
        "The ledger holds an entry of kind "
            + code
            + ", which this version does not know; start the version that wrote it",
        true,
        null);
  }
}
