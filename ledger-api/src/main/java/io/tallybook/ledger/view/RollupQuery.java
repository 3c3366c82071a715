package io.tallybook.ledger.view;

import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A question for sums of usage.
 *
 * @param groupBy what the rows are by, in this order
 * @param filter for each dimension the names that count; {@code none} in the dimension organization
 *     stands for no organization
 * @param from earliest time, inclusive; {@link Long#MIN_VALUE} for no bound
 * @param to latest time, exclusive; {@link Long#MAX_VALUE} for no bound
 * @param bucket how the rows cut time
 * @param after the last row of the page before; null for the first page, and for {@link Order#TOP}
 * @param limit 1 to {@link #LIMIT_MAX}
 */
public record RollupQuery(
    List<Dimension> groupBy,
    Map<Dimension, Set<String>> filter,
    long from,
    long to,
    Bucket bucket,
    Order order,
    Measure measure,
    @Nullable RollupRow after,
    int limit) {
  /** Most rows of a page. */
  public static final int LIMIT_MAX = 10_000;

  /** Most cells that are looked at for an answer that has to be sorted or summed. */
  public static final int CELLS_MAX = 100_000;

  /** Most entries that are looked at for the ends of a range. */
  public static final int ENTRIES_MAX = 100_000;

  /** The orders of rows. */
  public enum Order {
    /** By the measure, greatest first, then as {@link #NAME}. */
    TOP,
    /** By names in the order of {@code groupBy}, no name first, then by start. */
    NAME,
    /** In order of first appearance. */
    FIRST
  }

  /** What {@link Order#TOP} goes by. */
  public enum Measure {
    UNITS,
    COST,
    COUNT,
    OUTSTANDING
  }

  public RollupQuery {
    groupBy = List.copyOf(groupBy);
    filter = Map.copyOf(filter);
    if (groupBy.stream().distinct().count() != groupBy.size()) {
      throw invalid("groupBy", "groupBy must not name a dimension twice");
    }
    filter.forEach(
        (dimension, names) -> {
          if (names.isEmpty() || names.size() > EntryFilter.NAMES_MAX) {
            throw invalid(
                dimension.name(),
                dimension.name() + " may be given 1 to " + EntryFilter.NAMES_MAX + " times");
          }
        });
    if (Stream.concat(groupBy.stream(), filter.keySet().stream())
        .anyMatch(Dimension.WINDOW::equals)) {
      throw invalid("window", "usage has no window; readings have");
    }
    if (from >= to) {
      throw invalid("from", "from must be before to");
    }
    if (limit < 1 || limit > LIMIT_MAX) {
      throw invalid("limit", "limit must be between 1 and " + LIMIT_MAX);
    }
    if (measure == Measure.OUTSTANDING && (isRanged(from, to) || bucket != Bucket.NONE)) {
      throw invalid("measure", "outstanding amounts have no range and no bucket: they are of now");
    }
    if (after != null && order == Order.TOP) {
      throw invalid("cursor", "the order top has no cursor");
    }
  }

  /** A question for all time by some dimensions, in order of name. */
  public static RollupQuery by(Dimension... groupBy) {
    return new RollupQuery(
        List.of(groupBy),
        Map.of(),
        Long.MIN_VALUE,
        Long.MAX_VALUE,
        Bucket.NONE,
        Order.NAME,
        Measure.UNITS,
        null,
        LIMIT_MAX);
  }

  public RollupQuery where(Dimension dimension, String... names) {
    Map<Dimension, Set<String>> wider = new TreeMap<>((a, b) -> a.name().compareTo(b.name()));
    wider.putAll(filter);
    wider.put(dimension, Set.of(names));
    return new RollupQuery(groupBy, wider, from, to, bucket, order, measure, after, limit);
  }

  public RollupQuery between(long newFrom, long newTo) {
    return new RollupQuery(groupBy, filter, newFrom, newTo, bucket, order, measure, after, limit);
  }

  public RollupQuery in(Bucket newBucket) {
    return new RollupQuery(groupBy, filter, from, to, newBucket, order, measure, after, limit);
  }

  public RollupQuery ordered(Order newOrder, Measure newMeasure) {
    return new RollupQuery(groupBy, filter, from, to, bucket, newOrder, newMeasure, after, limit);
  }

  /** A page of at most some rows after a row. */
  public RollupQuery page(@Nullable RollupRow newAfter, int newLimit) {
    return new RollupQuery(groupBy, filter, from, to, bucket, order, measure, newAfter, newLimit);
  }

  /** Whether a range is given. */
  public boolean isRanged() {
    return isRanged(from, to);
  }

  /** Every dimension that the question names. */
  List<Dimension> dimensions() {
    List<Dimension> all = new ArrayList<>(groupBy);
    for (Dimension dimension : filter.keySet()) {
      if (!all.contains(dimension)) {
        all.add(dimension);
      }
    }
    all.sort((a, b) -> Names.ORDER.compare(a.name(), b.name()));
    return all;
  }

  private static boolean isRanged(long from, long to) {
    return from != Long.MIN_VALUE || to != Long.MAX_VALUE;
  }

  private static LedgerException.Rejected invalid(String field, String message) {
    return new LedgerException.Rejected(Reason.INVALID_REQUEST, field, message);
  }
}
