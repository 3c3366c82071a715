package io.tallybook.service.config;

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
                + ", which is ledger.jpa.commit-millis-max: requests may give up before they know"
                + " what became of them.");
      }
      String url = settings.apply(URL).orElse("");
      if (!LOOPBACK.matcher(url).matches() && !ENCRYPTED.matcher(url).matches()) {
        risks.add(
            "Add sslmode=verify-full to "
                + URL
                + ": without it the password and all events may go over the network as they are.");
      }
    }
    return risks;
  }
}
