package io.tallybook.ledger.view;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row of a rollup.
 *
 * @param names one for each dimension grouped by; null for no name
 * @param start of the bucket in microseconds; {@link io.tallybook.ledger.Times#ABSENT} without
 *     buckets
 * @param outstanding units since the last settlements; 0 where the rollup has none
 * @param first the sequence of the first entry counted in it
 */
public record RollupRow(
    List<@Nullable String> names,
    long start,
    long count,
    long units,
    long cost,
    long outstanding,
    long first) {
  public RollupRow {
    names = Collections.unmodifiableList(new ArrayList<>(names));
  }

  /** The value of a measure. */
  public long value(RollupQuery.Measure measure) {
    return switch (measure) {
      case UNITS -> units;
      case COST -> cost;
      case COUNT -> count;
      case OUTSTANDING -> outstanding;
    };
  }
}
