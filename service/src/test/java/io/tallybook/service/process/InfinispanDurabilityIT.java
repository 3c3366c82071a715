package io.tallybook.service.process;

import io.tallybook.ledger.infinispan.GridServers;
import io.tallybook.service.api.GridResource;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** On an Infinispan server; checkpoints run beside the commits, and often end in the middle. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init") // set before the first test
class InfinispanDurabilityIT extends DurabilityTests {
  private GridServers servers;

  @BeforeAll
  void startServers() {
    servers = GridServers.start(1);
  }

  @AfterAll
  void stopServers() {
    servers.close();
  }

  @Override
  Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(GridResource.settings(servers, "durability"));
    settings.put("quarkus.profile", "infinispan");
    settings.put("ledger.infinispan.window-entries-max", "500");
    return settings;
  }

  @Override
  void restartStorage() {
    servers.kill(0);
    servers.restart(0);
  }
}
