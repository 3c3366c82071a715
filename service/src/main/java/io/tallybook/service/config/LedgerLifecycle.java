package io.tallybook.service.config;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/** Starts the ledger before the first request and closes it after the last. */
@Singleton
public final class LedgerLifecycle {
  private static final Logger LOG = Logger.getLogger(LedgerLifecycle.class);

  private volatile boolean started;

  void start(@Observes StartupEvent event, Config names, LedgerConfig config, Ledger ledger) {
    SettingsCheck.requireKnown(names.getPropertyNames());
    SettingsCheck.requireExactOrigins(
        names.getOptionalValues(LedgerConfig.CORS_ORIGINS, String.class).orElse(List.of()));
    try {
      ledger.start();
    } catch (LedgerException e) {
      LOG.debug("The ledger cannot be started", e);
      throw new ConfigurationException(e.getMessage() + ".");
    }
    SettingsCheck.requireSameCurrency(
        config.currency(), ledger.read(Tenant.SYSTEM, "start", LedgerReader::currency));
    started = true;
    LOG.infof("The ledger is kept in %s", ledger.storage());
  }

  void stop(@Observes ShutdownEvent event, Ledger ledger) {
    ledger.close();
  }

  /** Whether the ledger has been started. */
  public boolean isStarted() {
    return started;
  }
}
