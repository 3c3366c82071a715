package io.tallybook.service.ops;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.facade.Page;
import io.tallybook.ledger.view.Cell;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Cursors;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.HttpCounts;
import io.tallybook.service.ops.OpsBodies.ServiceRow;
import io.tallybook.service.ops.OpsBodies.Stats;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Tells the figures of a tenant: in JSON, and in the text form of Prometheus 0.0.4. */
@Path("/")
@Singleton
@RunOnVirtualThread
public final class StatsResource {
  private static final int SCAN_PAGE = 1_000;

  private final Exchange exchange;
  private final Asking asking;
  private final HttpCounts counts;

  StatsResource(Exchange exchange, Asking asking, HttpCounts counts) {
    this.exchange = exchange;
    this.asking = asking;
    this.counts = counts;
  }

  @GET
  @Path("/stats")
  public Response stats() {
    exchange.query().only("limit", "cursor");
    int limit = (int) exchange.query().integer("limit", 50, 1, 500);
    String after = Cursors.decode(exchange, in -> in.readUTF());
    return asking.askList("stats", reader -> stats(reader, after, limit));
  }

  private Asking.Answer stats(LedgerReader reader, @Nullable String after, int limit) {
    Tenant tenant = reader.tenant();
    NavigableMap<String, Document> first = new TreeMap<>(Names.ORDER);
    long services = services(reader, first, after, limit + 1);
    boolean more = first.size() > limit;
    if (more) {
      first.pollLastEntry();
    }
    String next = more ? Cursors.encode(exchange, out -> out.writeUTF(first.lastKey())) : null;
    List<ServiceRow> rows =
        first.values().stream()
            .map(
                service ->
                    new ServiceRow(
                        tenant.name(),
                        service.key().name(),
                        service.integer(Document.PRICE),
                        outstanding(reader.service(service.key().name()))))
            .toList();
    return new Asking.Answer(
        new Stats(
            services,
            0,
            0,
            tenant.pairs(),
            outstanding(reader.total()),
            tenant.lifetimeUnits(),
            tenant.agents(),
            tenant.settledAmount().toString(),
            tenant.settlements(),
            false,
            rows,
            services,
            next),
        next,
        null);
  }

  /** Collects the first services by name after one, and tells how many there are in all. */
  private static long services(
      LedgerReader reader, NavigableMap<String, Document> first, @Nullable String after, int max) {
    long count = 0;
    long mark = 0;
    do {
      Page<Document> page = reader.registrations(mark, SCAN_PAGE);
      for (Document service : page.items()) {
        count++;
        String name = service.key().name();
        if (after == null || Names.ORDER.compare(name, after) > 0) {
          first.put(name, service);
          if (first.size() > max) {
            first.pollLastEntry();
          }
        }
      }
      mark = page.next();
    } while (mark != 0);
    return count;
  }

  private static long outstanding(@Nullable Cell cell) {
    return cell == null ? 0 : cell.outstanding();
  }

  @GET
  @Path("/metrics")
  public Response metrics() {
    exchange.query().only();
    StringBuilder text = asking.read("metrics", StatsResource::figures);
    counts.write(text);
    return Response.ok(text.toString().getBytes(StandardCharsets.UTF_8))
        .type("text/plain; version=0.0.4; charset=utf-8")
        .build();
  }

  private static StringBuilder figures(LedgerReader reader) {
    Tenant tenant = reader.tenant();
    Cell total = reader.total();
    StringBuilder out = new StringBuilder();
    gauge(out, "services_total", "Registered services", services(reader, new TreeMap<>(), null, 0));
    gauge(out, "api_keys_total", "API keys", 0);
    gauge(out, "webhooks_total", "Webhooks", 0);
    gauge(out, "usage_keys_total", "Pairs of agent and service", tenant.pairs());
    gauge(
        out,
        "usage_requests_total",
        "Units not yet settled",
        total == null ? 0 : total.outstanding());
    gauge(out, "paused", "1 while writes are refused", 0);
    counter(out, "requests_recorded_total", "Units ever recorded", tenant.lifetimeUnits());
    counter(out, "settled_stroops_total", "What was settled", tenant.settledAmount());
    counter(out, "settlements_total", "Settlements", tenant.settlements());
    return out;
  }

  private static void gauge(StringBuilder out, String name, String help, Number value) {
    write(out, name, help, "gauge", value);
  }

  private static void counter(StringBuilder out, String name, String help, Number value) {
    write(out, name, help, "counter", value);
  }

  private static void write(
      StringBuilder out, String name, String help, String type, Number value) {
    HttpCounts.head(out, "agentpay_" + name, help, type);
    HttpCounts.line(out, "agentpay_" + name, value);
  }
}
