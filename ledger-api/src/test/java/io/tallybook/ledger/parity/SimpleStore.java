package io.tallybook.ledger.parity;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.CommitState;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.GroupNames;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdBatch;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A storage that is as plain as one can be: a commit copies what it changes and publishes the copy,
 * and a question looks at everything. It is what the saboteurs alter, a piece at a time: each step
 * of a write and of a read is a method of its own.
 */
class SimpleStore implements LedgerStore {
  private final CommitPlanner planner;
  private final long entriesMax;
  private volatile State newest;

  SimpleStore(CommitPlanner planner, String currency, long entriesMax) {
    this.planner = planner;
    this.entriesMax = entriesMax;
    this.newest =
        new State(
            Head.first(currency),
            new HashMap<>(),
            new HashMap<>(),
            new HashMap<>(),
            new HashMap<>());
  }

  /** One revision; never changed once it is published. */
  record State(
      Head head,
      Map<String, Shelf> shelves,
      Map<Identity, Known> ids,
      Map<DocumentKey, Document> documents,
      Map<IdempotencyKey, IdempotencyRecord> answers) {
    State copy() {
      return new State(
          head,
          new HashMap<>(shelves),
          new HashMap<>(ids),
          new HashMap<>(documents),
          new HashMap<>(answers));
    }

    State with(Head newHead) {
      return new State(newHead, shelves, ids, documents, answers);
    }

    Shelf shelf(String tenant) {
      Shelf shelf = shelves.get(tenant);
      return shelf == null ? new Shelf(Tenant.unknown(tenant), List.of(), Map.of()) : shelf;
    }

    List<Document> views() {
      return documents.values().stream()
          .filter(document -> document.key().kind().equals(DocumentKey.VIEW))
          .sorted(Comparator.comparingLong(Document::ordinal))
          .toList();
    }

    ViewDefinition pairs() {
      return ViewCatalog.pairs(views().stream().map(ViewDefinition::of).toList());
    }
  }

  /** What a tenant has. */
  record Shelf(Tenant tenant, List<Entry> entries, Map<String, Map<Place, long[]>> cells) {
    Shelf copy() {
      Map<String, Map<Place, long[]>> copies = new HashMap<>();
      cells.forEach((view, ofView) -> copies.put(view, new HashMap<>(ofView)));
      return new Shelf(tenant, new ArrayList<>(entries), copies);
    }
  }

  record Place(List<@Nullable String> names, long start) {}

  record Identity(long high, long low) {}

  record Known(long sequence, long fingerprint) {}

  // ---- Writing ----------------------------------------------------------------------------------

  @Override
  public List<Receipt> commit(List<Request> group) {
    synchronized (this) {
      return commitOver(newest, group);
    }
  }

  List<Receipt> commitOver(State before, List<Request> group) {
    Changes changes = planner.plan(group, new Planned(before));
    if (!changes.isEmpty()) {
      State next = before.copy();
      changes.tenants().forEach(t -> next.shelves.put(t.name(), next.shelf(t.name()).copy()));
      write(next, changes);
      publish(next.with(head(before.head, changes.head())));
    }
    return changes.receipts();
  }

  void write(State next, Changes changes) {
    putEntries(next, changes);
    putCells(next, changes);
    for (int row = 0; row < changes.ids().size(); row++) {
      if (changes.ids().assigned(row)) {
        putId(
            next,
            new Identity(changes.ids().high(row), changes.ids().low(row)),
            new Known(changes.ids().sequence(row), changes.ids().fingerprint(row)));
      }
    }
    changes.documents().forEach(document -> putDocument(next, document));
    changes.deleted().forEach(key -> deleteDocument(next, key));
    changes.idempotency().forEach(answer -> putAnswer(next, answer));
    changes.tenants().forEach(tenant -> putTenant(next, tenant));
  }

  void putEntries(State next, Changes changes) {
    for (int i = 0; i < changes.entries().size(); i++) {
      String tenant = text(changes.names().name(changes.entryName(i, Changes.TENANT)));
      putEntry(next.shelf(tenant), changes.entries().get(i));
    }
  }

  void putEntry(Shelf shelf, Entry entry) {
    shelf.entries.add(entry);
  }

