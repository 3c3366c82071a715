package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Commit.Changed;
import io.tallybook.ledger.infinispan.Commit.ChangedCell;
import io.tallybook.ledger.infinispan.Commit.ChangedDocument;
import io.tallybook.ledger.infinispan.Commit.Identity;
import io.tallybook.ledger.infinispan.Commit.Owned;
import io.tallybook.ledger.infinispan.Commit.State;
import io.tallybook.ledger.infinispan.Places.Of;
import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.CommitState;
import io.tallybook.ledger.storage.GroupNames;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdBatch;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the planner reads for one group, and with it the commit that the group becomes. Nothing is
 * locked: if another commit is in the log first, this one cannot be, and is planned again.
 */
final class CommitReads implements CommitState {
  private final Revision revision;
  private final long entriesMax;
  private final Map<CellKey, long[]> cells = new HashMap<>();
  private final Map<String, Tenant> tenants = new HashMap<>();

  CommitReads(Revision revision, long entriesMax) {
    this.revision = revision;
    this.entriesMax = entriesMax;
  }

  @Override
  public Head head() {
    return revision.head();
  }

  @Override
  public long entriesLeft() {
    return Math.max(0, entriesMax - head().lastPosition());
  }

  @Override
  public List<Tenant> tenants(List<String> names) {
    List<Tenant> found = revision.tenants(names);
    found.forEach(tenant -> tenants.put(tenant.name(), tenant));
    return found;
  }

  @Override
  public List<@Nullable IdempotencyRecord> idempotency(List<IdempotencyKey> keys) {
    Map<IdempotencyKey, IdempotencyRecord> found = revision.answers(keys);
    List<@Nullable IdempotencyRecord> answers = new ArrayList<>(keys.size());
    keys.forEach(key -> answers.add(found.get(key)));
    return answers;
  }

  @Override
  public void ids(IdBatch ids) {
    Map<RowKey, Identity> asked = HashMap.newHashMap(ids.size());
    Map<RowKey, Integer> rows = HashMap.newHashMap(ids.size());
    for (int row = 0; row < ids.size(); row++) {
      RowKey key = Places.identity(ids.high(row), ids.low(row));
      asked.put(key, new Identity(ids.high(row), ids.low(row), 0, 0));
      rows.put(key, row);
    }
    revision
        .identities(asked)
        .forEach(
            (key, id) ->
                ids.found(Objects.requireNonNull(rows.get(key)), id.sequence(), id.fingerprint()));
  }

  @Override
  public List<@Nullable Document> documents(List<DocumentKey> keys) {
    Map<DocumentKey, Document> found = revision.documents(keys);
    List<@Nullable Document> documents = new ArrayList<>(keys.size());
    keys.forEach(key -> documents.add(found.get(key)));
    return documents;
  }

  @Override
  public List<Document> views() {
    return revision.viewDocuments();
  }

  @Override
  public @Nullable Entry entry(String tenant, long sequence) {
    return sequence < 1 || sequence > revision.tenant(tenant).lastSequence()
        ? null
        : revision.entries(tenant, List.of(sequence)).get(sequence);
  }

  @Override
  public List<String> servicesOf(String tenant, String agent, int max) {
    ViewDefinition pairs = ViewCatalog.pairs(revision.views());
    RowKey set = Places.cellsOf(Of.CELLS_OF, pairs.name(), tenant, 0, agent);
    Iterator<SortedSets.Item> items = revision.items(set, null, true, null, false);
    long last = revision.tenant(tenant).lastSequence();
    List<String> services = new ArrayList<>();
    while (services.size() < max && items.hasNext()) {
      SortedSets.Item item = items.next();
      if (OrderedLongs.decode(item.key(), 0) > last) {
        break;
      }
      services.add(Objects.requireNonNull(Values.names(new BytesIn(item.payload())).get(1)));
    }
    return services;
  }

  @Override
  public long settlementAfter(String tenant, String agent, String service, long after) {
    RowKey set = Places.set(Of.SETTLED, tenant, agent, service);
    Iterator<SortedSets.Item> items =
        revision.items(set, OrderedLongs.ascending(after), false, null, false);
    if (!items.hasNext()) {
      return 0;
    }
    long sequence = OrderedLongs.decode(items.next().key(), 0);
    return sequence > revision.tenant(tenant).lastSequence() ? 0 : sequence;
  }

