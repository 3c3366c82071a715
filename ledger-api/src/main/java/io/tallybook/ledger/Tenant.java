package io.tallybook.ledger;

import java.math.BigInteger;

/**
 * What the ledger keeps of a tenant as a whole; changed in the same commits as its entries.
 *
 * @param revision one more for each commit that changed anything of the tenant
 * @param lastSequence the sequence of its newest entry, 0 before the first
 * @param agents how many agents have used something, settled ones included
 * @param services how many services have been used
 * @param pairs how many pairs have been used, settled ones included
 * @param pairsAboveZero how many pairs have an outstanding amount above 0
 * @param lifetimeUnits all positive units ever recorded; never falls
 * @param settlements how many settlements were made
 * @param settledAmount what they came to; at most 128 bits
 */
public record Tenant(
    String name,
    long revision,
    long lastSequence,
    long agents,
    long services,
    long pairs,
    long pairsAboveZero,
    long lifetimeUnits,
    long settlements,
    BigInteger settledAmount) {
  /** The tenant where access control is off. */
  public static final String PUBLIC = "public";

  /** The tenant of ledger-wide acts and documents. */
  public static final String SYSTEM = "system";

  /** A tenant of which the ledger knows nothing yet. */
  public static Tenant unknown(String name) {
    return new Tenant(name, 0, 0, 0, 0, 0, 0, 0, 0, BigInteger.ZERO);
  }
}