  void putCells(State next, Changes changes) {
    for (CellBatch batch : changes.cells()) {
      for (int row = 0; row < batch.size(); row++) {
        if (batch.changed(row)) {
          long[] values = new long[batch.view().shape().width()];
          for (int column = 0; column < values.length; column++) {
            values[column] = batch.value(row, column);
          }
          String tenant = text(changes.names().name(batch.tenant(row)));
          putCell(
              next.shelf(tenant),
              batch.view(),
              place(changes.names(), batch, row),
              values,
              changes);
        }
      }
    }
  }

  void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes changes) {
    shelf.cells.computeIfAbsent(view.name(), v -> new HashMap<>()).put(place, values);
  }

  void putId(State next, Identity identity, Known known) {
    next.ids.put(identity, known);
  }

  void putDocument(State next, Document document) {
    next.documents.put(document.key(), document);
  }

  void deleteDocument(State next, DocumentKey key) {
    next.documents.remove(key);
  }

  void putAnswer(State next, IdempotencyRecord answer) {
    next.answers.put(answer.key(), answer);
  }

  void putTenant(State next, Tenant tenant) {
    Shelf shelf = next.shelf(tenant.name());
    next.shelves.put(tenant.name(), new Shelf(tenant, shelf.entries, shelf.cells));
  }

  Head head(Head before, Head after) {
    return after;
  }

  void publish(State next) {
    newest = next;
  }

  long entriesLeft(State state) {
    return entriesMax - state.head.lastPosition();
  }

  private static Place place(GroupNames names, CellBatch batch, int row) {
    List<@Nullable String> found = new ArrayList<>();
    for (int d = 0; d < batch.view().groupBy().size(); d++) {
      found.add(names.name(batch.name(row, d)));
    }
    return new Place(found, batch.start(row));
  }

  private static String text(@Nullable String name) {
    if (name == null) {
      throw new IllegalStateException("a tenant has a name");
    }
    return name;
  }

  /** What the planner reads. */
  private final class Planned implements CommitState {
    private final State state;

    Planned(State state) {
      this.state = state;
    }

    @Override
    public Head head() {
      return state.head;
    }

    @Override
    public long entriesLeft() {
      return SimpleStore.this.entriesLeft(state);
    }

    @Override
    public List<Tenant> tenants(List<String> names) {
      return names.stream().map(name -> state.shelf(name).tenant).toList();
    }

    @Override
    public List<@Nullable IdempotencyRecord> idempotency(List<IdempotencyKey> keys) {
      List<@Nullable IdempotencyRecord> found = new ArrayList<>();
      keys.forEach(key -> found.add(state.answers.get(key)));
      return found;
    }

    @Override
    public void ids(IdBatch ids) {
      for (int row = 0; row < ids.size(); row++) {
        Known known = state.ids.get(new Identity(ids.high(row), ids.low(row)));
        if (known != null) {
          ids.found(row, known.sequence, known.fingerprint);
        }
      }
    }

    @Override
    public List<@Nullable Document> documents(List<DocumentKey> keys) {
      List<@Nullable Document> found = new ArrayList<>();
      keys.forEach(key -> found.add(state.documents.get(key)));
      return found;
    }

    @Override
    public List<Document> views() {
      return state.views();
    }

    @Override
    public @Nullable Entry entry(String tenant, long sequence) {
      return entryOf(state.shelf(tenant), sequence);
    }

    @Override
    public List<String> servicesOf(String tenant, String agent, int max) {
      return SimpleStore.this.servicesOf(state, tenant, agent).limit(max).toList();
    }

    @Override
    public long settlementAfter(String tenant, String agent, String service, long after) {
      return SimpleStore.this.settlementAfter(state.shelf(tenant), agent, service, after);
    }

    @Override
    public void cells(GroupNames names, List<CellBatch> cells) {
      for (CellBatch batch : cells) {
        for (int row = batch.loaded(); row < batch.size(); row++) {
          Map<Place, long[]> ofView =
              state
                  .shelf(text(names.name(batch.tenant(row))))
                  .cells
                  .getOrDefault(batch.view().name(), Map.of());
          long[] values = ofView.get(place(names, batch, row));
          for (int column = 0; values != null && column < values.length; column++) {
            batch.value(row, column, values[column]);
          }
        }
      }
    }
  }

  Stream<String> servicesOf(State state, String tenant, String agent) {
    CellScan scan =
        new CellScan(
            state.pairs(),
            Map.of(Dimension.AGENT, Set.of(agent)),
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            0);
    return cells(state.shelf(tenant), scan).map(cell -> text(cell.name(1)));
  }

  long settlementAfter(Shelf shelf, String agent, String service, long after) {
    for (Entry entry : shelf.entries) {
      if (entry.kind() == EntryKind.SETTLEMENT
          && entry.sequence() > after
          && agent.equals(entry.agent())
          && service.equals(entry.service())) {
        return entry.sequence();
      }
    }
    return 0;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  @Override
  public <T extends @Nullable Object> T read(String tenant, Function<Snapshot, T> question) {
    return question.apply(new Seen(readable(), tenant));
  }

  State readable() {
    return newest;
  }

  @Nullable Entry entryOf(Shelf shelf, long sequence) {
    return sequence < 1 || sequence > shelf.entries.size()
        ? null
        : shelf.entries.get((int) sequence - 1);
  }

  Shelf shelfFor(State state, String tenant) {
    return state.shelf(tenant);
  }

  /** The cells of a scan in order of first appearance. */
  Stream<Cell> cells(Shelf shelf, CellScan scan) {
    return shelf.cells.getOrDefault(scan.view().name(), Map.of()).entrySet().stream()
        .map(cell -> new Cell(cell.getKey().names, cell.getKey().start, cell.getValue()))
        .filter(cell -> cell.first() > scan.afterFirst())
        .filter(cell -> cell.start() >= scan.from() && cell.start() < scan.to())
        .filter(cell -> lets(scan, cell))
        .sorted(Comparator.comparingLong(Cell::first));
  }

  private static boolean lets(CellScan scan, Cell cell) {
    for (int d = 0; d < scan.view().groupBy().size(); d++) {
      Dimension dimension = scan.view().groupBy().get(d);
      Set<String> names = scan.filter().get(dimension);
      String name = cell.name(d);
      if (name == null && dimension.equals(Dimension.ORGANIZATION)) {
        name = Names.NONE;
      }
      if (names != null && (name == null || !names.contains(name))) {
        return false;
      }
    }
    return true;
  }

  Comparator<Cell> topOrder() {
    return Comparator.comparingLong(Cell::outstanding)
        .reversed()
        .thenComparing(cell -> text(cell.name(0)), Names.ORDER);
  }

  /** Whether an entry is in the list that a scan walks. */
  boolean isListed(EntryScan scan, Entry entry) {
    EntryFilter filter = scan.filter();
    return switch (scan.index()) {
      case AGENT_TYPE -> isIn(filter.agents(), entry.agent()) && isIn(filter.types(), entry.type());
      case AGENT -> isIn(filter.agents(), entry.agent());
      case ORGANIZATION -> {
        String organization = entry.organization();
        yield isIn(filter.organizations(), organization == null ? Names.NONE : organization);
      }
      case SERVICE -> isIn(filter.services(), entry.service());
      case TYPE -> isIn(filter.types(), entry.type());
      case TIME -> entry.time() >= filter.from() && entry.time() < filter.to();
      case SEQUENCE -> true;
      case ID -> throw new IllegalArgumentException("the facade looks up identities itself");
    };
  }

  private static boolean isIn(Set<String> names, @Nullable String name) {
    return name != null && names.contains(name);
  }

  Comparator<Entry> order(EntryScan scan) {
    Comparator<Entry> order =
        scan.byTime()
            ? Comparator.comparingLong(Entry::time).thenComparingLong(Entry::sequence)
            : Comparator.comparingLong(Entry::sequence);
    return scan.descending() ? order.reversed() : order;
  }

  boolean isAfter(EntryScan scan, EntryMark mark, Entry entry) {
    int byTime = scan.byTime() ? Long.compare(entry.time(), mark.time()) : 0;
    int compared = byTime != 0 ? byTime : Long.compare(entry.sequence(), mark.sequence());
    return scan.descending() ? compared < 0 : compared > 0;
  }

  boolean matches(EntryScan scan, Entry entry) {
    return scan.filter().matches(entry);
  }

  EntryScan.End walk(Shelf shelf, EntryScan scan, Predicate<Entry> visitor) {
    EntryMark mark = scan.after();
    List<Entry> listed =
        shelf.entries.stream()
            .filter(entry -> isListed(scan, entry))
            .filter(entry -> mark == null || isAfter(scan, mark, entry))
            .sorted(order(scan))
            .toList();
    long looked = 0;
    EntryMark last = null;
    for (Entry entry : listed) {
      if (looked == scan.looksMax()) {
        return new EntryScan.End(looked, false, last);
      }
      looked++;
      last = EntryMark.of(entry);
      if (matches(scan, entry) && !visitor.test(entry)) {
        break;
      }
    }
    return new EntryScan.End(looked, true, last);
  }

  /** What a question reads. */
  private final class Seen implements Snapshot {
    private final State state;
    private final String name;

    Seen(State state, String name) {
      this.state = state;
      this.name = name;
    }

    private Shelf shelf() {
      return shelfFor(state, name);
    }

    @Override
    public Head head() {
      return state.head;
    }

    @Override
    public Tenant tenant() {
      return state.shelf(name).tenant;
    }

    @Override
    public @Nullable Document document(DocumentKey key) {
      return state.documents.get(key);
    }

    @Override
    public List<Document> documents(String tenant, String kind, long afterOrdinal, int max) {
      return state.documents.values().stream()
          .filter(d -> d.key().tenant().equals(tenant) && d.key().kind().equals(kind))
          .filter(d -> d.ordinal() > afterOrdinal)
          .sorted(Comparator.comparingLong(Document::ordinal))
          .limit(max)
          .toList();
    }

    @Override
    public @Nullable Cell cell(ViewDefinition view, List<@Nullable String> names, long start) {
      long[] values =
          shelf().cells.getOrDefault(view.name(), Map.of()).get(new Place(names, start));
      return values == null ? null : new Cell(names, start, values);
    }

    @Override
    public void cells(CellScan scan, Predicate<Cell> visitor) {
      boolean ignored = SimpleStore.this.cells(shelf(), scan).allMatch(visitor);
    }

    @Override
    public List<Cell> top(String service, int max) {
      CellScan scan =
          new CellScan(
              state.pairs(),
              Map.of(Dimension.SERVICE, Set.of(service)),
              Long.MIN_VALUE,
              Long.MAX_VALUE,
              0);
      return SimpleStore.this
          .cells(shelf(), scan)
          .filter(cell -> cell.outstanding() > 0)
          .sorted(topOrder())
          .limit(max)
          .toList();
    }

    @Override
    public @Nullable Entry entry(long sequence) {
      return entryOf(shelf(), sequence);
    }

    @Override
    public long sequenceOf(long high, long low) {
      Known known = state.ids.get(new Identity(high, low));
      return known == null ? 0 : known.sequence;
    }

    @Override
    public EntryScan.End entries(EntryScan scan, Predicate<Entry> visitor) {
      return walk(shelf(), scan, visitor);
    }
  }

  // ---- The rest ---------------------------------------------------------------------------------

  @Override
  public String name() {
    return "simple";
  }

  @Override
  public void check() {}

  @Override
  public StoreStatistics statistics() {
    State state = newest;
    long entries = state.shelves.values().stream().mapToLong(shelf -> shelf.entries.size()).sum();
    List<StoreStatistics.Part> parts = new ArrayList<>();
    for (EntryIndex index : EntryIndex.values()) {
      long count = index == EntryIndex.ID ? state.ids.size() : entries;
      parts.add(new StoreStatistics.Part(StoreStatistics.PartKind.INDEX, index.label(), count, 0));
    }
    for (Document view : state.views()) {
      String viewName = view.key().name();
      long count =
          state.shelves.values().stream()
              .mapToLong(shelf -> shelf.cells.getOrDefault(viewName, Map.of()).size())
              .sum();
      parts.add(new StoreStatistics.Part(StoreStatistics.PartKind.VIEW, viewName, count, 0));
    }
    return new StoreStatistics(entries, entriesMax, 0, parts);
  }

  @Override
  public void close() {}
}
