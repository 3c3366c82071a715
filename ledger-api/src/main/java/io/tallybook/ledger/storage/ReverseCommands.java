package io.tallybook.ledger.storage;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.view.ViewDefinition.Source;
import org.jspecify.annotations.Nullable;

/** Decides whether usage can be taken back, and what that takes back. */
final class ReverseCommands {
  private final WorkingCopy work;

  ReverseCommands(WorkingCopy work) {
    this.work = work;
  }

  Outcome reverse(Step step, Command.Reverse reverse) {
    long reversal = work.ids.sequence(step.id);
    if (reversal != 0) {
      return Outcome.conflict(
          reversal, "entry " + reverse.sequence() + " was reversed by entry " + reversal);
    }
    Entry original = find(step.tenant, reverse.sequence());
    if (original == null) {
      return Outcome.rejected(Reason.NOT_FOUND, "there is no entry " + reverse.sequence());
    }
    if (original.kind() != EntryKind.USAGE) {
      return Outcome.conflict(
          original.sequence(),
          "entry "
              + original.sequence()
              + " is of kind "
              + original.kind().label()
              + "; only usage can be reversed");
    }
    if (!work.entries.hasRoom(1)) {
      return Refusals.full();
    }
    work.name(
        step, original.organization(), original.agent(), original.service(), original.type(), null);
    step.time = reverse.at() == Command.Reverse.At.ORIGINAL ? original.time() : work.now;
    step.rows = work.cells.rows(step.codes, Source.USAGE, original.attributes(), step.time);
    work.cells.read();
    return takeBack(step, original);
  }

  private Outcome takeBack(Step step, Entry original) {
    long sequence = original.sequence();
    boolean billable = original.billable() && work.pairs.resetAt(step) < sequence;
    long owed = billable ? -original.units() : 0;
    if (!work.cells.fits(step.rows, -1, -original.units(), -original.cost(), owed)) {
      return Refusals.overflow();
    }
    long settledBy =
        work.pairs.closedAt(step) > sequence ? settlementOf(step.tenant, original, billable) : 0;
    Entry entry = work.entries.reversal(step, original, billable, settledBy);
    work.cells.count(step, entry, -1);
    work.pairs.add(step, owed);
    work.assign(step, entry.sequence());
    return Outcome.recorded(entry.sequence(), work.pairs.outstanding(step));
  }

  /** An entry by its sequence, whether stored or made by this group. */
  private @Nullable Entry find(WorkingTenant tenant, long sequence) {
    if (sequence < 1) {
      return null;
    }
    return sequence <= tenant.storedSequence
        ? work.state.entry(tenant.name, sequence)
        : work.entries.find(tenant, sequence);
  }

  /** The settlement that covered an entry: its pair's next one, unless a reset came before it. */
  private long settlementOf(WorkingTenant tenant, Entry original, boolean wasNeverReset) {
    long next = settlementAfter(tenant, original);
    if (wasNeverReset || next == 0) {
      return next;
    }
    Entry entry = find(tenant, next);
    Entry.Settlement settlement = entry == null ? null : entry.settlement();
    return settlement != null && settlement.fromSequence() <= original.sequence() ? next : 0;
  }

  private long settlementAfter(WorkingTenant tenant, Entry original) {
    String agent = String.valueOf(original.agent());
    String service = String.valueOf(original.service());
    long stored = work.state.settlementAfter(tenant.name, agent, service, original.sequence());
    return stored != 0
        ? stored
        : work.entries.settlementAfter(tenant, agent, service, original.sequence());
  }
}
