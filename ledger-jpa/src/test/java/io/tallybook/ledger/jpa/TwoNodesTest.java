package io.tallybook.ledger.jpa;

import static io.tallybook.ledger.jpa.Ledgers.TENANT;
import static io.tallybook.ledger.jpa.Ledgers.event;
import static io.tallybook.ledger.jpa.Ledgers.request;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.parity.Audit;
import io.tallybook.ledger.storage.CommitPlanner;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes on one database: what each writes is the other's too, at once and exactly once. */
@QuarkusTest
@QuarkusTestResource(PostgresResource.class)
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by JUnit and Quarkus
class TwoNodesTest {
  private static final int COMMIT_MILLIS = 20_000;
  private static final int STALLED_MILLIS = 1_500;
  private static final int WRITERS = 6;
  private static final int REQUESTS = 25;
  private static final int IDS = 300;

  @Inject JpaDatabase database;

  private final List<Node> nodes = new ArrayList<>();
  private JpaSettings settings;

  /** A process with its own storage. */
  private record Node(JpaStore store, Ledger ledger) {}

  @BeforeEach
  void settle() {
    settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX, COMMIT_MILLIS, 60_000);
  }

  @AfterEach
  void close() {
    nodes.forEach(node -> node.ledger.close());
  }

  private Node node(JpaSettings of) {
    JpaStore store = new JpaStore(new CommitPlanner(Instant::now), of, database);
    Node node =
        new Node(store, new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE));
    nodes.add(node);
    return node;
  }

  private Node started() {
    Node node = node(settings);
    node.ledger.start();
    return node;
  }

  @Test
  void nodes_that_write_at_once_keep_one_gapless_order_and_count_once() throws Exception {
    Node one = started();
    Node two = started();
    long seed = ThreadLocalRandom.current().nextLong();
    long before = revision(one);
    Map<String, Set<Long>> sequences = new HashMap<>();
    Set<Long> revisions = new HashSet<>();
    int recorded = 0;
    for (List<Sent> all : both(one, two, seed)) {
      for (Sent sent : all) {
        Outcome outcome = sent.outcome;
        assertThat(outcome.status()).as("seed %d", seed).isIn(Status.RECORDED, Status.DUPLICATE);
        sequences.computeIfAbsent(sent.id, id -> new HashSet<>()).add(outcome.sequence());
        recorded += outcome.status() == Status.RECORDED ? 1 : 0;
        if (outcome.status() == Status.RECORDED) {
          revisions.add(sent.revision);
        }
      }
    }
    assertThat(sequences.values()).as("seed %d", seed).allSatisfy(s -> assertThat(s).hasSize(1));
    assertThat(recorded).as("seed %d", seed).isEqualTo(sequences.size());
    assertThat(revision(one)).isEqualTo(revision(two));
    assertThat(revisions).as("each revision is one commit").hasSize((int) (revision(two) - before));
    Audit.recompute(one.ledger, one.store, TENANT);
    Audit.recompute(two.ledger, two.store, TENANT);
    try (Connection connection = database.pool().getConnection();
        Statement statement = connection.createStatement();
        ResultSet gaps =
            statement.executeQuery(
                "SELECT count(*), min(position), max(position), count(DISTINCT position),"
                    + " (SELECT last_position FROM "
                    + settings.schema()
                    + ".ledger_head) FROM "
                    + settings.schema()
                    + ".ledger_entry")) {
      assertThat(gaps.next()).isTrue();
      long count = gaps.getLong(1);
      assertThat(count).isEqualTo(recorded);
      assertThat(gaps.getLong(2)).isEqualTo(1);
      assertThat(gaps.getLong(3)).isEqualTo(count);
      assertThat(gaps.getLong(4)).isEqualTo(count);
      assertThat(gaps.getLong(5)).isEqualTo(count);
    }
  }

  private record Sent(String id, long revision, Outcome outcome) {}

  /** Writers of both nodes at once, with ids of which many are others' too. */
  private static List<List<Sent>> both(Node one, Node two, long seed) throws Exception {
    CountDownLatch start = new CountDownLatch(1);
    List<Future<List<Sent>>> writers = new ArrayList<>();
    List<List<Sent>> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int w = 0; w < WRITERS; w++) {
        Random random = new Random(seed + w);
        Ledger ledger = w % 2 == 0 ? one.ledger : two.ledger;
        writers.add(
            threads.submit(
                () -> {
                  start.await();
                  return write(ledger, random);
                }));
      }
      start.countDown();
      for (Future<List<Sent>> writer : writers) {
        all.add(writer.get());
      }
    }
    return all;
  }

  private static List<Sent> write(Ledger ledger, Random random) {
    List<Sent> sent = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      List<String> ids =
          random.ints(1 + random.nextInt(10), 0, IDS).mapToObj(n -> "id-" + n).toList();
      List<Command> commands =
          ids.stream()
              .map(id -> event(id, "agent-" + id.hashCode() % 20, "service-" + id.hashCode() % 3))
              .toList();
      Receipt receipt = ledger.commit(Request.of(TENANT, commands));
      for (int at = 0; at < ids.size(); at++) {
        sent.add(new Sent(ids.get(at), receipt.revision(), receipt.outcomes().get(at)));
      }
    }
    return sent;
  }

  private static long revision(Node node) {
    return node.store.read(TENANT, snapshot -> snapshot.head().revision());
  }

  @Test
  void what_one_node_has_written_the_other_reads_at_once() {
    Node one = started();
    Node two = started();
    for (int i = 1; i <= 50; i++) {
      Node writer = i % 2 == 0 ? one : two;
      Node reader = i % 2 == 0 ? two : one;
      Receipt receipt = writer.ledger.commit(request("id-" + i));
      long count =
          reader.ledger.read(TENANT, "test", r -> requireNonNull(r.agent("agent")).count());
      assertThat(count).isEqualTo(i);
      assertThat(revision(reader)).isEqualTo(receipt.revision());
    }
  }

  @Test
  void nodes_that_start_together_on_an_empty_database_make_one_ledger() throws Exception {
    for (int round = 0; round < 3; round++) {
      settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
      CountDownLatch start = new CountDownLatch(1);
      List<Callable<Boolean>> starts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Node node = node(settings);
        starts.add(
            () -> {
              start.await();
              node.ledger.start();
              return true;
            });
      }
      List<Future<Boolean>> started = new ArrayList<>();
      try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
        starts.forEach(s -> started.add(threads.submit(s)));
        start.countDown();
        for (Future<Boolean> future : started) {
          assertThat(future.get()).isTrue();
        }
      }
      List<Node> all = nodes.subList(nodes.size() - 3, nodes.size());
      for (int i = 0; i < all.size(); i++) {
        assertThat(all.get(i).ledger.commit(request("id-" + i)).outcomes().getFirst().sequence())
            .isEqualTo(i + 1L);
      }
      assertThat(revision(all.getFirst())).isEqualTo(revision(all.getLast()));
      Audit.recompute(all.getFirst().ledger, all.getFirst().store, TENANT);
    }
  }

  @Test
  void a_node_that_stalls_with_the_head_in_hand_holds_up_the_other_for_its_bound_only()
      throws Exception {
    settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX, STALLED_MILLIS, 60_000);
    Node stalling = started();
    settings =
        new JpaSettings(
            settings.schema(), "EUR", Ledgers.ENTRIES_MAX, COMMIT_MILLIS, 60_000, 1_000, true);
    Node going = started();
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    CommitPlanner planner =
        new CommitPlanner(
            () -> {
              held.countDown();
              await(ended);
              return Instant.now();
            });
    JpaStore stalled =
        new JpaStore(
            planner,
            new JpaSettings(
                settings.schema(), "EUR", Ledgers.ENTRIES_MAX, STALLED_MILLIS, 60_000, 1_000, true),
            database);
    stalled.check();
    try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<List<Receipt>> lost = thread.submit(() -> stalled.commit(List.of(request("lost"))));
      await(held);
      long start = System.nanoTime();
      assertThat(going.ledger.commit(request("id")).outcomes().getFirst().sequence()).isEqualTo(1);
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isLessThan(Duration.ofMillis(STALLED_MILLIS + 5_000));
      ended.countDown();
      assertThat(lost)
          .failsWithin(Duration.ofMinutes(1))
          .withThrowableThat()
          .havingCause()
          .isInstanceOfSatisfying(
              LedgerException.Unavailable.class, e -> assertThat(e.safeToResend()).isTrue());
    }
    assertThat(stalling.ledger.commit(request("lost")).outcomes().getFirst().sequence())
        .isEqualTo(2);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void tokens_of_processes_that_are_long_gone_are_forgotten() throws SQLException {
    Node node = started();
    assertThat(node.ledger.commit(request("id")).revision()).isPositive();
    try (Connection connection = database.pool().getConnection();
        Statement statement = connection.createStatement()) {
      String writers = settings.schema() + ".ledger_writer";
      assertThat(
              statement.executeUpdate(
                  "INSERT INTO " + writers + " VALUES (gen_random_uuid(), gen_random_uuid(), 1)"))
          .isEqualTo(1);
      Node later = started();
      assertThat(later.ledger.commit(request("id2")).revision()).isPositive();
      try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM " + writers)) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getLong(1)).isEqualTo(2);
      }
    }
  }
}
