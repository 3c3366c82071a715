package io.tallybook.ledger.infinispan;

import static io.tallybook.ledger.infinispan.Ledgers.TENANT;
import static io.tallybook.ledger.infinispan.Ledgers.event;
import static io.tallybook.ledger.infinispan.Ledgers.request;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.storage.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Two nodes on one grid, each with a client of its own: what each writes is the other's too, at
 * once and exactly once, and it does not matter which of them writes rows, or how late.
 */
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by JUnit
class TwoNodesTest {
  private static final int MILLIS = 60_000;
  private static final int WRITERS = 6;
  private static final int REQUESTS = 25;
  private static final int IDS = 300;

  /** So many that no node makes a checkpoint. */
  private static final int WINDOW_MAX = 100_000;

  private static GridServers servers;
  private static final List<GridClient> CLIENTS = new ArrayList<>();

  private final List<Node> nodes = new ArrayList<>();
  private InfinispanSettings settings;

  @BeforeAll
  static void startServer() {
    servers = GridServers.start(1);
    CLIENTS.add(servers.client());
    CLIENTS.add(servers.client());
  }

  @AfterAll
  static void stopServer() {
    CLIENTS.forEach(GridClient::close);
    servers.close();
  }

  @BeforeEach
  void settle() {
    settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
  }

  @AfterEach
  void close() {
    nodes.forEach(Node::close);
  }

  private Node node(int windowEntriesMax) {
    Node node = Node.of(windowOf(windowEntriesMax), CLIENTS.get(nodes.size() % CLIENTS.size()));
    nodes.add(node);
    return node;
  }

  private InfinispanSettings windowOf(int entriesMax) {
    return Ledgers.settings(settings.ledger(), "EUR", Ledgers.ENTRIES_MAX, MILLIS, entriesMax);
  }

  private Node started(int windowEntriesMax) {
    Node node = node(windowEntriesMax);
    node.ledger().start();
    return node;
  }

  private Grid grid() {
    Grid grid = new Grid(CLIENTS::getFirst, settings);
    grid.open();
    return grid;
  }

  // ---- Writing at once --------------------------------------------------------------------------

  @Test
  void nodes_that_write_at_once_keep_one_gapless_order_and_count_once() throws Exception {
    Node one = started(Ledgers.WINDOW_MIN);
    Node two = started(Ledgers.WINDOW_MIN);
    long seed = ThreadLocalRandom.current().nextLong();
    long before = one.head().revision();
    Map<String, Set<Long>> sequences = new HashMap<>();
    Set<Long> revisions = new HashSet<>();
    int recorded = 0;
    for (Sent sent : both(one, two, seed)) {
      Outcome outcome = sent.outcome;
      assertThat(outcome.status()).as("seed %d", seed).isIn(Status.RECORDED, Status.DUPLICATE);
      sequences.computeIfAbsent(sent.id, id -> new HashSet<>()).add(outcome.sequence());
      if (outcome.status() == Status.RECORDED) {
        recorded++;
        revisions.add(sent.revision);
      }
    }
    assertThat(sequences.values()).as("seed %d", seed).allSatisfy(s -> assertThat(s).hasSize(1));
    assertThat(recorded).as("seed %d", seed).isEqualTo(sequences.size());
    assertThat(one.head()).isEqualTo(two.head());
    assertThat(one.head().lastPosition()).as("seed %d", seed).isEqualTo(recorded);
    assertThat(revisions)
        .as("each revision is one commit")
        .hasSize((int) (two.head().revision() - before));
    for (Node node : List.of(one, two, started(Ledgers.WINDOW_MIN))) {
      assertThat(node.lastSequence()).as("seed %d", seed).isEqualTo(recorded);
      node.audit();
    }
  }

  private record Sent(String id, long revision, Outcome outcome) {}

