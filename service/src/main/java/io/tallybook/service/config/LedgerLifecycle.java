package io.tallybook.service.config;

import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/** Starts the ledger before the first request and closes it after the last. */
@Singleton
public final class LedgerLifecycle {
  private static final Logger LOG = Logger.getLogger(LedgerLifecycle.class);

  private final Ledger ledger;
  private volatile boolean started;
  private volatile boolean ending;

  LedgerLifecycle(Ledger ledger) {
    this.ledger = ledger;
  }

  void start(@Observes StartupEvent event, Config settings, LedgerConfig config) {
    SettingsCheck.requireKnown(settings.getPropertyNames());
    SettingsCheck.requireExactOrigins(
        settings.getOptionalValues(LedgerConfig.CORS_ORIGINS, String.class).orElse(List.of()));
    Function<String, Optional<String>> set = name -> settings.getOptionalValue(name, String.class);
    SettingsCheck.requireCertificateName(config.storage(), set);
    try {
      ledger.start();
    } catch (LedgerException e) {
      LOG.debug("The ledger cannot be started", e);
      throw new ConfigurationException(
          SettingsCheck.cannotStart(
              config.storage(),
              Objects.requireNonNullElse(e.getMessage(), "The storage failed"),
              set.apply(Risks.HOSTS)));
    }
    SettingsCheck.requireSameCurrency(
        config.currency(), ledger.read(Tenant.SYSTEM, "start", LedgerReader::currency));
    if (LaunchMode.current() == LaunchMode.NORMAL) {
      Risks.of(config, settings.getOptionalValue("quarkus.shutdown.timeout", Duration.class), set)
          .forEach(LOG::warn);
    }
    started = true;
    LOG.infof("The ledger is kept in %s", ledger.storage());
  }

  void drain(@Observes ShutdownDelayInitiatedEvent event) {
    ending = true;
    LOG.info("The service is ending: it is not ready any more, and finishes what it was asked");
  }

  void stop(@Observes ShutdownEvent event) {
    ledger.close();
  }

  /** Whether the ledger has been started. */
  public boolean isStarted() {
    return started;
  }

  /**
   * Whether requests may be sent here.
   *
   * @throws LedgerException.Unavailable if the storage cannot be used, or the service is ending
   */
  public void requireReady() {
    if (ending) {
      throw new LedgerException.Unavailable("The service is ending; ask another node", true, null);
    }
    ledger.check();
  }
}
