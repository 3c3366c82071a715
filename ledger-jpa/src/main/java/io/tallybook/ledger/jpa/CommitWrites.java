package io.tallybook.ledger.jpa;

import static java.util.Objects.requireNonNull;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.GroupNames;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdBatch;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.storage.StoredOutcomes;
import io.tallybook.ledger.view.CellShape;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes what one group changes: one statement for each table that it touches, whatever the size of
 * the group. A statement takes its rows as arrays, one for each column.
 */
final class CommitWrites {
  private static final String NAMES =
      "INSERT INTO ledger_name (code, name) SELECT * FROM unnest(?, ?)";

  private static final String ENTRIES =
      "INSERT INTO ledger_entry (tenant, sequence, position, kind, recorded_at, time,"
          + " organization, agent, service, type, window_name, source, units, cost, billable, id,"
          + " attributes, value, reverses, settled_by, price, billed, from_sequence, to_sequence,"
          + " bulk)"
          + " SELECT tenant, sequence, position, kind, recorded_at, time, organization, agent,"
          + " service, type, window_name, source, units, cost, billable, id, attributes,"
          + " nullif(value, 0), nullif(reverses, 0), nullif(settled_by, 0), nullif(price, 0),"
          + " CAST(billed AS numeric), nullif(from_sequence, 0), nullif(to_sequence, 0),"
          + " nullif(bulk, false)"
          + " FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
          + " AS added (tenant, sequence, position, kind, recorded_at, time, organization, agent,"
          + " service, type, window_name, source, units, cost, billable, id, attributes, value,"
          + " reverses, settled_by, price, billed, from_sequence, to_sequence, bulk)";

  private static final String IDENTITIES =
      "INSERT INTO ledger_identity (high, low, sequence, fingerprint)"
          + " SELECT * FROM unnest(?, ?, ?, ?)";

  private static final String NEW_CELLS =
      "INSERT INTO ledger_cell (c0, c1, c2, first, c4, c5, c6, c7, view, tenant, k1, k2, k3, k4, k5,"
          + " k6, start, dimensions)"
          + " SELECT c0, c1, c2, first, CASE WHEN width > 4 THEN c4 END,"
          + " CASE WHEN width > 5 THEN c5 END, CASE WHEN width > 6 THEN c6 END,"
          + " CASE WHEN width > 7 THEN c7 END, view, tenant, k1, k2, k3, k4, k5, k6, start,"
          + " dimensions FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
          + " AS added (c0, c1, c2, first, c4, c5, c6, c7, width, view, tenant, k1, k2, k3, k4, k5,"
          + " k6, start, dimensions)";

  /** Cells that were read under the lock of the head are still where they were. */
  private static final String CHANGED_CELLS =
      "UPDATE ledger_cell SET c0 = changed.c0, c1 = changed.c1, c2 = changed.c2,"
          + " c4 = CASE WHEN width > 4 THEN changed.c4 END,"
          + " c5 = CASE WHEN width > 5 THEN changed.c5 END,"
          + " c6 = CASE WHEN width > 6 THEN changed.c6 END,"
          + " c7 = CASE WHEN width > 7 THEN changed.c7 END"
          + " FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
          + " AS changed (c0, c1, c2, first, c4, c5, c6, c7, width, place)"
          + " WHERE ledger_cell.ctid = CAST(changed.place AS tid)"
          + " AND ledger_cell.first = changed.first";

  private static final String VIEW_SIZES =
      "INSERT INTO ledger_view_size (view, cells) SELECT * FROM unnest(?, ?)"
          + " ON CONFLICT (view) DO UPDATE SET cells = ledger_view_size.cells + excluded.cells";

  private static final String NEW_PAIRS =
      "INSERT INTO ledger_pair_order (tenant, service, agent, outstanding, agent_name)"
          + " SELECT * FROM unnest(?, ?, ?, ?, ?)";

