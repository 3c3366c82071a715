package io.tallybook.service.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The bodies of answers to questions. */
@RegisterForReflection(ignoreNested = false)
public final class QueryBodies {
  private QueryBodies() {}

  /** A line of the ledger; which members are there depends on its kind. */
  public record EntryBody(
      long sequence,
      String kind,
      String recordedAt,
      String time,
      @Nullable String source,
      @Nullable String id,
      @Nullable String organization,
      @Nullable String agent,
      @Nullable String service,
      @Nullable String type,
      @Nullable String window,
      @Nullable Long units,
      @Nullable Long cost,
      @Nullable BigDecimal value,
      @Nullable Long priceStroops,
      @Nullable BigInteger billedStroops,
      @Nullable Long fromSequence,
      @Nullable Long toSequence,
      @Nullable Boolean bulk,
      @Nullable Long reverses,
      @Nullable Long settledBy,
      @Nullable Map<String, String> attributes) {}

  /** Which index served a page, and how many entries were looked at. */
  public record Plan(String index, long looked) {}

  /** A page of entries. */
  public record Entries(
      List<EntryBody> items,
      boolean complete,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String nextCursor,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String prevCursor,
      @Nullable Plan plan) {}

  /** How many entries there are. */
  public record EntryCount(long count) {}

  /** The newest reading of an agent in a window; nulls where there is none. */
  public record LatestReading(
      String agent,
      String window,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable BigDecimal value,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String time,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable Long sequence) {}

  /** A page of newest readings. */
  public record LatestReadings(
      List<LatestReading> items,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String nextCursor) {}

  /** A page of sums; a row has one member for each dimension that was grouped by. */
  public record RollupBody(
      String view,
      String source,
      String currency,
      boolean complete,
      List<Map<String, @Nullable Object>> rows,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String nextCursor) {}

  /** A view, as it is defined and how far it is. */
  public record View(
      String name,
      String source,
      Map<String, String> filter,
      List<String> groupBy,
      String bucket,
      boolean outstanding,
      String state,
      int progress,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String coversFrom,
      long cells,
      long bytes) {}

  /** All views. */
  public record Views(List<View> views) {}

  /** Links to what can be asked. */
  public record Links(Map<String, String> links) {}
}
