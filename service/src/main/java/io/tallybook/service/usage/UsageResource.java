package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.view.Cell;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.ErrorCode;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Members;
import io.tallybook.service.http.Problem;
import io.tallybook.service.usage.UsageBodies.BulkResult;
import io.tallybook.service.usage.UsageBodies.BulkResults;
import io.tallybook.service.usage.UsageBodies.ClearedTotal;
import io.tallybook.service.usage.UsageBodies.PairTotal;
import io.tallybook.service.usage.UsageBodies.UsageRequest;
import jakarta.inject.Singleton;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.Encoded;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Records usage of a service by an agent, and tells what a pair has outstanding. */
@Path("/usage")
@Singleton
@RunOnVirtualThread
public final class UsageResource {
  /** Most items of one bulk request. */
  static final int BULK_ITEMS_MAX = 100;

  private static final Set<String> BULK_MEMBERS = Set.of("items");
  private final Ledger ledger;
  private final Exchange exchange;
  private final Asking asking;

  UsageResource(Ledger ledger, Exchange exchange, Asking asking) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.asking = asking;
  }

  @POST
  public Response record() {
    UsageRequest usage = UsageRequest.of(exchange.object());
    Outcome outcome = commit(List.of(command(usage))).getFirst();
    if (outcome.refused()) {
      throw Problem.of(outcome);
    }
    return exchange.plain(
        201, new PairTotal(usage.agent(), usage.serviceId(), Amounts.clamp(outcome.outstanding())));
  }

  @POST
  @Path("/bulk")
  public Response recordBulk() {
    Members members = exchange.object();
    members.only(BULK_MEMBERS);
    List<@Nullable Object> items = members.items("items", BULK_ITEMS_MAX);
    List<Command> commands = new ArrayList<>();
    List<@Nullable UsageRequest> read = new ArrayList<>();
    for (Object item : items) {
      UsageRequest usage = readItem(item);
      read.add(usage);
      if (usage != null) {
        commands.add(command(usage));
      }
    }
    List<Outcome> outcomes = commands.isEmpty() ? List.of() : commit(commands);
    List<BulkResult> results = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < read.size(); i++) {
      results.add(
          read.get(i) == null
              ? new BulkResult(i, false, null, "invalid_item")
              : result(i, outcomes.get(next++)));
    }
    return exchange.plain(201, new BulkResults(results));
  }

  @GET
  @Path("/{agent}/{serviceId}")
  public Response pair(
      @Encoded @PathParam("agent") String agent,
      @Encoded @PathParam("serviceId") String serviceId) {
    String agentName = Exchange.name("agent", agent);
    String serviceName = Exchange.name("serviceId", serviceId);
    return asking.ask(
        "pair",
        reader ->
            new PairTotal(agentName, serviceName, total(reader.pair(agentName, serviceName))));
  }

  @DELETE
  @Path("/{agent}/{serviceId}")
  public Response reset(
      @Encoded @PathParam("agent") String agent,
      @Encoded @PathParam("serviceId") String serviceId) {
    String agentName = Exchange.name("agent", agent);
    String serviceName = Exchange.name("serviceId", serviceId);
    Outcome outcome = commit(List.of(new Command.Reset(agentName, serviceName))).getFirst();
    if (outcome.refused()) {
      throw Problem.of(outcome);
    }
    long cleared = Amounts.clamp(outcome.statements().getFirst().units());
    return exchange.plain(200, new ClearedTotal(agentName, serviceName, cleared));
  }

  /** What a cell tells to be outstanding, brought into the range of exact numbers. */
  static long total(@Nullable Cell cell) {
    return cell == null ? 0 : Amounts.clamp(cell.outstanding());
  }

  private static @Nullable UsageRequest readItem(@Nullable Object item) {
    try {
      return UsageRequest.of(Members.of(item, "item"));
    } catch (Problem invalid) {
      return null;
    }
  }

  private static Command command(UsageRequest usage) {
    return new Command.Record(UsageEvent.of(usage.agent(), usage.serviceId(), usage.requests()));
  }

  private static BulkResult result(int index, Outcome outcome) {
    if (!outcome.refused()) {
      return new BulkResult(index, true, Amounts.clamp(outcome.outstanding()), null);
    }
    Reason reason = outcome.reason();
    String error =
        reason == Reason.SERVICE_DISABLED || reason == Reason.STORE_CAPACITY_EXCEEDED
            ? ErrorCode.of(reason).code()
            : "invalid_item";
    return new BulkResult(index, false, null, error);
  }

  private List<Outcome> commit(List<Command> commands) {
    return ledger.commit(Request.of(exchange.tenant(), commands)).outcomes();
  }
}
