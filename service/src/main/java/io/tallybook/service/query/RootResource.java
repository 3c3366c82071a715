package io.tallybook.service.query;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.service.Api;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.query.QueryBodies.Links;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.util.LinkedHashMap;
import java.util.Map;

/** Links to everything that there is. */
@Path("/")
@Singleton
@RunOnVirtualThread
public final class RootResource {
  /** Names and paths by turns, below the root; what stands in braces is to be filled in. */
  private static final String[] PATHS = {
    "events", "/events",
    "eventSummary", "/events/summary",
    "readings", "/readings",
    "latestReadings", "/readings/latest",
    "usage", "/usage",
    "usageBulk", "/usage/bulk",
    "usageOfPair", "/usage/{agent}/{serviceId}",
    "usageAsJson", "/usage/export.json",
    "usageAsCsv", "/usage/export.csv",
    "settle", "/settle",
    "settleBulk", "/settle/bulk",
    "billing", "/billing/{agent}/{serviceId}",
    "billingTotal", "/billing/total",
    "agents", "/agents",
    "agentTotal", "/agents/{agent}/total",
    "agentUsage", "/agents/{agent}/usage",
    "services", "/services",
    "servicesBulk", "/services/bulk",
    "service", "/services/{serviceId}",
    "servicePrice", "/services/{serviceId}/price",
    "serviceMetadata", "/services/{serviceId}/metadata",
    "serviceDisabled", "/services/{serviceId}/disabled",
    "serviceDisable", "/services/{serviceId}/disable",
    "serviceEnable", "/services/{serviceId}/enable",
    "serviceUsage", "/services/{serviceId}/usage",
    "serviceAgents", "/services/{serviceId}/agents",
    "topAgents", "/services/{serviceId}/agents/top",
    "entries", "/entries",
    "entry", "/entries/{sequence}",
    "reversal", "/entries/{sequence}/reversal",
    "entryCount", "/entries/count",
    "entryExport", "/entries/export",
    "rollups", "/rollups",
    "views", "/views",
    "view", "/views/{name}",
    "indexes", "/admin/indexes",
    "stats", "/stats",
    "metrics", "/metrics",
    "health", "/health",
    "ready", "/health/ready",
    "version", "/version",
    "openapi", "/openapi.json"
  };

  private static final Links LINKS = links(PATHS);

  private final Exchange exchange;

  RootResource(Exchange exchange) {
    this.exchange = exchange;
  }

  private static Links links(String... paths) {
    Map<String, String> links = new LinkedHashMap<>();
    for (int i = 0; i < paths.length; i += 2) {
      links.put(paths[i], Api.ROOT + paths[i + 1]);
    }
    return new Links(links);
  }

  @GET
  public Response links() {
    return exchange.answer(200, LINKS);
  }
}
