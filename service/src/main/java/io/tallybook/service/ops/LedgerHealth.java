package io.tallybook.service.ops;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.service.config.LedgerLifecycle;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;
import org.jboss.logging.Logger;

/**
 * The health of the service. It lives while it answers; it is ready while its storage can be used;
 * it has started when its ledger has.
 */
final class LedgerHealth {
  private static final Logger LOG = Logger.getLogger(LedgerHealth.class);

  @Produces
  @Singleton
  @Liveness
  HealthCheck alive() {
    return () -> HealthCheckResponse.up("service");
  }

  @Produces
  @Singleton
  @Readiness
  HealthCheck ready(Ledger ledger) {
    return () -> {
      boolean usable = true;
      try {
        ledger.check();
      } catch (LedgerException e) {
        LOG.warnf(e, "The storage cannot be used");
        usable = false;
      }
      return HealthCheckResponse.named("storage")
          .status(usable)
          .withData("name", ledger.storage())
          .build();
    };
  }

  @Produces
  @Singleton
  @Startup
  HealthCheck started(LedgerLifecycle lifecycle) {
    return () -> HealthCheckResponse.named("ledger").status(lifecycle.isStarted()).build();
  }
}
