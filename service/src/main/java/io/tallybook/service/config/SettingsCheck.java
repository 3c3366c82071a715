package io.tallybook.service.config;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.tallybook.ledger.infinispan.InfinispanStore;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Refuses settings that nobody reads or that are out of bounds, in one sentence each. */
final class SettingsCheck {
  /** Every key of {@link LedgerConfig}. */
  static final Set<String> KEYS =
      Set.of(
          "ledger.storage",
          "ledger.currency",
          "ledger.memory.max-entries",
          "ledger.memory.heap-percent-max",
          "ledger.jpa.schema",
          "ledger.jpa.max-entries",
          "ledger.jpa.commit-millis-max",
          "ledger.jpa.read-millis-max",
          "ledger.jpa.names-cached",
          "ledger.jpa.loss-accepted",
          "ledger.infinispan.ledger",
          "ledger.infinispan.caches",
          "ledger.infinispan.max-entries",
          "ledger.infinispan.commit-millis-max",
          "ledger.infinispan.read-millis-max",
          "ledger.infinispan.owners",
          "ledger.infinispan.sync-writes",
          "ledger.infinispan.window-entries-max",
          "ledger.infinispan.held-entries-max",
          "ledger.infinispan.log-seconds-min",
          "ledger.commit.group-commands-max",
          "ledger.commit.linger-micros",
          "ledger.commit.waiting-requests-max",
          "ledger.commit.wait-millis-max",
          "ledger.export.seconds-max");

  private static final String CERTIFICATE_NAME = "quarkus.infinispan-client.sni-host-name";
  private static final String NAME_CHECKED = "quarkus.infinispan-client.ssl-host-name-validation";
  private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");
  private static final Pattern WORD = Pattern.compile("[a-z][a-z0-9_]{0,62}");
  private static final Pattern ORIGIN = Pattern.compile("https?://[^/*\\s]+");

  private SettingsCheck() {}

  /** Refuses names of settings that begin as the ledger's do and are none of them. */
  static void requireKnown(Iterable<String> names) {
    TreeSet<String> unknown = new TreeSet<>();
    for (String name : names) {
      if (name.startsWith(LedgerConfig.PREFIX + ".") && !KEYS.contains(name)) {
        unknown.add(name);
      }
    }
    if (!unknown.isEmpty()) {
      throw new ConfigurationException(
          "Remove or rename "
              + String.join(", ", unknown)
              + ": the settings of the ledger are "
              + String.join(", ", new TreeSet<>(KEYS))
              + ".");
    }
  }

  /** Refuses a storage that this build does not have. */
  static void requireStorage(String storage, List<String> storages) {
    if (!storages.contains(storage)) {
      throw new ConfigurationException(
          "Set ledger.storage to one of "
              + String.join(", ", storages)
              + ": there is no storage '"
              + storage
              + "'.");
    }
  }

  /** Refuses a storage whose profile is not on, so that what it needs is not there. */
  static void requireProfile(String storage, boolean isActive) {
    if (!isActive) {
      throw new ConfigurationException(
          "Start with quarkus.profile="
              + storage
              + " instead of ledger.storage="
              + storage
              + ": the profile turns on what that storage needs.");
    }
  }

