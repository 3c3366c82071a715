package io.tallybook.ledger.storage;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Decides changes of documents, with the acts that tell of them. */
final class DocumentCommands {
  private final WorkingCopy work;

  DocumentCommands(WorkingCopy work) {
    this.work = work;
  }

  Outcome put(Step step, Command.PutDocument put) {
    WorkingDocument document = read(put.key());
    Document before = document.now;
    Outcome refusal = expected(put.key(), before, put.expectedRevision());
    if (refusal != null) {
      return refusal;
    }
    if (put.act() != null && !work.entries.hasRoom(1)) {
      return Refusals.full();
    }
    Document after = after(put, before);
    Outcome malformed =
        after.key().kind().equals(DocumentKey.VIEW) ? checkView(before, after) : null;
    if (malformed != null) {
      return malformed;
    }
    work.documents.put(document, after);
    step.tenant.changed = true;
    return Outcome.documented(act(step, put.act()), after);
  }

  private Document after(Command.PutDocument put, @Nullable Document before) {
    Map<String, String> fields = new TreeMap<>(Names.ORDER);
    if (before != null) {
      fields.putAll(before.fields());
    }
    put.clear().forEach(fields::remove);
    fields.putAll(put.set());
    return before == null
        ? new Document(put.key(), 1, work.documents.nextOrdinal(), fields)
        : new Document(put.key(), before.revision() + 1, before.ordinal(), fields);
  }

  /** Refuses a definition that later commits could not go by; null for one that they can. */
  private @Nullable Outcome checkView(@Nullable Document before, Document after) {
    if (!after.key().tenant().equals(Tenant.SYSTEM)) {
      return Outcome.rejected(
          Reason.INVALID_REQUEST, "views are of the tenant " + Tenant.SYSTEM + " only");
    }
    ViewDefinition view;
    try {
      view = ViewDefinition.of(after);
    } catch (LedgerException | IllegalArgumentException e) {
      return Outcome.rejected(
          Reason.INVALID_REQUEST, "the definition cannot be read: " + e.getMessage());
    }
    if (before != null) {
      return view.hasCellsOf(ViewDefinition.of(before))
          ? null
          : Outcome.rejected(
              Reason.CONFLICT,
              "what view " + view.name() + " counts cannot change; define another view");
    }
    if (!work.documents.hasRoomForView()) {
      return Outcome.rejected(
          Reason.CONFLICT, "a ledger has at most " + ViewDefinition.VIEWS_MAX + " views");
    }
    if (view.outstanding() && work.entries.lastPosition() > 0) {
      return Outcome.rejected(
          Reason.CONFLICT,
          "a view with outstanding amounts can only be defined before the first entry");
    }
    return null;
  }

  Outcome delete(Step step, Command.DeleteDocument delete) {
    WorkingDocument document = read(delete.key());
    Document before = document.now;
    if (before == null) {
      return missing(delete.key());
    }
    Outcome refusal = expected(delete.key(), before, delete.expectedRevision());
    if (refusal != null) {
      return refusal;
    }
    if (delete.act() != null && !work.entries.hasRoom(1)) {
      return Refusals.full();
    }
    if (delete.key().kind().equals(DocumentKey.VIEW)
        && ViewDefinition.isBuiltIn(delete.key().name())) {
      return Outcome.rejected(
          Reason.CONFLICT, "view " + delete.key().name() + " is built in and cannot be deleted");
    }
    work.documents.delete(document);
    step.tenant.changed = true;
    return Outcome.documented(act(step, delete.act()), before);
  }

  private WorkingDocument read(DocumentKey key) {
    WorkingDocument document = work.documents.of(key);
    work.documents.read();
    return document;
  }

  /** Refuses a document that is not at the revision expected; null for one that is. */
  private static @Nullable Outcome expected(
      DocumentKey key, @Nullable Document before, long revision) {
    if (before == null && (revision == Command.PutDocument.PRESENT || revision > 0)) {
      return missing(key);
    }
    if (before != null && revision >= 0 && revision != before.revision()) {
      return Outcome.conflict(
          0, key.kind() + " " + key.name() + " is at revision " + before.revision());
    }
    return null;
  }

  private static Outcome missing(DocumentKey key) {
    return Outcome.rejected(Reason.NOT_FOUND, "there is no " + key.kind() + " " + key.name());
  }

  /** Records an act; returns its sequence, 0 where there is none. */
  private long act(Step step, @Nullable Act act) {
    if (act == null) {
      return 0;
    }
    work.name(step, null, null, act.service(), act.type(), null);
    step.time = work.now;
    return work.entries.act(step, act).sequence();
  }
}
