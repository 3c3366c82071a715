package io.tallybook.service.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RisksTest {
  private static final String LOCAL = "jdbc:postgresql://127.0.0.1:5432/tallybook";

  @Test
  void aStorageThatOutlivesTheProcessWithItsDefaultsIsNoRisk() {
    assertThat(risks("30s", "ledger.storage", "jpa", "quarkus.datasource.jdbc.url", LOCAL))
        .isEmpty();
  }

  @Test
  void theStorageInMemoryIsNamedWithWhatOutlivesIt() {
    assertThat(risks("30s"))
        .containsExactly(
            "Set quarkus.profile to a storage that outlives the process, such as jpa: with"
                + " ledger.storage=memory everything is gone when the service ends.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "29.999s"})
  void anEndThatIsShorterThanACommitMayTakeIsNamed(String timeout) {
    assertThat(risks(timeout))
        .contains(
            "Set quarkus.shutdown.timeout to at least 30000ms, which is"
                + " ledger.commit.wait-millis-max: requests that wait for their commit when the"
                + " service ends may be cut off.");
  }

  @Test
  void aWaitThatIsShorterThanACommitMayTakeIsNamed() {
    assertThat(
            risks(
                "30s",
                "ledger.storage",
                "jpa",
                "quarkus.datasource.jdbc.url",
                LOCAL,
                "ledger.jpa.commit-millis-max",
                "40000"))
        .containsExactly(
            "Set ledger.commit.wait-millis-max to at least 40000, which is"
                + " ledger.jpa.commit-millis-max: requests may give up before they know what became"
                + " of them.");
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://db.example.org/tallybook, true",
    "jdbc:postgresql://db.example.org/tallybook?sslmode=prefer, true",
    "jdbc:postgresql://localhost.example.org/tallybook, true",
    "jdbc:postgresql://db.example.org/tallybook?user=a&sslmode=verify-full, false",
    "jdbc:postgresql://db.example.org/tallybook?sslmode=require&user=a, false",
    "jdbc:postgresql://localhost/tallybook, false",
    "jdbc:postgresql://[::1]:5432/tallybook, false"
  })
  void aDatabaseElsewhereIsAskedInSecretOrNamed(String url, boolean isRisk) {
    List<String> risks = risks("30s", "ledger.storage", "jpa", "quarkus.datasource.jdbc.url", url);
    assertThat(risks).hasSize(isRisk ? 1 : 0);
    assertThat(risks)
        .allSatisfy(
            risk ->
                assertThat(risk)
                    .startsWith("Add sslmode=verify-full to quarkus.datasource.jdbc.url: "));
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:11222, '', false, true, ''",
    "localhost;[::1]:11223, '', false, true, ''",
    "127.0.0.1:11222, '', false, false, ledger.infinispan.sync-writes",
    "grid:11222, /etc/grid.pem, true, false, ''",
    "grid:11222, '', true, false, quarkus.infinispan-client.trust-store",
    "127.0.0.1:11222;grid:11222, '', true, false, quarkus.infinispan-client.trust-store",
    "localhost.example.org, '', true, false, quarkus.infinispan-client.trust-store",
    "grid:11222, /etc/grid.pem, false, false, quarkus.infinispan-client.use-auth"
  })
  void aGridElsewhereIsAskedInSecretByAUserAndOneOnThisMachineWritesThrough(
      String hosts, String trustStore, String useAuth, String syncWrites, String named) {
    List<String> settings =
        new ArrayList<>(
            List.of(
                "ledger.storage",
                "infinispan",
                "ledger.infinispan.sync-writes",
                syncWrites,
                "quarkus.infinispan-client.hosts",
                hosts,
                "quarkus.infinispan-client.use-auth",
                useAuth));
    if (!trustStore.isEmpty()) {
      settings.addAll(List.of("quarkus.infinispan-client.trust-store", trustStore));
    }
    List<String> risks = risks("30s", settings.toArray(String[]::new));
    assertThat(risks).hasSize(named.isEmpty() ? 0 : 1);
    assertThat(risks).allSatisfy(risk -> assertThat(risk).startsWith("Set " + named + " to "));
  }

  @Test
  void aGridThatKeepsEachValueOnceAndACommitTooLongForItsWaitAreNamed() {
    assertThat(
            risks(
                "30s",
                "ledger.storage",
                "infinispan",
                "ledger.infinispan.owners",
                "1",
                "ledger.infinispan.commit-millis-max",
                "40000",
                "quarkus.infinispan-client.hosts",
                "grid:11222",
                "quarkus.infinispan-client.trust-store",
                "/etc/grid.pem"))
        .containsExactly(
            "Set ledger.infinispan.commit-millis-max to at most 15000, half of"
                + " ledger.commit.wait-millis-max: requests may give up before they know what"
                + " became of them.",
            "Set ledger.infinispan.sync-writes to true before the caches are created, or have them"
                + " on two machines and ledger.infinispan.owners at 2: a power cut of the one"
                + " machine may take what was acknowledged last.");
  }

  private static List<String> risks(String shutdownTimeout, String... settings) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      values.put(settings[i], settings[i + 1]);
    }
    LedgerConfig config =
        new SmallRyeConfigBuilder()
            .withMapping(LedgerConfig.class)
            .withDefaultValues(values)
            .build()
            .getConfigMapping(LedgerConfig.class);
    Optional<Duration> timeout =
        shutdownTimeout.isEmpty()
            ? Optional.empty()
            : Optional.of(Duration.parse("PT" + shutdownTimeout));
    return Risks.of(config, timeout, name -> Optional.ofNullable(values.get(name)));
  }
}
