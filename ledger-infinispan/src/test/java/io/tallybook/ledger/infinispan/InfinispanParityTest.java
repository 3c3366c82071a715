package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.parity.LedgerParity;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * The parity suite on one Infinispan server; each ledger has a name of its own, and a window so
 * small that checkpoints run beside the commits all the time.
 */
@SuppressWarnings("NullAway.Init") // set by JUnit
final class InfinispanParityTest extends LedgerParity {
  private static GridServers servers;
  private static GridClient client;

  @BeforeAll
  static void start() {
    servers = GridServers.start(1, 2_048);
    client = servers.client();
  }

  @AfterAll
  static void stop() {
    client.close();
    servers.close();
  }

  @Override
  protected LedgerStore open(CommitPlanner planner, String currency, long entriesMax) {
    return new InfinispanStore(planner, Ledgers.fresh(currency, entriesMax), () -> client);
  }
}
