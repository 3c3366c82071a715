package io.tallybook.service.ops;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The bodies of answers for operators. */
@RegisterForReflection(ignoreNested = false)
public final class OpsBodies {
  private OpsBodies() {}

  /** Whether the service is well. */
  public record Health(String status) {}

  /** What is running. */
  public record Version(String name, String version) {}

  /** A service with what it has outstanding. */
  public record ServiceRow(
      String tenantId, String serviceId, long priceStroops, long requestsOutstanding) {}

  /** What a tenant has, in figures. */
  public record Stats(
      long totalServices,
      long totalApiKeys,
      long totalWebhooks,
      long usageKeys,
      long totalRequests,
      long lifetimeRequests,
      long uniqueAgents,
      String settledStroopsTotal,
      long settlementsTotal,
      boolean paused,
      List<ServiceRow> servicesBreakdown,
      long servicesBreakdownTotal,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String nextServicesBreakdownCursor) {}
}
