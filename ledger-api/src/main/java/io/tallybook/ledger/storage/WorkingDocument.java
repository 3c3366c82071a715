package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import org.jspecify.annotations.Nullable;

/** A document while a group is planned; not there until it is read. */
final class WorkingDocument {
  final DocumentKey key;
  boolean read;
  boolean changed;
  @Nullable Document now;

  WorkingDocument(DocumentKey key) {
    this.key = key;
  }

  /** Whether the document is there and a field of it says {@code true}. */
  boolean flag(String field) {
    return now != null && now.flag(field);
  }

  /** A field that is an integer; 0 where it or the document is missing. */
  long integer(String field) {
    return now == null ? 0 : now.integer(field);
  }
}