  /** Found by the primary key first, so that the database has no other order to join in. */
  private static final String CHANGED_PAIRS =
      "UPDATE ledger_pair_order SET outstanding = changed.outstanding"
          + " FROM unnest(?, ?, ?, ?) AS changed (tenant, service, agent, outstanding)"
          + " CROSS JOIN LATERAL (SELECT ctid AS place FROM ledger_pair_order"
          + " WHERE tenant = changed.tenant AND service = changed.service"
          + " AND agent = changed.agent LIMIT 1) AS found"
          + " WHERE ledger_pair_order.ctid = found.place";

  private static final String TENANTS =
      "INSERT INTO ledger_tenant (name, code, revision, last_sequence, agents, services, pairs,"
          + " pairs_above_zero, lifetime_units, settlements, settled_amount)"
          + " SELECT name, code, revision, last_sequence, agents, services, pairs,"
          + " pairs_above_zero, lifetime_units, settlements, CAST(settled_amount AS numeric)"
          + " FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS changed (name, code, revision,"
          + " last_sequence, agents, services, pairs, pairs_above_zero, lifetime_units,"
          + " settlements, settled_amount)"
          + " ON CONFLICT (name) DO UPDATE SET revision = excluded.revision,"
          + " last_sequence = excluded.last_sequence, agents = excluded.agents,"
          + " services = excluded.services, pairs = excluded.pairs,"
          + " pairs_above_zero = excluded.pairs_above_zero,"
          + " lifetime_units = excluded.lifetime_units, settlements = excluded.settlements,"
          + " settled_amount = excluded.settled_amount";

  private static final String DELETED =
      "DELETE FROM ledger_document USING unnest(?, ?, ?) AS gone (tenant, kind, name)"
          + " CROSS JOIN LATERAL (SELECT ctid AS place FROM ledger_document"
          + " WHERE tenant = gone.tenant AND kind = gone.kind AND name = gone.name LIMIT 1) AS found"
          + " WHERE ledger_document.ctid = found.place";

  private static final String DOCUMENTS =
      "INSERT INTO ledger_document (tenant, kind, name, revision, ordinal, fields)"
          + " SELECT * FROM unnest(?, ?, ?, ?, ?, ?)"
          + " ON CONFLICT (tenant, kind, name) DO UPDATE SET revision = excluded.revision,"
          + " ordinal = excluded.ordinal, fields = excluded.fields";

  private static final String ANSWERS =
      "INSERT INTO ledger_idempotency (tenant, key, fingerprint, recorded_at, outcomes)"
          + " SELECT * FROM unnest(?, ?, ?, ?, ?)";

  private static final String HEAD =
      "UPDATE ledger_head SET format = ?, min_writer = ?, revision = ?, last_position = ?,"
          + " last_recorded_at = ?, last_ordinal = ?, views_revision = ?, last_name = ?"
          + " WHERE id = 1";

  private static final String WRITER =
      "INSERT INTO ledger_writer (node, token, recorded_at) VALUES (?, ?, ?)"
          + " ON CONFLICT (node) DO UPDATE SET token = excluded.token,"
          + " recorded_at = excluded.recorded_at";

  private static final long STEP_MIN = 1_000;
  private static final long STEP_MAX = 1_000_000;

  private final Connection connection;
  private final CommitReads reads;
  private final GroupCodes codes;

  CommitWrites(Connection connection, CommitReads reads) {
    this.connection = connection;
    this.reads = reads;
    this.codes = reads.codes();
  }

  /** Writes everything, the names that turned out to be new before what refers to them. */
  void write(Changes changes, UUID node, UUID token) throws SQLException {
    codes.learn(changes.names());
    writeEntries(changes);
    writeIdentities(changes.ids());
    writeCells(changes);
    writeTenants(changes);
    writeDocuments(changes);
    writeAnswers(changes.idempotency());
    writeNames();
    writeHead(changes.head());
    run(WRITER, node, token, changes.head().lastRecordedAt());
    if (isStep(reads.head().lastPosition(), changes.head().lastPosition())) {
      // A vacuum that has a table now counts it by itself, and is not waited for.
      run(
          "ANALYZE (SKIP_LOCKED) ledger_entry, ledger_cell, ledger_pair_order, ledger_identity,"
              + " ledger_name");
    }
  }

