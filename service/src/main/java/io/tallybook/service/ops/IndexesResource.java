package io.tallybook.service.ops;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.metrics.LedgerMetrics;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Tells how much each index and view holds, and how often it served. */
@Path("/admin/indexes")
@Singleton
@RunOnVirtualThread
public final class IndexesResource {
  private final Ledger ledger;
  private final LedgerMetrics metrics;
  private final Exchange exchange;
  private final Asking asking;

  IndexesResource(Ledger ledger, LedgerMetrics metrics, Exchange exchange, Asking asking) {
    this.ledger = ledger;
    this.metrics = metrics;
    this.exchange = exchange;
    this.asking = asking;
  }

  /**
   * An index or a view.
   *
   * @param count how many entries or cells it has
   * @param hits how often it served a question since the start
   */
  @RegisterForReflection
  public record Part(String kind, String name, long count, long bytes, long hits) {}

  /** All indexes and views. */
  @RegisterForReflection
  public record Indexes(
      String storage, long entries, @Nullable Long entriesMax, long bytes, List<Part> items) {}

  @GET
  public Response indexes() {
    exchange.query().only();
    StoreStatistics statistics = ledger.statistics();
    return asking.answerList(
        new Indexes(
            ledger.storage(),
            statistics.entries(),
            statistics.entriesMax() == Long.MAX_VALUE ? null : statistics.entriesMax(),
            statistics.bytes(),
            statistics.parts().stream()
                .map(
                    part ->
                        new Part(
                            part.kind().name().toLowerCase(Locale.ROOT),
                            part.name(),
                            part.count(),
                            part.bytes(),
                            metrics.hits(part.name())))
                .toList()));
  }
}
