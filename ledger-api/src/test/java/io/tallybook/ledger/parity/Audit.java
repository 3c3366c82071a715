package io.tallybook.ledger.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.facade.Page;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.ledger.view.ViewDefinition;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Compares everything that can be asked of a ledger with what the model answers. */
public final class Audit {
  private final Book book;
  private final ReferenceModel model;

  private Audit(Book book) {
    this.book = book;
    this.model = book.model;
  }

  /** Compares everything. */
  static void of(Book book) {
    Audit audit = new Audit(book);
    for (String tenant : audit.model.tenants()) {
      audit.tenant(tenant);
    }
    audit.tenant("nobody");
    audit.statistics();
  }

  private void tenant(String tenant) {
    book.lookBelow(
        tenant,
        snapshot -> {
          records(tenant, snapshot);
          model.views().forEach(view -> cells(tenant, snapshot, view));
        });
    book.look(
        tenant,
        reader -> {
          lists(tenant, reader);
          entries(tenant, reader);
          rollups(tenant, reader);
        });
  }

  private void records(String tenant, Snapshot snapshot) {
    assertThat(snapshot.tenant()).isEqualTo(model.tenant(tenant));
    assertThat(snapshot.head().revision()).as("revision").isEqualTo(model.revision());
    assertThat(snapshot.head().lastPosition()).as("position").isEqualTo(model.lastPosition());
    assertThat(snapshot.head().currency()).isEqualTo("EUR");
    for (String kind : List.of(DocumentKey.SERVICE, DocumentKey.VIEW)) {
      List<Document> documents = model.documents(tenant, kind);
      assertThat(snapshot.documents(tenant, kind, 0, 1_000)).isEqualTo(documents);
      for (Document document : documents) {
        assertThat(snapshot.document(document.key())).isEqualTo(document);
      }
      if (documents.size() > 1) {
        assertThat(snapshot.documents(tenant, kind, documents.getFirst().ordinal(), 1))
            .containsExactly(documents.get(1));
      }
    }
    assertThat(snapshot.document(DocumentKey.service(tenant, "never registered"))).isNull();
  }

  // ---- Cells ------------------------------------------------------------------------------------

  private void cells(String tenant, Snapshot snapshot, ViewDefinition view) {
    List<Cell> expected = model.cells(tenant, view);
    String what = "view " + view.name() + " of " + tenant;
    assertThat(scan(snapshot, CellScan.all(view))).as(what).isEqualTo(expected);
    for (Cell cell : expected) {
      assertThat(snapshot.cell(view, cell.names(), cell.start())).as(what).isEqualTo(cell);
    }
    for (int d = 0; d < view.groupBy().size(); d++) {
      int dimension = d;
      Dimension name = view.groupBy().get(d);
      for (String value : names(expected, cell -> cell.name(dimension), name)) {
        CellScan scan =
            new CellScan(view, Map.of(name, Set.of(value)), Long.MIN_VALUE, Long.MAX_VALUE, 0);
        assertThat(scan(snapshot, scan))
            .as("%s where %s is %s", what, name, value)
            .isEqualTo(
                expected.stream()
                    .filter(cell -> value.equals(label(cell.name(dimension), name)))
                    .toList());
      }
    }
    if (expected.size() > 1) {
      long middle = expected.get(expected.size() / 2).first();
      CellScan rest = new CellScan(view, Map.of(), Long.MIN_VALUE, Long.MAX_VALUE, middle);
      assertThat(scan(snapshot, rest))
          .as("%s after %d", what, middle)
          .isEqualTo(expected.stream().filter(cell -> cell.first() > middle).toList());
    }
    if (view.bucket() != Bucket.NONE && !expected.isEmpty()) {
      List<Long> starts = expected.stream().map(Cell::start).distinct().sorted().toList();
      long from = starts.get(starts.size() / 3);
      long to = starts.getLast();
      CellScan range = new CellScan(view, Map.of(), from, to, 0);
      assertThat(scan(snapshot, range))
          .as("%s from %d to %d", what, from, to)
          .isEqualTo(expected.stream().filter(c -> from <= c.start() && c.start() < to).toList());
    }
  }

  private static List<Cell> scan(Snapshot snapshot, CellScan scan) {
    List<Cell> found = new ArrayList<>();
    snapshot.cells(scan, found::add);
    return found;
  }

  private static @Nullable String label(@Nullable String name, Dimension dimension) {
    return name == null && dimension.equals(Dimension.ORGANIZATION) ? "none" : name;
  }

