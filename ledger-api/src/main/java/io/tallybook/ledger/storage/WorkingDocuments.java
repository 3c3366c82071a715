package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The documents that a group names, each once, and what all documents together are bounded by. */
final class WorkingDocuments {
  private final CommitState state;
  private final Map<DocumentKey, WorkingDocument> documents = new LinkedHashMap<>();

  /** Services by the code of their name: the newest tenant's. */
  private @Nullable WorkingDocument[] services = new @Nullable WorkingDocument[64];

  /** How many more views the ledger may have. */
  private int viewsLeft;

  private boolean viewsChanged;
  private long lastOrdinal;

  WorkingDocuments(CommitState state, long lastOrdinal, int views) {
    this.state = state;
    this.lastOrdinal = lastOrdinal;
    this.viewsLeft = ViewDefinition.VIEWS_MAX - views;
  }

  /** The document of a key, to be read if it is new. */
  WorkingDocument of(DocumentKey key) {
    return documents.computeIfAbsent(key, WorkingDocument::new);
  }

  /** The registration of a tenant's service, found by the code of its name. */
  WorkingDocument service(WorkingTenant tenant, String name, int code) {
    if (code >= services.length) {
      services = Arrays.copyOf(services, code * 2);
    }
    WorkingDocument document = services[code];
    if (document == null || !document.key.tenant().equals(tenant.name)) {
      document = of(DocumentKey.service(tenant.name, name));
      services[code] = document;
    }
    return document;
  }

  /** Reads the documents that were named since it was last called. */
  void read() {
    List<WorkingDocument> unread = new ArrayList<>();
    for (WorkingDocument document : documents.values()) {
      if (!document.read) {
        unread.add(document);
      }
    }
    if (unread.isEmpty()) {
      return;
    }
    List<@Nullable Document> found =
        state.documents(unread.stream().map(document -> document.key).toList());
    for (int i = 0; i < unread.size(); i++) {
      unread.get(i).now = found.get(i);
      unread.get(i).read = true;
    }
  }

  /** The ordinal of the next document that is new. */
  long nextOrdinal() {
    return lastOrdinal + 1;
  }

  boolean hasRoomForView() {
    return viewsLeft > 0;
  }

  /** Puts a document, which is new if there was none. */
  void put(WorkingDocument document, Document after) {
    boolean isNew = document.now == null;
    change(document, after, isNew ? -1 : 0);
    lastOrdinal += isNew ? 1 : 0;
  }

  /** Deletes a document that is there. */
  void delete(WorkingDocument document) {
    change(document, null, 1);
  }

  private void change(WorkingDocument document, @Nullable Document after, int viewsFreed) {
    document.now = after;
    document.changed = true;
    if (document.key.kind().equals(DocumentKey.VIEW)) {
      viewsChanged = true;
      viewsLeft += viewsFreed;
    }
  }

  boolean viewsChanged() {
    return viewsChanged;
  }

  long lastOrdinal() {
    return lastOrdinal;
  }

  /** Those put, as they are now. */
  List<Document> put() {
    List<Document> put = new ArrayList<>();
    for (WorkingDocument document : documents.values()) {
      if (document.changed && document.now != null) {
        put.add(document.now);
      }
    }
    return put;
  }

  /** Those that are there no longer. */
  List<DocumentKey> deleted() {
    List<DocumentKey> deleted = new ArrayList<>();
    for (WorkingDocument document : documents.values()) {
      if (document.changed && document.now == null) {
        deleted.add(document.key);
      }
    }
    return deleted;
  }

  /** What to go back to when an atomic request is undone, apart from the documents themselves. */
  record Mark(int viewsLeft, boolean viewsChanged, long lastOrdinal) {}

  Mark mark() {
    return new Mark(viewsLeft, viewsChanged, lastOrdinal);
  }

  void backTo(Mark mark) {
    viewsLeft = mark.viewsLeft;
    viewsChanged = mark.viewsChanged;
    lastOrdinal = mark.lastOrdinal;
  }
}
