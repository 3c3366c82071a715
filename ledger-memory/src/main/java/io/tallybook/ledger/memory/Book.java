package io.tallybook.ledger.memory;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.StoreStatistics.Part;
import io.tallybook.ledger.storage.StoreStatistics.PartKind;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the storage in memory holds.
 *
 * <pre>
 *   names      Dictionary    name &lt;-&gt; code
 *   entries    Columns       by row; Texts for ids and attributes; Details of settlements, reversals
 *   ids        IdTable       identity -> sequence, fingerprint
 *   lists      Postings      rows by tenant, agent, agent with type, organization; settlements
 *   runs       SortedRuns    rows by time, service, type
 *   cells      CellTable     one for each view
 *   top        Tournament    one for each service of a tenant
 *   documents, tenants       Versions
 * </pre>
 */
final class Book {
  /** The minor key of lists that need none. */
  static final int ALL = 0;

  final Dictionary names = new Dictionary();
  final Columns columns = new Columns();
  final IdTable ids = new IdTable();
  final Postings byTenant = new Postings();
  final Postings byAgent = new Postings();
  final Postings byAgentType = new Postings();
  final Postings byOrganization = new Postings();

  /** Rows of settlements by pair: the agent in the key, the service as the minor key. */
  final Postings settlements = new Postings();

  final SortedRuns byTime = new SortedRuns(columns, columns::time);
  final SortedRuns byService = new SortedRuns(columns, row -> columns.get(Columns.SERVICE, row));
  final SortedRuns byType = new SortedRuns(columns, row -> columns.get(Columns.TYPE, row));
  final Revisions revisions;
  private final Texts texts = new Texts();
  private final Details details = new Details();
  private final Map<String, Versions<Tenant>> tenants = new ConcurrentHashMap<>();
  private final Map<DocumentKey, Versions<Document>> documents = new ConcurrentHashMap<>();
  private final ConcurrentSkipListMap<Ordinal, Versions<Document>> documentsInOrder =
      new ConcurrentSkipListMap<>();
  private final ArrayDeque<Gone> gone = new ArrayDeque<>();
  private final Map<Long, Tournament> tournaments = new ConcurrentHashMap<>();
  private long tournamentBytes;
  private long documentBytes;
  private int[] leaves = new int[1 << 10];
  private Tournament[] owners = new Tournament[1 << 10];
  private int rows;

  /** Takes up what is read ahead of its use, so that the reading is not left out. */
  @SuppressWarnings("UnusedVariable") // it is there to be written
  private long readAhead;

  /** What an object in a map takes besides itself. */
  private static final long MAPPED = 128;

  /** Most names that one entry brings: its own, and the attributes that views go by. */
  private static final int NAMES =
      Changes.NAMES_PER_ENTRY + ViewDefinition.VIEWS_MAX * ViewDefinition.DIMENSIONS_MAX;

  private record Ordinal(String tenant, String kind, long ordinal) implements Comparable<Ordinal> {
    private static final Comparator<Ordinal> ORDER =
        Comparator.comparing(Ordinal::tenant, Names.ORDER)
            .thenComparing(Ordinal::kind)
            .thenComparingLong(Ordinal::ordinal);

    @Override
    public int compareTo(Ordinal other) {
      return ORDER.compare(this, other);
    }
  }

  /** A document deleted or put anew at a revision, whose place is kept for older readers. */
  private record Gone(Ordinal ordinal, DocumentKey key, long revision) {}

  Book(Revisions revisions) {
    this.revisions = revisions;
  }

