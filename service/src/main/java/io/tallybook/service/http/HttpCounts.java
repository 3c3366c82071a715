package io.tallybook.service.http;

import jakarta.inject.Singleton;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts answers by method, route and status, their errors by code, and how long they took. Written
 * in the text form of Prometheus 0.0.4, under names that existing clients know.
 */
@Singleton
public final class HttpCounts {
  /** The route of requests that no resource takes. */
  static final String UNMATCHED = "unmatched";

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
  private static final long[] BOUNDS_MILLIS = {
    5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000
  };
  private static final int NANOS_DIGITS = 9;

  private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();
  private final Map<String, LongAdder> errors = new ConcurrentSkipListMap<>();
  private final LongAdder[] durations = new LongAdder[BOUNDS_MILLIS.length + 1];
  private final LongAdder nanosSum = new LongAdder();

  HttpCounts() {
    for (int i = 0; i < durations.length; i++) {
      durations[i] = new LongAdder();
    }
  }

  /** Counts an answer. */
  void answered(String method, String route, int status) {
    String known = METHODS.contains(method) ? method : "other";
    increment(
        requests, "method=\"" + known + "\",route=\"" + route + "\",status=\"" + status + "\"");
  }

  /** Counts an error by its code. */
  void failed(String code) {
    increment(errors, "type=\"" + code + "\"");
  }

  /** Counts how long a request took to the end of its answer. */
  void ended(long nanos) {
    int bucket = 0;
    while (bucket < BOUNDS_MILLIS.length && nanos > BOUNDS_MILLIS[bucket] * 1_000_000) {
      bucket++;
    }
    durations[bucket].increment();
    nanosSum.add(nanos);
  }

  private static void increment(Map<String, LongAdder> counts, String labels) {
    counts.computeIfAbsent(labels, l -> new LongAdder()).increment();
  }

  /** Writes all counts. */
  public void write(StringBuilder out) {
    write(out, "agentpay_http_requests_total", "Answers by method, route and status", requests);
    String name = "agentpay_http_request_duration_seconds";
    head(out, name, "Time from request to the end of the answer", "histogram");
    long count = 0;
    for (int i = 0; i < durations.length; i++) {
      count += durations[i].sum();
      String bound =
          i == BOUNDS_MILLIS.length
              ? "+Inf"
              : BigDecimal.valueOf(BOUNDS_MILLIS[i], 3).stripTrailingZeros().toPlainString();
      line(out, name + "_bucket{le=\"" + bound + "\"}", count);
    }
    out.append(name)
        .append("_sum ")
        .append(BigDecimal.valueOf(nanosSum.sum(), NANOS_DIGITS).toPlainString())
        .append('\n');
    line(out, name + "_count", count);
    write(out, "agentpay_http_errors_total", "Errors by code", errors);
  }

  private static void write(
      StringBuilder out, String name, String help, Map<String, LongAdder> counts) {
    head(out, name, help, "counter");
    counts.forEach((labels, count) -> line(out, name + "{" + labels + "}", count.sum()));
  }

  /** Writes what a metric is. */
  public static void head(StringBuilder out, String name, String help, String type) {
    out.append("# HELP ").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  /** Writes a value. */
  public static void line(StringBuilder out, String name, Number value) {
    out.append(name).append(' ').append(value).append('\n');
  }
}