  /** Refuses values out of bounds. */
  static void requireBounds(LedgerConfig config) {
    if (!CURRENCY.matcher(config.currency()).matches()) {
      throw new ConfigurationException(
          "Set ledger.currency to three capital letters, such as USD: '"
              + config.currency()
              + "' is no code of a currency.");
    }
    LedgerConfig.Memory memory = config.memory();
    requireRange("ledger.memory.max-entries", memory.maxEntries(), 1, 2_000_000_000);
    requireRange("ledger.memory.heap-percent-max", memory.heapPercentMax(), 1, 95);
    LedgerConfig.Jpa jpa = config.jpa();
    requireWord("ledger.jpa.schema", jpa.schema());
    requireRange("ledger.jpa.max-entries", jpa.maxEntries(), 1, Long.MAX_VALUE);
    requireRange("ledger.jpa.commit-millis-max", jpa.commitMillisMax(), 100, 600_000);
    requireRange("ledger.jpa.read-millis-max", jpa.readMillisMax(), 100, 3_600_000);
    requireRange("ledger.jpa.names-cached", jpa.namesCached(), 1_000, 10_000_000);
    LedgerConfig.Infinispan infinispan = config.infinispan();
    requireWord("ledger.infinispan.ledger", infinispan.ledger());
    requireWord("ledger.infinispan.caches", infinispan.caches());
    requireRange("ledger.infinispan.max-entries", infinispan.maxEntries(), 1, Long.MAX_VALUE);
    requireRange("ledger.infinispan.commit-millis-max", infinispan.commitMillisMax(), 100, 600_000);
    requireRange("ledger.infinispan.read-millis-max", infinispan.readMillisMax(), 100, 600_000);
    requireRange("ledger.infinispan.owners", infinispan.owners(), 1, 10);
    requireRange(
        "ledger.infinispan.window-entries-max", infinispan.windowEntriesMax(), 10, 1_000_000);
    requireRange(
        "ledger.infinispan.held-entries-max", infinispan.heldEntriesMax(), 1_000, 10_000_000);
    requireRange(
        "ledger.infinispan.log-seconds-min",
        infinispan.logSecondsMin(),
        Math.max(60, infinispan.commitMillisMax() / 250),
        86_400);
    LedgerConfig.Commit commit = config.commit();
    requireRange("ledger.commit.group-commands-max", commit.groupCommandsMax(), 1, 100_000);
    requireRange("ledger.commit.linger-micros", commit.lingerMicros(), 0, 100_000);
    requireRange("ledger.commit.waiting-requests-max", commit.waitingRequestsMax(), 1, 1_000_000);
    requireRange("ledger.commit.wait-millis-max", commit.waitMillisMax(), 1, 600_000);
    requireRange("ledger.export.seconds-max", config.export().secondsMax(), 1, 86_400);
  }

  /** Refuses origins that are patterns: whoever may ask from a browser is named. */
  static void requireExactOrigins(List<String> origins) {
    for (String origin : origins) {
      if (!ORIGIN.matcher(origin).matches()) {
        throw new ConfigurationException(
            "Set "
                + LedgerConfig.CORS_ORIGINS
                + " to exact origins, such as https://app.example.org: '"
                + origin
                + "' is none.");
      }
    }
  }

  /**
   * Requires the name in the certificate of a grid whose connections are encrypted.
   *
   * @param settings those that are set, by their names
   */
  static void requireCertificateName(String storage, Function<String, Optional<String>> settings) {
    if (storage.equals(InfinispanStore.NAME)
        && settings.apply(Risks.TRUST_STORE).isPresent()
        && settings.apply(CERTIFICATE_NAME).isEmpty()
        && !settings.apply(NAME_CHECKED).equals(Optional.of("false"))) {
      throw new ConfigurationException(
          "Set "
              + CERTIFICATE_NAME
              + " to the name in the certificate of the grid: connections are encrypted, and the name"
              + " is checked unless "
              + NAME_CHECKED
              + " is false.");
    }
  }

  /** Refuses to run a ledger under another currency than it was started with. */
  static void requireSameCurrency(String configured, String actual) {
    if (!configured.equals(actual)) {
      throw new ConfigurationException(
          "Set ledger.currency to "
              + actual
              + ": this ledger was started with it, and it cannot become "
              + configured
              + ".");
    }
  }

  /**
   * Why the ledger cannot be started, in a sentence.
   *
   * @param hosts of the grid, whose settings are the framework's, so that its storage does not know
   *     what they are called
   */
  static String cannotStart(String storage, String why, Optional<String> hosts) {
    String reason = why.endsWith(".") ? why.substring(0, why.length() - 1) : why;
    if (!storage.equals(InfinispanStore.NAME)) {
      return reason + ".";
    }
    return "Cannot use the Infinispan grid at "
        + hosts.orElse("no address")
        + ": "
        + reason.substring(0, 1).toLowerCase(Locale.ROOT)
        + reason.substring(1)
        + "; set quarkus.infinispan-client.hosts, quarkus.infinispan-client.username and"
        + " quarkus.infinispan-client.password to a grid whose caches the user may create.";
  }

  private static void requireWord(String key, String value) {
    if (!WORD.matcher(value).matches()) {
      throw new ConfigurationException(
          "Set "
              + key
              + " to a lower-case letter and then up to 62 lower-case letters, digits and"
              + " underscores: it is '"
              + value
              + "'.");
    }
  }

  private static void requireRange(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw new ConfigurationException(
          "Set " + key + " between " + min + " and " + max + ": it is " + value + ".");
    }
  }
}
