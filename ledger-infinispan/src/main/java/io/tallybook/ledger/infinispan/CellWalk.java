package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Names;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Places.Of;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Walks cells of a view in order of {@code first}, some at a time. Where the filter names every
 * dimension of a view without buckets, the cells are looked up by their keys. Else the dimension of
 * which it names the fewest is what is gone by; several names are several sets, merged. A range of
 * buckets is cut out by the start, and then sorted, where it is short.
 */
final class CellWalk {
  private static final int FIRST_CELLS = 64;
  private static final int CELLS_MAX = 2_000;

  /** Most cells that are sorted, or looked up by their keys. */
  private static final int SORTED_MAX = 100_000;

  private final Revision revision;
  private final Tenant tenant;
  private final CellScan scan;
  private final ViewDefinition view;
  private final @Nullable List<@Nullable String>[] wanted;
  private final Predicate<Cell> visitor;

  CellWalk(Revision revision, Tenant tenant, CellScan scan, Predicate<Cell> visitor) {
    this.revision = revision;
    this.tenant = tenant;
    this.scan = scan;
    this.view = scan.view();
    this.wanted = wanted(scan);
    this.visitor = visitor;
  }

  /** For each dimension the names that are let through; null where all are. */
  @SuppressWarnings({"unchecked", "rawtypes"}) // an array of lists
  private static @Nullable List<@Nullable String>[] wanted(CellScan scan) {
    List<Dimension> dimensions = scan.view().groupBy();
    @Nullable List<@Nullable String>[] wanted = new List[dimensions.size()];
    for (int d = 0; d < wanted.length; d++) {
      Dimension dimension = dimensions.get(d);
      Set<String> names = scan.filter().get(dimension);
      if (names != null) {
        List<@Nullable String> found = new ArrayList<>();
        for (String name : names) {
          boolean isNone = dimension.equals(Dimension.ORGANIZATION) && name.equals(Names.NONE);
          found.add(isNone ? null : name);
        }
        wanted[d] = found;
      }
    }
    return wanted;
  }

  void run() {
    boolean hasBuckets = view.bucket() != Bucket.NONE;
    if (!hasBuckets && !(scan.from() == Long.MIN_VALUE && scan.to() > Long.MIN_VALUE)) {
      return; // the one start that its cells have is before every range
    }
    long keys = 1;
    for (List<@Nullable String> names : wanted) {
      keys = names == null ? Long.MAX_VALUE : Math.min(SORTED_MAX + 1L, keys * names.size());
      if (names == null) {
        break;
      }
    }
    if (!hasBuckets && keys <= SORTED_MAX) {
      boolean _ = sorted(named());
      return;
    }
    boolean isRanged = scan.from() != Long.MIN_VALUE || scan.to() != Long.MAX_VALUE;
    List<CellKey> inRange = hasBuckets && isRanged ? inRange() : null;
    if (inRange == null) {
      inOrder();
    } else {
      boolean _ = sorted(inRange);
    }
  }

  /** All keys that the filter names. */
  private List<CellKey> named() {
    List<List<@Nullable String>> keys = List.of(List.of());
    for (List<@Nullable String> names : wanted) {
      List<List<@Nullable String>> longer = new ArrayList<>();
      for (List<@Nullable String> key : keys) {
        for (@Nullable String name : names == null ? List.<@Nullable String>of() : names) {
          List<@Nullable String> next = new ArrayList<>(key);
          next.add(name);
          longer.add(Collections.unmodifiableList(next));
        }
      }
      keys = longer;
    }
    return keys.stream()
        .map(names -> new CellKey(view.name(), tenant.name(), names, Long.MIN_VALUE))
        .toList();
  }

  /** The keys in the range; null if they are too many to be sorted. */
  private @Nullable List<CellKey> inRange() {
    byte[] from = scan.from() > 0 ? OrderedLongs.ascending(scan.from()) : null;
    byte[] to = scan.to() == Long.MAX_VALUE ? null : OrderedLongs.ascending(Math.max(0, scan.to()));
    List<CellKey> keys = new ArrayList<>();
    int seen = 0;
    for (RowKey set : sets(Of.STARTS, Of.STARTS_OF)) {
      Iterator<SortedSets.Item> items = revision.items(set, from, true, to, false);
      while (items.hasNext()) {
        if (++seen > SORTED_MAX) {
          return null;
        }
        SortedSets.Item item = items.next();
        CellKey key = key(item);
        if (Places.second(item.key()) <= tenant.lastSequence() && isWanted(key)) {
          keys.add(key);
        }
      }
    }
    return keys;
  }

  /** Looks cells up and visits them in order; answers whether the visitor wants more. */
  private boolean sorted(Collection<CellKey> keys) {
    List<Cell> cells = new ArrayList<>();
    revision
        .cells(keys)
        .forEach((key, columns) -> cells.add(new Cell(key.names(), key.start(), columns)));
    cells.removeIf(cell -> cell.first() <= scan.afterFirst());
    cells.sort(Comparator.comparingLong(Cell::first));
    for (Cell cell : cells) {
      if (!visitor.test(cell)) {
        return false;
      }
    }
    return true;
  }

  private void inOrder() {
    List<Iterator<SortedSets.Item>> lists = new ArrayList<>();
    for (RowKey set : sets(Of.CELLS, Of.CELLS_OF)) {
      lists.add(revision.items(set, OrderedLongs.ascending(scan.afterFirst()), false, null, false));
    }
    Iterator<SortedSets.Item> items = new OrderedItems(lists, false);
    int count = FIRST_CELLS;
    while (items.hasNext()) {
      List<CellKey> keys = new ArrayList<>();
      while (keys.size() < count && items.hasNext()) {
        SortedSets.Item item = items.next();
        if (OrderedLongs.decode(item.key(), 0) > tenant.lastSequence()) {
          break;
        }
        CellKey key = key(item);
        if (isWanted(key)) {
          keys.add(key);
        }
      }
      if (keys.isEmpty() || !sorted(keys)) {
        return;
      }
      count = Math.min(CELLS_MAX, count * 4);
    }
  }

  /** The sets that together have the cells, by the dimension of which the fewest names are let. */
  private List<RowKey> sets(Of all, Of ofOne) {
    int by = -1;
    for (int d = 0; d < wanted.length; d++) {
      List<@Nullable String> names = wanted[d];
      List<@Nullable String> fewest = by < 0 ? null : wanted[by];
      if (names != null && (fewest == null || names.size() < fewest.size())) {
        by = d;
      }
    }
    List<@Nullable String> names = by < 0 ? null : wanted[by];
    if (names == null) {
      return List.of(Places.set(all, view.name(), tenant.name()));
    }
    List<RowKey> sets = new ArrayList<>();
    for (@Nullable String name : names) {
      sets.add(Places.cellsOf(ofOne, view.name(), tenant.name(), by, name));
    }
    return sets;
  }

  private CellKey key(SortedSets.Item item) {
    BytesIn in = new BytesIn(item.payload());
    List<@Nullable String> names = Values.names(in);
    return new CellKey(view.name(), tenant.name(), names, Values.start(in));
  }

  private boolean isWanted(CellKey key) {
    for (int d = 0; d < wanted.length; d++) {
      List<@Nullable String> names = wanted[d];
      if (names != null && !names.contains(key.names().get(d))) {
        return false;
      }
    }
    return key.start() >= scan.from() && key.start() < scan.to();
  }
}
