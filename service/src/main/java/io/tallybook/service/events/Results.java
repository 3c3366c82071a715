package io.tallybook.service.events;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.service.events.EventBodies.EventResult;
import io.tallybook.service.events.EventBodies.EventResults;
import io.tallybook.service.http.ErrorCode;
import io.tallybook.service.http.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Counts what becomes of many events, and keeps what has to be told of each. */
final class Results {
  /** Most results of a stream that are told. */
  static final int STREAM_RESULTS_MAX = 1_000;

  private final boolean isStream;
  private final List<EventResult> kept = new ArrayList<>();
  private long recorded;
  private long duplicates;
  private long conflicts;
  private long rejected;
  private boolean truncated;

  /**
   * Nothing yet.
   *
   * @param isStream whether only conflicts and rejections are told, and not all of them
   */
  Results(boolean isStream) {
    this.isStream = isStream;
  }

  /**
   * What became of a batch.
   *
   * @param read the refusals of what could not be read, null for what could
   * @param outcomes what became of the latter
   */
  static Results of(List<@Nullable EventResult> read, List<Outcome> outcomes) {
    Results results = new Results(false);
    int next = 0;
    for (int i = 0; i < read.size(); i++) {
      EventResult refused = read.get(i);
      results.add(refused == null ? of((long) i, outcomes.get(next++)) : refused);
    }
    return results;
  }

  /** What became of one event. */
  static EventResult of(@Nullable Long index, Outcome outcome) {
    ErrorCode error = Problem.codeOf(outcome);
    return new EventResult(
        index,
        outcome.status().name().toLowerCase(Locale.ROOT),
        outcome.sequence() == 0 ? null : outcome.sequence(),
        error == null ? null : error.code(),
        outcome.message(),
        (error != null && error.isRetryable()) ? true : null);
  }

  /** That an event could not be read. */
  static EventResult of(@Nullable Long index, ErrorCode error, String message) {
    return new EventResult(index, "rejected", null, error.code(), message, null);
  }

  /** The refusal that an event which could not be read is answered with. */
  static Problem problem(RuntimeException refusal) {
    return switch (refusal) {
      case Problem problem -> problem;
      case LedgerException.Rejected rejected -> Problem.of(rejected);
      default -> throw refusal;
    };
  }

  void add(EventResult result) {
    switch (result.status()) {
      case "recorded" -> recorded++;
      case "duplicate" -> duplicates++;
      case "conflict" -> conflicts++;
      default -> rejected++;
    }
    boolean isTold = !isStream || result.error() != null;
    if (isTold && isStream && kept.size() == STREAM_RESULTS_MAX) {
      truncated = true;
    } else if (isTold) {
      kept.add(result);
    }
  }

  /** How many events were refused. */
  long refused() {
    return conflicts + rejected;
  }

  /**
   * All that there is to say.
   *
   * @param lines how many leading lines of a stream have their fate committed
   */
  EventResults body(@Nullable Long lines) {
    return new EventResults(
        recorded,
        duplicates,
        conflicts,
        rejected,
        List.copyOf(kept),
        truncated ? true : null,
        lines);
  }
}
