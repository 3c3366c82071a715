package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.Tenant;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is needed to undo an atomic request, which changes only what its own commands name. */
final class Savepoint {
  private final WorkingCopy work;
  private final List<Step> steps;
  private final WorkingTenant tenant;
  private final Tenant tenantThen;
  private final boolean tenantChanged;
  private final int entries;
  private final int newPairs;
  private final WorkingDocuments.Mark documentsMark;
  private final Map<WorkingDocument, Was> documents = new HashMap<>();
  private final BitSet assigned = new BitSet();

  private record Was(@Nullable Document now, boolean changed) {}

  /** Before the steps of a request. */
  Savepoint(WorkingCopy work, WorkingTenant tenant, List<Step> steps) {
    this.work = work;
    this.steps = steps;
    this.tenant = tenant;
    this.tenantThen = tenant.next();
    this.tenantChanged = tenant.changed;
    this.entries = work.entries.size();
    this.newPairs = work.cells.appearances().pairs();
    this.documentsMark = work.documents.mark();
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      assigned.set(i, step.id >= 0 && work.ids.assigned(step.id));
      WorkingDocument document = step.document;
      if (document != null) {
        documents.put(document, new Was(document.now, document.changed));
      }
    }
    work.cells.batches().forEach(CellBatch::remember);
  }

  /** Keeps what the steps did, or undoes it. */
  void end(boolean undo) {
    if (undo) {
      rollBack();
    } else {
      work.cells.batches().forEach(CellBatch::keep);
    }
  }

  private void rollBack() {
    work.cells.batches().forEach(CellBatch::undo);
    work.cells.appearances().cutPairs(newPairs);
    work.entries.cut(entries);
    work.documents.backTo(documentsMark);
    documents.forEach(
        (document, was) -> {
          document.now = was.now;
          document.changed = was.changed;
        });
    tenant.set(tenantThen);
    tenant.changed = tenantChanged;
    for (int i = 0; i < steps.size(); i++) {
      int id = steps.get(i).id;
      if (id >= 0 && work.ids.assigned(id) && !assigned.get(i)) {
        work.ids.unassign(id);
      }
    }
  }
}