  @Override
  public void cells(GroupNames names, List<CellBatch> batches) {
    List<CellKey> keys = new ArrayList<>();
    for (CellBatch batch : batches) {
      for (int row = batch.loaded(); row < batch.size(); row++) {
        keys.add(key(names, batch, row));
      }
    }
    Map<CellKey, long[]> found = revision.cells(keys);
    cells.putAll(found);
    Iterator<CellKey> next = keys.iterator();
    for (CellBatch batch : batches) {
      for (int row = batch.loaded(); row < batch.size(); row++) {
        long[] columns = found.get(next.next());
        if (columns != null) {
          batch.load(row, columns, 0);
        }
      }
    }
  }

  private static CellKey key(GroupNames names, CellBatch batch, int row) {
    int dimensions = batch.view().groupBy().size();
    List<@Nullable String> of = new ArrayList<>(dimensions);
    for (int d = 0; d < dimensions; d++) {
      of.add(names.name(batch.name(row, d)));
    }
    return new CellKey(
        batch.view().name(),
        Objects.requireNonNull(names.name(batch.tenant(row))),
        Collections.unmodifiableList(of),
        batch.start(row));
  }

  // ---- The commit -------------------------------------------------------------------------------

  /** What the changes of the group are, with what was there before. */
  Commit commit(Changes changes, long logBytes) {
    List<Owned> entries = new ArrayList<>(changes.entries().size());
    for (int i = 0; i < changes.entries().size(); i++) {
      String tenant = changes.names().name(changes.entryName(i, Changes.TENANT));
      entries.add(new Owned(Objects.requireNonNull(tenant), changes.entries().get(i)));
    }
    List<Identity> identities = new ArrayList<>();
    IdBatch ids = changes.ids();
    for (int row = 0; row < ids.size(); row++) {
      if (ids.assigned(row)) {
        identities.add(
            new Identity(ids.high(row), ids.low(row), ids.sequence(row), ids.fingerprint(row)));
      }
    }
    Map<String, Long> sizes = new HashMap<>(revision.state().cells());
    List<ChangedCell> changedCells = cells(changes, sizes);
    List<Changed<Tenant>> changedTenants = new ArrayList<>();
    for (Tenant tenant : changes.tenants()) {
      Tenant before = tenants.get(tenant.name());
      boolean isNew = before == null || before.revision() == 0;
      changedTenants.add(new Changed<>(isNew ? null : before, tenant));
    }
    return new Commit(
        new State(changes.head(), sizes, logBytes, UUID.randomUUID()),
        revision.state().token(),
        changedTenants,
        entries,
        identities,
        changedCells,
        documents(changes),
        changes.idempotency());
  }

  private List<ChangedCell> cells(Changes changes, Map<String, Long> sizes) {
    List<ChangedCell> changed = new ArrayList<>();
    boolean pairsSeen = false;
    for (CellBatch batch : changes.cells()) {
      boolean isPair = batch.view().shape() == CellShape.PAIR && !pairsSeen;
      pairsSeen |= isPair;
      int width = batch.view().shape().width();
      long added = 0;
      for (int row = 0; row < batch.size(); row++) {
        if (batch.changed(row)) {
          CellKey key = key(changes.names(), batch, row);
          long[] after = new long[width];
          batch.copy(row, after, 0);
          long[] before = cells.get(key);
          added += before == null ? 1 : 0;
          changed.add(new ChangedCell(key, isPair, before, after));
        }
      }
      if (added > 0) {
        sizes.merge(batch.view().name(), added, Long::sum);
      }
    }
    return changed;
  }

  private List<ChangedDocument> documents(Changes changes) {
    List<DocumentKey> keys = new ArrayList<>(changes.deleted());
    changes.documents().forEach(document -> keys.add(document.key()));
    Map<DocumentKey, Document> before = revision.documents(keys);
    Map<DocumentKey, ChangedDocument> changed = new HashMap<>();
    for (DocumentKey key : changes.deleted()) {
      changed.put(key, new ChangedDocument(key, before.get(key), null));
    }
    for (Document document : changes.documents()) {
      DocumentKey key = document.key();
      changed.put(key, new ChangedDocument(key, before.get(key), document));
    }
    return List.copyOf(changed.values());
  }
}
