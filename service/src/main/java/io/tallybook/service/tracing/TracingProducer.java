package io.tallybook.service.tracing;

import io.opentelemetry.api.trace.Tracer;
import io.tallybook.ledger.facade.LedgerTracer;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Makes what follows the ledger for traces; while they are off, nothing does. */
final class TracingProducer {
  @Produces
  @Singleton
  LedgerTracer ledgerTracer(
      Instance<Tracer> tracer,
      @ConfigProperty(name = "quarkus.otel.sdk.disabled") boolean isDisabled) {
    return isDisabled ? LedgerTracer.NONE : new LedgerTracing(tracer.get());
  }
}
