package io.tallybook.ledger.infinispan;

import static io.tallybook.ledger.infinispan.Ledgers.TENANT;
import static io.tallybook.ledger.infinispan.Ledgers.event;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.infinispan.client.hotrod.RemoteCache;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows and commits that are not what the ledger has written: nobody goes on over them. */
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by JUnit
class UnfitTest {
  /** So many that no node makes a checkpoint by itself. */
  private static final int WINDOW_MAX = 100_000;

  private static final RowKey CELL =
      Places.cell(new Commit.CellKey("by-agent", TENANT, Arrays.asList("agent-1"), Long.MIN_VALUE));

  private static GridServers servers;
  private static GridClient client;

  private final List<Node> nodes = new ArrayList<>();
  private InfinispanSettings settings;
  private Grid grid;

  @BeforeAll
  static void startServer() {
    servers = GridServers.start(1);
    client = servers.client();
  }

  @AfterAll
  static void stopServer() {
    client.close();
    servers.close();
  }

  @BeforeEach
  void open() {
    settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
    grid = new Grid(() -> client, settings);
    grid.open();
  }

  @AfterEach
  void close() {
    nodes.forEach(Node::close);
  }

  private Node started(int windowEntriesMax) {
    Node node =
        Node.started(
            Ledgers.settings(
                settings.ledger(), "EUR", Ledgers.ENTRIES_MAX, 60_000, windowEntriesMax),
            client);
    nodes.add(node);
    return node;
  }

