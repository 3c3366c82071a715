package io.tallybook.ledger.facade;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.ledger.view.ViewDefinition;
import io.tallybook.ledger.view.ViewPlanner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Answers questions for sums from the cells of a view.
 *
 * <p>A range is cut into whole buckets of the view, then of finer views that cover the question,
 * and what is left at its ends is summed from the entries that the time index gives:
 *
 * <pre>
 *   from                                              to
 *    |..|hour|hour|   day   |   day   |   day   |hour|.|
 *    entries                                        entries
 * </pre>
 */
final class RollupReading {
  private final Snapshot snapshot;
  private final List<ViewDefinition> views;

  /** Reads from a snapshot, by the views that its head tells of. */
  RollupReading(Snapshot snapshot, List<ViewDefinition> views) {
    this.snapshot = snapshot;
    this.views = views;
  }

  /**
   * Answers a question.
   *
   * @throws LedgerException.Rejected {@link Reason#NO_COVERING_VIEW}, {@link Reason#VIEW_BUILDING},
   *     {@link Reason#RANGE_NOT_AVAILABLE} or {@link Reason#RANGE_TOO_RAGGED}
   */
  Rollup answer(RollupQuery query) {
    ViewDefinition view = ViewPlanner.choose(views, query);
    if (query.from() < view.coversFrom()) {
      throw new LedgerException.Rejected(
          Reason.RANGE_NOT_AVAILABLE,
          "view " + view.name() + " covers times from " + Times.instant(view.coversFrom()) + " on");
    }
    if (isKeptOrder(view, query)) {
      List<Cell> top = snapshot.top(only(query, Dimension.SERVICE), query.limit() + 1);
      if (top.size() > query.limit()) {
        List<RollupRow> rows =
            top.subList(0, query.limit()).stream().map(cell -> row(view, query, cell)).toList();
        return new Rollup(view.name(), false, true, rows, rows.getLast());
      }
    }
    return isCellForRow(view, query) ? pageOfCells(view, query) : sum(view, query);
  }

  /** Whether the question is for the one order that storages keep. */
  private static boolean isKeptOrder(ViewDefinition view, RollupQuery query) {
    return view.shape() == CellShape.PAIR
        && query.order() == RollupQuery.Order.TOP
        && query.measure() == RollupQuery.Measure.OUTSTANDING
        && query.groupBy().equals(List.of(Dimension.AGENT))
        && query.filter().keySet().equals(Set.of(Dimension.SERVICE))
        && query.filter().values().stream().allMatch(names -> names.size() == 1);
  }

  private static String only(RollupQuery query, Dimension dimension) {
    return query.filter().getOrDefault(dimension, Set.of()).iterator().next();
  }

  /** Whether each cell is a row of its own and the rows come in the order of the cells. */
  private static boolean isCellForRow(ViewDefinition view, RollupQuery query) {
    return query.order() == RollupQuery.Order.FIRST
        && !query.isRanged()
        && view.bucket() == query.bucket()
        && view.groupBy().stream()
            .allMatch(
                dimension ->
                    query.groupBy().contains(dimension)
                        || query.filter().getOrDefault(dimension, Set.of()).size() == 1);
  }

  private Rollup pageOfCells(ViewDefinition view, RollupQuery query) {
    RollupRow after = query.after();
    List<RollupRow> rows = new ArrayList<>();
    snapshot.cells(
        new CellScan(
            view,
            filterOn(view, query),
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            after == null ? 0 : after.first()),
        cell -> rows.add(row(view, query, cell)) && rows.size() <= query.limit());
    return cut(view, query, false, rows);
  }

  private Rollup sum(ViewDefinition view, RollupQuery query) {
    Sums sums = new Sums(query);
    boolean withIndex = false;
    List<Range> rest = List.of(new Range(query.from(), query.to()));
    if (!query.isRanged()) {
      sums.add(view, Long.MIN_VALUE, Long.MAX_VALUE);
    } else {
      List<ViewDefinition> steps = new ArrayList<>();
      steps.add(view);
      steps.addAll(ViewPlanner.finer(views, query, view));
      for (ViewDefinition step : steps) {
        rest = sums.addWhole(step, rest);
      }
      for (Range range : rest) {
        sums.addEntries(range);
        withIndex = true;
      }
    }
    List<RollupRow> rows = sums.rows(view.outstanding() && !query.isRanged());
    Comparator<RollupRow> order = order(query);
    rows.sort(order);
    RollupRow after = query.after();
    if (after != null) {
      rows.removeIf(row -> order.compare(row, after) <= 0);
    }
    return cut(view, query, withIndex, rows);
  }