  private static Set<String> names(
      List<Cell> cells, Function<Cell, @Nullable String> of, Dimension dimension) {
    Set<String> names = new TreeSet<>();
    for (Cell cell : cells) {
      String name = label(of.apply(cell), dimension);
      if (name != null) {
        names.add(name);
      }
    }
    return names;
  }

  // ---- Lists ------------------------------------------------------------------------------------

  private ViewDefinition view(String name) {
    return model.views().stream().filter(v -> v.name().equals(name)).findFirst().orElseThrow();
  }

  private void lists(String tenant, LedgerReader reader) {
    List<Cell> pairs = model.cells(tenant, view("by-agent-service"));
    List<Cell> agents = model.cells(tenant, view("by-agent"));
    List<Cell> services = model.cells(tenant, view("by-service"));
    List<Cell> total = model.cells(tenant, view("total"));
    int size = 1 + pairs.size() / 3;
    assertThat(reader.total()).isEqualTo(total.isEmpty() ? null : total.getFirst());
    assertThat(pages(after -> reader.pairs(after, size), Cell::first)).isEqualTo(pairs);
    List<Cell> each = new ArrayList<>();
    long count =
        reader.eachPair(
            (cell, number) -> {
              each.add(cell);
              assertThat(number).isEqualTo(each.size());
            });
    assertThat(count).isEqualTo(pairs.size());
    assertThat(each).isEqualTo(pairs);
    assertThat(pages(after -> reader.agents(after, size), Cell::first)).isEqualTo(agents);
    for (Cell pair : pairs) {
      assertThat(reader.pair(name(pair, 0), name(pair, 1))).isEqualTo(pair);
    }
    for (Cell agent : agents) {
      String name = name(agent, 0);
      assertThat(reader.agent(name)).isEqualTo(agent);
      assertThat(pages(after -> reader.pairsOfAgent(name, after, size), Cell::first))
          .as("pairs of agent %s", name)
          .isEqualTo(pairs.stream().filter(pair -> name(pair, 0).equals(name)).toList());
    }
    for (Cell service : services) {
      String name = name(service, 0);
      assertThat(reader.service(name)).isEqualTo(service);
      List<Cell> ofService =
          pairs.stream()
              .filter(pair -> name(pair, 1).equals(name) && pair.outstanding() != 0)
              .toList();
      assertThat(pages(after -> reader.pairsOfService(name, after, size), Cell::first))
          .as("pairs of service %s", name)
          .isEqualTo(ofService);
      List<Cell> top =
          ofService.stream()
              .filter(pair -> pair.outstanding() > 0)
              .sorted(
                  Comparator.comparingLong(Cell::outstanding)
                      .reversed()
                      .thenComparing(pair -> name(pair, 0), ReferenceModel.BYTES))
              .toList();
      for (int max : new int[] {1, 2, 3, 100}) {
        assertThat(reader.topOfService(name, max))
            .as("top %d of service %s", max, name)
            .isEqualTo(top.subList(0, Math.min(max, top.size())));
      }
    }
    List<Document> registered = model.documents(tenant, DocumentKey.SERVICE);
    assertThat(pages(after -> reader.registrations(after, 2), Document::ordinal))
        .isEqualTo(registered);
    registered.forEach(
        document -> assertThat(reader.registration(document.key().name())).isEqualTo(document));
    assertThat(reader.billingTotal()).isEqualTo(billingTotal(registered, services));
    assertThat(reader.tenant()).isEqualTo(model.tenant(tenant));
    assertThat(reader.lastSequence()).isEqualTo(model.tenant(tenant).lastSequence());
    assertThat(reader.views()).isEqualTo(model.views());
  }

  private static LedgerReader.BillingTotal billingTotal(
      List<Document> registered, List<Cell> services) {
    BigInteger total = BigInteger.ZERO;
    BigInteger disabled = BigInteger.ZERO;
    BigInteger unpriced = BigInteger.ZERO;
    for (Cell service : services) {
      BigInteger units = BigInteger.valueOf(service.outstanding());
      List<Document> found =
          registered.stream().filter(d -> d.key().name().equals(service.name(0))).toList();
      if (found.isEmpty()) {
        unpriced = unpriced.add(units);
        continue;
      }
      Map<String, String> fields = found.getFirst().fields();
      BigInteger billed = units.multiply(new BigInteger(fields.getOrDefault("price", "0")));
      total = total.add(billed);
      disabled = "true".equals(fields.get("disabled")) ? disabled.add(billed) : disabled;
    }
    return new LedgerReader.BillingTotal(total, disabled, unpriced);
  }