  /**
   * Whether the ledger has grown to a thousand entries, or to ten times as many as at the last
   * step. Then the database counts anew, so that it chooses the right indexes of tables that grow
   * faster than it looks at them by itself.
   */
  private static boolean isStep(long before, long after) {
    for (long step = STEP_MIN; step <= STEP_MAX; step *= 10) {
      if (before < step && after >= step) {
        return true;
      }
    }
    return false;
  }

  private void writeNames() throws SQLException {
    List<String> names = codes.newNames();
    if (!names.isEmpty()) {
      int[] numbers = new int[names.size()];
      Arrays.setAll(numbers, i -> codes.firstNew() + i);
      run(NAMES, numbers, names.toArray(String[]::new));
    }
  }

  private void writeEntries(Changes changes) throws SQLException {
    int count = changes.entries().size();
    if (count == 0) {
      return;
    }
    int[][] names = new int[Changes.NAMES_PER_ENTRY][count];
    long[][] numbers = new long[12][count];
    short[] kinds = new short[count];
    boolean[] billable = new boolean[count];
    boolean[] bulk = new boolean[count];
    @Nullable String[] ids = new @Nullable String[count];
    @Nullable String[] attributes = new @Nullable String[count];
    @Nullable String[] billed = new @Nullable String[count];
    for (int i = 0; i < count; i++) {
      Entry entry = changes.entries().get(i);
      for (int role = 0; role < names.length; role++) {
        names[role][i] = codes.code(changes.names(), changes.entryName(i, role));
      }
      kinds[i] = (short) entry.kind().code();
      billable[i] = entry.billable();
      ids[i] = entry.id();
      attributes[i] = JsonTexts.write(entry.attributes());
      numbers[0][i] = entry.sequence();
      numbers[1][i] = entry.position();
      numbers[2][i] = entry.recordedAt();
      numbers[3][i] = entry.time();
      numbers[4][i] = entry.units();
      numbers[5][i] = entry.cost();
      numbers[6][i] = entry.value();
      numbers[7][i] = entry.reverses();
      numbers[8][i] = entry.settledBy();
      Entry.Settlement settlement = entry.settlement();
      if (settlement != null) {
        numbers[9][i] = settlement.price();
        numbers[10][i] = settlement.fromSequence();
        numbers[11][i] = settlement.toSequence();
        billed[i] = settlement.billed().toString();
        bulk[i] = settlement.bulk();
      }
    }
    run(
        ENTRIES,
        names[Changes.TENANT],
        numbers[0],
        numbers[1],
        kinds,
        numbers[2],
        numbers[3],
        names[Changes.ORGANIZATION],
        names[Changes.AGENT],
        names[Changes.SERVICE],
        names[Changes.TYPE],
        names[Changes.WINDOW],
        names[Changes.SOURCE],
        numbers[4],
        numbers[5],
        billable,
        ids,
        attributes,
        numbers[6],
        numbers[7],
        numbers[8],
        numbers[9],
        billed,
        numbers[10],
        numbers[11],
        bulk);
  }

  private void writeIdentities(IdBatch ids) throws SQLException {
    long[][] columns = new long[4][ids.size()];
    int count = 0;
    for (int row = 0; row < ids.size(); row++) {
      if (ids.assigned(row)) {
        columns[0][count] = ids.high(row);
        columns[1][count] = ids.low(row);
        columns[2][count] = ids.sequence(row);
        columns[3][count++] = ids.fingerprint(row);
      }
    }
    if (count > 0) {
      run(
          IDENTITIES,
          Arrays.copyOf(columns[0], count),
          Arrays.copyOf(columns[1], count),
          Arrays.copyOf(columns[2], count),
          Arrays.copyOf(columns[3], count));
    }
  }

