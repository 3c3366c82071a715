package io.tallybook.service.query;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.storage.StoreStatistics.PartKind;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Problem;
import io.tallybook.service.query.QueryBodies.View;
import io.tallybook.service.query.QueryBodies.Views;
import jakarta.inject.Singleton;
import jakarta.ws.rs.Encoded;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Tells which views are maintained. */
@Path("/views")
@Singleton
@RunOnVirtualThread
public final class ViewsResource {
  private final Ledger ledger;
  private final Exchange exchange;
  private final Asking asking;

  ViewsResource(Ledger ledger, Exchange exchange, Asking asking) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.asking = asking;
  }

  @GET
  public Response views() {
    exchange.query().only();
    StoreStatistics statistics = ledger.statistics();
    List<ViewDefinition> views = asking.read("views", LedgerReader::views);
    return asking.answerList(
        new Views(views.stream().map(view -> body(view, statistics)).toList()));
  }

  @GET
  @Path("/{name}")
  public Response view(@Encoded @PathParam("name") String encoded) {
    exchange.query().only();
    String name = Exchange.name("name", encoded);
    StoreStatistics statistics = ledger.statistics();
    return asking.read("views", LedgerReader::views).stream()
        .filter(view -> view.name().equals(name))
        .findFirst()
        .map(view -> exchange.answer(200, body(view, statistics)))
        .orElseThrow(() -> Problem.notFound("there is no view " + name));
  }

  private static View body(ViewDefinition view, StoreStatistics statistics) {
    StoreStatistics.Part part =
        statistics.parts().stream()
            .filter(p -> p.kind() == PartKind.VIEW && p.name().equals(view.name()))
            .findFirst()
            .orElse(new StoreStatistics.Part(PartKind.VIEW, view.name(), 0, 0));
    Map<String, String> filter = new TreeMap<>();
    view.filter().forEach((dimension, name) -> filter.put(dimension.name(), name));
    return new View(
        view.name(),
        view.source().name().toLowerCase(Locale.ROOT),
        filter,
        view.groupBy().stream().map(Dimension::name).toList(),
        view.bucket().label(),
        view.outstanding(),
        view.state().name().toLowerCase(Locale.ROOT),
        view.state() == ViewDefinition.State.READY ? 100 : 0,
        view.coversFrom() == Long.MIN_VALUE ? null : Times.instant(view.coversFrom()).toString(),
        part.count(),
        part.bytes());
  }
}
