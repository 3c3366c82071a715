package io.tallybook.service.api;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.tallybook.ledger.infinispan.GridServers;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A ledger on an Infinispan server that all tests of a run share; it ends with them. Each service
 * that is started with it has a ledger of its own.
 */
public final class GridResource implements QuarkusTestResourceLifecycleManager {
  private static final int HEAP_MB = 1_024;
  private static final AtomicInteger LEDGERS = new AtomicInteger();

  /** Made when it is first asked for. */
  private static final class Shared {
    static final GridServers SERVERS = GridServers.start(1, HEAP_MB);
  }

  /** The settings of a service on a ledger that is not there yet. */
  public static Map<String, String> settings() {
    return settings(Shared.SERVERS, "ledger_" + LEDGERS.incrementAndGet());
  }

  /** The settings of a service on a ledger of some servers, which want no password. */
  public static Map<String, String> settings(GridServers servers, String ledger) {
    return Map.of(
        "quarkus.infinispan-client.hosts",
        servers.hosts(),
        "quarkus.infinispan-client.use-auth",
        "false",
        "quarkus.infinispan-client.client-intelligence",
        "BASIC",
        "ledger.infinispan.ledger",
        ledger);
  }

  @Override
  public Map<String, String> start() {
    return settings();
  }

  @Override
  public void stop() {
    // The server ends with the process of the tests.
  }
}
