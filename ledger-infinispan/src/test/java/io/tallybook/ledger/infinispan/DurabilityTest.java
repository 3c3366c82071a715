package io.tallybook.ledger.infinispan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/** A server is started over what it wrote: killed under load, again and again, or mended. */
@SuppressWarnings("MemberName") // sentences
class DurabilityTest {
  private static final int ROUNDS = 5;
  private static final int WRITERS = 8;
  private static final int MILLIS = 5_000;

  /** So that checkpoints run all the time, of many rows each. */
  private static final int WINDOW = 200;

  /** Requests that are acknowledged in a round before the server may be killed. */
  private static final int ACKNOWLEDGED_MIN = 20;

  private static final Duration ROUND_MAX = Duration.ofMinutes(3);

  @Test
  void what_was_acknowledged_outlives_a_killed_server_and_nothing_is_doubled() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    InfinispanSettings settings =
        Ledgers.settings("durable", "EUR", Ledgers.ENTRIES_MAX, MILLIS, WINDOW);
    try (GridServers servers = GridServers.start(1);
        GridClient client = servers.guardedClient();
        Node node = Node.started(settings, client);
        Load load = new Load(List.of(node.ledger()), WRITERS, random)) {
      for (int round = 0; round < ROUNDS; round++) {
        load.awaitCommits("the start", ACKNOWLEDGED_MIN + random.nextInt(100), ROUND_MAX);
        servers.kill(0);
        servers.restart(0);
        load.awaitCommits("a kill", WRITERS + 1, ROUND_MAX);
      }
      load.stop();
      assertThat(load.failures()).as("a killed server is noticed").isPositive();
      load.compare(node, "seed " + seed);
      try (Node fresh = Node.started(settings, client)) {
        load.compare(fresh, "a new node, seed " + seed);
      }
    }
  }

  /** As the guide says of an index that does not fit its files. */
  @Test
  void an_index_that_was_removed_is_made_again_from_the_files() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    InfinispanSettings settings =
        Ledgers.settings("mended", "EUR", Ledgers.ENTRIES_MAX, MILLIS, WINDOW);
    try (GridServers servers = GridServers.start(1);
        GridClient client = servers.guardedClient();
        Node node = Node.started(settings, client);
        Load load = new Load(List.of(node.ledger()), WRITERS, new Random(seed))) {
      load.awaitCommits("the start", 10 * ACKNOWLEDGED_MIN, ROUND_MAX);
      load.stop();
      servers.stop(0);
      servers.removeIndexes(0);
      servers.restart(0);
      try (Node fresh = Node.started(settings, client)) {
        load.compare(fresh, "seed " + seed);
      }
    }
  }
}
