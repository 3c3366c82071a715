package io.tallybook.ledger.memory;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.storage.CommitState;
import io.tallybook.ledger.storage.GroupNames;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdBatch;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state that a group is planned over: what is newest, read under the writer's lock. It
 * remembers the codes of the group's names and the rows of its cells for the writing that follows.
 */
final class MemoryState implements CommitState {
  /** A cell that the storage does not hold. */
  static final int ABSENT = CellTable.ABSENT;

  private final Book book;
  private final Revisions.Published now;
  private final Map<IdempotencyKey, IdempotencyRecord> idempotency;
  private final long entriesLeft;
  private int[] codes = new int[64];
  private int namesFound;
  private int[][] cellRows = new int[0][];

  MemoryState(Book book, Map<IdempotencyKey, IdempotencyRecord> idempotency, long entriesLeft) {
    this.book = book;
    this.now = book.revisions.published();
    this.idempotency = idempotency;
    this.entriesLeft = entriesLeft;
  }

  /**
   * The ledger's codes of the group's names, by the group's: 0 or less where it is not known yet.
   *
   * @param names the group's
   */
  int[] codes(GroupNames names) {
    if (codes.length <= names.size()) {
      codes = Arrays.copyOf(codes, Math.max(codes.length * 2, names.size() + 1));
    }
    return codes;
  }

  /** The row of a cell of a batch; {@link #ABSENT} where the storage has none. */
  int cellRow(int batch, int row) {
    return batch < cellRows.length && row < cellRows[batch].length ? cellRows[batch][row] : ABSENT;
  }

  @Override
  public Head head() {
    return now.head();
  }

  @Override
  public long entriesLeft() {
    return entriesLeft;
  }

  @Override
  public List<Tenant> tenants(List<String> names) {
    return names.stream().map(name -> book.tenant(name, now.revision())).toList();
  }

  @Override
  public List<@Nullable IdempotencyRecord> idempotency(List<IdempotencyKey> keys) {
    List<@Nullable IdempotencyRecord> records = new ArrayList<>(keys.size());
    for (IdempotencyKey key : keys) {
      records.add(idempotency.get(key));
    }
    return records;
  }

  @Override
  public void ids(IdBatch ids) {
    for (int row = 0; row < ids.size(); row++) {
      int known = book.ids.find(ids.high(row), ids.low(row));
      if (known >= 0) {
        ids.found(row, book.ids.sequence(known), book.ids.fingerprint(known));
      }
    }
  }

  @Override
  public List<@Nullable Document> documents(List<DocumentKey> keys) {
    List<@Nullable Document> documents = new ArrayList<>(keys.size());
    for (DocumentKey key : keys) {
      documents.add(book.document(key, now.revision()));
    }
    return documents;
  }

  @Override
  public List<Document> views() {
    return book.documents(
        Tenant.SYSTEM, DocumentKey.VIEW, 0, ViewDefinition.VIEWS_MAX, now.revision());
  }

  @Override
  public @Nullable Entry entry(String tenant, long sequence) {
    int code = book.names.find(tenant);
    int row = code < 0 ? RowCursor.END : book.row(code, sequence, now.rows());
    return row == RowCursor.END ? null : book.entry(row);
  }

  @Override
  public List<String> servicesOf(String tenant, String agent, int max) {
    int tenantCode = book.names.find(tenant);
    int agentCode = book.names.find(agent);
    List<String> services = new ArrayList<>();
    CellTable table = now.pairs();
    if (table != null && tenantCode >= 0 && agentCode >= 0) {
      RowCursor cursor = table.named(tenantCode, 0, agentCode, 0);
      int row = cursor.next();
      for (; row != RowCursor.END && services.size() < max; row = cursor.next()) {
        services.add(String.valueOf(book.names.name(table.name(row, 1))));
      }
    }
    return services;
  }

  @Override
  public long settlementAfter(String tenant, String agent, String service, long after) {
    int tenantCode = book.names.find(tenant);
    RowCursor settlements =
        book.settlements.ascending(
            Book.key(tenantCode, book.names.find(agent)),
            book.names.find(service),
            book.row(tenantCode, after, now.rows()) + 1,
            now.rows());
    int row = settlements.next();
    return row == RowCursor.END ? 0 : book.columns.sequence(row);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Each step is done for all cells before the next: the processor then waits for many cells'
   * memory at once.
   */
  @Override
  public void cells(GroupNames names, List<CellBatch> cells) {
    int[] known = codes(names);
    for (int name = namesFound + 1; name <= names.size(); name++) {
      known[name] = book.names.find(names.name(name));
    }
    namesFound = names.size();
    if (cellRows.length < cells.size()) {
      cellRows = new int[cells.size()][0];
    }
    for (int b = 0; b < cells.size(); b++) {
      CellBatch batch = cells.get(b);
      int loaded = batch.loaded();
      if (loaded < batch.size()) {
        if (cellRows[b].length < batch.size()) {
          cellRows[b] = Arrays.copyOf(cellRows[b], Math.max(batch.size(), 2 * loaded));
        }
        CellTable table = now.tables().get(batch.view().name());
        if (table == null) {
          Arrays.fill(cellRows[b], loaded, batch.size(), ABSENT);
        } else {
          table.find(batch, known, cellRows[b]);
          fill(batch, table, cellRows[b]);
        }
      }
    }
  }

  private static void fill(CellBatch batch, CellTable table, int[] found) {
    for (int row = batch.loaded(); row < batch.size(); row++) {
      if (found[row] != ABSENT) {
        table.load(found[row], batch, row);
      }
    }
  }
}
