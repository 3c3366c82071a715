package io.tallybook.ledger.jpa;

import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.storage.StoredOutcomes;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import org.hibernate.annotations.Immutable;

/** What was answered under an idempotency key. */
@Entity
@Immutable
@IdClass(IdempotencyRow.Key.class)
@Table(name = "ledger_idempotency")
@SuppressWarnings("NullAway.Init") // filled in by Hibernate
class IdempotencyRow {
  @Id String tenant;
  @Id String key;
  String fingerprint;

  @Column(name = "recorded_at")
  long recordedAt;

  byte[] outcomes;

  record Key(String tenant, String key) {}

  IdempotencyRecord answer() {
    return new IdempotencyRecord(
        new IdempotencyKey(tenant, key), fingerprint, recordedAt, StoredOutcomes.decode(outcomes));
  }
}