  /** Writers of both nodes at once, with ids of which many are others' too. */
  private static List<Sent> both(Node one, Node two, long seed) throws Exception {
    CountDownLatch start = new CountDownLatch(1);
    List<Future<List<Sent>>> writers = new ArrayList<>();
    List<Sent> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int w = 0; w < WRITERS; w++) {
        Random random = new Random(seed + w);
        Node node = w % 2 == 0 ? one : two;
        writers.add(
            threads.submit(
                () -> {
                  start.await();
                  return write(node, random);
                }));
      }
      start.countDown();
      for (Future<List<Sent>> writer : writers) {
        all.addAll(writer.get());
      }
    }
    return all;
  }

  private static List<Sent> write(Node node, Random random) {
    List<Sent> sent = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      List<String> ids =
          random.ints(1 + random.nextInt(10), 0, IDS).mapToObj(n -> "id-" + n).toList();
      List<Command> commands =
          ids.stream()
              .map(id -> event(id, "agent-" + id.hashCode() % 20, "service-" + id.hashCode() % 3))
              .toList();
      Receipt receipt = node.ledger().commit(Request.of(TENANT, commands));
      for (int at = 0; at < ids.size(); at++) {
        sent.add(new Sent(ids.get(at), receipt.revision(), receipt.outcomes().get(at)));
      }
    }
    return sent;
  }

  @Test
  void what_one_node_has_written_the_other_reads_at_once() {
    Node one = started(Ledgers.WINDOW_MIN);
    Node two = started(Ledgers.WINDOW_MIN);
    for (int i = 1; i <= 50; i++) {
      Node writer = i % 2 == 0 ? one : two;
      Node reader = i % 2 == 0 ? two : one;
      Receipt receipt = writer.ledger().commit(request("id-" + i));
      long count =
          reader.ledger().read(TENANT, "test", r -> requireNonNull(r.agent("agent")).count());
      assertThat(count).isEqualTo(i);
      assertThat(reader.head().revision()).isEqualTo(receipt.revision());
    }
  }

  @Test
  void nodes_that_start_together_on_an_empty_grid_make_one_ledger() throws Exception {
    for (int round = 0; round < 3; round++) {
      settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
      List<Node> all = List.of(node(10), node(10), node(10));
      CountDownLatch start = new CountDownLatch(1);
      List<Future<Boolean>> started = new ArrayList<>();
      try (ExecutorService threads = Executors.newFixedThreadPool(all.size())) {
        for (Node node : all) {
          started.add(
              threads.submit(
                  () -> {
                    start.await();
                    node.ledger().start();
                    return true;
                  }));
        }
        start.countDown();
        for (Future<Boolean> future : started) {
          assertThat(future.get()).isTrue();
        }
      }
      for (int i = 0; i < all.size(); i++) {
        Receipt receipt = all.get(i).ledger().commit(request("id-" + i));
        assertThat(receipt.outcomes().getFirst().sequence()).isEqualTo(i + 1L);
      }
      assertThat(all.getFirst().head()).isEqualTo(all.getLast().head());
      all.getFirst().audit();
    }
  }

  // ---- Nodes that stood still -------------------------------------------------------------------

  /** Commits several times over the same and new agents, so that totals change and cells come. */
  private static void commitSome(Node node, String name, int commits) {
    for (int i = 0; i < commits; i++) {
      String id = name + "-" + i;
      Receipt receipt =
          node.ledger()
              .commit(
                  Request.of(
                      TENANT,
                      event(id, "agent-" + i % 7, "service-" + i % 2),
                      event(id + "+", "agent-" + name, "service"),
                      i % 5 == 4
                          ? new Command.Settle("agent-" + i % 7, "service-" + i % 2)
                          : event(id + "-", "agent-" + i % 3, "service")));
      assertThat(receipt.outcomes())
          .allSatisfy(outcome -> assertThat(outcome.status()).isEqualTo(Status.RECORDED));
    }
  }

  /** The log goes on without a part that rows have, as if it were long ago. */
  private void forget(long from, long to) {
    assertThat(mark().number()).as("rows have it").isGreaterThanOrEqualTo(to);
    grid().forget(LongStream.rangeClosed(from, to).boxed().toList());
  }

  private Mark mark() {
    return Mark.of(requireNonNull(grid().logged(List.of(Mark.NUMBER)).get(Mark.NUMBER)).value());
  }

  /** Makes another node write rows up to the newest commit. */
  private void writeAll() {
    Log log = new Log(grid(), settings);
    log.open();
    List<Commit> commits = log.window().unwritten(WINDOW_MAX);
    if (!commits.isEmpty()) {
      Checkpoint checkpoint = new Checkpoint(commits);
      checkpoint.write(grid());
      Logged _ =
          grid()
              .change(
                  Mark.NUMBER,
                  known -> {
                    Mark mark = Mark.of(requireNonNull(known).value());
                    return mark.number() >= log.window().number()
                        ? known
                        : Log.logged(mark.after(checkpoint.written()));
                  });
    }
    assertThat(mark().number()).isEqualTo(log.window().number());
  }

  @Test
  void a_node_that_finds_the_log_gone_begins_anew_and_answers_exactly() {
    Node lagging = started(WINDOW_MAX);
    Node going = started(Ledgers.WINDOW_MIN);
    commitSome(lagging, "before", 10);
    long seen = lagging.head().revision();
    commitSome(going, "while", 40);
    writeAll();
    forget(1, mark().number());

    assertThat(lagging.head()).isEqualTo(going.head());
    assertThat(lagging.head().revision()).isEqualTo(seen + 40);
    lagging.audit();
    commitSome(lagging, "after", 10);
    assertThat(going.head()).isEqualTo(lagging.head());
    going.audit();
    started(Ledgers.WINDOW_MIN).audit();
  }

  @Test
  void a_node_that_finds_holes_in_the_log_begins_anew_and_answers_exactly() {
    for (int hole = 1; hole <= 20; hole++) {
      settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
      Node lagging = started(WINDOW_MAX);
      Node going = started(Ledgers.WINDOW_MIN);
      commitSome(lagging, "before", 3);
      long seen = lagging.head().revision();
      long from = seen + hole;
      Boolean isKept =
          lagging
              .store()
              .read(
                  TENANT,
                  snapshot -> {
                    // With a question under way the node follows the log as far as it can.
                    commitSome(going, "while", 30);
                    writeAll();
                    forget(from, from + 2);
                    lagging.store().check();
                    return isKept(snapshot);
                  });
      assertThat(isKept).as("hole at %d", hole).isFalse();

      assertThat(lagging.head()).as("hole at %d", hole).isEqualTo(going.head());
      lagging.audit();
      commitSome(lagging, "after", 2);
      assertThat(going.head()).isEqualTo(lagging.head());
    }
  }

  private static boolean isKept(Snapshot snapshot) {
    try {
      return snapshot.entry(1) != null;
    } catch (LedgerException.Unavailable e) {
      assertThat(e).hasMessageContaining("no longer kept");
      return false;
    }
  }

  @Test
  void a_node_that_follows_for_a_question_keeps_what_that_needs_and_drops_the_rest() {
    Node lagging = started(WINDOW_MAX);
    Node going = started(Ledgers.WINDOW_MIN);
    commitSome(lagging, "before", 3);
    long last = lagging.lastSequence();
    Boolean _ =
        lagging
            .store()
            .read(
                TENANT,
                snapshot -> {
                  commitSome(going, "while", 100);
                  writeAll();
                  lagging.store().check();
                  assertThat(snapshot.tenant().lastSequence()).isEqualTo(last);
                  assertThat(snapshot.entry(last)).isNotNull();
                  return true;
                });
    assertThat(lagging.head()).isEqualTo(going.head());
    lagging.audit();
  }

  @Test
  void a_question_under_way_ends_when_its_node_begins_anew() {
    Node lagging = started(WINDOW_MAX);
    Node going = started(Ledgers.WINDOW_MIN);
    commitSome(lagging, "before", 10);
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(
            () ->
                lagging
                    .store()
                    .<Object>read(
                        TENANT,
                        snapshot -> {
                          commitSome(going, "while", 20);
                          writeAll();
                          forget(1, mark().number());
                          lagging.store().check();
                          return requireNonNull(snapshot.entry(1));
                        }))
        .withMessageContaining("no longer kept");
    lagging.audit();
  }

  @Test
  void a_question_is_of_its_revision_while_the_other_node_goes_on_and_writes_rows() {
    Node asking = started(WINDOW_MAX);
    Node going = started(Ledgers.WINDOW_MIN);
    commitSome(asking, "before", 10);
    writeAll();
    Node fresh = started(WINDOW_MAX);
    for (Node node : List.of(asking, fresh)) {
      long revision = node.head().revision();
      Boolean _ =
          node.ledger()
              .read(
                  TENANT,
                  "test",
                  reader -> {
                    long last = reader.lastSequence();
                    long count = requireNonNull(reader.total()).count();
                    commitSome(going, "while-" + revision, 20);
                    writeAll();
                    long agents =
                        reader.agents(0, 100).items().stream().mapToLong(c -> c.count()).sum();
                    assertThat(agents).isEqualTo(count);
                    assertThat(requireNonNull(reader.total()).count()).isEqualTo(count);
                    assertThat(reader.lastSequence()).isEqualTo(last);
                    return true;
                  });
      node.audit();
    }
  }

  // ---- Late checkpoints -------------------------------------------------------------------------

  @Test
  void a_checkpoint_that_comes_much_too_late_changes_nothing() {
    Node one = started(WINDOW_MAX);
    commitSome(one, "old", 12);
    Log log = new Log(grid(), settings);
    log.open();
    List<Commit> old = log.window().unwritten(WINDOW_MAX);
    assertThat(old).hasSize(13); // with the views

    Node two = started(Ledgers.WINDOW_MIN);
    commitSome(two, "new", 25);
    writeAll();
    Mark mark = mark();

    List<List<Commit>> parts = new ArrayList<>(List.of(old));
    for (int i = 1; i < old.size(); i++) {
      parts.add(old.subList(0, i));
      parts.add(old.subList(i, old.size()));
    }
    for (List<Commit> part : parts) {
      new Checkpoint(part).write(grid());
      started(Ledgers.WINDOW_MIN).audit();
    }
    assertThat(mark()).isEqualTo(mark);
    one.audit();
    two.audit();
    commitSome(two, "newer", 25);
    commitSome(one, "newest", 25);
    writeAll();
    for (Node node : List.of(one, two, started(Ledgers.WINDOW_MIN))) {
      node.audit();
      assertThat(node.lastSequence()).isEqualTo((12 + 25 + 25 + 25) * 3);
    }
  }

  @Test
  void checkpoints_of_several_nodes_and_late_ones_run_at_once() throws Exception {
    Node one = started(Ledgers.WINDOW_MIN);
    Node two = started(Ledgers.WINDOW_MIN);
    Log log = new Log(grid(), settings);
    log.open();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> writers =
          List.of(
              threads.submit(() -> commitSome(one, "one", 40)),
              threads.submit(() -> commitSome(two, "two", 40)));
      List<Commit> seen = new ArrayList<>();
      while (!writers.stream().allMatch(Future::isDone)) {
        log.look();
        long last = seen.isEmpty() ? 0 : seen.getLast().number();
        log.window().unwritten(WINDOW_MAX).stream()
            .filter(c -> c.number() > last)
            .forEach(seen::add);
        for (List<Commit> run : runs(seen)) {
          new Checkpoint(run).write(grid());
        }
      }
      for (Future<?> writer : writers) {
        assertThat(writer.get()).isNull();
      }
    }
    writeAll();
    for (Node node : List.of(one, two, started(Ledgers.WINDOW_MIN))) {
      node.audit();
      assertThat(node.lastSequence()).isEqualTo(240);
    }
  }

  /** The last commits of each run of numbers without a gap, newest run first. */
  private static List<List<Commit>> runs(List<Commit> seen) {
    List<List<Commit>> runs = new ArrayList<>();
    int end = seen.size();
    for (int i = end - 1; i >= 0 && runs.size() < 3; i--) {
      if (i == 0 || seen.get(i - 1).number() != seen.get(i).number() - 1) {
        runs.add(seen.subList(i, end));
        end = i;
      }
    }
    return runs;
  }
}
