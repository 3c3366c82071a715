package io.tallybook.ledger.jpa;

import static io.tallybook.ledger.jpa.Ledgers.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.jpa.Plans.Plan;
import io.tallybook.ledger.jpa.Plans.Scan;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import jakarta.inject.Inject;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Every statement of the storage over a hundred thousand entries and as many cells goes by an
 * index, and by the one that it is meant to; a page reads no more rows than a page has. The server
 * itself tells how it has executed what it was sent.
 */
@QuarkusTest
@QuarkusTestResource(value = FaultsResource.class, restrictToAnnotatedClass = true)
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by Quarkus
class ExplainTest {
  private static final int ENTRIES = 100_000;
  private static final int GROUP = 4_000;
  private static final int AGENTS = 2_000;
  private static final int SERVICES = 20;
  private static final int TYPES = 8;
  private static final int ORGANIZATIONS = 5;
  private static final long HOUR = 3_600_000_000L;
  private static final long START = Times.of(Instant.parse("2024-01-01T00:00:00Z"));
  private static final int HOURS = 60 * 24;

  /** Entries or cells that a question asks for, and what it may read for them. */
  private static final int PAGE = 100;

  private static final int PAGE_READ = 1_000;

  /** The driver prepares from the fifth time on; then the server tries five times. */
  private static final int AUTO_ROUNDS = 11;

  /** Fewer entries than those at which the database first counts its rows. */
  private static final int UNCOUNTED = 990;

  private static final int LIST_READ = 10_000;
  private static final Set<String> LARGE =
      Set.of("ledger_entry", "ledger_cell", "ledger_identity", "ledger_pair_order", "ledger_name");

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @Inject JpaDatabase database;
  ServerSocket front;

  private final SoftAssertions found = new SoftAssertions();
  private final AtomicInteger ids = new AtomicInteger();
  private JpaStore store;
  private Server server;
  private Plans plans;
  private String mode = "";

