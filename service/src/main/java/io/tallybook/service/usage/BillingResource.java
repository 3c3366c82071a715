package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Cell;
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

/** Settles pairs and tells what outstanding usage comes to. */
@Path("/")
@Singleton
@RunOnVirtualThread
public final class BillingResource {
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
  public Response bill(
      @Encoded @PathParam("agent") String agent,
      @Encoded @PathParam("serviceId") String serviceId) {
    String agentName = Exchange.name("agent", agent);
    String serviceName = Exchange.name("serviceId", serviceId);
    return asking.ask("billing", reader -> bill(reader, agentName, serviceName));
  }

  private static Bill bill(LedgerReader reader, String agent, String service) {
    Document registration = ServicesResource.registration(reader, service);
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
  public Response total() {
    return asking.ask(
        "billing-total",
        reader -> {
          LedgerReader.BillingTotal total = reader.billingTotal();
          return new BillingTotal(total.total(), total.disabled(), total.unpricedUnits());
        });
  }
}
