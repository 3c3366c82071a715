package io.tallybook.ledger.jpa;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import org.hibernate.annotations.Immutable;

/** What was recorded under an identity. */
@Entity
@Immutable
@IdClass(IdentityRow.Key.class)
@Table(name = "ledger_identity")
class IdentityRow {
  @Id long high;
  @Id long low;
  long sequence;
  long fingerprint;

  record Key(long high, long low) {}
}