  static long key(int tenant, int code) {
    return (long) tenant << 32 | code;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  Tenant tenant(String name, long revision) {
    Versions<Tenant> versions = tenants.get(name);
    Tenant tenant = versions == null ? null : versions.at(revision);
    return tenant == null ? Tenant.unknown(name) : tenant;
  }

  @Nullable Document document(DocumentKey key, long revision) {
    Versions<Document> versions = documents.get(key);
    return versions == null ? null : versions.at(revision);
  }

  List<Document> documents(String tenant, String kind, long afterOrdinal, int max, long revision) {
    return documentsInOrder
        .subMap(
            new Ordinal(tenant, kind, afterOrdinal),
            false,
            new Ordinal(tenant, kind, Long.MAX_VALUE),
            true)
        .entrySet()
        .stream()
        .<Document>mapMulti(
            (entry, found) -> {
              Document document = entry.getValue().at(revision);
              if (document != null && document.ordinal() == entry.getKey().ordinal) {
                found.accept(document);
              }
            })
        .limit(max)
        .toList();
  }

  /** The row of a tenant's entry below a number of rows; {@link RowCursor#END} if there is none. */
  int row(int tenant, long sequence, int below) {
    return sequence < 1
        ? RowCursor.END
        : byTenant.numbered(key(tenant, 0), ALL, sequence, below, columns::sequence);
  }

  Entry entry(int row) {
    long kindAndFlags = columns.get(Columns.KIND, row);
    EntryKind kind = EntryKind.of((int) kindAndFlags & 0xff);
    long amount = columns.get(Columns.UNITS, row);
    long id = columns.get(Columns.ID, row);
    int detail = (int) columns.get(Columns.DETAILS, row);
    return new Entry(
        row + 1L,
        columns.sequence(row),
        kind,
        columns.get(Columns.RECORDED_AT, row),
        columns.time(row),
        name(Columns.SOURCE, row),
        id == 0 ? null : texts.get(id),
        name(Columns.ORGANIZATION, row),
        name(Columns.AGENT, row),
        name(Columns.SERVICE, row),
        name(Columns.TYPE, row),
        name(Columns.WINDOW, row),
        kind == EntryKind.READING ? 0 : amount,
        columns.get(Columns.COST, row),
        kind == EntryKind.READING ? amount : 0,
        (kindAndFlags & Columns.BILLABLE) != 0,
        kind == EntryKind.REVERSAL ? details.reverses(detail) : 0,
        kind == EntryKind.REVERSAL ? details.settledBy(detail) : 0,
        kind == EntryKind.SETTLEMENT ? details.settlement(detail) : null,
        attributes(columns.get(Columns.ATTRIBUTES, row)));
  }

  private @Nullable String name(int column, int row) {
    return names.name((int) columns.get(column, row));
  }

  /** Attributes are kept as their number in a text, then the name and the value of each. */
  private Map<String, String> attributes(long address) {
    if (address == 0) {
      return Map.of();
    }
    int count = Integer.parseInt(texts.get(address));
    TreeMap<String, String> attributes = new TreeMap<>(Names.ORDER);
    long at = texts.after(address);
    for (int i = 0; i < count; i++) {
      String name = texts.get(at);
      at = texts.after(at);
      attributes.put(name, texts.get(at));
      at = texts.after(at);
    }
    return attributes;
  }

  @Nullable Tournament tournament(int tenant, int service) {
    return tournaments.get(key(tenant, service));
  }

  /** How a tournament sees pairs at a revision. */
  Tournament.Pairs pairs(CellTable table, Revisions.@Nullable Reader reader, long lastSequence) {
    return new Tournament.Pairs() {
      private final long[] values = new long[table.width()];

      @Override
      public long outstanding(int row) {
        if (reader == null) {
          return table.value(row, CellShape.OUTSTANDING_UNITS);
        }
        return table.read(row, reader, lastSequence, values)
            ? values[CellShape.OUTSTANDING_UNITS]
            : 0;
      }

      @Override
      public int compareAgents(int row, int other) {
        return Names.ORDER.compare(agent(row), agent(other));
      }

      private String agent(int row) {
        return String.valueOf(names.name(table.name(row, 0)));
      }
    };
  }

  // ---- Writing: by the writer only
  // ---------------------------------------------------------------

  /** How many entries there are, the unpublished ones of a commit included. */
  int rows() {
    return rows;
  }

  /**
   * Appends the entries of a commit. It goes through them once for each structure, not through the
   * structures for each entry: the processor then waits for many entries' memory at once.
   */
  void append(Changes changes, int[] codes) {
    List<Entry> entries = changes.entries();
    int count = entries.size();
    int[] tenants = codes(changes, Changes.TENANT, codes);
    int[] organizations = codes(changes, Changes.ORGANIZATION, codes);
    int[] agents = codes(changes, Changes.AGENT, codes);
    int[] services = codes(changes, Changes.SERVICE, codes);
    int[] types = codes(changes, Changes.TYPE, codes);
    int[] windows = codes(changes, Changes.WINDOW, codes);
    int[] sources = codes(changes, Changes.SOURCE, codes);
    long[] values = new long[Columns.COUNT];
    for (int i = 0; i < count; i++) {
      Entry entry = entries.get(i);
      values[Columns.TENANT] = tenants[i];
      values[Columns.SEQUENCE_LAG] = entry.position() - entry.sequence();
      values[Columns.KIND] = entry.kind().code() | (entry.billable() ? Columns.BILLABLE : 0);
      values[Columns.RECORDED_AT] = entry.recordedAt();
      values[Columns.TIME_LAG] = entry.time() - entry.recordedAt();
      values[Columns.SOURCE] = sources[i];
      values[Columns.ID] = entry.id() == null ? 0 : texts.add(entry.id());
      values[Columns.ORGANIZATION] = organizations[i];
      values[Columns.AGENT] = agents[i];
      values[Columns.SERVICE] = services[i];
      values[Columns.TYPE] = types[i];
      values[Columns.WINDOW] = windows[i];
      values[Columns.UNITS] = entry.kind() == EntryKind.READING ? entry.value() : entry.units();
      values[Columns.COST] = entry.cost();
      values[Columns.ATTRIBUTES] = keep(entry.attributes());
      boolean isDetailed = entry.settlement() != null || entry.kind() == EntryKind.REVERSAL;
      values[Columns.DETAILS] = isDetailed ? details.add(entry) : 0;
      columns.append(values);
    }
    list(byTenant, tenants, new int[count], new int[count], true);
    list(byOrganization, tenants, organizations, new int[count], true);
    list(byAgent, tenants, agents, new int[count], false);
    list(byAgentType, tenants, agents, types, false);
    for (int i = 0; i < count; i++) {
      if (entries.get(i).kind() == EntryKind.SETTLEMENT) {
        settlements.append(key(tenants[i], agents[i]), services[i], rows + i);
      }
    }
    rows += count;
    byTime.extend(rows);
    byService.extend(rows);
    byType.extend(rows);
  }

  /**
   * Enters the new rows in the lists of their names.
   *
   * @param listsUnnamed whether rows without a name are listed too, under code 0
   */
  private void list(
      Postings postings, int[] tenants, int[] names, int[] minors, boolean listsUnnamed) {
    long[] keys = new long[names.length];
    int[] keyMinors = new int[names.length];
    int[] newRows = new int[names.length];
    int count = 0;
    for (int i = 0; i < names.length; i++) {
      if (listsUnnamed || names[i] != 0) {
        keys[count] = key(tenants[i], names[i]);
        keyMinors[count] = minors[i];
        newRows[count++] = rows + i;
      }
    }
    postings.append(keys, keyMinors, newRows, count);
  }

  /** The codes of all new entries' names of a role; names that are new to the ledger get one. */
  private int[] codes(Changes changes, int role, int[] known) {
    int[] codes = new int[changes.entries().size()];
    for (int i = 0; i < codes.length; i++) {
      int name = changes.entryName(i, role);
      if (name != 0) {
        if (known[name] <= 0) {
          known[name] = names.code(changes.names().name(name));
        }
        codes[i] = known[name];
      }
    }
    return codes;
  }

  private long keep(Map<String, String> attributes) {
    if (attributes.isEmpty()) {
      return 0;
    }
    long address = texts.add(Integer.toString(attributes.size()));
    attributes.forEach(
        (name, value) -> {
          texts.add(name);
          texts.add(value);
        });
    return address;
  }

  void put(Tenant tenant, long revision, long oldest) {
    tenants.computeIfAbsent(tenant.name(), name -> new Versions<>()).set(revision, tenant, oldest);
  }

  void put(Document document, long revision, long oldest) {
    Versions<Document> versions =
        documents.computeIfAbsent(document.key(), key -> new Versions<>());
    Document before = versions.newest();
    documentBytes += bytes(document) - (before == null ? 0 : bytes(before));
    versions.set(revision, document, oldest);
    documentsInOrder.put(ordinal(document), versions);
    if (before != null && before.ordinal() != document.ordinal()) {
      gone.add(new Gone(ordinal(before), before.key(), revision));
    }
  }

  void delete(DocumentKey key, long revision, long oldest) {
    Versions<Document> versions = documents.get(key);
    Document document = versions == null ? null : versions.newest();
    if (versions != null && document != null) {
      documentBytes -= bytes(document);
      versions.set(revision, null, oldest);
      gone.add(new Gone(ordinal(document), key, revision));
    }
  }

  /** Forgets the places of deleted documents that nobody can see any more. */
  void forget(long oldest) {
    for (Gone first = gone.peek(); first != null; first = gone.peek()) {
      if (first.revision > oldest) {
        return;
      }
      documentsInOrder.remove(first.ordinal);
      Versions<Document> versions = documents.get(first.key);
      if (versions != null && versions.newest() == null) {
        documents.remove(first.key);
      }
      gone.remove();
    }
  }

  /** Roughly how much a document occupies, with its places in the maps. */
  private static long bytes(Document document) {
    long bytes = 4 * MAPPED + 2L * document.key().name().length();
    for (Map.Entry<String, String> field : document.fields().entrySet()) {
      bytes += MAPPED + 2L * (field.getKey().length() + field.getValue().length());
    }
    return bytes;
  }

  private static Ordinal ordinal(Document document) {
    return new Ordinal(document.key().tenant(), document.key().kind(), document.ordinal());
  }

  /** Lets a new pair into its service's tournament. */
  void enter(CellTable table, int row, Tournament.Pairs pairs, UndoLog log) {
    Tournament tournament =
        tournaments.computeIfAbsent(
            key(table.tenant(row), table.name(row, 1)), key -> new Tournament(revisions));
    if (row >= leaves.length) {
      leaves = Arrays.copyOf(leaves, leaves.length * 2);
      owners = Arrays.copyOf(owners, owners.length * 2);
    }
    long before = tournament.size() == 0 ? -MAPPED : tournament.bytes();
    owners[row] = tournament;
    leaves[row] = tournament.add(row, pairs, log);
    tournamentBytes += tournament.bytes() - before;
  }

  /**
   * Reads what letting pairs compete will look at first, for all of them at once, so that the
   * processor waits for their memory together.
   */
  void readAhead(int[] pairRows, int count, Tournament.Pairs pairs) {
    int[] winners = new int[count];
    for (int i = 0; i < count; i++) {
      winners[i] = owners[pairRows[i]].winnerAbove(leaves[pairRows[i]]);
    }
    for (int i = 0; i < count; i++) {
      readAhead += winners[i] < 0 ? 0 : pairs.outstanding(winners[i]);
    }
  }

  /** Lets a pair compete anew after its amount has changed. */
  void compete(int row, boolean improved, Tournament.Pairs pairs, UndoLog log) {
    owners[row].changed(leaves[row], improved, pairs, log);
  }

  // ---- Statistics -------------------------------------------------------------------------------

  /** The parts that are not cells. */
  List<Part> indexes(int entries) {
    return List.of(
        index(EntryIndex.ID, ids.size(), ids.bytes()),
        index(EntryIndex.AGENT_TYPE, byAgentType.rows(), byAgentType.bytes()),
        index(EntryIndex.AGENT, byAgent.rows(), byAgent.bytes()),
        index(EntryIndex.ORGANIZATION, byOrganization.rows(), byOrganization.bytes()),
        index(EntryIndex.SERVICE, entries, byService.bytes()),
        index(EntryIndex.TYPE, entries, byType.bytes()),
        index(EntryIndex.TIME, entries, byTime.bytes()),
        index(EntryIndex.SEQUENCE, byTenant.rows(), byTenant.bytes()));
  }

  private static Part index(EntryIndex index, long count, long bytes) {
    return new Part(PartKind.INDEX, index.label(), count, bytes);
  }

  /** How much everything but the indexes and the cells occupies. */
  long otherBytes() {
    return names.bytes()
        + columns.bytes()
        + texts.bytes()
        + details.bytes()
        + settlements.bytes()
        + 12L * leaves.length
        + tournamentBytes
        + documentBytes;
  }

  /** How many more entries have room in every structure for certain. */
  long left() {
    long lists = Math.min(byTenant.left(), byOrganization.left());
    lists = Math.min(lists, Math.min(byAgent.left(), byAgentType.left()));
    return Math.min(
        Math.min(lists, settlements.left()), Math.min(ids.left(), names.left() / NAMES));
  }
}
