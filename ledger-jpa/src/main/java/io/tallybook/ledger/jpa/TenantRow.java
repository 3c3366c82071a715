package io.tallybook.ledger.jpa;

import io.tallybook.ledger.Tenant;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.math.BigInteger;
import org.hibernate.annotations.Immutable;

/** What is kept of a tenant as a whole. */
@Entity
@Immutable
@Table(name = "ledger_tenant")
@SuppressWarnings("NullAway.Init") // filled in by Hibernate
class TenantRow {
  @Id String name;

  /** Of the name in the dictionary. */
  int code;

  long revision;

  @Column(name = "last_sequence")
  long lastSequence;

  long agents;
  long services;
  long pairs;

  @Column(name = "pairs_above_zero")
  long pairsAboveZero;

  @Column(name = "lifetime_units")
  long lifetimeUnits;

  long settlements;

  @Column(name = "settled_amount")
  BigInteger settledAmount;

  Tenant tenant() {
    return new Tenant(
        name,
        revision,
        lastSequence,
        agents,
        services,
        pairs,
        pairsAboveZero,
        lifetimeUnits,
        settlements,
        settledAmount);
  }
}