  @Test
  void every_statement_goes_by_its_index() throws Exception {
    try (Server started =
            new Server(
                Map.of(
                    "fsync", "off",
                    "shared_buffers", "256MB",
                    "session_preload_libraries", "auto_explain"));
        Proxy proxy = new Proxy(front, started.port())) {
      server = started;
      store =
          new JpaStore(
              new CommitPlanner(Instant::now), Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX), database);
      try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
        await()
            .atMost(PATIENCE)
            .ignoreExceptionsInstanceOf(LedgerException.class)
            .until(
                () -> {
                  ledger.start(); // connections of another test may be in the pool
                  return true;
                });
        plans = new Plans(server.log());
        server.execute(Plans.SETTINGS);
        plan("force_generic_plan", proxy);
        for (int round = 0; round < AUTO_ROUNDS; round++) {
          commit("events of a new ledger", events(UNCOUNTED / AUTO_ROUNDS / 2));
          commit("events of known pairs", known(UNCOUNTED / AUTO_ROUNDS / 2));
        }
        fill();
        for (String planned : List.of("force_custom_plan", "force_generic_plan", "auto")) {
          plan(planned, proxy);
          // In mode auto the server decides after some executions.
          for (int round = 0; round < (planned.equals("auto") ? AUTO_ROUNDS : 1); round++) {
            askForEntries();
            askForCells();
            askForRecords();
            write();
          }
        }
      }
      found.assertAll();
    }
  }

  /** Has the database plan in a mode. */
  private void plan(String planned, Proxy proxy) {
    mode = planned;
    server.execute("ALTER SYSTEM SET plan_cache_mode = " + planned, "SELECT pg_reload_conf()");
    await().atMost(PATIENCE).until(() -> server.one("SHOW plan_cache_mode").equals(planned));
    proxy.comeBack(); // with new connections, which know it
  }

  // ---- Data -------------------------------------------------------------------------------------

  private void fill() {
    for (int from = 0; from < ENTRIES; from += GROUP) {
      List<Request> group = new ArrayList<>();
      for (int at = from; at < from + GROUP; at += Request.UNSPLIT_MAX) {
        group.add(Request.of(TENANT, events(Request.UNSPLIT_MAX)));
      }
      assertThat(store.commit(group))
          .allSatisfy(
              receipt ->
                  assertThat(receipt.outcomes())
                      .allMatch(outcome -> outcome.status() == Status.RECORDED));
    }
    assertThat(store.statistics().entries()).isEqualTo(UNCOUNTED + ENTRIES);
    assertThat(
            Integer.parseInt(
                server.one("SELECT reltuples::bigint FROM pg_class WHERE relname = 'ledger_cell'")))
        .isGreaterThanOrEqualTo(ENTRIES);
  }

  private List<Command> events(int count) {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      commands.add(new Command.Record(event(ids.incrementAndGet())));
    }
    return commands;
  }

  /** More of the newest pairs. */
  private List<Command> known(int count) {
    List<Command> commands = new ArrayList<>();
    for (int n = ids.get(); n > ids.get() - count; n--) {
      UsageEvent event = event(n);
      commands.add(new Command.Record(UsageEvent.of(event.agent(), event.service(), 1)));
    }
    return commands;
  }

  /** Spread by a fixed rule, so that each agent, service and hour has its share. */
  private static UsageEvent event(int n) {
    long spread = n * 2_654_435_761L & 0x7fff_ffff;
    return new UsageEvent(
        "test",
        "id-" + n,
        n % (ORGANIZATIONS + 1) == 0 ? null : "organization-" + n % (ORGANIZATIONS + 1),
        agent((int) (spread % AGENTS)),
        service((int) (spread / AGENTS % SERVICES)),
        "type-" + spread / 7 % TYPES,
        START + spread / 3 % HOURS * HOUR + n,
        1,
        2,
        n % 10 == 0 ? Map.of("model", "m-" + n % 100) : Map.of());
  }

  private static String agent(int n) {
    return "agent-" + n;
  }

  private static String service(int n) {
    return "service-" + n;
  }

  // ---- Entries ----------------------------------------------------------------------------------

  private void askForEntries() throws Exception {
    EntryFilter agent = EntryFilter.ALL.withAgents(Set.of(agent(7)));
    EntryFilter agents = EntryFilter.ALL.withAgents(Set.of(agent(7), agent(8), agent(9)));
    EntryFilter typed = agent.withTypes(Set.of("type-3"));
    EntryFilter someTyped = agents.withTypes(Set.of("type-3", "type-4"));
    EntryFilter organization = EntryFilter.ALL.withOrganizations(Set.of("organization-2"));
    EntryFilter personal = EntryFilter.ALL.withOrganizations(Set.of("none", "organization-1"));
    EntryFilter service = EntryFilter.ALL.withServices(Set.of(service(3)));
    EntryFilter services = EntryFilter.ALL.withServices(Set.of(service(3), service(4)));
    EntryFilter type = EntryFilter.ALL.withTypes(Set.of("type-3"));
    EntryFilter times = EntryFilter.ALL.withTimes(START + 24 * HOUR, START + 48 * HOUR);
    EntryFilter since = EntryFilter.ALL.withTimes(START + 24 * HOUR, Long.MAX_VALUE);
    for (boolean descending : new boolean[] {false, true}) {
      for (EntryFilter filter : List.of(agent, agents)) {
        entries(EntryIndex.AGENT, filter, false, descending, "ledger_entry_agent", PAGE_READ);
        entries(EntryIndex.AGENT, filter, true, descending, "ledger_entry_agent", PAGE_READ);
      }
      for (EntryFilter filter : List.of(typed, someTyped)) {
        String index = "ledger_entry_agent_type";
        entries(EntryIndex.AGENT_TYPE, filter, false, descending, index, PAGE_READ);
        entries(EntryIndex.AGENT_TYPE, filter, true, descending, index, PAGE_READ);
      }
      for (EntryFilter filter : List.of(organization, personal)) {
        String index = "ledger_entry_organization";
        entries(EntryIndex.ORGANIZATION, filter, false, descending, index, PAGE_READ);
      }
      for (EntryFilter filter :
          List.of(service, services, service.withOrganizations(Set.of("organization-1")))) {
        entries(EntryIndex.SERVICE, filter, false, descending, "ledger_entry_service", LIST_READ);
      }
      entries(EntryIndex.TYPE, type, false, descending, "ledger_entry_type", PAGE_READ);
      entries(EntryIndex.TIME, times, true, descending, "ledger_entry_time", PAGE_READ);
      entries(EntryIndex.TIME, since, true, descending, "ledger_entry_time", PAGE_READ);
      entries(
          EntryIndex.TIME,
          service.withTimes(START, START + 48 * HOUR),
          true,
          descending,
          "ledger_entry_time",
          LIST_READ);
      entries(EntryIndex.TIME, times, false, descending, "ledger_entry_time", LIST_READ);
      entries(
          EntryIndex.SEQUENCE, EntryFilter.ALL, false, descending, "ledger_entry_pkey", PAGE_READ);
      entries(
          EntryIndex.SEQUENCE,
          EntryFilter.ALL.withAttributes(Map.of("model", Set.of("m-10"))),
          false,
          descending,
          "ledger_entry_pkey",
          2 * LIST_READ);
    }
  }

  private void entries(
      EntryIndex index,
      EntryFilter filter,
      boolean byTime,
      boolean descending,
      String meant,
      int readMax)
      throws Exception {
    @Nullable EntryMark[] marks = {null, new EntryMark(START + 30 * HOUR, ENTRIES / 2)};
    for (EntryMark mark : marks) {
      EntryScan scan = new EntryScan(index, filter, byTime, descending, mark, 100_000);
      AtomicInteger left = new AtomicInteger(PAGE);
      ask(
          scan.toString(),
          snapshot ->
              assertThat(snapshot.entries(scan, e -> left.decrementAndGet() > 0)).isNotNull(),
          "ledger_entry",
          meant,
          readMax);
    }
  }

  // ---- Cells ------------------------------------------------------------------------------------

  private void askForCells() throws Exception {
    ViewDefinition byAgent = view("by-agent");
    ViewDefinition pairs = view("by-agent-service");
    ViewDefinition daily = view("daily-by-organization-agent");
    ViewDefinition hourly = view("hourly-by-service");
    Set<String> agent = Set.of(agent(7));
    Set<String> agents = Set.of(agent(7), agent(8), agent(9));
    Set<String> service = Set.of(service(3));
    long all = Long.MIN_VALUE;
    long end = Long.MAX_VALUE;
    long day = 24 * HOUR;
    String first = "ledger_cell_first";
    cells(new CellScan(byAgent, Map.of(), all, end, 0), first, PAGE_READ);
    cells(new CellScan(pairs, Map.of(), all, end, ENTRIES / 50), first, PAGE_READ);
    cells(new CellScan(daily, Map.of(), all, end, ENTRIES / 2), first, PAGE_READ);
    cells(scan(byAgent, Map.of(Dimension.AGENT, agent)), "ledger_cell_", PAGE_READ);
    cells(scan(byAgent, Map.of(Dimension.AGENT, agents)), "ledger_cell_", PAGE_READ);
    cells(scan(pairs, Map.of(Dimension.AGENT, agent)), "ledger_cell_", PAGE_READ);
    cells(scan(pairs, Map.of(Dimension.AGENT, agents)), "ledger_cell_", PAGE_READ);
    cells(scan(pairs, Map.of(Dimension.SERVICE, service)), "ledger_cell_k2", PAGE_READ);
    cells(
        scan(pairs, Map.of(Dimension.AGENT, agent, Dimension.SERVICE, service)),
        "ledger_cell_",
        PAGE_READ);
    cells(scan(daily, Map.of(Dimension.ORGANIZATION, Set.of("none"))), "ledger_cell_k1", PAGE_READ);
    cells(scan(daily, Map.of(Dimension.AGENT, agent)), "ledger_cell_k2", PAGE_READ);
    cells(
        new CellScan(daily, Map.of(), START + day, START + 2 * day, 0),
        "ledger_cell_start",
        LIST_READ);
    cells(
        new CellScan(daily, Map.of(Dimension.AGENT, agent), START + day, START + 20 * day, 0),
        "ledger_cell_",
        2 * LIST_READ);
    cells(
        new CellScan(hourly, Map.of(), START + day, START + 2 * day, 0),
        "ledger_cell_start",
        LIST_READ);
    cells(
        new CellScan(hourly, Map.of(Dimension.SERVICE, service), START, START + 40 * day, 0),
        "ledger_cell_",
        2 * LIST_READ);
    ask(
        "a cell",
        snapshot ->
            assertThat(snapshot.cell(byAgent, Arrays.asList(agent(7)), Times.ABSENT)).isNotNull(),
        "ledger_cell",
        "ledger_cell_pkey",
        1);
    ask(
        "the top of a service",
        snapshot -> assertThat(snapshot.top(service(3), PAGE)).hasSize(PAGE),
        "ledger_pair_order",
        "ledger_pair_order_top",
        PAGE);
  }

  private static ViewDefinition view(String name) {
    return ViewDefinition.builtIn().stream()
        .filter(view -> view.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static CellScan scan(ViewDefinition view, Map<Dimension, Set<String>> filter) {
    return new CellScan(view, filter, Long.MIN_VALUE, Long.MAX_VALUE, 0);
  }

  private void cells(CellScan scan, String meant, int readMax) throws Exception {
    AtomicInteger left = new AtomicInteger(PAGE);
    ask(
        scan.toString(),
        snapshot -> snapshot.cells(scan, cell -> left.decrementAndGet() > 0),
        "ledger_cell",
        meant,
        readMax);
  }

  // ---- Records ----------------------------------------------------------------------------------

  private void askForRecords() throws Exception {
    ask(
        "an entry",
        snapshot -> assertThat(snapshot.entry(77)).isNotNull(),
        "ledger_entry",
        "ledger_entry_pkey",
        1);
    ask(
        "an identity",
        snapshot -> assertThat(snapshot.sequenceOf(1, 2)).isZero(),
        "ledger_identity",
        "ledger_identity_pkey",
        1);
    ask(
        "documents",
        snapshot ->
            assertThat(snapshot.documents(Tenant.SYSTEM, DocumentKey.VIEW, 0, PAGE)).isNotEmpty(),
        "ledger_document",
        "",
        PAGE);
    assertThat(store.statistics().bytes()).isPositive();
    check("statistics", plans.next());
  }

  // ---- Writing ----------------------------------------------------------------------------------

  private void write() throws Exception {
    List<Command> known = new ArrayList<>();
    for (int n = 1; n <= Request.UNSPLIT_MAX; n++) {
      known.add(new Command.Record(event(n * 3)));
    }
    commit("new events", events(Request.UNSPLIT_MAX));
    commit("events that are known", known);
    commit("one event", events(1));
    commit("a settlement", List.of(new Command.Settle(agent(7), service(3))));
    commit("a settlement of an agent", List.of(new Command.SettleAgent(agent(9))));
    commit(
        "a reversal", List.of(new Command.Reverse(ids.get() - 500L, Command.Reverse.At.ORIGINAL)));
    commit(
        "a new agent",
        List.of(new Command.Record(UsageEvent.of("new-" + ids.incrementAndGet(), "service-1", 1))));
  }

  private void commit(String what, List<Command> commands) throws Exception {
    List<Plan> before = plans.next();
    assertThat(before).isNotNull();
    assertThat(store.commit(List.of(Request.of(TENANT, commands)))).hasSize(1);
    List<Plan> all = plans.next();
    found.assertThat(all).as("plans of %s", what).isNotEmpty();
    check(what, all);
    int readMax = 40 * Math.max(PAGE, commands.size());
    for (Plan plan : all) {
      found
          .assertThat(plan.text())
          .as("join for %s, %s", what, mode)
          .doesNotContain("Rows Removed by Join Filter");
      for (Scan scan : plan.scans()) {
        found
            .assertThat(scan.rows())
            .as("rows for %s, %s: %s", what, mode, plan.text())
            .isLessThanOrEqualTo(readMax);
        if (visits(scan, "ledger_cell")) {
          found
              .assertThat(scan.index())
              .as("index for %s, %s: %s", what, mode, plan.text())
              .isIn("", "ledger_cell_pkey", "ledger_cell_k1");
        }
      }
    }
  }

  // ---- Looking at plans -------------------------------------------------------------------------

  private void ask(
      String what, Consumer<Snapshot> question, String table, String meant, int readMax)
      throws Exception {
    List<Plan> before = plans.next();
    assertThat(before).isNotNull();
    boolean ignored =
        store.read(
            TENANT,
            snapshot -> {
              question.accept(snapshot);
              return true;
            });
    List<Plan> all = plans.next();
    found.assertThat(all).as("plans of %s", what).isNotEmpty();
    check(what, all);
    boolean visited = false;
    for (Plan plan : all) {
      for (Scan scan : plan.scans()) {
        if (visits(scan, table)) {
          visited = true;
          found
              .assertThat(scan.index())
              .as("index for %s, %s: %s", what, mode, plan.text())
              .startsWith(meant);
          found
              .assertThat(scan.rows())
              .as("rows for %s, %s: %s", what, mode, plan.text())
              .isLessThanOrEqualTo(readMax);
        }
      }
    }
    found.assertThat(visited || meant.isEmpty()).as("%s visits %s", what, table).isTrue();
  }

  /** Whether it reads rows of a table by itself, not those that a bitmap has found. */
  private static boolean visits(Scan scan, String table) {
    return scan.table().isEmpty()
        ? scan.index().startsWith(table + "_")
        : scan.table().equals(table) && !scan.kind().equals("Bitmap Heap Scan");
  }

  private void check(String what, List<Plan> all) {
    for (Plan plan : all) {
      for (Scan scan : plan.scans()) {
        found
            .assertThat(scan.kind().contains("Seq Scan") && LARGE.contains(scan.table()))
            .as("sequential scan for %s, %s: %s", what, mode, plan.text())
            .isFalse();
      }
    }
  }
}
