package io.tallybook.ledger.jpa;

import static io.tallybook.ledger.jpa.NameDictionary.parts;
import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.storage.CommitState;
import io.tallybook.ledger.storage.GroupNames;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdBatch;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import jakarta.persistence.LockModeType;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.hibernate.Session;
import org.jspecify.annotations.Nullable;

/**
 * What the planner reads for one group, under the lock of the head. Identities and cells are read
 * in bulk: each key is looked up by the primary key, whatever the planner of the database thinks of
 * the size of the table.
 */
final class CommitReads implements CommitState {
  private static final String IDENTITIES =
      "SELECT asked.row, found.sequence, found.fingerprint"
          + " FROM unnest(?, ?) WITH ORDINALITY AS asked (high, low, row)"
          + " CROSS JOIN LATERAL (SELECT sequence, fingerprint FROM ledger_identity"
          + " WHERE high = asked.high AND low = asked.low LIMIT 1) AS found";

  private static final String CELLS =
      "SELECT asked.row, found.c0, found.c1, found.c2, found.first, found.c4, found.c5, found.c6,"
          + " found.c7, CAST(found.place AS text) FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?) WITH ORDINALITY"
          + " AS asked (view, tenant, k1, k2, k3, k4, k5, k6, start, row)"
          + " CROSS JOIN LATERAL (SELECT *, ctid AS place FROM ledger_cell"
          + " WHERE view = asked.view AND tenant = asked.tenant AND k1 = asked.k1"
          + " AND k2 = asked.k2 AND k3 = asked.k3 AND k4 = asked.k4 AND k5 = asked.k5"
          + " AND k6 = asked.k6 AND start = asked.start LIMIT 1) AS found";

  private final Session session;
  private final Repositories rows;
  private final NameDictionary dictionary;
  private final long entriesMax;
  private final HeadRow head;
  private final GroupCodes codes;
  private final Map<CellBatch, @Nullable String[]> places = new HashMap<>();

  CommitReads(Session session, Repositories rows, NameDictionary dictionary, long entriesMax) {
    this.session = session;
    this.rows = rows;
    this.dictionary = dictionary;
    this.entriesMax = entriesMax;
    HeadRow locked = rows.heads.findById(HeadRow.ID, LockModeType.PESSIMISTIC_WRITE);
    if (locked == null) {
      throw new LedgerException.Unavailable(
          "The ledger has no head; its table is empty", true, null);
    }
    this.head = locked;
    this.codes = new GroupCodes(dictionary, locked.lastName);
  }

  /** The codes of the group's names, to which the commit adds the new ones. */
  GroupCodes codes() {
    return codes;
  }

  /** Where the database keeps a cell that was there before this group; null if it was not. */
  @Nullable String place(CellBatch batch, int row) {
    @Nullable String[] known = places.get(batch);
    return known == null || row >= known.length ? null : known[row];
  }

  @Override
  public Head head() {
    return head.head();
  }

  @Override
  public long entriesLeft() {
    return Math.max(0, entriesMax - head.lastPosition);
  }

  @Override
  public List<Tenant> tenants(List<String> names) {
    Map<String, Tenant> found = new HashMap<>();
    for (List<String> part : parts(names)) {
      for (TenantRow row : rows.tenants.list("name in ?1", part)) {
        found.put(row.name, row.tenant());
      }
    }
    return names.stream().map(name -> found.getOrDefault(name, Tenant.unknown(name))).toList();
  }

  @Override
  public List<@Nullable IdempotencyRecord> idempotency(List<IdempotencyKey> keys) {
    Map<IdempotencyKey, IdempotencyRecord> found = new HashMap<>();
    keys.stream()
        .collect(groupingBy(IdempotencyKey::tenant, mapping(IdempotencyKey::key, toList())))
        .forEach(
            (tenant, ofTenant) -> {
              for (List<String> part : parts(ofTenant)) {
                for (IdempotencyRow row :
                    rows.answers.list("tenant = ?1 and key in ?2", tenant, part)) {
                  IdempotencyRecord answer = row.answer();
                  found.put(answer.key(), answer);
                }
              }
            });
    return inOrder(keys, found);
  }

