package io.tallybook.ledger.storage;

import io.tallybook.ledger.Tenant;
import java.math.BigInteger;

/** A tenant's record while a group is planned. */
final class WorkingTenant {
  final String name;

  /** Its code among the group's names. */
  final int code;

  /** Its last sequence before the group. */
  final long storedSequence;

  private final long storedRevision;
  boolean changed;
  long lastSequence;
  long agents;
  long servicesUsed;
  long pairs;
  long pairsAboveZero;
  long lifetimeUnits;
  long settlements;
  BigInteger settledAmount = BigInteger.ZERO;

  WorkingTenant(Tenant stored, int code) {
    this.name = stored.name();
    this.code = code;
    this.storedSequence = stored.lastSequence();
    this.storedRevision = stored.revision();
    set(stored);
  }

  /** Takes over the totals of a record. */
  void set(Tenant tenant) {
    lastSequence = tenant.lastSequence();
    agents = tenant.agents();
    servicesUsed = tenant.services();
    pairs = tenant.pairs();
    pairsAboveZero = tenant.pairsAboveZero();
    lifetimeUnits = tenant.lifetimeUnits();
    settlements = tenant.settlements();
    settledAmount = tenant.settledAmount();
  }

  /** The record as it is now, one revision further. */
  Tenant next() {
    return new Tenant(
        name,
        storedRevision + 1,
        lastSequence,
        agents,
        servicesUsed,
        pairs,
        pairsAboveZero,
        lifetimeUnits,
        settlements,
        settledAmount);
  }
}
