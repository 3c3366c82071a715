package io.tallybook.service.query;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Times;
import io.tallybook.service.query.QueryBodies.EntryBody;
import java.math.BigDecimal;

/** Turns entries of the ledger into what answers have of them. */
final class EntryBodies {
  private EntryBodies() {}

  /** The body of an entry. */
  static EntryBody of(Entry entry) {
    EntryKind kind = entry.kind();
    boolean hasUnits = kind != EntryKind.READING && kind != EntryKind.ACT;
    boolean hasCost = kind == EntryKind.USAGE || kind == EntryKind.REVERSAL;
    Entry.Settlement settlement = entry.settlement();
    return new EntryBody(
        entry.sequence(),
        kind.label(),
        Times.instant(entry.recordedAt()).toString(),
        Times.instant(entry.time()).toString(),
        entry.source(),
        entry.id(),
        entry.organization(),
        entry.agent(),
        entry.service(),
        entry.type(),
        entry.window(),
        hasUnits ? entry.units() : null,
        hasCost ? entry.cost() : null,
        kind == EntryKind.READING ? decimal(entry.value()) : null,
        settlement == null ? null : settlement.price(),
        settlement == null ? null : settlement.billed(),
        settlement == null ? null : settlement.fromSequence(),
        settlement == null ? null : settlement.toSequence(),
        (settlement != null && settlement.bulk()) ? true : null,
        entry.reverses() == 0 ? null : entry.reverses(),
        entry.settledBy() == 0 ? null : entry.settledBy(),
        entry.attributes().isEmpty() ? null : entry.attributes());
  }

  /** What a number of millionths is, in as few places as it takes. */
  static BigDecimal decimal(long millionths) {
    BigDecimal value = BigDecimal.valueOf(millionths, 6).stripTrailingZeros();
    return value.scale() < 0 ? value.setScale(0) : value;
  }
}
