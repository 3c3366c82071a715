package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.facade.Page;
import io.tallybook.ledger.view.Cell;
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

/** Tells which agents have used something, and what. */
@Path("/agents")
@Singleton
@RunOnVirtualThread
public final class AgentsResource {
  private final Exchange exchange;
  private final Asking asking;

  AgentsResource(Exchange exchange, Asking asking) {
    this.exchange = exchange;
    this.asking = asking;
  }

  @GET
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
  public Response total(@Encoded @PathParam("agent") String agent) {
    String name = Exchange.name("agent", agent);
    return asking.ask(
        "agent-total", reader -> new AgentTotal(name, UsageResource.total(reader.agent(name))));
  }

  @GET
  @Path("/{agent}/usage")
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
