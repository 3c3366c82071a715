package io.tallybook.service.metrics;

import io.quarkus.runtime.StartupEvent;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.storage.StoreStatistics.PartKind;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;
import org.eclipse.microprofile.metrics.Counter;
import org.eclipse.microprofile.metrics.Histogram;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.MetricUnits;
import org.eclipse.microprofile.metrics.Tag;
import org.eclipse.microprofile.metrics.Timer;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of the ledger; all of them are named here.
 *
 * <table>
 *   <caption>In the scrape at /metrics, as Prometheus has them</caption>
 *   <tr><th>name</th><th>kind</th><th>what</th></tr>
 *   <tr><td>{@code ledger_commits_total}</td><td>counter</td><td>commits</td></tr>
 *   <tr><td>{@code ledger_commit_requests}</td><td>histogram</td><td>requests of a commit</td></tr>
 *   <tr><td>{@code ledger_commit_seconds}</td><td>timer</td><td>time of a commit</td></tr>
 *   <tr><td>{@code ledger_outcomes_total{status}}</td><td>counter</td><td>commands by what became
 *   of them: recorded, duplicate, conflict, rejected</td></tr>
 *   <tr><td>{@code ledger_failures_total{kind}}</td><td>counter</td><td>requests that failed as a
 *   whole: rejected, unavailable</td></tr>
 *   <tr><td>{@code ledger_read_seconds{operation,index}}</td><td>timer</td><td>time of a question,
 *   by the index or view that served it</td></tr>
 *   <tr><td>{@code ledger_hits_total{index}}</td><td>counter</td><td>questions that an index or a
 *   view served</td></tr>
 *   <tr><td>{@code ledger_entries}</td><td>gauge</td><td>entries</td></tr>
 *   <tr><td>{@code ledger_cells}</td><td>gauge</td><td>cells of all views</td></tr>
 *   <tr><td>{@code ledger_bytes}</td><td>gauge</td><td>bytes of the storage</td></tr>
 * </table>
 */
@Singleton
public final class LedgerMetrics implements LedgerObserver {
  private static final String NO_INDEX = "none";
  private static final String REJECTED = "rejected";
  private static final String UNAVAILABLE = "unavailable";

  private final MetricRegistry registry;
  private final Counter commits;
  private final Histogram commitRequests;
  private final Timer commitTime;
  private final Map<Outcome.Status, Counter> outcomes = new EnumMap<>(Outcome.Status.class);
  private final Map<String, Counter> failures = new HashMap<>();
  private final Map<String, Counter> hits = new ConcurrentHashMap<>();
  private final Map<Read, Timer> reads = new ConcurrentHashMap<>();

  private record Read(String operation, String index) {
    @Override // as Dimension tells
    public boolean equals(@Nullable Object other) {
      return other instanceof Read that
          && operation.equals(that.operation)
          && index.equals(that.index);
    }

    @Override
    public int hashCode() {
      return 31 * operation.hashCode() + index.hashCode();
    }
  }

  LedgerMetrics(MetricRegistry registry) {
    this.registry = registry;
    commits = registry.counter(named("ledger_commits", "Commits", MetricUnits.NONE));
    commitRequests =
        registry.histogram(
            named("ledger_commit_requests", "Requests of a commit", MetricUnits.NONE));
    commitTime = registry.timer(named("ledger_commit", "Time of a commit", MetricUnits.SECONDS));
    // From the start on, so that what has never happened is told as zero.
    for (Outcome.Status status : Outcome.Status.values()) {
      outcomes.put(
          status,
          counter("ledger_outcomes", "Commands by what became of them", "status", word(status)));
    }
    for (String kind : List.of(REJECTED, UNAVAILABLE)) {
      failures.put(
          kind, counter("ledger_failures", "Requests that failed as a whole", "kind", kind));
    }
  }

  private static String word(Outcome.Status status) {
    return status.name().toLowerCase(Locale.ROOT);
  }

  void gauges(@Observes StartupEvent event, Ledger ledger) {
    gauge("ledger_entries", "Entries", ledger, StoreStatistics::entries);
    gauge("ledger_bytes", "Bytes of the storage", ledger, StoreStatistics::bytes);
    gauge(
        "ledger_cells",
        "Cells of all views",
        ledger,
        statistics ->
            statistics.parts().stream()
                .filter(part -> part.kind() == PartKind.VIEW)
                .mapToLong(StoreStatistics.Part::count)
                .sum());
  }

  private void gauge(
      String name, String description, Ledger ledger, ToLongFunction<StoreStatistics> value) {
    registry.gauge(
        named(name, description, MetricUnits.NONE),
        ledger,
        asked -> value.applyAsLong(asked.statistics()));
  }

  @Override
  public void committed(int requests, List<Receipt> receipts, long nanos) {
    commits.inc();
    commitRequests.update(requests);
    commitTime.update(Duration.ofNanos(nanos));
    Map<Outcome.Status, Long> counts = new EnumMap<>(Outcome.Status.class);
    for (Receipt receipt : receipts) {
      for (Outcome outcome : receipt.outcomes()) {
        counts.merge(outcome.status(), 1L, Long::sum);
      }
    }
    counts.forEach((status, count) -> counter(outcomes, status).inc(count));
  }

  @Override
  public void failed(LedgerException failure) {
    String kind =
        switch (failure) {
          case LedgerException.Rejected _ -> REJECTED;
          case LedgerException.Unavailable _ -> UNAVAILABLE;
        };
    counter(failures, kind).inc();
  }

  @Override
  public void read(String operation, String servedBy, long nanos) {
    String index = servedBy.isEmpty() ? NO_INDEX : servedBy;
    hits.computeIfAbsent(
            index,
            i -> counter("ledger_hits", "Questions that an index or view served", "index", i))
        .inc();
    reads
        .computeIfAbsent(
            new Read(operation, index),
            read ->
                registry.timer(
                    named("ledger_read", "Time of a question", MetricUnits.SECONDS),
                    new Tag("operation", read.operation),
                    new Tag("index", read.index)))
        .update(Duration.ofNanos(nanos));
  }

  /** How often an index or a view served a question since the start. */
  public long hits(String index) {
    Counter counter = hits.get(index);
    return counter == null ? 0 : counter.getCount();
  }

  private static <K> Counter counter(Map<K, Counter> counters, K key) {
    return Objects.requireNonNull(counters.get(key));
  }

  private Counter counter(String name, String description, String tag, String value) {
    return registry.counter(named(name, description, MetricUnits.NONE), new Tag(tag, value));
  }

  private static Metadata named(String name, String description, String unit) {
    return Metadata.builder().withName(name).withDescription(description).withUnit(unit).build();
  }
}
