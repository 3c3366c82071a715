package io.tallybook.service.process;

import io.tallybook.service.api.GridResource;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** On an Infinispan server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init") // set before the first test
class InfinispanTerminationIT extends TerminationTests {
  private Map<String, String> settings;

  @BeforeAll
  void nameLedger() {
    settings = new TreeMap<>(GridResource.settings());
    settings.put("quarkus.profile", "infinispan");
    settings.put("ledger.infinispan.window-entries-max", "500");
  }

  @Override
  Map<String, String> settings() {
    return settings;
  }
}
