package io.tallybook.ledger.storage;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.UsageEvent;

/** Decides what becomes of usage and readings that are sent. */
final class RecordCommands {
  private final WorkingCopy work;

  RecordCommands(WorkingCopy work) {
    this.work = work;
  }

  Outcome record(Step step, Submission submission) {
    if (step.id >= 0 && work.ids.sequence(step.id) != 0) {
      return repeated(step);
    }
    if (!work.isTimely(step.time)) {
      return Outcome.rejected(
          Reason.INVALID_REQUEST,
          "time must lie between 1970-01-01T00:00:00Z and one hour from now");
    }
    if (step.document != null && step.document.flag(Document.DISABLED)) {
      return Outcome.rejected(
          Reason.SERVICE_DISABLED, "service " + step.document.key.name() + " is disabled");
    }
    if (!work.entries.hasRoom(1)) {
      return Refusals.full();
    }
    if (step.rows.length == 0) {
      work.nameCells(step, submission);
    }
    work.cells.read();
    return switch (submission) {
      case UsageEvent event -> usage(step, event);
      case Reading reading -> reading(step, reading);
    };
  }

  /** The same under a known identity is a duplicate, anything else a conflict. */
  private Outcome repeated(Step step) {
    long first = work.ids.sequence(step.id);
    return work.ids.fingerprint(step.id) == step.fingerprint
        ? Outcome.duplicate(first, work.pairs.outstanding(step.codes))
        : Outcome.conflict(
            first, "another event was recorded under the same id as sequence " + first);
  }

  private Outcome usage(Step step, UsageEvent event) {
    WorkingTenant tenant = step.tenant;
    long lifetime = Math.max(event.units(), 0);
    if (!work.cells.fits(step.rows, 1, event.units(), event.cost(), event.units())
        || Amounts.overflows(tenant.lifetimeUnits, lifetime)) {
      return Refusals.overflow();
    }
    Entry entry = work.entries.usage(step, event);
    tenant.lifetimeUnits += lifetime;
    work.cells.count(step, entry, 1);
    work.pairs.add(step, entry.units());
    work.assign(step, entry.sequence());
    return Outcome.recorded(entry.sequence(), work.pairs.outstanding(step));
  }

  private Outcome reading(Step step, Reading reading) {
    if (!work.cells.fitsReading(step.rows, reading.value())) {
      return Refusals.overflow();
    }
    Entry entry = work.entries.reading(step, reading);
    work.cells.countReading(step, entry);
    work.assign(step, entry.sequence());
    return Outcome.recorded(entry.sequence(), 0);
  }
}
