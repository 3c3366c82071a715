package io.tallybook.ledger.jpa;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import org.hibernate.annotations.Immutable;

/** A name of the dictionary. */
@Entity
@Immutable
@Table(name = "ledger_name")
@SuppressWarnings("NullAway.Init") // filled in by Hibernate
class NameRow {
  @Id int code;
  String name;
}