  private void writeCells(Changes changes) throws SQLException {
    int count = 0;
    for (CellBatch batch : changes.cells()) {
      for (int row = 0; row < batch.size(); row++) {
        count += batch.changed(row) ? 1 : 0;
      }
    }
    if (count == 0) {
      return;
    }
    CellKeys keys = new CellKeys(count);
    short[] dimensions = new short[count];
    String[] places = new String[count];
    CellValues fresh = new CellValues(count);
    CellValues changed = new CellValues(count);
    Map<Integer, Long> added = new LinkedHashMap<>();
    boolean pairsWritten = false;
    for (CellBatch batch : changes.cells()) {
      int before = fresh.size();
      for (int i = 0; i < batch.size(); i++) {
        if (batch.changed(i)) {
          String place = reads.place(batch, i);
          if (place == null) {
            dimensions[fresh.size()] = (short) batch.view().groupBy().size();
            keys.add(codes, changes.names(), batch, i);
            fresh.add(batch, i);
          } else {
            places[changed.size()] = place;
            changed.add(batch, i);
          }
        }
      }
      if (fresh.size() > before) {
        added.put(codes.viewCode(batch.view().name()), (long) fresh.size() - before);
      }
      if (batch.view().shape() == CellShape.PAIR && !pairsWritten) {
        pairsWritten = true;
        writePairOrder(changes.names(), batch);
      }
    }
    if (fresh.size() > 0) {
      try (PreparedStatement statement = connection.prepareStatement(NEW_CELLS)) {
        int at = keys.bind(statement, fresh.bind(statement, 1));
        statement.setObject(at, Arrays.copyOf(dimensions, fresh.size()));
        statement.executeUpdate();
      }
      run(
          VIEW_SIZES,
          added.keySet().stream().mapToInt(Integer::intValue).toArray(),
          added.values().stream().mapToLong(Long::longValue).toArray());
    }
    if (changed.size() > 0) {
      try (PreparedStatement statement = connection.prepareStatement(CHANGED_CELLS)) {
        int at = changed.bind(statement, 1);
        statement.setObject(at, Arrays.copyOf(places, changed.size()));
        requireAll(changed.size(), statement.executeUpdate());
      }
    }
  }

  private void writePairOrder(GroupNames names, CellBatch pairs) throws SQLException {
    writePairOrder(names, pairs, true);
    writePairOrder(names, pairs, false);
  }

  /** Writes those pairs that are new, or those that are there. */
  private void writePairOrder(GroupNames names, CellBatch pairs, boolean fresh)
      throws SQLException {
    int[][] keys = new int[3][pairs.size()];
    long[] outstanding = new long[pairs.size()];
    String[] agents = new String[pairs.size()];
    int count = 0;
    for (int row = 0; row < pairs.size(); row++) {
      if (pairs.changed(row) && fresh == (reads.place(pairs, row) == null)) {
        keys[0][count] = codes.code(names, pairs.tenant(row));
        keys[1][count] = codes.code(names, pairs.name(row, 1));
        keys[2][count] = codes.code(names, pairs.name(row, 0));
        outstanding[count] = pairs.value(row, CellShape.OUTSTANDING_UNITS);
        agents[count++] = requireNonNull(names.name(pairs.name(row, 0)));
      }
    }
    if (count == 0) {
      return;
    }
    Object[] columns = {
      Arrays.copyOf(keys[0], count),
      Arrays.copyOf(keys[1], count),
      Arrays.copyOf(keys[2], count),
      Arrays.copyOf(outstanding, count),
      Arrays.copyOf(agents, count)
    };
    if (fresh) {
      run(NEW_PAIRS, columns);
    } else {
      requireAll(count, update(CHANGED_PAIRS, Arrays.copyOf(columns, columns.length - 1)));
    }
  }

