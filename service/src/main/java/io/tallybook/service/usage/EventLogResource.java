package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.service.Api;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Cursors;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.usage.UsageBodies.LogItem;
import io.tallybook.service.usage.UsageBodies.LogPage;
import io.tallybook.service.usage.UsageBodies.LogSummary;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lists what happened lately; everything that ever happened is among the entries. */
@Path("/events")
@Singleton
@RunOnVirtualThread
public final class EventLogResource {
  private static final String RELATED = "<" + Api.ROOT + "/entries>; rel=\"related\"";

  private final Exchange exchange;
  private final Asking asking;

  EventLogResource(Exchange exchange, Asking asking) {
    this.exchange = exchange;
    this.asking = asking;
  }

  @GET
  public Response events() {
    exchange.query().only("since", "type", "limit", "cursor");
    long since = exchange.query().integer("since", 0, 0, Long.MAX_VALUE);
    String type = exchange.query().text("type");
    int limit = (int) exchange.query().integer("limit", 100, 1, EventLog.EVENTS_MAX);
    long before = Cursors.number(exchange);
    Response page = asking.askList("event-log", reader -> page(reader, since, type, limit, before));
    return Response.fromResponse(page).header("Link", RELATED).build();
  }

  private Asking.Answer page(
      LedgerReader reader, long since, @Nullable String type, int limit, long before) {
    List<LogItem> all =
        EventLog.newest(reader).stream()
            .filter(item -> item.ts() >= since && (type == null || type.equals(item.type())))
            .toList();
    List<LogItem> older =
        before == 0 ? all : all.stream().filter(item -> item.id() < before).toList();
    List<LogItem> items = older.subList(0, Math.min(limit, older.size()));
    String next =
        Cursors.ofNumber(exchange, items.size() < older.size() ? items.getLast().id() : 0);
    return new Asking.Answer(new LogPage(all.size(), items.reversed(), next), next, null);
  }

  @GET
  @Path("/summary")
  public Response summary() {
    exchange.query().only();
    return asking.ask(
        "event-summary",
        reader -> {
          Map<String, Long> counts = new LinkedHashMap<>();
          EventLog.TYPES.forEach(type -> counts.put(type, 0L));
          List<LogItem> all = EventLog.newest(reader);
          all.forEach(item -> counts.merge(item.type(), 1L, Long::sum));
          counts.values().removeIf(count -> count == 0);
          return new LogSummary(counts, all.size());
        });
  }
}
