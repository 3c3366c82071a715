package io.tallybook.service.events;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The bodies of requests and answers about events. */
@RegisterForReflection(ignoreNested = false)
public final class EventBodies {
  private EventBodies() {}

  /** What became of one event. */
  public record EventResult(
      @Nullable Long index,
      String status,
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