  /** Nobody but commits, one after the other, changes what they have read. */
  private static void requireAll(int expected, int changed) {
    if (changed != expected) {
      throw new LedgerException.Unavailable(
          "Nothing was recorded: cells of the ledger were changed by somebody else meanwhile; send"
              + " it again, and verify the ledger if this happens again",
          true,
          null);
    }
  }

  private void writeTenants(Changes changes) throws SQLException {
    List<Tenant> tenants = changes.tenants();
    if (tenants.isEmpty()) {
      return;
    }
    Map<String, Integer> tenantCodes = new LinkedHashMap<>();
    for (int name = 1; name <= changes.names().size(); name++) {
      tenantCodes.put(requireNonNull(changes.names().name(name)), name);
    }
    int[] numbers =
        tenants.stream()
            .mapToInt(t -> codes.code(changes.names(), requireNonNull(tenantCodes.get(t.name()))))
            .toArray();
    run(
        TENANTS,
        tenants.stream().map(Tenant::name).toArray(String[]::new),
        numbers,
        tenants.stream().mapToLong(Tenant::revision).toArray(),
        tenants.stream().mapToLong(Tenant::lastSequence).toArray(),
        tenants.stream().mapToLong(Tenant::agents).toArray(),
        tenants.stream().mapToLong(Tenant::services).toArray(),
        tenants.stream().mapToLong(Tenant::pairs).toArray(),
        tenants.stream().mapToLong(Tenant::pairsAboveZero).toArray(),
        tenants.stream().mapToLong(Tenant::lifetimeUnits).toArray(),
        tenants.stream().mapToLong(Tenant::settlements).toArray(),
        tenants.stream()
            .map(Tenant::settledAmount)
            .map(BigInteger::toString)
            .toArray(String[]::new));
  }

  private void writeDocuments(Changes changes) throws SQLException {
    List<DocumentKey> deleted = changes.deleted();
    if (!deleted.isEmpty()) {
      run(
          DELETED,
          deleted.stream().map(DocumentKey::tenant).toArray(String[]::new),
          deleted.stream().map(DocumentKey::kind).toArray(String[]::new),
          deleted.stream().map(DocumentKey::name).toArray(String[]::new));
    }
    List<Document> put = changes.documents();
    if (!put.isEmpty()) {
      run(
          DOCUMENTS,
          put.stream().map(document -> document.key().tenant()).toArray(String[]::new),
          put.stream().map(document -> document.key().kind()).toArray(String[]::new),
          put.stream().map(document -> document.key().name()).toArray(String[]::new),
          put.stream().mapToLong(Document::revision).toArray(),
          put.stream().mapToLong(Document::ordinal).toArray(),
          put.stream().map(document -> JsonTexts.object(document.fields())).toArray(String[]::new));
    }
  }

  private void writeAnswers(List<IdempotencyRecord> answers) throws SQLException {
    if (!answers.isEmpty()) {
      run(
          ANSWERS,
          answers.stream().map(answer -> answer.key().tenant()).toArray(String[]::new),
          answers.stream().map(answer -> answer.key().key()).toArray(String[]::new),
          answers.stream().map(IdempotencyRecord::fingerprint).toArray(String[]::new),
          answers.stream().mapToLong(IdempotencyRecord::recordedAt).toArray(),
          answers.stream()
              .map(answer -> StoredOutcomes.encode(answer.outcomes()))
              .toArray(byte[][]::new));
    }
  }

  private void writeHead(Head head) throws SQLException {
    run(
        HEAD,
        head.format(),
        head.minWriter(),
        head.revision(),
        head.lastPosition(),
        head.lastRecordedAt(),
        head.lastOrdinal(),
        head.viewsRevision(),
        codes.lastName());
  }

  private void run(String sql, Object... parameters) throws SQLException {
    int ignored = update(sql, parameters);
  }

  /** How many rows a statement changed. */
  private int update(String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return statement.executeUpdate();
    }
  }
}
