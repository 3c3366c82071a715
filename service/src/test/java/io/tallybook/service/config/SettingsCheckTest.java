package io.tallybook.service.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsCheckTest {
  @Test
  void everyKeyOfTheMappingIsKnownAndNoOther() {
    assertThat(SettingsCheck.KEYS).isEqualTo(keys("ledger", LedgerConfig.class));
  }

  @Test
  void theOperatingGuideTellsEverySettingAndItsDefault() throws IOException {
    Map<String, String> told = new TreeMap<>();
    for (String line : Files.readAllLines(Path.of("..", "docs", "operating.md"))) {
      if (line.startsWith("| `ledger.")) {
        String[] cells = line.split(" \\| ", -1);
        Pattern.compile("`(ledger\\.[a-z.-]+)`")
            .matcher(cells[0])
            .results()
            .forEach(name -> told.put(name.group(1), cells[1].replace("`", "")));
      }
    }
    assertThat(told.keySet()).isEqualTo(SettingsCheck.KEYS);
    SmallRyeConfig config = new SmallRyeConfigBuilder().withMapping(LedgerConfig.class).build();
    told.forEach(
        (name, value) -> {
          String actual = config.getConfigValue(name).getValue();
          String expected =
              switch (value) {
                case "no bound" -> Long.toString(Long.MAX_VALUE);
                default -> value;
              };
          if (actual != null) { // what has no default is told in words
            assertThat(actual).as(name).isEqualTo(expected);
          }
        });
  }

  private static Set<String> keys(String prefix, Class<?> type) {
    Set<String> keys = new TreeSet<>();
    for (Method method : type.getDeclaredMethods()) {
      String key =
          prefix + "." + method.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      if (method.getReturnType().isInterface()) {
        keys.addAll(keys(key, method.getReturnType()));
      } else {
        keys.add(key);
      }
    }
    return keys;
  }

  @Test
  void anUnknownKeyIsNamedWithWhatToDo() {
    assertThatThrownBy(
            () ->
                SettingsCheck.requireKnown(
                    List.of("ledger.storage", "ledger.memory.max-entry", "quarkus.x", "ledgers.x")))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "Remove or rename ledger.memory.max-entry: the settings of the ledger are"
                + " ledger.commit.group-commands-max, ledger.commit.linger-micros,"
                + " ledger.commit.wait-millis-max, ledger.commit.waiting-requests-max,"
                + " ledger.currency, ledger.export.seconds-max, ledger.infinispan.caches, ledger.infinispan.commit-millis-max,"
                + " ledger.infinispan.held-entries-max, ledger.infinispan.ledger,"
                + " ledger.infinispan.log-seconds-min, ledger.infinispan.max-entries,"
                + " ledger.infinispan.owners, ledger.infinispan.read-millis-max,"
                + " ledger.infinispan.sync-writes, ledger.infinispan.window-entries-max,"
                + " ledger.jpa.commit-millis-max, ledger.jpa.loss-accepted, ledger.jpa.max-entries,"
                + " ledger.jpa.names-cached, ledger.jpa.read-millis-max, ledger.jpa.schema, ledger.memory.heap-percent-max, ledger.memory.max-entries,"
                + " ledger.storage.");
    assertThatCode(() -> SettingsCheck.requireKnown(SettingsCheck.KEYS)).doesNotThrowAnyException();
  }

  @Test
  void anUnknownStorageIsNamedWithThoseThereAre() {
    assertThatThrownBy(() -> SettingsCheck.requireStorage("paper", List.of("memory")))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("Set ledger.storage to one of memory: there is no storage 'paper'.");
  }

  @Test
  void aLedgerKeepsItsCurrency() {
    assertThatThrownBy(() -> SettingsCheck.requireSameCurrency("EUR", "USD"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "Set ledger.currency to USD: this ledger was started with it, and it cannot become"
                + " EUR.");
  }

  @Test
  void whyAGridCannotBeUsedIsOneSentenceWithWhatToSet() {
    assertThat(
            SettingsCheck.cannotStart(
                "infinispan", "The grid cannot be reached.", Optional.of("a:11222;b:11222")))
        .isEqualTo(
            "Cannot use the Infinispan grid at a:11222;b:11222: the grid cannot be reached; set"
                + " quarkus.infinispan-client.hosts, quarkus.infinispan-client.username and"
                + " quarkus.infinispan-client.password to a grid whose caches the user may create.");
    assertThat(SettingsCheck.cannotStart("jpa", "The database is away", Optional.empty()))
        .isEqualTo("The database is away.");
  }

  @Test
  void theDefaultsAreInBounds() {
    LedgerConfig config = config(Map.of());
    assertThatCode(() -> SettingsCheck.requireBounds(config)).doesNotThrowAnyException();
    assertThat(config.storage()).isEqualTo("memory");
    assertThat(config.currency()).isEqualTo("USD");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ledger.currency| usd| Set ledger.currency to three capital letters, such as USD: 'usd' is no code of a currency.",
        "ledger.memory.max-entries| 0| Set ledger.memory.max-entries between 1 and 2000000000: it is 0.",
        "ledger.memory.max-entries| 2000000001| Set ledger.memory.max-entries between 1 and 2000000000: it is 2000000001.",
        "ledger.memory.heap-percent-max| 96| Set ledger.memory.heap-percent-max between 1 and 95: it is 96.",
        "ledger.commit.group-commands-max| 0| Set ledger.commit.group-commands-max between 1 and 100000: it is 0.",
        "ledger.commit.linger-micros| -1| Set ledger.commit.linger-micros between 0 and 100000: it is -1.",
        "ledger.commit.waiting-requests-max| 0| Set ledger.commit.waiting-requests-max between 1 and 1000000: it is 0.",
        "ledger.commit.wait-millis-max| 600001| Set ledger.commit.wait-millis-max between 1 and 600000: it is 600001.",
        "ledger.infinispan.ledger| Main| Set ledger.infinispan.ledger to a lower-case letter and then up to 62 lower-case letters, digits and underscores: it is 'Main'.",
        "ledger.infinispan.caches| a-b| Set ledger.infinispan.caches to a lower-case letter and then up to 62 lower-case letters, digits and underscores: it is 'a-b'.",
        "ledger.infinispan.max-entries| 0| Set ledger.infinispan.max-entries between 1 and 9223372036854775807: it is 0.",
        "ledger.infinispan.commit-millis-max| 99| Set ledger.infinispan.commit-millis-max between 100 and 600000: it is 99.",
        "ledger.infinispan.read-millis-max| 600001| Set ledger.infinispan.read-millis-max between 100 and 600000: it is 600001.",
        "ledger.infinispan.owners| 11| Set ledger.infinispan.owners between 1 and 10: it is 11.",
        "ledger.infinispan.window-entries-max| 9| Set ledger.infinispan.window-entries-max between 10 and 1000000: it is 9.",
        "ledger.infinispan.held-entries-max| 999| Set ledger.infinispan.held-entries-max between 1000 and 10000000: it is 999.",
        "ledger.infinispan.log-seconds-min| 59| Set ledger.infinispan.log-seconds-min between 60 and 86400: it is 59.",
        "ledger.export.seconds-max| 0| Set ledger.export.seconds-max between 1 and 86400: it is 0."
      })
  void aValueOutOfBoundsIsNamedWithThem(String key, String value, String message) {
    assertThatThrownBy(() -> SettingsCheck.requireBounds(config(Map.of(key, value))))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"*", "/https://.*/", "https://*.example.org", "https://a.org/", "a.org"})
  void anOriginThatIsAPatternIsRefused(String origin) {
    assertThatThrownBy(
            () -> SettingsCheck.requireExactOrigins(List.of("https://example.org:8443", origin)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "Set quarkus.http.cors.origins to exact origins, such as https://app.example.org: '"
                + origin
                + "' is none.");
  }

  @Test
  void anEncryptedGridMustHaveAName() {
    Map<String, String> encrypted = Map.of("quarkus.infinispan-client.trust-store", "ca.crt");
    assertThatThrownBy(() -> requireCertificateName("infinispan", encrypted, Map.of()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "Set quarkus.infinispan-client.sni-host-name to the name in the certificate of the"
                + " grid: connections are encrypted, and the name is checked unless"
                + " quarkus.infinispan-client.ssl-host-name-validation is false.");

    requireCertificateName("memory", encrypted, Map.of());
    requireCertificateName("infinispan", Map.of(), Map.of());
    requireCertificateName(
        "infinispan", encrypted, Map.of("quarkus.infinispan-client.sni-host-name", "grid"));
    requireCertificateName(
        "infinispan",
        encrypted,
        Map.of("quarkus.infinispan-client.ssl-host-name-validation", "false"));
  }

  private static void requireCertificateName(
      String storage, Map<String, String> some, Map<String, String> others) {
    SettingsCheck.requireCertificateName(
        storage, name -> Optional.ofNullable(some.getOrDefault(name, others.get(name))));
  }

  private static LedgerConfig config(Map<String, String> values) {
    return new SmallRyeConfigBuilder()
        .withMapping(LedgerConfig.class)
        .withDefaultValues(values)
        .build()
        .getConfigMapping(LedgerConfig.class);
  }
}
