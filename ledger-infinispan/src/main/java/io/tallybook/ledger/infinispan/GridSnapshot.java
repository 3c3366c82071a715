package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Commit.Identity;
import io.tallybook.ledger.infinispan.Places.Of;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One revision as a tenant sees it. */
final class GridSnapshot implements Snapshot {
  private final Revision revision;
  private final Tenant tenant;

  GridSnapshot(Revision revision, String tenant) {
    this.revision = revision;
    this.tenant = revision.tenant(tenant);
  }

  @Override
  public Head head() {
    return revision.head();
  }

  @Override
  public Tenant tenant() {
    return tenant;
  }

  @Override
  public @Nullable Document document(DocumentKey key) {
    return revision.documents(List.of(key)).get(key);
  }

  @Override
  public List<Document> documents(String owner, String kind, long afterOrdinal, int max) {
    return revision.documents(owner, kind, Math.max(0, afterOrdinal), max);
  }

  @Override
  public @Nullable Cell cell(ViewDefinition view, List<@Nullable String> names, long start) {
    CellKey key = new CellKey(view.name(), tenant.name(), names, start);
    long[] columns = revision.cells(List.of(key)).get(key);
    return columns == null ? null : new Cell(names, start, columns);
  }

  @Override
  public void cells(CellScan scan, Predicate<Cell> visitor) {
    new CellWalk(revision, tenant, scan, visitor).run();
  }

  /**
   * The window tells of the pairs that its commits have changed, and rows of the others, down to
   * what the last of the best in the window has. A pair that is changed meanwhile may be missed by
   * both, as may one that a checkpoint moves while the rows are walked: the commits since this
   * revision have it then, and are looked at last.
   */
  @Override
  public List<Cell> top(String service, int max) {
    RowKey set = Places.set(Of.TOP, tenant.name(), service);
    Map<CellKey, long[]> best = new HashMap<>(revision.bestChanged(set, max));
    long least =
        best.size() < max
            ? 1
            : best.values().stream().mapToLong(GridSnapshot::outstanding).min().orElse(1);
    best.putAll(topOfRows(set, service, max, least));
    best.putAll(revision.changedSince(set));
    return best.entrySet().stream()
        .map(pair -> new Cell(pair.getKey().names(), pair.getKey().start(), pair.getValue()))
        .filter(cell -> cell.outstanding() > 0)
        .sorted(
            Comparator.comparingLong(Cell::outstanding)
                .reversed()
                .thenComparing(cell -> Objects.requireNonNull(cell.name(0)), Names.ORDER))
        .limit(max)
        .toList();
  }

  /**
   * The best of the pairs that the window has not changed. A pair may have several places, as a
   * late checkpoint may leave one that is not its own: that is passed over.
   */
  private Map<CellKey, long[]> topOfRows(RowKey set, String service, int max, long least) {
    ViewDefinition pairs = ViewCatalog.pairs(revision.views());
    SetWalk items = revision.topRows(set, least);
    Map<CellKey, long[]> best = new HashMap<>();
    boolean isMore;
    do {
      Map<CellKey, Set<Long>> places = new HashMap<>();
      int wanted = max - best.size();
      while (wanted > 0 && items.hasNext()) {
        byte[] item = items.next().key();
        CellKey key = pair(pairs, Places.name(item), service);
        if (!revision.isChanged(key)) {
          places.computeIfAbsent(key, _ -> new HashSet<>()).add(OrderedLongs.decode(item, 0));
          wanted--;
        }
      }
      isMore = wanted <= 0;
      // After the walk: what a checkpoint has taken away is changed by a commit that this finds.
      revision.look();
      revision
          .cells(places.keySet())
          .forEach(
              (key, columns) -> {
                if (places.getOrDefault(key, Set.of()).contains(outstanding(columns))) {
                  best.put(key, columns);
                }
              });
    } while (isMore && best.size() < max);
    revision.remember(set, items);
    return best;
  }

  private static long outstanding(long[] columns) {
    return columns[CellShape.OUTSTANDING_UNITS];
  }

  private CellKey pair(ViewDefinition pairs, String agent, String service) {
    return new CellKey(pairs.name(), tenant.name(), Arrays.asList(agent, service), Long.MIN_VALUE);
  }

  @Override
  public @Nullable Entry entry(long sequence) {
    return sequence < 1 || sequence > tenant.lastSequence()
        ? null
        : revision.entries(tenant.name(), List.of(sequence)).get(sequence);
  }

  @Override
  public long sequenceOf(long high, long low) {
    RowKey key = Places.identity(high, low);
    Identity found = revision.identities(Map.of(key, new Identity(high, low, 0, 0))).get(key);
    return found == null || found.sequence() > tenant.lastSequence() ? 0 : found.sequence();
  }

  @Override
  public EntryScan.End entries(EntryScan scan, Predicate<Entry> visitor) {
    return new EntryWalk(revision, tenant, scan, visitor).run();
  }
}