  private static String name(Cell cell, int dimension) {
    return Objects.requireNonNull(cell.name(dimension));
  }

  /** All items of a list, page after page. */
  static <T> List<T> pages(LongFunction<Page<T>> pageAfter, ToLongFunction<T> mark) {
    List<T> all = new ArrayList<>();
    Page<T> page = pageAfter.apply(0);
    all.addAll(page.items());
    while (page.next() != 0) {
      assertThat(page.next()).isEqualTo(mark.applyAsLong(all.getLast()));
      page = pageAfter.apply(page.next());
      assertThat(page.items()).isNotEmpty();
      all.addAll(page.items());
    }
    return all;
  }

  // ---- Entries ----------------------------------------------------------------------------------

  private void entries(String tenant, LedgerReader reader) {
    List<Entry> all = model.entries(tenant, EntryFilter.ALL, false, false);
    for (Entry entry : all) {
      assertThat(reader.entry(entry.sequence())).isEqualTo(entry);
    }
    assertThat(reader.entry(0)).isNull();
    assertThat(reader.entry(-1)).isNull();
    assertThat(reader.entry(all.size() + 1L)).isNull();
    for (EntryFilter filter : filters(all)) {
      for (boolean byTime : new boolean[] {false, true}) {
        for (boolean descending : new boolean[] {false, true}) {
          entries(tenant, reader, filter, byTime, descending);
        }
      }
    }
  }

  private void entries(
      String tenant, LedgerReader reader, EntryFilter filter, boolean byTime, boolean descending) {
    List<Entry> expected = model.entries(tenant, filter, byTime, descending);
    String what = tenant + " " + filter + (byTime ? " by time" : "") + (descending ? " desc" : "");
    EntryIndex index = index(filter, byTime);
    long listed = model.entries(tenant, listOf(index, filter), false, false).size();
    List<Entry> found = new ArrayList<>();
    EntryMark mark = null;
    do {
      EntryPage page =
          reader.entries(new EntryQuery(filter, byTime, descending, mark, 1 + expected.size() / 3));
      assertThat(page.index()).as(what).isEqualTo(index);
      assertThat(page.complete()).as(what).isTrue();
      assertThat(page.looked())
          .as("looked at for %s", what)
          .isBetween((long) page.entries().size(), listed);
      found.addAll(page.entries());
      mark = page.next();
      if (mark != null) {
        assertThat(mark).as(what).isEqualTo(EntryMark.of(found.getLast()));
      }
    } while (mark != null && found.size() <= expected.size());
    assertThat(found).as(what).isEqualTo(expected);
  }

  /** The index that serves a question of few entries. */
  private static EntryIndex index(EntryFilter filter, boolean byTime) {
    if (!filter.ids().isEmpty() && !filter.sources().isEmpty()) {
      return EntryIndex.ID;
    }
    if (!filter.agents().isEmpty()) {
      return filter.types().isEmpty() ? EntryIndex.AGENT : EntryIndex.AGENT_TYPE;
    }
    if (byTime) {
      return EntryIndex.TIME;
    }
    if (!filter.organizations().isEmpty()) {
      return EntryIndex.ORGANIZATION;
    }
    if (!filter.services().isEmpty()) {
      return EntryIndex.SERVICE;
    }
    if (!filter.types().isEmpty()) {
      return EntryIndex.TYPE;
    }
    return filter.boundsTime() ? EntryIndex.TIME : EntryIndex.SEQUENCE;
  }

  /** The part of a filter that an index answers: no more entries than this are looked at. */
  private static EntryFilter listOf(EntryIndex index, EntryFilter filter) {
    return switch (index) {
      case ID -> EntryFilter.ALL.withIds(filter.sources(), filter.ids());
      case AGENT_TYPE -> EntryFilter.ALL.withAgents(filter.agents()).withTypes(filter.types());
      case AGENT -> EntryFilter.ALL.withAgents(filter.agents());
      case ORGANIZATION -> EntryFilter.ALL.withOrganizations(filter.organizations());
      case SERVICE -> EntryFilter.ALL.withServices(filter.services());
      case TYPE -> EntryFilter.ALL.withTypes(filter.types());
      case TIME -> hours(filter);
      case SEQUENCE -> EntryFilter.ALL;
    };
  }

