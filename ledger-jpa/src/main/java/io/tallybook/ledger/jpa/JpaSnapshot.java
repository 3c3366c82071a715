package io.tallybook.ledger.jpa;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.List;
import java.util.function.Predicate;
import org.hibernate.Session;
import org.jspecify.annotations.Nullable;

/** One revision: what a transaction of repeatable reads sees. */
final class JpaSnapshot implements Snapshot {
  private static final String TOP =
      "SELECT cell.* FROM (SELECT * FROM ledger_pair_order WHERE tenant = :tenant"
          + " AND service = :service AND outstanding > 0"
          + " ORDER BY outstanding DESC, agent_name LIMIT :max) AS best"
          + " CROSS JOIN LATERAL (SELECT * FROM ledger_cell WHERE view = :view"
          + " AND tenant = best.tenant AND k1 = best.agent AND k2 = best.service AND k3 = 0"
          + " AND k4 = 0 AND k5 = 0 AND k6 = 0 AND start = :start) AS cell"
          + " ORDER BY best.outstanding DESC, best.agent_name";

  private final Session session;
  private final Repositories rows;
  private final NameDictionary dictionary;
  private final Head head;
  private final Tenant tenant;

  /** The tenant's code; -1 where nothing is recorded for it, so that it has no rows. */
  private final int tenantCode;

  JpaSnapshot(Session session, Repositories rows, NameDictionary dictionary, String tenant) {
    this.session = session;
    this.rows = rows;
    this.dictionary = dictionary;
    HeadRow headRow = rows.heads.findById(HeadRow.ID);
    if (headRow == null) {
      throw new LedgerException.Unavailable(
          "The ledger has no head; its table is empty", true, null);
    }
    this.head = headRow.head();
    TenantRow tenantRow = rows.tenants.findById(tenant);
    this.tenant = tenantRow == null ? Tenant.unknown(tenant) : tenantRow.tenant();
    this.tenantCode = tenantRow == null ? -1 : tenantRow.code;
  }

  @Override
  public Head head() {
    return head;
  }

  @Override
  public Tenant tenant() {
    return tenant;
  }

  @Override
  public @Nullable Document document(DocumentKey key) {
    DocumentRow row = rows.documents.findById(DocumentRow.Key.of(key));
    return row == null ? null : row.document();
  }

  @Override
  public List<Document> documents(String owner, String kind, long afterOrdinal, int max) {
    return rows
        .documents
        .find(
            "tenant = ?1 and kind = ?2 and ordinal > 0 and ordinal > ?3 order by ordinal",
            owner,
            kind,
            afterOrdinal)
        .page(0, max)
        .list()
        .stream()
        .map(DocumentRow::document)
        .toList();
  }

  @Override
  public @Nullable Cell cell(ViewDefinition view, List<@Nullable String> names, long start) {
    int[] codes = new int[ViewDefinition.DIMENSIONS_MAX];
    for (int d = 0; d < names.size(); d++) {
      String name = names.get(d);
      codes[d] = name == null ? 0 : dictionary.code(name);
    }
    CellRow row =
        rows.cells.findById(CellRow.Key.of(dictionary.code(view.name()), tenantCode, codes, start));
    return row == null ? null : row.cell(view, dictionary.known(List.of(row.codes())));
  }

  @Override
  public void cells(CellScan scan, Predicate<Cell> visitor) {
    new CellWalk(session, dictionary, tenantCode, scan).run(visitor);
  }

  @Override
  public List<Cell> top(String service, int max) {
    ViewDefinition pairs = ViewCatalog.pairs(views());
    List<CellRow> found =
        new Sql()
            .add(TOP)
            .add("", "view", dictionary.code(pairs.name()))
            .add("", "tenant", tenantCode)
            .add("", "service", dictionary.code(service))
            .add("", "start", Times.ABSENT)
            .add("", "max", max)
            .list(session, CellRow.class);
    NameDictionary.Known names = dictionary.known(found.stream().map(CellRow::codes).toList());
    return found.stream().map(row -> row.cell(pairs, names)).toList();
  }

  private List<ViewDefinition> views() {
    return documents(Tenant.SYSTEM, DocumentKey.VIEW, 0, ViewDefinition.VIEWS_MAX).stream()
        .map(ViewDefinition::of)
        .toList();
  }

  @Override
  public @Nullable Entry entry(long sequence) {
    EntryRow row = rows.entries.findById(new EntryRow.Key(tenantCode, sequence));
    return row == null ? null : row.entry(dictionary.known(List.of(row.codes())));
  }

  @Override
  public long sequenceOf(long high, long low) {
    IdentityRow row = rows.identities.findById(new IdentityRow.Key(high, low));
    return row == null ? 0 : row.sequence;
  }

  @Override
  public EntryScan.End entries(EntryScan scan, Predicate<Entry> visitor) {
    return new EntryWalk(session, dictionary, tenantCode, scan).run(visitor);
  }
}
