package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Cell;
import io.tallybook.service.Api;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Problem;
import io.tallybook.service.usage.UsageBodies.AgentBill;
import io.tallybook.service.usage.UsageBodies.AgentRequest;
import io.tallybook.service.usage.UsageBodies.Bill;
import io.tallybook.service.usage.UsageBodies.BillItem;
import io.tallybook.service.usage.UsageBodies.BillingTotal;
import io.tallybook.service.usage.UsageBodies.PairRequest;
import jakarta.inject.Singleton;
import jakarta.ws.rs.Encoded;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.math.BigInteger;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Settles pairs and tells what outstanding usage comes to. */
@Path("/")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.BILLING)
public final class BillingResource {
  private static final String BILL =
      "{\"agent\":\"alice\",\"serviceId\":\"search\",\"requests\":3,\"priceStroops\":250,"
          + "\"billedStroops\":750}";
  private final Ledger ledger;
  private final Exchange exchange;
  private final Asking asking;

  BillingResource(Ledger ledger, Exchange exchange, Asking asking) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.asking = asking;
  }

  @POST
  @Path("/settle")
  @Operation(summary = "States what a pair has outstanding at the price of now, and sets it to 0")
  @APIResponse(
      responseCode = "200",
      description = "What was settled",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Bill.class),
              examples = @ExampleObject(name = "settled", value = BILL)))
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = PairRequest.class),
              examples =
                  @ExampleObject(
                      name = "pair",
                      value = "{\"agent\":\"alice\",\"serviceId\":\"search\"}")))
  public Response settle() {
    PairRequest pair = PairRequest.of(exchange.object());
    Outcome outcome =
        ledger
            .commit(
                Request.of(exchange.tenant(), new Command.Settle(pair.agent(), pair.serviceId())))
            .outcomes()
            .getFirst();
    if (outcome.refused()) {
      throw Problem.of(outcome);
    }
    Outcome.Statement stated = outcome.statements().getFirst();
    return exchange.plain(
        200,
        new Bill(pair.agent(), pair.serviceId(), stated.units(), stated.price(), stated.billed()));
  }

  @POST
  @Path("/settle/bulk")
  @Operation(summary = "Settles all pairs of an agent in one commit, those at 0 included")
  @APIResponse(
      responseCode = "200",
      description = "What was settled, in order of first appearance",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = AgentBill.class),
              examples =
                  @ExampleObject(
                      name = "settled",
                      value =
                          "{\"agent\":\"alice\",\"items\":[{\"serviceId\":\"search\","
                              + "\"requests\":3,\"priceStroops\":250,\"billedStroops\":750}],"
                              + "\"totalBilledStroops\":750}")))
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = AgentRequest.class),
              examples = @ExampleObject(name = "agent", value = "{\"agent\":\"alice\"}")))
  public Response settleAgent() {
    String agent = AgentRequest.of(exchange.object()).agent();
    Outcome outcome =
        ledger
            .commit(Request.of(exchange.tenant(), new Command.SettleAgent(agent)))
            .outcomes()
            .getFirst();
    if (outcome.refused()) {
      throw Problem.of(outcome);
    }
    List<BillItem> items =
        outcome.statements().stream()
            .map(
                stated ->
                    new BillItem(stated.service(), stated.units(), stated.price(), stated.billed()))
            .toList();
    BigInteger total =
        items.stream().map(BillItem::billedStroops).reduce(BigInteger.ZERO, BigInteger::add);
    return exchange.plain(200, new AgentBill(agent, items, total));
  }

  @GET
  @Path("/billing/{agent}/{serviceId}")
  @Operation(summary = "Tells what settling a pair would state, and changes nothing")
  @APIResponse(
      responseCode = "200",
      description = "What is outstanding",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Bill.class),
              examples = @ExampleObject(name = "outstanding", value = BILL)))
  public Response bill(
      @Encoded @PathParam("agent") String agent,
      @Encoded @PathParam("serviceId") String serviceId) {
    String agentName = Exchange.name("agent", agent);
    String serviceName = Exchange.name("serviceId", serviceId);
    return asking.ask("billing", reader -> bill(reader, agentName, serviceName));
  }

  private static Bill bill(LedgerReader reader, String agent, String service) {
    Document registration = reader.registration(service);
    if (registration == null) {
      throw Problem.notFound("there is no service " + service);
    }
    Cell pair = reader.pair(agent, service);
    long units = pair == null ? 0 : pair.outstanding();
    long price = registration.integer(Document.PRICE);
    return new Bill(
        agent,
        service,
        units,
        price,
        BigInteger.valueOf(units).multiply(BigInteger.valueOf(price)));
  }

  @GET
  @Path("/billing/total")
  @Operation(summary = "Tells what all outstanding usage comes to at the prices of now")
  @APIResponse(
      responseCode = "200",
      description = "The sums; disabled services are part of the total",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = BillingTotal.class),
              examples =
                  @ExampleObject(
                      name = "total",
                      value =
                          "{\"totalStroops\":750,\"disabledStroops\":0,\"unpricedRequests\":2}")))
  public Response total() {
    return asking.ask(
        "billing-total",
        reader -> {
          LedgerReader.BillingTotal total = reader.billingTotal();
          return new BillingTotal(total.total(), total.disabled(), total.unpricedUnits());
        });
  }
}