  @Override
  public void ids(IdBatch ids) {
    long[] highs = new long[ids.size()];
    long[] lows = new long[ids.size()];
    for (int row = 0; row < highs.length; row++) {
      highs[row] = ids.high(row);
      lows[row] = ids.low(row);
    }
    session.doWork(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(IDENTITIES)) {
            statement.setObject(1, highs);
            statement.setObject(2, lows);
            try (ResultSet result = statement.executeQuery()) {
              while (result.next()) {
                ids.found(result.getInt(1) - 1, result.getLong(2), result.getLong(3));
              }
            }
          }
        });
  }

  @Override
  public List<@Nullable Document> documents(List<DocumentKey> keys) {
    Map<DocumentKey, Document> found = new HashMap<>();
    keys.stream()
        .collect(
            groupingBy(
                key -> new Owner(key.tenant(), key.kind()), mapping(DocumentKey::name, toList())))
        .forEach(
            (owner, names) -> {
              for (List<String> part : parts(names)) {
                for (DocumentRow row :
                    rows.documents.list(
                        "tenant = ?1 and kind = ?2 and name in ?3",
                        owner.tenant,
                        owner.kind,
                        part)) {
                  Document document = row.document();
                  found.put(document.key(), document);
                }
              }
            });
    return inOrder(keys, found);
  }

  private record Owner(String tenant, String kind) {}

  private static <K, V> List<@Nullable V> inOrder(List<K> keys, Map<K, V> found) {
    List<@Nullable V> values = new ArrayList<>(keys.size());
    for (K key : keys) {
      values.add(found.get(key));
    }
    return values;
  }

  @Override
  public List<Document> views() {
    return rows
        .documents
        .find(
            "tenant = ?1 and kind = ?2 and ordinal > 0 order by ordinal",
            Tenant.SYSTEM,
            DocumentKey.VIEW)
        .stream()
        .map(DocumentRow::document)
        .toList();
  }

  @Override
  public @Nullable Entry entry(String tenant, long sequence) {
    int code = dictionary.code(tenant);
    EntryRow row = rows.entries.findById(new EntryRow.Key(code, sequence));
    return row == null ? null : row.entry(dictionary.known(List.of(row.codes())));
  }

  @Override
  public List<String> servicesOf(String tenant, String agent, int max) {
    int view = dictionary.code(ViewCatalog.pairs(viewDefinitions()).name());
    List<int[]> services =
        rows
            .cells
            .find(
                "viewTenant = ?1 and k1 = ?2 and dimensions > 1 order by first",
                CellRow.viewTenant(view, dictionary.code(tenant)),
                dictionary.code(agent))
            .page(0, max)
            .list()
            .stream()
            .map(row -> new int[] {row.k2})
            .toList();
    NameDictionary.Known names = dictionary.known(services);
    return services.stream().map(code -> requireNonNull(names.name(code[0]))).toList();
  }

  private List<ViewDefinition> viewDefinitions() {
    return views().stream().map(ViewDefinition::of).toList();
  }

  @Override
  public long settlementAfter(String tenant, String agent, String service, long after) {
    EntryRow row =
        rows.entries
            .find(
                "tenant = ?1 and agent = ?2 and service = ?3 and kind = 3 and sequence > ?4"
                    + " order by sequence",
                dictionary.code(tenant),
                dictionary.code(agent),
                dictionary.code(service),
                after)
            .firstResult();
    return row == null ? 0 : row.sequence;
  }

  @Override
  public void cells(GroupNames names, List<CellBatch> batches) {
    codes.learn(names);
    int count = 0;
    for (CellBatch batch : batches) {
      codes.learnView(batch.view().name());
      count += batch.size() - batch.loaded();
    }
    CellKeys keys = new CellKeys(count);
    CellBatch[] batchOf = new CellBatch[count];
    int[] rowOf = new int[count];
    for (CellBatch batch : batches) {
      for (int row = batch.loaded(); row < batch.size(); row++) {
        if (keys.addKnown(codes, batch, row)) {
          batchOf[keys.size() - 1] = batch;
          rowOf[keys.size() - 1] = row;
        }
      }
    }
    if (keys.size() == 0) {
      return;
    }
    session.doWork(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(CELLS)) {
            keys.bind(statement, 1);
            try (ResultSet result = statement.executeQuery()) {
              long[] values = new long[CellShape.READING.width()];
              while (result.next()) {
                int at = result.getInt(1) - 1;
                for (int column = 0; column < values.length; column++) {
                  values[column] = result.getLong(column + 2);
                }
                CellBatch batch = Objects.requireNonNull(batchOf[at]);
                batch.load(rowOf[at], values, 0);
                places(batch)[rowOf[at]] = result.getString(values.length + 2);
              }
            }
          }
        });
  }

  private @Nullable String[] places(CellBatch batch) {
    return places.compute(
        batch,
        (b, known) ->
            known == null
                ? new @Nullable String[b.size()]
                : known.length < b.size() ? Arrays.copyOf(known, b.size()) : known);
  }
}