  private static Rollup cut(
      ViewDefinition view, RollupQuery query, boolean withIndex, List<RollupRow> rows) {
    boolean hasOutstanding = view.outstanding() && !query.isRanged();
    if (rows.size() > query.limit()) {
      List<RollupRow> page = rows.subList(0, query.limit());
      return new Rollup(view.name(), withIndex, hasOutstanding, page, page.getLast());
    }
    return new Rollup(view.name(), withIndex, hasOutstanding, rows, null);
  }

  private static RollupRow row(ViewDefinition view, RollupQuery query, Cell cell) {
    return new RollupRow(
        names(view, query, cell),
        query.bucket().start(cell.start()),
        cell.count(),
        cell.units(),
        cell.cost(),
        view.outstanding() ? cell.outstanding() : 0,
        cell.first());
  }

  private static List<@Nullable String> names(ViewDefinition view, RollupQuery query, Cell cell) {
    List<@Nullable String> names = new ArrayList<>(query.groupBy().size());
    for (Dimension dimension : query.groupBy()) {
      names.add(cell.name(view.groupBy().indexOf(dimension)));
    }
    return names;
  }

  /** The part of the question's filter that the view does not answer by its own. */
  private static Map<Dimension, Set<String>> filterOn(ViewDefinition view, RollupQuery query) {
    Map<Dimension, Set<String>> filter = new HashMap<>(query.filter());
    filter.keySet().retainAll(view.groupBy());
    return filter;
  }

  private static Comparator<RollupRow> order(RollupQuery query) {
    Comparator<RollupRow> byName =
        (a, b) -> {
          for (int i = 0; i < a.names().size(); i++) {
            int compared = compare(a.names().get(i), b.names().get(i));
            if (compared != 0) {
              return compared;
            }
          }
          return Long.compare(a.start(), b.start());
        };
    return switch (query.order()) {
      case NAME -> byName;
      case FIRST -> Comparator.comparingLong(RollupRow::first);
      case TOP ->
          Comparator.<RollupRow>comparingLong(row -> row.value(query.measure()))
              .reversed()
              .thenComparing(byName);
    };
  }

  private static int compare(@Nullable String a, @Nullable String b) {
    if (a == null) {
      return b == null ? 0 : -1;
    }
    return b == null ? 1 : Names.ORDER.compare(a, b);
  }

  private record Range(long from, long to) {}

  private record Group(List<@Nullable String> names, long start) {
    @Override // as Dimension tells
    public boolean equals(@Nullable Object other) {
      return other instanceof Group that && start == that.start && names.equals(that.names);
    }

    @Override
    public int hashCode() {
      int hash = Long.hashCode(start);
      for (String name : names) {
        hash = 31 * hash + Names.hash(name);
      }
      return hash;
    }
  }

  /** Sums by group while cells and entries come in, within the bounds of an answer. */
  private final class Sums {
    // Where the sums of a group stand, two longs each, and then its first sequence.
    private static final int COUNT = 0;
    private static final int UNITS = 2;
    private static final int COST = 4;
    private static final int OUTSTANDING = 6;
    private static final int FIRST = 8;

    private final RollupQuery query;
    private final Map<Group, long[]> groups = new HashMap<>();
    private int cells;
    private long looked;

    Sums(RollupQuery query) {
      this.query = query;
    }

    /** Adds the whole buckets of a view that lie in some ranges; returns what is left of them. */
    List<Range> addWhole(ViewDefinition view, List<Range> ranges) {
      List<Range> rest = new ArrayList<>();
      for (Range range : ranges) {
        long from =
            range.from == Long.MIN_VALUE ? Long.MIN_VALUE : view.bucket().ceiling(range.from);
        long to = range.to == Long.MAX_VALUE ? Long.MAX_VALUE : view.bucket().start(range.to);
        if (from >= to) {
          rest.add(range);
          continue;
        }
        add(view, from, to);
        if (range.from < from) {
          rest.add(new Range(range.from, from));
        }
        if (to < range.to) {
          rest.add(new Range(to, range.to));
        }
      }
      return rest;
    }