  /** The time index goes by the hour. */
  private static EntryFilter hours(EntryFilter filter) {
    long from = filter.from() == Long.MIN_VALUE ? filter.from() : Bucket.HOUR.start(filter.from());
    long to = filter.to() == Long.MAX_VALUE ? filter.to() : Bucket.HOUR.ceiling(filter.to());
    return EntryFilter.ALL.withTimes(from, to);
  }

  private static List<EntryFilter> filters(List<Entry> all) {
    List<EntryFilter> filters = new ArrayList<>();
    filters.add(EntryFilter.ALL);
    Set<String> agents = distinct(all, Entry::agent);
    Set<String> services = distinct(all, Entry::service);
    Set<String> types = distinct(all, Entry::type);
    Set<String> organizations = distinct(all, Entry::organization);
    organizations.add("none");
    agents.forEach(agent -> filters.add(EntryFilter.ALL.withAgents(Set.of(agent))));
    services.forEach(service -> filters.add(EntryFilter.ALL.withServices(Set.of(service))));
    types.forEach(type -> filters.add(EntryFilter.ALL.withTypes(Set.of(type))));
    organizations.forEach(
        organization -> filters.add(EntryFilter.ALL.withOrganizations(Set.of(organization))));
    for (String agent : agents) {
      for (String type : types) {
        filters.add(EntryFilter.ALL.withAgents(Set.of(agent)).withTypes(Set.of(type)));
      }
    }
    for (EntryKind kind : EntryKind.values()) {
      filters.add(EntryFilter.ALL.withKinds(Set.of(kind)));
    }
    filters.add(EntryFilter.ALL.withAgents(agents));
    filters.add(EntryFilter.ALL.withAgents(agents).withTypes(types));
    filters.add(EntryFilter.ALL.withServices(services));
    filters.add(EntryFilter.ALL.withTypes(types));
    filters.add(EntryFilter.ALL.withOrganizations(organizations));
    filters.add(EntryFilter.ALL.withOrganizations(organizations).withServices(services));
    filters.add(EntryFilter.ALL.withServices(services).withTypes(types));
    filters.add(EntryFilter.ALL.withAgents(Set.of("nobody")));
    filters.add(EntryFilter.ALL.withServices(Set.of("nothing")));
    filters.add(EntryFilter.ALL.withSequences(all.size() / 3 + 1L, all.size() / 2 + 1L));
    filters.add(
        EntryFilter.ALL.withServices(services).withSequences(all.size() / 3 + 1L, all.size()));
    if (!all.isEmpty()) {
      List<Long> times = all.stream().map(Entry::time).sorted().toList();
      long from = times.get(times.size() / 4);
      long to = times.get(times.size() * 3 / 4) + 1;
      filters.add(EntryFilter.ALL.withTimes(from, to));
      filters.add(EntryFilter.ALL.withTimes(from, Long.MAX_VALUE));
      filters.add(EntryFilter.ALL.withTimes(Long.MIN_VALUE, to));
      filters.add(EntryFilter.ALL.withAgents(agents).withTimes(from, to));
      filters.add(EntryFilter.ALL.withServices(services).withTimes(from, to));
    }
    for (Entry entry : all) {
      if (entry.source() != null && entry.id() != null && entry.sequence() % 8 == 1) {
        filters.add(EntryFilter.ALL.withIds(Set.of(entry.source()), Set.of(entry.id())));
      }
    }
    filters.add(EntryFilter.ALL.withIds(Set.of("source"), Set.of("no such id")));
    filters.add(
        EntryFilter.ALL.withIds(
            distinct(all, Entry::source), first(distinct(all, Entry::id), 100)));
    filters.add(EntryFilter.ALL.withWords(List.of("West")));
    filters.add(EntryFilter.ALL.withAttributes(Map.of("region", Set.of("eu west", "us"))));
    return filters;
  }

  private static Set<String> first(Set<String> names, int max) {
    return Set.copyOf(names.stream().limit(max).toList());
  }

  private static Set<String> distinct(List<Entry> all, Function<Entry, @Nullable String> of) {
    Set<String> names = new TreeSet<>();
    for (Entry entry : all) {
      String name = of.apply(entry);
      if (name != null) {
        names.add(name);
      }
    }
    return names;
  }

  // ---- Rollups ----------------------------------------------------------------------------------

