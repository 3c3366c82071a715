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
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Lists what happened lately; everything that ever happened is among the entries. */
@Path("/events")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.EVENTS)
public final class EventLogResource {
  private static final String RELATED = "<" + Api.ROOT + "/entries>; rel=\"related\"";

  private final Exchange exchange;
  private final Asking asking;

  EventLogResource(Exchange exchange, Asking asking) {
    this.exchange = exchange;
    this.asking = asking;
  }

  @GET
  @Operation(
      summary = "Lists the newest events",
      description =
          "The first page has the newest; inside a page they are in order. The newest 10,000 are"
              + " kept. All entries of the ledger are at /entries.")
  @Parameter(
      name = "since",
      in = ParameterIn.QUERY,
      description = "Milliseconds since 1970, inclusive",
      schema = @Schema(type = SchemaType.INTEGER, minimum = "0"))
  @Parameter(
      name = "type",
      in = ParameterIn.QUERY,
      description =
          "recorded, settled, reset, service.enabled, service.disabled or service.deleted",
      schema = @Schema(type = SchemaType.STRING))
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      schema =
          @Schema(
              type = SchemaType.INTEGER,
              minimum = "1",
              maximum = "10000",
              defaultValue = "100"))
  @Parameter(name = "cursor", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.STRING))
  @APIResponse(
      responseCode = "200",
      description = "A page of events; total counts those on all pages",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = LogPage.class),
              examples =
                  @ExampleObject(
                      name = "one",
                      value =
                          "{\"total\":1,\"items\":[{\"id\":1,\"ts\":1769860800000,"
                              + "\"type\":\"recorded\",\"payload\":{\"agent\":\"alice\","
                              + "\"serviceId\":\"search\",\"requests\":3,\"total\":3}}],"
                              + "\"nextCursor\":null}")))
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
  @Operation(summary = "Counts the newest events by type")
  @APIResponse(
      responseCode = "200",
      description = "The counts of those types that there are",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = LogSummary.class),
              examples =
                  @ExampleObject(
                      name = "two",
                      value = "{\"counts\":{\"recorded\":1,\"settled\":1},\"total\":2}")))
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