    void add(ViewDefinition view, long from, long to) {
      snapshot.cells(
          new CellScan(view, filterOn(view, query), from, to, 0),
          cell -> {
            if (++cells > RollupQuery.CELLS_MAX) {
              throw new LedgerException.Rejected(
                  Reason.RANGE_TOO_RAGGED,
                  "the answer would take more than "
                      + RollupQuery.CELLS_MAX
                      + " cells of view "
                      + view.name()
                      + "; narrow the filter or the range, or ask in order of first appearance");
            }
            add(
                new Group(names(view, query, cell), query.bucket().start(cell.start())),
                cell.count(),
                cell.units(),
                cell.cost(),
                view.outstanding() ? cell.outstanding() : 0,
                cell.first());
            return true;
          });
    }

    void addEntries(Range range) {
      EntryFilter filter =
          EntryFilter.ALL
              .withKinds(Set.of(EntryKind.USAGE, EntryKind.REVERSAL))
              .withTimes(range.from, range.to);
      EntryScan.End end =
          snapshot.entries(
              new EntryScan(
                  EntryIndex.TIME, filter, true, false, null, RollupQuery.ENTRIES_MAX - looked),
              entry -> {
                if (counts(entry)) {
                  List<@Nullable String> names = new ArrayList<>(query.groupBy().size());
                  for (Dimension dimension : query.groupBy()) {
                    names.add(dimension.of(entry));
                  }
                  add(
                      new Group(names, query.bucket().start(entry.time())),
                      entry.kind() == EntryKind.REVERSAL ? -1 : 1,
                      entry.units(),
                      entry.cost(),
                      0,
                      entry.sequence());
                }
                return true;
              });
      looked += end.looked();
      if (!end.complete()) {
        throw new LedgerException.Rejected(
            Reason.RANGE_TOO_RAGGED,
            "the ends of the range hold more than "
                + RollupQuery.ENTRIES_MAX
                + " entries; let the range begin and end with whole buckets");
      }
    }

    private boolean counts(Entry entry) {
      for (Map.Entry<Dimension, Set<String>> only : query.filter().entrySet()) {
        String name = only.getKey().of(entry);
        if (name == null && only.getKey().equals(Dimension.ORGANIZATION)) {
          name = Names.NONE;
        }
        if (name == null || !only.getValue().contains(name)) {
          return false;
        }
      }
      return true;
    }

    private void add(Group group, long count, long units, long cost, long outstanding, long first) {
      long[] sums =
          groups.computeIfAbsent(group, g -> new long[] {0, 0, 0, 0, 0, 0, 0, 0, Long.MAX_VALUE});
      add(sums, COUNT, count);
      add(sums, UNITS, units);
      add(sums, COST, cost);
      add(sums, OUTSTANDING, outstanding);
      sums[FIRST] = Math.min(sums[FIRST], first);
    }

    /** Adds in 128 bits, low half first: what does not fit may come back in. */
    private static void add(long[] sums, int at, long value) {
      long low = sums[at] + value;
      boolean carries = Long.compareUnsigned(low, value) < 0;
      sums[at] = low;
      sums[at + 1] += (value >> 63) + (carries ? 1 : 0);
    }

    private static long sum(long[] sums, int at) {
      if (sums[at + 1] != sums[at] >> 63) {
        throw new LedgerException.Rejected(
            Reason.SUM_OVERFLOW, "a sum of the answer would leave the range of 64 bits");
      }
      return sums[at];
    }

    List<RollupRow> rows(boolean outstanding) {
      List<RollupRow> rows = new ArrayList<>(groups.size());
      groups.forEach(
          (group, sums) ->
              rows.add(
                  new RollupRow(
                      group.names,
                      group.start,
                      sum(sums, COUNT),
                      sum(sums, UNITS),
                      sum(sums, COST),
                      outstanding ? sum(sums, OUTSTANDING) : 0,
                      sums[FIRST])));
      return rows;
    }
  }
}
