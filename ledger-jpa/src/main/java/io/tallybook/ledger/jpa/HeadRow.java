package io.tallybook.ledger.jpa;

import io.tallybook.ledger.storage.Head;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import org.hibernate.annotations.Immutable;

/** The row that every commit locks. */
@Entity
@Immutable
@Table(name = "ledger_head")
@SuppressWarnings("NullAway.Init") // filled in by Hibernate
class HeadRow {
  static final short ID = 1;

  @Id short id;
  int format;

  @Column(name = "min_writer")
  int minWriter;

  long revision;

  @Column(name = "last_position")
  long lastPosition;

  @Column(name = "last_recorded_at")
  long lastRecordedAt;

  @Column(name = "last_ordinal")
  long lastOrdinal;

  @Column(name = "views_revision")
  long viewsRevision;

  /** The newest code of the dictionary. */
  @Column(name = "last_name")
  int lastName;

  String currency;
  long key0;
  long key1;

  Head head() {
    return new Head(
        format,
        minWriter,
        revision,
        lastPosition,
        lastRecordedAt,
        lastOrdinal,
        viewsRevision,
        currency,
        key0,
        key1);
  }
}
