package io.tallybook.ledger.jpa;

import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.storage.StoreStatistics.Part;
import io.tallybook.ledger.storage.StoreStatistics.PartKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hibernate.Session;

/**
 * How much the database holds, from what it knows without looking at rows. The cells of all views
 * share a table; each view is told its share of the bytes.
 */
final class Sizes {
  private static final String RELATIONS =
      "SELECT c.relname, pg_total_relation_size(c.oid), c.relkind = 'r' FROM pg_class c"
          + " WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'i')";

  private static final String VIEWS =
      "SELECT n.name, s.cells FROM ledger_view_size s JOIN ledger_name n ON n.code = s.view";

  private Sizes() {}

  static StoreStatistics of(Session session, Repositories rows, JpaSettings settings) {
    Map<String, Long> bytes = new HashMap<>();
    long all = 0;
    for (Object[] row :
        session
            .createNativeQuery(RELATIONS, Object[].class)
            .setParameter("schema", settings.schema())
            .getResultList()) {
      bytes.put((String) row[0], (Long) row[1]);
      all += (Boolean) row[2] ? (Long) row[1] : 0;
    }
    Map<String, Long> cells = new HashMap<>();
    for (Object[] row : session.createNativeQuery(VIEWS, Object[].class).getResultList()) {
      cells.put((String) row[0], (Long) row[1]);
    }
    HeadRow head = rows.heads.findById(HeadRow.ID);
    long entries = head == null ? 0 : head.lastPosition;
    List<Part> parts = new ArrayList<>();
    for (EntryIndex index : EntryIndex.values()) {
      parts.add(
          new Part(
              PartKind.INDEX, index.label(), entries, bytes.getOrDefault(relation(index), 0L)));
    }
    long allCells = Math.max(1, cells.values().stream().mapToLong(Long::longValue).sum());
    long cellBytes = bytes.getOrDefault("ledger_cell", 0L);
    for (DocumentRow view :
        rows.documents.list(
            "tenant = ?1 and kind = ?2 and ordinal > 0 order by ordinal",
            Tenant.SYSTEM,
            DocumentKey.VIEW)) {
      long count = cells.getOrDefault(view.name, 0L);
      parts.add(new Part(PartKind.VIEW, view.name, count, cellBytes / allCells * count));
    }
    return new StoreStatistics(entries, settings.entriesMax(), all, parts);
  }

  private static String relation(EntryIndex index) {
    return switch (index) {
      case ID -> "ledger_identity";
      case AGENT_TYPE -> "ledger_entry_agent_type";
      case AGENT -> "ledger_entry_agent";
      case ORGANIZATION -> "ledger_entry_organization";
      case SERVICE -> "ledger_entry_service";
      case TYPE -> "ledger_entry_type";
      case TIME -> "ledger_entry_time";
      case SEQUENCE -> "ledger_entry_pkey";
    };
  }
}
