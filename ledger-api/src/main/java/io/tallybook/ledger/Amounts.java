package io.tallybook.ledger;

/** The bounds of amounts: signed, and at most 2^53 − 1 in size for one entry. */
public final class Amounts {
  /** The largest size of an amount of one entry: 2^53 − 1. */
  public static final long MAX = (1L << 53) - 1;

  private Amounts() {}

  /** Returns the amount unchanged, or refuses it by the name of its field. */
  public static long require(String field, long amount) {
    if (amount > MAX || amount < -MAX) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST, field, field + " must be between -" + MAX + " and " + MAX);
    }
    return amount;
  }

  /** Whether the sum of two amounts leaves the range of 64 bits. */
  public static boolean overflows(long a, long b) {
    long sum = a + b;
    return ((a ^ sum) & (b ^ sum)) < 0;
  }

  /** An exact sum brought into ±(2^53 − 1). */
  public static long clamp(long sum) {
    return Math.clamp(sum, -MAX, MAX);
  }
}
