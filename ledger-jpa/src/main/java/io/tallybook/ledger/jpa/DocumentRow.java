package io.tallybook.ledger.jpa;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import org.hibernate.annotations.Immutable;

/** A document, its fields as a JSON object. */
@Entity
@Immutable
@IdClass(DocumentRow.Key.class)
@Table(name = "ledger_document")
@SuppressWarnings("NullAway.Init") // filled in by Hibernate
class DocumentRow {
  @Id String tenant;
  @Id String kind;
  @Id String name;
  long revision;
  long ordinal;
  String fields;

  record Key(String tenant, String kind, String name) {
    static Key of(DocumentKey key) {
      return new Key(key.tenant(), key.kind(), key.name());
    }
  }

  Document document() {
    return new Document(
        new DocumentKey(tenant, kind, name), revision, ordinal, JsonTexts.read(fields));
  }
}
