package io.tallybook.service.config;

import io.tallybook.ledger.infinispan.InfinispanStore;
import io.tallybook.ledger.jpa.JpaStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Settings that are in bounds, and yet not what a ledger in production should have: each in a
 * sentence with the setting and the value that is advised. The service starts with them.
 */
final class Risks {
  private static final String URL = "quarkus.datasource.jdbc.url";
  private static final Pattern LOOPBACK =
      Pattern.compile("jdbc:postgresql://(?:localhost|127\\.[0-9.]+|\\[::1])[:/?].*");
  private static final Pattern ENCRYPTED =
      Pattern.compile(".*[?&]sslmode=(?:require|verify-ca|verify-full)(?:&.*)?");

  static final String HOSTS = "quarkus.infinispan-client.hosts";
  static final String TRUST_STORE = "quarkus.infinispan-client.trust-store";
  private static final String USE_AUTH = "quarkus.infinispan-client.use-auth";
  private static final Pattern LOOPBACK_HOSTS =
      Pattern.compile("(?:(?:localhost|127\\.[0-9.]+|\\[::1])(?::[0-9]+)?(?:;|$))+");

  private Risks() {}

  /**
   * The risks of some settings.
   *
   * @param shutdownTimeout how long requests under way are waited for at the end
   * @param settings of the framework, by their names
   */
  static List<String> of(
      LedgerConfig config,
      Optional<Duration> shutdownTimeout,
      Function<String, Optional<String>> settings) {
    List<String> risks = new ArrayList<>();
    int waitMillis = config.commit().waitMillisMax();
    if (config.storage().equals("memory")) {
      risks.add(
          "Set quarkus.profile to a storage that outlives the process, such as jpa: with"
              + " ledger.storage=memory everything is gone when the service ends.");
    }
    if (shutdownTimeout.isEmpty() || shutdownTimeout.get().toMillis() < waitMillis) {
      risks.add(
          "Set quarkus.shutdown.timeout to at least "
              + waitMillis
              + "ms, which is ledger.commit.wait-millis-max: requests that wait for their commit"
              + " when the service ends may be cut off.");
    }
    if (config.storage().equals(JpaStore.NAME)) {
      if (config.jpa().commitMillisMax() > waitMillis) {
        risks.add(
            "Set ledger.commit.wait-millis-max to at least "
                + config.jpa().commitMillisMax()
                + ", which is ledger.jpa.commit-millis-max: requests may give up before they know what"
                + " became of them.");
      }
      String url = settings.apply(URL).orElse("");
      if (!LOOPBACK.matcher(url).matches() && !ENCRYPTED.matcher(url).matches()) {
        risks.add(
            "Add sslmode=verify-full to "
                + URL
                + ": without it the password and all events may go over the network as they are.");
      }
    }
    if (config.storage().equals(InfinispanStore.NAME)) {
      addGrid(risks, config.infinispan(), waitMillis, settings);
    }
    return risks;
  }

  private static void addGrid(
      List<String> risks,
      LedgerConfig.Infinispan infinispan,
      int waitMillis,
      Function<String, Optional<String>> settings) {
    if (infinispan.commitMillisMax() > waitMillis / 2) {
      // A commit may wait as long for room before.
      risks.add(
          "Set ledger.infinispan.commit-millis-max to at most "
              + waitMillis / 2
              + ", half of ledger.commit.wait-millis-max: requests may give up before they know what"
              + " became of them.");
    }
    boolean isHere =
        LOOPBACK_HOSTS.matcher(settings.apply(HOSTS).orElse("").replace(" ", "")).matches();
    if (!isHere && settings.apply(TRUST_STORE).isEmpty()) {
      risks.add(
          "Set "
              + TRUST_STORE
              + " to the certificates by which the grid is known: without it all events go over the"
              + " network as they are.");
    }
    if (!isHere && settings.apply(USE_AUTH).orElse("").equals("false")) {
      risks.add(
          "Set "
              + USE_AUTH
              + " to true, with quarkus.infinispan-client.username and"
              + " quarkus.infinispan-client.password: without it whoever reaches the grid may change"
              + " the ledger.");
    }
    if (!infinispan.syncWrites() && (isHere || infinispan.owners() == 1)) {
      risks.add(
          "Set ledger.infinispan.sync-writes to true before the caches are created, or have them on"
              + " two machines and ledger.infinispan.owners at 2: a power cut of the one machine may"
              + " take what was acknowledged last.");
    }
  }
}