  private void rollups(String tenant, LedgerReader reader) {
    List<Entry> all = model.entries(tenant, EntryFilter.ALL, false, false);
    for (RollupQuery query : questions(all)) {
      boolean hasOutstanding =
          !query.isRanged()
              && query.bucket() == Bucket.NONE
              && Stream.concat(query.groupBy().stream(), query.filter().keySet().stream())
                  .allMatch(List.of(Dimension.AGENT, Dimension.SERVICE)::contains);
      for (RollupQuery.Measure measure : RollupQuery.Measure.values()) {
        if (measure != RollupQuery.Measure.OUTSTANDING || hasOutstanding) {
          rollup(tenant, reader, query.ordered(RollupQuery.Order.TOP, measure), hasOutstanding);
        }
      }
      rollup(
          tenant,
          reader,
          query.ordered(RollupQuery.Order.NAME, RollupQuery.Measure.UNITS),
          hasOutstanding);
      rollup(
          tenant,
          reader,
          query.ordered(RollupQuery.Order.FIRST, RollupQuery.Measure.UNITS),
          hasOutstanding);
    }
  }

  private void rollup(
      String tenant, LedgerReader reader, RollupQuery query, boolean hasOutstanding) {
    @Nullable List<RollupRow> expected = model.rollup(tenant, query, hasOutstanding);
    String what = tenant + " " + query;
    if (expected == null) {
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .as(what)
          .isThrownBy(() -> reader.rollup(query))
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.SUM_OVERFLOW);
      return;
    }
    int limit = 1 + expected.size() / 3;
    Rollup first = reader.rollup(query.page(null, limit));
    List<RollupRow> found = new ArrayList<>(first.rows());
    assertThat(first.hasOutstanding()).as(what).isEqualTo(hasOutstanding);
    if (query.order() == RollupQuery.Order.TOP) {
      assertThat(found).as(what).isEqualTo(expected.subList(0, Math.min(limit, expected.size())));
      assertThat(reader.rollup(query).rows()).as(what).isEqualTo(expected);
      return;
    }
    RollupRow next = first.next();
    while (next != null && found.size() <= expected.size()) {
      assertThat(next).as(what).isEqualTo(found.getLast());
      Rollup page = reader.rollup(query.page(next, limit));
      found.addAll(page.rows());
      next = page.next();
    }
    assertThat(found).as(what).isEqualTo(expected);
  }

  private static List<RollupQuery> questions(List<Entry> all) {
    Dimension organization = Dimension.ORGANIZATION;
    Dimension agent = Dimension.AGENT;
    Dimension service = Dimension.SERVICE;
    Dimension type = Dimension.TYPE;
    String someAgent = some(all, Entry::agent);
    String someService = some(all, Entry::service);
    String someType = some(all, Entry::type);
    List<RollupQuery> questions = new ArrayList<>();
    questions.add(RollupQuery.by());
    questions.add(RollupQuery.by(agent));
    questions.add(RollupQuery.by(service));
    questions.add(RollupQuery.by(agent, service));
    questions.add(RollupQuery.by(service, agent));
    questions.add(RollupQuery.by(type));
    questions.add(RollupQuery.by(type, service));
    questions.add(RollupQuery.by(organization));
    questions.add(RollupQuery.by(organization, agent));
    questions.add(RollupQuery.by(type, organization));
    questions.add(RollupQuery.by(agent).where(service, someService));
    questions.add(RollupQuery.by(service).where(agent, someAgent, "nobody"));
    questions.add(RollupQuery.by().where(agent, someAgent).where(service, someService));
    questions.add(RollupQuery.by(organization).where(type, someType));
    questions.add(RollupQuery.by(agent).where(organization, "none"));
    questions.add(RollupQuery.by().where(organization, "none").where(type, someType));
    questions.add(RollupQuery.by(organization, agent).in(Bucket.DAY));
    questions.add(RollupQuery.by(agent).in(Bucket.MONTH));
    questions.add(RollupQuery.by(service).in(Bucket.HOUR));
    questions.add(RollupQuery.by(service).in(Bucket.DAY).where(service, someService));
    questions.add(RollupQuery.by(organization, type).in(Bucket.HOUR));
    questions.add(RollupQuery.by().in(Bucket.MONTH));
    if (!all.isEmpty()) {
      List<Long> times = all.stream().map(Entry::time).sorted().toList();
      long from = times.get(times.size() / 4);
      long to = times.get(times.size() * 3 / 4) + 1;
      long hour = Bucket.HOUR.start(from);
      for (RollupQuery query :
          List.of(
              RollupQuery.by(),
              RollupQuery.by(service),
              RollupQuery.by(organization, type),
              RollupQuery.by(agent),
              RollupQuery.by(agent).where(organization, "none"),
              RollupQuery.by(type).in(Bucket.HOUR),
              RollupQuery.by(organization, agent).in(Bucket.DAY),
              RollupQuery.by(service).in(Bucket.MONTH))) {
        questions.add(query.between(from, to));
        questions.add(query.between(from, Long.MAX_VALUE));
        questions.add(query.between(Long.MIN_VALUE, to));
        questions.add(query.between(hour, Bucket.HOUR.next(hour)));
        questions.add(
            query.between(Bucket.DAY.start(from), Bucket.MONTH.next(Bucket.MONTH.start(to))));
        questions.add(query.between(from, from + 1));
      }
    }
    return questions;
  }

  private static String some(List<Entry> all, Function<Entry, @Nullable String> of) {
    return all.stream().map(of).filter(Objects::nonNull).findFirst().orElse("nothing");
  }

  // ---- Statistics -------------------------------------------------------------------------------

  private void statistics() {
    StoreStatistics statistics = book.store.statistics();
    assertThat(statistics.entries()).isEqualTo(model.lastPosition());
    assertThat(statistics.bytes()).isNotNegative();
    for (EntryIndex index : EntryIndex.values()) {
      assertThat(statistics.parts())
          .filteredOn(part -> part.name().equals(index.label()))
          .singleElement()
          .satisfies(
              part -> {
                assertThat(part.kind()).isEqualTo(StoreStatistics.PartKind.INDEX);
                assertThat(part.bytes()).isNotNegative();
              });
    }
    for (ViewDefinition view : model.views()) {
      long count = model.tenants().stream().mapToLong(t -> model.cells(t, view).size()).sum();
      assertThat(statistics.parts())
          .filteredOn(part -> part.name().equals(view.name()))
          .singleElement()
          .satisfies(
              part -> {
                assertThat(part.kind()).isEqualTo(StoreStatistics.PartKind.VIEW);
                assertThat(part.count()).as("cells of %s", view.name()).isEqualTo(count);
              });
    }
  }

  // ---- Without the model ------------------------------------------------------------------------

  /** Recomputes the book's tenant, for ledgers that the model was not told of. */
  static void recompute(Book book) {
    recompute(book.ledger, book.store, book.tenant);
  }

  /**
   * Recomputes every cell of every view from the entries of a tenant, and what is kept of it as a
   * whole; checks that its sequences are gapless. Nobody may write meanwhile.
   */
  public static void recompute(Ledger ledger, LedgerStore store, String tenant) {
    List<Entry> all = all(ledger, tenant);
    List<Document> views =
        store.read(tenant, snapshot -> snapshot.documents("system", DocumentKey.VIEW, 0, 100));
    ReferenceModel model = ReferenceModel.of(tenant, all, views);
    for (ViewDefinition view : model.views()) {
      List<Cell> cells = store.read(tenant, snapshot -> scan(snapshot, CellScan.all(view)));
      assertThat(cells).as("view %s", view.name()).isEqualTo(model.cells(tenant, view));
    }
    Tenant expected = model.tenant(tenant);
    Tenant actual = store.read(tenant, Snapshot::tenant);
    assertThat(actual)
        .isEqualTo(
            new Tenant(
                expected.name(),
                actual.revision(),
                expected.lastSequence(),
                expected.agents(),
                expected.services(),
                expected.pairs(),
                expected.pairsAboveZero(),
                expected.lifetimeUnits(),
                expected.settlements(),
                expected.settledAmount()));
  }

  /** All entries of the book's tenant; checks that sequences are gapless. */
  static List<Entry> all(Book book) {
    return all(book.ledger, book.tenant);
  }

  private static List<Entry> all(Ledger ledger, String tenant) {
    List<Entry> all = new ArrayList<>();
    EntryMark mark = null;
    do {
      EntryQuery query = new EntryQuery(EntryFilter.ALL, false, false, mark, 1_000);
      EntryPage page = ledger.read(tenant, "audit", reader -> reader.entries(query));
      all.addAll(page.entries());
      mark = page.next();
    } while (mark != null);
    for (int i = 0; i < all.size(); i++) {
      assertThat(all.get(i).sequence()).isEqualTo(i + 1L);
    }
    return all;
  }
}
