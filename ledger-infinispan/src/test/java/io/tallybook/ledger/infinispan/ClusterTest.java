package io.tallybook.ledger.infinispan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.tallybook.ledger.LedgerException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntConsumer;
import org.infinispan.client.hotrod.RemoteCache;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Servers of a cluster that end, stand still and come back while two nodes write. Each value is
 * kept by two of the three.
 */
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by JUnit
class ClusterTest {
  private static final int SERVERS = 3;
  private static final int HEAP_MB = 256;
  private static final int WRITERS_EACH = 3;
  private static final int MILLIS = 10_000;

  /** So that checkpoints run all the time. */
  private static final int WINDOW = 200;

  /** Requests that are acknowledged between one event and the next. */
  private static final int SOME = 30;

  /** Within what the service answers again. */
  private static final Duration AGAIN_MAX = Duration.ofSeconds(30);

  private static GridServers servers;
  private static GridClient client;
  private static GridClient other;

  private interface Fault {
    void happen(Load load);
  }

  @BeforeAll
  static void start() {
    servers = GridServers.start(SERVERS, HEAP_MB);
    awaitMembers();
    client = servers.guardedClient();
    other = servers.guardedClient();
  }

  @AfterAll
  static void stop() {
    client.close();
    other.close();
    servers.close();
  }

  private static void awaitMembers() {
    for (int i = 0; i < SERVERS; i++) {
      servers.awaitMembers(i, SERVERS);
    }
    awaitBalanced();
  }

  private static void awaitBalanced() {
    for (int i = 0; i < SERVERS; i++) {
      servers.awaitBalanced(i);
    }
  }

  /**
   * Waits until each value is kept by two servers again; before, the next fault may take the only
   * one that has it. A cluster that has not begun to share values anew calls itself healthy too, so
   * first each cache must be shared by all servers, as far as the client knows.
   */
  private static void awaitWhole() {
    awaitMembers();
    for (String cache : List.of("tallybook_log", "tallybook_rows")) {
      RemoteCache<?, ?> known = client.getCache(cache);
      await(cache + " on all servers")
          .atMost(AGAIN_MAX)
          .until(
              () ->
                  known.getCacheTopologyInfo().getSegmentsPerServer().values().stream()
                          .filter(segments -> !segments.isEmpty())
                          .count()
                      == SERVERS);
    }
    awaitBalanced();
  }

  /** Two nodes write before, during and after a fault; what they were told is what is there. */
  private static void loseAndDoubleNothing(String ledger, Fault fault) throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    InfinispanSettings settings =
        Ledgers.settings(ledger, "EUR", Ledgers.ENTRIES_MAX, MILLIS, WINDOW);
    try (Node one = Node.started(settings, client);
        Node two = Node.started(settings, other);
        Load load = new Load(List.of(one.ledger(), two.ledger()), WRITERS_EACH, new Random(seed))) {
      load.awaitCommits("the start", SOME, AGAIN_MAX);
      fault.happen(load);
      awaitWhole();
      load.awaitCommits("the end", SOME, AGAIN_MAX);
      load.stop();
      load.compare(one, "seed " + seed);
      try (Node fresh = Node.started(settings, client)) {
        load.compare(fresh, "a new node, seed " + seed);
      }
    }
  }

  private static void endAndStartAgain(String ledger, int server, IntConsumer end)
      throws Exception {
    loseAndDoubleNothing(
        ledger,
        load -> {
          end.accept(server);
          servers.awaitMembers((server + 1) % SERVERS, SERVERS - 1);
          load.awaitCommits("a server was " + ledger, SOME, AGAIN_MAX);
          servers.restart(server);
        });
  }

  @Test
  void a_server_that_is_killed_and_started_over_what_it_wrote() throws Exception {
    endAndStartAgain("killed", 1, servers::kill);
  }

  @Test
  void a_server_that_is_stopped_and_started_again() throws Exception {
    endAndStartAgain("stopped", 0, servers::stop);
  }

  @Test
  void a_server_that_stands_still_and_goes_on() throws Exception {
    loseAndDoubleNothing(
        "paused",
        load -> {
          servers.pause(2);
          servers.awaitMembers(0, SERVERS - 1);
          load.awaitCommits("a server stood still", SOME, AGAIN_MAX);
          servers.resume(2);
        });
  }

  @Test
  void one_of_three_alone_answers_nothing_rather_than_something_wrong() throws Exception {
    loseAndDoubleNothing(
        "alone",
        load -> {
          servers.pause(1);
          servers.pause(2);
          try {
            servers.awaitMembers(0, 1);
            int failures = load.failures();
            await().atMost(AGAIN_MAX).until(() -> load.failures() > failures);
            InfinispanSettings settings =
                Ledgers.settings("alone", "EUR", Ledgers.ENTRIES_MAX, MILLIS, WINDOW);
            try (Node late = Node.of(settings, client)) {
              assertThat(
                      catchThrowableOfType(
                          LedgerException.Unavailable.class, () -> late.ledger().start()))
                  .as("an answer of a third of the grid")
                  .isNotNull();
            }
          } finally {
            servers.resume(1);
            servers.resume(2);
          }
        });
  }
}
