package io.tallybook.service.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.metrics.legacyapi.LegacyMetricRegistryAdapter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.metrics.MetricRegistry;

/** Makes the MicroProfile metric registry: a front of Micrometer's, so one scrape shows both. */
final class MetricsProducer {
  @Produces
  @Singleton
  MetricRegistry metricRegistry(MeterRegistry meters) {
    return new LegacyMetricRegistryAdapter(MetricRegistry.APPLICATION_SCOPE, meters);
  }
}
