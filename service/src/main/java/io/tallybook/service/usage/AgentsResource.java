package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.facade.Page;
import io.tallybook.ledger.view.Cell;
import io.tallybook.service.Api;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Cursors;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.usage.UsageBodies.AgentTotal;
import io.tallybook.service.usage.UsageBodies.AgentUsage;
import io.tallybook.service.usage.UsageBodies.Agents;
import io.tallybook.service.usage.UsageBodies.ServiceItem;
import jakarta.inject.Singleton;
import jakarta.ws.rs.Encoded;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Tells which agents have used something, and what. */
@Path("/agents")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.USAGE)
public final class AgentsResource {
  private final Exchange exchange;
  private final Asking asking;

  AgentsResource(Exchange exchange, Asking asking) {
    this.exchange = exchange;
    this.asking = asking;
  }

  @GET
  @Operation(summary = "Lists agents in order of first appearance, settled ones included")
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      schema =
          @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "1000", defaultValue = "100"))
  @Parameter(name = "cursor", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.STRING))
  @APIResponse(
      responseCode = "200",
      description = "A page of agents",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Agents.class),
              examples =
                  @ExampleObject(
                      name = "two",
                      value = "{\"agents\":[\"alice\",\"bob\"],\"nextCursor\":null}")))
  public Response agents() {
    int limit = (int) exchange.query().integer("limit", 100, 1, 1_000);
    long after = Cursors.number(exchange);
    return asking.askList(
        "agents",
        reader -> {
          Page<Cell> page = reader.agents(after, limit);
          String next = Cursors.ofNumber(exchange, page.next());
          return new Asking.Answer(
              new Agents(page.items().stream().map(Listing::firstName).toList(), next), next, null);
        });
  }

  @GET
  @Path("/{agent}/total")
  @Operation(summary = "Tells what an agent has outstanding over all services")
  @APIResponse(
      responseCode = "200",
      description = "The sum",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = AgentTotal.class),
              examples = @ExampleObject(name = "sum", value = "{\"agent\":\"alice\",\"total\":3}")))
  public Response total(@Encoded @PathParam("agent") String agent) {
    String name = Exchange.name("agent", agent);
    return asking.ask(
        "agent-total", reader -> new AgentTotal(name, UsageResource.total(reader.agent(name))));
  }

  @GET
  @Path("/{agent}/usage")
  @Operation(
      summary = "Lists what an agent has outstanding by service, in order of first appearance")
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      description = "Everything at once where it is absent",
      schema = @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "1000"))
  @Parameter(name = "cursor", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.STRING))
  @APIResponse(
      responseCode = "200",
      description = "The services, those at 0 included",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = AgentUsage.class),
              examples =
                  @ExampleObject(
                      name = "one",
                      value =
                          "{\"agent\":\"alice\",\"items\":[{\"serviceId\":\"search\",\"total\":3}]}")))
  public Response usage(@Encoded @PathParam("agent") String agent) {
    String name = Exchange.name("agent", agent);
    int limit = Listing.limit(exchange);
    long after = Cursors.number(exchange);
    return asking.askList(
        "agent-usage",
        reader -> {
          Page<Cell> page = reader.pairsOfAgent(name, after, limit);
          String next = Cursors.ofNumber(exchange, page.next());
          return new Asking.Answer(
              new AgentUsage(
                  name,
                  page.items().stream()
                      .map(
                          cell ->
                              new ServiceItem(Listing.secondName(cell), UsageResource.total(cell)))
                      .toList(),
                  next),
              next,
              null);
        });
  }
}
