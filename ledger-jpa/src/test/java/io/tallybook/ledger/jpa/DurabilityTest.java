package io.tallybook.ledger.jpa;

import static io.tallybook.ledger.jpa.Ledgers.TENANT;
import static io.tallybook.ledger.jpa.Ledgers.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.parity.Audit;
import io.tallybook.ledger.storage.CommitPlanner;
import jakarta.inject.Inject;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A server that waits for its disk is killed under load, again and again. */
@QuarkusTest
@QuarkusTestResource(value = FaultsResource.class, restrictToAnnotatedClass = true)
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by Quarkus
class DurabilityTest {
  private static final int ROUNDS = 5;
  private static final int WRITERS = 8;
  private static final int COMMANDS_MAX = 20;

  /** Commits that are acknowledged in a round before the server may be killed. */
  private static final int ACKNOWLEDGED_MIN = 20;

  private static final Duration ROUND_MAX = Duration.ofMinutes(1);

  @Inject JpaDatabase database;
  ServerSocket front;

  /** What was acknowledged: the sequence of each id. */
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();

  /** What was sent and not answered. */
  private final ConcurrentLinkedQueue<String> unknown = new ConcurrentLinkedQueue<>();

  @Test
  void what_was_acknowledged_outlives_a_killed_server_and_nothing_is_doubled() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    JpaSettings settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX, 5_000, 5_000);
    JpaStore store = new JpaStore(new CommitPlanner(Instant::now), settings, database);
    Map<String, String> durable =
        Map.of("fsync", "on", "synchronous_commit", "on", "full_page_writes", "on");
    try (Server server = new Server(durable);
        Proxy proxy = new Proxy(front, server.port());
        Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
      for (String setting : durable.keySet()) {
        assertThat(server.one("SHOW " + setting)).isEqualTo("on");
      }
      await()
          .atMost(ROUND_MAX)
          .ignoreExceptionsInstanceOf(LedgerException.class)
          .until(
              () -> {
                ledger.start(); // connections of another test may be in the pool
                return true;
              });
      for (int round = 0; round < ROUNDS; round++) {
        loadAndKill(ledger, server, round, random);
        server.start();
        assertThat(proxy).isNotNull();
        compare(ledger, seed);
      }
      Audit.recompute(ledger, store, TENANT);
      long last = store.read(TENANT, snapshot -> snapshot.tenant().lastSequence());
      assertThat(last).as("seed %d", seed).isEqualTo(acknowledged.size());
    }
  }

  /** Writes from several threads, and kills the server at a moment in the middle of it. */
  private void loadAndKill(Ledger ledger, Server server, int round, Random random)
      throws Exception {
    AtomicBoolean killed = new AtomicBoolean();
    AtomicInteger commits = new AtomicInteger();
    int moment = ACKNOWLEDGED_MIN + random.nextInt(100);
    List<Future<Boolean>> writers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int w = 0; w < WRITERS; w++) {
        String name = round + "-" + w + "-";
        Random own = new Random(random.nextLong());
        writers.add(threads.submit(() -> write(ledger, name, own, killed, commits)));
      }
      await()
          .atMost(ROUND_MAX)
          .pollInterval(Duration.ofMillis(1))
          .until(() -> commits.get() >= moment);
      server.kill();
      killed.set(true);
      for (Future<Boolean> writer : writers) {
        assertThat(writer).succeedsWithin(ROUND_MAX).isEqualTo(true);
      }
    }
  }

  private boolean write(
      Ledger ledger, String name, Random random, AtomicBoolean killed, AtomicInteger commits) {
    int number = 0;
    while (!killed.get()) {
      List<String> ids = new ArrayList<>();
      int count = 1 + random.nextInt(COMMANDS_MAX);
      for (int i = 0; i < count; i++) {
        ids.add(name + number++);
      }
      try {
        acknowledge(ids, send(ledger, ids));
        commits.incrementAndGet();
      } catch (LedgerException.Unavailable e) {
        assertThat(e.safeToResend()).isTrue();
        unknown.addAll(ids);
      }
    }
    return true;
  }

  private static List<Outcome> send(Ledger ledger, List<String> ids) {
    List<Command> commands =
        ids.stream()
            .map(id -> event(id, "agent-" + id.hashCode() % 50, "service-" + id.hashCode() % 5))
            .toList();
    return ledger.commit(Request.of(TENANT, commands)).outcomes();
  }

  private void acknowledge(List<String> ids, List<Outcome> outcomes) {
    for (int i = 0; i < ids.size(); i++) {
      assertThat(outcomes.get(i).status()).isIn(Status.RECORDED, Status.DUPLICATE);
      acknowledged.put(ids.get(i), outcomes.get(i).sequence());
    }
  }

  /** Sends what is unknown again, then all that was acknowledged: each is where it was. */
  private void compare(Ledger ledger, long seed) {
    for (String id = unknown.poll(); id != null; id = unknown.poll()) {
      acknowledge(List.of(id), send(ledger, List.of(id)));
    }
    List<String> ids = List.copyOf(acknowledged.keySet());
    for (int from = 0; from < ids.size(); from += Request.UNSPLIT_MAX) {
      List<String> some = ids.subList(from, Math.min(from + Request.UNSPLIT_MAX, ids.size()));
      List<Outcome> outcomes = send(ledger, some);
      for (int i = 0; i < some.size(); i++) {
        assertThat(outcomes.get(i).status()).as("seed %d", seed).isEqualTo(Status.DUPLICATE);
        assertThat(outcomes.get(i).sequence())
            .as("%s, seed %d", some.get(i), seed)
            .isEqualTo(acknowledged.get(some.get(i)));
      }
    }
  }
}
