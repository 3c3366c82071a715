package io.tallybook.ledger.jpa;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import jakarta.persistence.Column;
import jakarta.persistence.ColumnResult;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityResult;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.SqlResultSetMapping;
import jakarta.persistence.Table;
import java.math.BigInteger;
import java.util.Objects;
import org.hibernate.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/** An entry; its names are codes of the dictionary. */
@Entity
@Immutable
@IdClass(EntryRow.Key.class)
@Table(name = "ledger_entry")
@SqlResultSetMapping(
    name = EntryRow.LOOKED_AT,
    entities = @EntityResult(entityClass = EntryRow.class),
    columns = {
      @ColumnResult(name = "looked", type = Long.class),
      @ColumnResult(name = "more", type = Boolean.class)
    })
class EntryRow {
  /** Rows of a walk: the entry, how many were looked at with it, and whether more follow. */
  static final String LOOKED_AT = "EntryRow.lookedAt";

  @Id int tenant;
  @Id long sequence;
  long position;
  short kind;

  @Column(name = "recorded_at")
  long recordedAt;

  long time;
  int organization;
  int agent;
  int service;
  int type;

  @Column(name = "window_name")
  int window;

  int source;
  long units;
  long cost;
  boolean billable;
  @Nullable String id;
  @Nullable String attributes;
  @Nullable Long value;
  @Nullable Long reverses;

  @Column(name = "settled_by")
  @Nullable Long settledBy;

  @Nullable Long price;
  @Nullable BigInteger billed;

  @Column(name = "from_sequence")
  @Nullable Long fromSequence;

  @Column(name = "to_sequence")
  @Nullable Long toSequence;

  @Nullable Boolean bulk;

  record Key(int tenant, long sequence) {}

  int[] codes() {
    return new int[] {organization, agent, service, type, window, source};
  }

  Entry entry(NameDictionary.Known names) {
    EntryKind entryKind = EntryKind.of(kind);
    return new Entry(
        position,
        sequence,
        entryKind,
        recordedAt,
        time,
        names.name(source),
        id,
        names.name(organization),
        names.name(agent),
        names.name(service),
        names.name(type),
        names.name(window),
        units,
        cost,
        orZero(value),
        billable,
        orZero(reverses),
        orZero(settledBy),
        entryKind == EntryKind.SETTLEMENT
            ? new Entry.Settlement(
                orZero(price),
                Objects.requireNonNull(billed),
                orZero(fromSequence),
                orZero(toSequence),
                Boolean.TRUE.equals(bulk))
            : null,
        JsonTexts.read(attributes));
  }

  private static long orZero(@Nullable Long number) {
    return number == null ? 0 : number;
  }
}
