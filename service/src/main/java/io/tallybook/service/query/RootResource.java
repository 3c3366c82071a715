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
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Links to what can be asked. */
@Path("/")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.QUESTIONS)
public final class RootResource {
  private final Exchange exchange;

  RootResource(Exchange exchange) {
    this.exchange = exchange;
  }

  @GET
  @Operation(summary = "Links to what can be asked")
  @APIResponse(
      responseCode = "200",
      description = "The links",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Links.class),
              examples =
                  @ExampleObject(
                      name = "links",
                      value = "{\"links\":{\"entries\":\"/api/v1/entries\"}}")))
  public Response links() {
    Map<String, String> links = new LinkedHashMap<>();
    for (String name :
        new String[] {"events", "usage", "services", "agents", "entries", "rollups", "views"}) {
      links.put(name, Api.ROOT + "/" + name);
    }
    links.put("entryCount", Api.ROOT + "/entries/count");
    links.put("entryExport", Api.ROOT + "/entries/export");
    links.put("readings", Api.ROOT + "/readings");
    links.put("latestReadings", Api.ROOT + "/readings/latest");
    links.put("billing", Api.ROOT + "/billing/total");
    links.put("indexes", Api.ROOT + "/admin/indexes");
    links.put("openapi", "/q/openapi");
    links.put("health", "/q/health");
    links.put("metrics", "/metrics");
    return exchange.answer(200, new Links(links));
  }
}