  private static void commit(Node node, String name, int events) {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < events; i++) {
      commands.add(event(name + "-" + i, "agent-" + i % 3, "service"));
    }
    assertThat(node.ledger().commit(Request.of(TENANT, commands)).outcomes())
        .allSatisfy(outcome -> assertThat(outcome.status()).isEqualTo(Status.RECORDED));
  }

  private Mark mark() {
    return Mark.of(requireNonNull(logged(Mark.NUMBER)).value());
  }

  private void put(RowKey key, @Nullable Row row) {
    grid.update(Map.of(key, _ -> row), _ -> false);
  }

  /** A node has written rows, and after that there is one more commit in the log only. */
  private Row written() {
    Node writing = started(Ledgers.WINDOW_MIN);
    commit(writing, "first", 12);
    commit(writing, "second", 12); // waits until the rows of the first are there
    writing.close();
    Node keeping = started(WINDOW_MAX);
    commit(keeping, "log", 3);
    assertThat(mark().number()).isEqualTo(3);
    return requireNonNull(grid.row(CELL));
  }

  private void refuses(Node node) {
    LedgerException.Unavailable found = null;
    // The checkpoint runs beside the commits, of which the first may be before it.
    for (int i = 0; found == null && i < 100; i++) {
      try {
        commit(node, "try-" + i, 10);
      } catch (LedgerException.Unavailable e) {
        found = e;
      }
    }
    assertThat(found)
        .hasMessageContaining("do not fit its log")
        .hasMessageContaining("nothing more is recorded until this node is started again");
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> commit(node, "later", 1))
        .withMessage(requireNonNull(found).getMessage());
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> node.store().check())
        .withMessage(found.getMessage());
  }

  @Test
  void a_row_that_went_back_stops_the_node_until_it_is_put_right() {
    Row right = written();
    byte[] bytes = right.value().clone();
    bytes[bytes.length - 1] ^= 1;
    Row wrong = new Row(right.stamp() - 1, bytes);
    put(CELL, wrong);

    Node node = started(Ledgers.WINDOW_MIN);
    refuses(node);

    Row there = requireNonNull(grid.row(CELL));
    assertThat(there.stamp()).isEqualTo(wrong.stamp());
    assertThat(there.value()).isEqualTo(wrong.value());
    assertThat(mark().number()).as("the mark stays").isEqualTo(3);

    put(CELL, right);
    Node again = started(Ledgers.WINDOW_MIN);
    again.audit();
    commit(again, "again", 12);
    commit(again, "and-again", 12);
    assertThat(mark().number()).isGreaterThan(3);
    started(Ledgers.WINDOW_MIN).audit();
  }

  @Test
  void a_row_that_is_gone_stops_the_node() {
    Row right = written();
    put(CELL, null);
    refuses(started(Ledgers.WINDOW_MIN));
    assertThat(grid.row(CELL)).isNull();
    assertThat(mark().number()).isEqualTo(3);
    put(CELL, right);
    Node again = started(Ledgers.WINDOW_MIN);
    again.audit();
    commit(again, "again", 12);
  }

  @Test
  void entries_that_are_gone_are_told_as_lost() {
    Row _ = written();
    RowKey entries = Places.entries(TENANT, 17);
    Row right = requireNonNull(grid.row(entries));
    put(entries, null);
    Node node = started(Ledgers.WINDOW_MIN);
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> node.ledger().read(TENANT, "test", reader -> reader.entry(17)))
        .withMessage("The grid has lost an entry of the ledger");
    refuses(node);
    put(entries, right);
    started(Ledgers.WINDOW_MIN).audit();
  }

  @Test
  void a_node_of_a_sorted_set_that_is_gone_is_told_as_lost() {
    Node node = started(Ledgers.WINDOW_MIN);
    commit(node, "many", 1_000);
    commit(node, "more", 12); // waits until the rows of the first are there
    RowKey set = Places.set(Places.Of.SERVICE, TENANT, "service");
    Row root = requireNonNull(grid.row(set.with(new byte[Long.BYTES])));
    SetNode decoded = SetNode.decode(root.value(), new byte[0], 0);
    assertThat(decoded).isInstanceOf(SetNode.Inner.class);
    long child = 0;
    for (long id : ((SetNode.Inner) decoded).children()) {
      child = id == 0 ? child : id;
    }
    put(set.with(java.nio.ByteBuffer.allocate(Long.BYTES).putLong(child).array()), null);

    Node fresh = started(WINDOW_MAX);
    EntryQuery query =
        new EntryQuery(
            EntryFilter.ALL.withServices(java.util.Set.of("service")), false, true, null, 1_000);
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> fresh.ledger().read(TENANT, "test", reader -> reader.entries(query)))
        .withMessage("The grid has lost a row of the ledger");
  }

  @Test
  void an_identity_that_is_another_events_stops_the_node() {
    Row _ = written();
    Log log = new Log(grid, settings);
    log.open();
    Commit.Identity id = log.window().unwritten(WINDOW_MAX).getFirst().identities().getFirst();
    RowKey key = Places.identity(id.high(), id.low());
    byte[] other = new BytesOut().count(1).number(id.fingerprint()).toBytes();
    put(key, new Row(1, other));

    refuses(started(Ledgers.WINDOW_MIN));

    assertThat(requireNonNull(grid.row(key)).value()).isEqualTo(other);
    put(key, null);
    started(Ledgers.WINDOW_MIN).audit();
  }

  /** The newest commit as another one with the same number, as of a server that was left alone. */
  private Commit replaceNewest() {
    Log log = new Log(grid, settings);
    log.open();
    long number = log.window().number();
    Commit newest = CommitCodec.decode(requireNonNull(logged(number)).value());
    Commit other = another(newest);
    Logged logged = new Logged(other.state().token(), CommitCodec.encode(other));
    assertThat(grid.change(number, _ -> logged)).isSameAs(logged);
    return newest;
  }

  private @Nullable Logged logged(long number) {
    return grid.logged(List.of(number)).get(number);
  }

  /** A commit of the same with another token. */
  private static Commit another(Commit commit) {
    Commit.State state = commit.state();
    return new Commit(
        new Commit.State(state.head(), state.cells(), state.logBytes(), UUID.randomUUID()),
        commit.follows(),
        commit.tenants(),
        commit.entries(),
        commit.identities(),
        commit.cells(),
        commit.documents(),
        commit.answers());
  }

  @Test
  void a_node_whose_newest_commit_is_not_in_the_log_any_more_begins_anew() {
    Row _ = written();
    Node knowing = started(WINDOW_MAX);
    Commit ghost = replaceNewest();
    assertThat(knowing.head().revision()).isEqualTo(ghost.number());
    Node fresh = started(WINDOW_MAX);
    commit(fresh, "after", 3);

    assertThat(knowing.head()).isEqualTo(fresh.head());
    knowing.audit();
    commit(knowing, "on", 3);
    assertThat(fresh.head()).isEqualTo(knowing.head());
    fresh.audit();
  }

  /** A node that has seen another's newest commit by one look. */
  private Node knowing() {
    Row _ = written();
    Node knowing = started(WINDOW_MAX);
    commit(started(WINDOW_MAX), "ghost", 3);
    knowing.store().check();
    return knowing;
  }

  @Test
  void a_node_builds_on_no_commit_of_another_that_is_not_in_the_log_any_more() {
    Node knowing = knowing();
    Commit _ = replaceNewest();
    commit(knowing, "after", 3);

    Node fresh = started(WINDOW_MAX);
    assertThat(knowing.head()).isEqualTo(fresh.head());
    knowing.audit();
    fresh.audit();
  }

  @Test
  void what_another_commit_says_of_views_is_shown_only_when_all_owners_have_it() {
    Node knowing = started(WINDOW_MAX);
    Node other = started(WINDOW_MAX);
    knowing.store().check();
    RemoteCache<GridSchema.Key, GridSchema.StoredLogged> log =
        client
            .<GridSchema.Key, GridSchema.StoredLogged>getCache(GridSetup.logName(settings))
            .withDataFormat(GridSchema.dataFormat());

    commit(other, "usage", 1);
    GridSchema.Key usage = GridSchema.Key.of(settings.ledger(), other.head().revision());
    long version = log.getWithMetadata(usage).getVersion();
    knowing.store().check();
    assertThat(log.getWithMetadata(usage).getVersion()).isEqualTo(version);

    ViewDefinition view = ViewDefinition.of("late", Bucket.NONE, Dimension.AGENT, Dimension.TYPE);
    List<Receipt> _ =
        other
            .store()
            .commit(
                List.of(
                    Request.of(
                        Tenant.SYSTEM,
                        List.of(
                            new Command.PutDocument(
                                DocumentKey.view(view.name()),
                                view.fields(),
                                Set.of(),
                                Command.PutDocument.ABSENT,
                                null)))));
    GridSchema.Key defined = GridSchema.Key.of(settings.ledger(), other.head().revision());
    version = log.getWithMetadata(defined).getVersion();
    assertThat(knowing.head().viewsRevision()).isEqualTo(knowing.head().revision());
    assertThat(log.getWithMetadata(defined).getVersion()).isNotEqualTo(version);
  }

  @Test
  void a_node_writes_no_rows_of_a_commit_that_is_not_in_the_log_any_more() {
    Row _ = written();
    int events = 20;
    commit(started(WINDOW_MAX), "newest", events);
    // With the commit before, it is half of what the window holds: one checkpoint takes both.
    InfinispanSettings writing =
        Ledgers.settings(settings.ledger(), "EUR", Ledgers.ENTRIES_MAX, 60_000, 2 * (3 + events));
    Log log = new Log(grid, writing);
    log.open();
    Commit ghost = replaceNewest();
    assertThat(log.window().newest().token()).isEqualTo(ghost.state().token());

    Checkpoints checkpoints = new Checkpoints(grid, log, writing);
    checkpoints.beginIfDue();
    checkpoints.close();

    assertThat(mark().number()).isEqualTo(3);
    assertThat(requireNonNull(grid.row(CELL)).stamp()).isEqualTo(3);
    log.look();
    assertThat(log.window().number()).isEqualTo(5);
    assertThat(log.window().newest().token()).isNotEqualTo(ghost.state().token());
    Checkpoints again = new Checkpoints(grid, log, writing);
    again.beginIfDue();
    again.close();
    assertThat(mark().number()).isEqualTo(5);
    started(WINDOW_MAX).audit();
  }

  @Test
  void a_node_answers_no_duplicate_on_a_commit_that_is_not_in_the_log_any_more() {
    Node knowing = knowing();
    grid.forget(List.of(replaceNewest().number()));
    Request again = Request.of(TENANT, event("ghost-0", "agent-0", "service"));
    assertThat(knowing.store().commit(List.of(again)).getFirst().outcomes().getFirst().status())
        .isEqualTo(Status.RECORDED);
    started(WINDOW_MAX).audit();
  }

  @Test
  void a_node_that_looks_twice_shows_no_commit_that_is_not_in_the_log_any_more() {
    Node knowing = knowing();
    grid.forget(List.of(replaceNewest().number()));
    assertThat(knowing.lastSequence()).isEqualTo(24 + 3);
    knowing.audit();
  }

  @Test
  void a_commit_in_the_place_of_one_that_another_look_had_shown_is_what_is_read() {
    Row _ = written();
    Log log = new Log(grid, settings);
    log.open();
    Commit ghost = CommitCodec.decode(requireNonNull(logged(4)).value());
    Commit own = another(ghost);
    grid.forget(List.of(ghost.number()));
    assertThat(append(log, own)).isTrue();
    log.look();
    assertThat(log.window().newest().token()).isEqualTo(own.state().token());
  }

  private static boolean append(Log log, Commit commit) {
    try {
      return log.append(
          commit,
          new Logged(commit.state().token(), CommitCodec.encode(commit)),
          System.nanoTime(),
          Grid.deadlineNanos(10_000));
    } catch (Grid.Unanswered e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void a_commit_that_was_planned_over_one_that_is_not_in_the_log_is_told() {
    Row _ = written();
    Node over = started(WINDOW_MAX);
    commit(over, "own", 1); // acknowledged, so that it takes it for held by all owners
    Commit _ = replaceNewest();
    commit(over, "fork", 3);

    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> started(WINDOW_MAX))
        .withMessageContaining("not one chain")
        .withMessageContaining("nothing is recorded or answered until both caches are restored");
  }
}
