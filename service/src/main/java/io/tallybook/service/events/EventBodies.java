package io.tallybook.service.events;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** The bodies of requests and answers about events. */
@RegisterForReflection(ignoreNested = false)
public final class EventBodies {
  private EventBodies() {}

  /** A usage event in the structured form of CloudEvents 1.0. */
  public record CloudEvent(
      @Schema(required = true, enumeration = "1.0") String specversion,
      @Schema(required = true, minLength = 1, maxLength = 256) String id,
      @Schema(required = true, minLength = 1, maxLength = 256) String source,
      @Schema(required = true, minLength = 1, maxLength = 256) String type,
      @Schema(
              required = true,
              minLength = 1,
              maxLength = 256,
              description = "The agent: who used something")
          String subject,
      @Schema(format = "date-time") @Nullable String time,
      @Schema(required = true) Data data) {}

  /** What was used; other members that are no arrays and no objects become attributes. */
  public record Data(
      @Schema(required = true, minLength = 1, maxLength = 256) String service,
      @Schema(defaultValue = "1") @Nullable Long units,
      @Schema(defaultValue = "0", description = "In millionths of the currency")
          @Nullable Long cost,
      @Schema(description = "Absent for personal usage") @Nullable String organization,
      @Schema(description = "The ledger's own; another is rejected") @Nullable String currency) {}

  /** Readings to be recorded. */
  public record Readings(
      @Schema(required = true, minItems = 1, maxItems = ReadingsResource.ITEMS_MAX)
          List<ReadingItem> items) {}

  /** A reading of a gauge. */
  public record ReadingItem(
      @Schema(description = "Unique among the tenant's readings, for good") @Nullable String id,
      @Schema(required = true, minLength = 1, maxLength = 256) String agent,
      @Schema(description = "Absent for personal use") @Nullable String organization,
      @Schema(defaultValue = "primary") @Nullable String window,
      @Schema(format = "date-time") @Nullable String time,
      @Schema(required = true, description = "At most six decimal places") BigDecimal value,
      @Nullable Map<String, String> attributes) {}

  /** What became of one event. */
  public record EventResult(
      @Nullable Long index,
      @Schema(enumeration = {"recorded", "duplicate", "conflict", "rejected"}) String status,
      @Nullable Long sequence,
      @Nullable String error,
      @Nullable String message,
      @Nullable Boolean retry) {}

  /** What became of a batch or a stream. */
  public record EventResults(
      long recorded,
      long duplicates,
      long conflicts,
      long rejected,
      List<EventResult> results,
      @Nullable Boolean resultsTruncated,
      @Nullable Long lines) {}
}
