package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Commit.ChangedCell;
import io.tallybook.ledger.infinispan.Commit.ChangedDocument;
import io.tallybook.ledger.infinispan.Commit.Owned;
import io.tallybook.ledger.infinispan.Places.Of;
import io.tallybook.ledger.view.CellShape;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The items that a commit adds to sorted sets: they follow from its entries and its new cells. */
final class Items {
  private static final byte[] NOTHING = {};

  /** Takes an item of a set with what it carries. */
  interface Taker {
    void take(RowKey set, byte[] item, byte[] carried);
  }

  private Items() {}

  /** Hands over all but the tops, whose items come and go. */
  static void of(Commit commit, Taker taker) {
    for (Owned owned : commit.entries()) {
      entry(owned.tenant(), owned.entry(), taker);
    }
    for (ChangedCell cell : commit.cells()) {
      if (cell.before() == null) {
        cell(cell.key(), cell.after()[CellShape.FIRST], taker);
      }
    }
    for (ChangedDocument document : commit.documents()) {
      Document after = document.after();
      if (after != null) {
        RowKey set = Places.set(Of.DOCUMENTS, after.key().tenant(), after.key().kind());
        taker.take(set, Places.document(after.ordinal(), after.key().name()), NOTHING);
      }
    }
  }

  private static void entry(String tenant, Entry entry, Taker taker) {
    byte[] sequence = OrderedLongs.ascending(entry.sequence());
    String agent = entry.agent();
    String service = entry.service();
    String type = entry.type();
    if (agent != null) {
      taker.take(Places.set(Of.AGENT, tenant, agent), sequence, NOTHING);
      if (type != null) {
        taker.take(Places.set(Of.AGENT_TYPE, tenant, agent, type), sequence, NOTHING);
      }
    }
    taker.take(Places.organization(tenant, entry.organization()), sequence, NOTHING);
    if (service != null) {
      taker.take(Places.set(Of.SERVICE, tenant, service), sequence, NOTHING);
    }
    if (type != null) {
      taker.take(Places.set(Of.TYPE, tenant, type), sequence, NOTHING);
    }
    taker.take(
        Places.set(Of.TIME, tenant), Places.ascending(entry.time(), entry.sequence()), NOTHING);
    if (entry.kind() == EntryKind.SETTLEMENT) {
      taker.take(
          Places.set(
              Of.SETTLED, tenant, Objects.requireNonNull(agent), Objects.requireNonNull(service)),
          sequence,
          NOTHING);
    }
  }

  private static void cell(CellKey cell, long first, Taker taker) {
    BytesOut place = new BytesOut();
    Values.place(cell.names(), cell.start(), place);
    byte[] carried = place.toBytes();
    boolean hasBuckets = cell.start() != Long.MIN_VALUE;
    byte[] byFirst = OrderedLongs.ascending(first);
    byte[] byStart = hasBuckets ? Places.ascending(cell.start(), first) : NOTHING;
    String view = cell.view();
    String tenant = cell.tenant();
    taker.take(Places.set(Of.CELLS, view, tenant), byFirst, carried);
    if (hasBuckets) {
      taker.take(Places.set(Of.STARTS, view, tenant), byStart, carried);
    }
    List<@Nullable String> names = cell.names();
    for (int d = 0; d < names.size(); d++) {
      if (names.size() > 1 || hasBuckets) {
        String name = names.get(d);
        taker.take(Places.cellsOf(Of.CELLS_OF, view, tenant, d, name), byFirst, carried);
        if (hasBuckets) {
          taker.take(Places.cellsOf(Of.STARTS_OF, view, tenant, d, name), byStart, carried);
        }
      }
    }
  }
}
