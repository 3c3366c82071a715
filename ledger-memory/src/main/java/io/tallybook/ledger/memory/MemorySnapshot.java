package io.tallybook.ledger.memory;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One revision of the storage in memory as one tenant sees it. */
final class MemorySnapshot implements Snapshot {
  /** Up to so many cells are looked up by their keys rather than found through a list. */
  private static final int PROBES_MAX = 4_096;

  /** Lists of up to about so many entries are sorted by time. */
  private static final int SORTED_MAX = 1 << 18;

  private static final RowCursor NOTHING = () -> RowCursor.END;

  private final Book book;
  private final Revisions.Reader reader;
  private final Tenant tenant;
  private final int tenantCode;
  private final int rows;

  MemorySnapshot(Book book, Revisions.Reader reader, String tenant) {
    this.book = book;
    this.reader = reader;
    this.tenant = book.tenant(tenant, reader.at().revision());
    this.tenantCode = book.names.find(tenant);
    this.rows = reader.at().rows();
  }

  @Override
  public Head head() {
    return reader.at().head();
  }

  @Override
  public Tenant tenant() {
    return tenant;
  }

  @Override
  public @Nullable Document document(DocumentKey key) {
    return book.document(key, reader.at().revision());
  }

  @Override
  public List<Document> documents(String owner, String kind, long afterOrdinal, int max) {
    return book.documents(owner, kind, afterOrdinal, max, reader.at().revision());
  }

  // ---- Cells ------------------------------------------------------------------------------------

  @Override
  public @Nullable Cell cell(ViewDefinition view, List<@Nullable String> names, long start) {
    CellTable table = reader.at().tables().get(view.name());
    if (table == null || tenantCode < 0) {
      return null;
    }
    int[] key = new int[names.size() + 1];
    key[0] = tenantCode;
    for (int d = 0; d < names.size(); d++) {
      key[d + 1] = book.names.find(names.get(d));
      if (key[d + 1] < 0) {
        return null;
      }
    }
    int row = table.find(key, start);
    return row < 0 ? null : cell(table, row);
  }

  @Override
  public void cells(CellScan scan, Predicate<Cell> visitor) {
    CellTable table = reader.at().tables().get(scan.view().name());
    if (table == null || tenantCode < 0) {
      return;
    }
    int[][] wanted = wanted(scan);
    for (int[] codes : wanted) {
      if (codes != null && codes.length == 0) {
        return;
      }
    }
    List<Cell> probed = probe(scan, table, wanted);
    if (probed != null) {
      for (Cell cell : probed) {
        if (!visitor.test(cell)) {
          return;
        }
      }
      return;
    }
    RowCursor cursor = cursor(scan, table, wanted);
    for (int row = cursor.next(); row != RowCursor.END; row = cursor.next()) {
      if (isWanted(scan, table, wanted, row)) {
        Cell cell = cell(table, row);
        if (cell != null && cell.first() > scan.afterFirst() && !visitor.test(cell)) {
          return;
        }
      }
    }
  }

  /** For each dimension the codes to let through; null for all. */
  private int[][] wanted(CellScan scan) {
    List<Dimension> dimensions = scan.view().groupBy();
    int[][] wanted = new int[dimensions.size()][];
    for (int d = 0; d < wanted.length; d++) {
      Set<String> only = scan.filter().get(dimensions.get(d));
      if (only != null) {
        boolean isOrganization = dimensions.get(d).equals(Dimension.ORGANIZATION);
        wanted[d] =
            only.stream()
                .mapToInt(
                    name -> isOrganization && name.equals(Names.NONE) ? 0 : book.names.find(name))
                .filter(code -> code >= 0)
                .sorted()
                .toArray();
      }
    }
    return wanted;
  }

  /** The cells, found by their keys; null if the keys are not all named, or too many. */
  private @Nullable List<Cell> probe(CellScan scan, CellTable table, int[][] wanted) {
    Bucket bucket = scan.view().bucket();
    long probes = 1;
    for (int[] codes : wanted) {
      if (codes == null) {
        return null;
      }
      probes *= codes.length;
    }
    List<Long> starts = new ArrayList<>();
    if (bucket == Bucket.NONE) {
      starts.add(Times.ABSENT);
    } else {
      if (scan.from() == Long.MIN_VALUE || scan.to() == Long.MAX_VALUE) {
        return null;
      }
      long start = bucket.ceiling(scan.from());
      for (; start < scan.to() && starts.size() <= PROBES_MAX; start = bucket.next(start)) {
        starts.add(start);
      }
    }
    if (probes * starts.size() > PROBES_MAX) {
      return null;
    }
    List<Cell> found = new ArrayList<>();
    int[] key = new int[wanted.length + 1];
    key[0] = tenantCode;
    for (int probe = 0; probe < probes; probe++) {
      int rest = probe;
      for (int d = 0; d < wanted.length; d++) {
        key[d + 1] = wanted[d][rest % wanted[d].length];
        rest /= wanted[d].length;
      }
      for (long start : starts) {
        int row = table.find(key, start);
        Cell cell = row < 0 ? null : cell(table, row);
        if (cell != null && cell.first() > scan.afterFirst()) {
          found.add(cell);
        }
      }
    }
    found.sort(Comparator.comparingLong(Cell::first));
    return found;
  }

  /** The shortest of the lists that hold all cells wanted, from where the scan begins. */
  private RowCursor cursor(CellScan scan, CellTable table, int[][] wanted) {
    int from = scan.afterFirst() == 0 ? 0 : table.rowAfter(tenantCode, scan.afterFirst());
    long shortest = Long.MAX_VALUE;
    int by = -1;
    for (int d = 0; d < wanted.length; d++) {
      if (wanted[d] != null) {
        long length = 0;
        for (int code : wanted[d]) {
          long capacity = table.named(tenantCode, d, code);
          length = capacity > Long.MAX_VALUE - length ? Long.MAX_VALUE : length + capacity;
        }
        if (length < shortest) {
          shortest = length;
          by = d;
        }
      }
    }
    if (by < 0) {
      return table.all(tenantCode, from);
    }
    List<RowCursor> cursors = new ArrayList<>();
    for (int code : wanted[by]) {
      cursors.add(table.named(tenantCode, by, code, from));
    }
    return MergedRows.of(cursors, false);
  }

  private static boolean isWanted(CellScan scan, CellTable table, int[][] wanted, int row) {
    for (int d = 0; d < wanted.length; d++) {
      if (wanted[d] != null && Arrays.binarySearch(wanted[d], table.name(row, d)) < 0) {
        return false;
      }
    }
    if (scan.view().bucket() == Bucket.NONE) {
      return true;
    }
    long start = table.start(row);
    return start >= scan.from() && start < scan.to();
  }

  private @Nullable Cell cell(CellTable table, int row) {
    long[] values = new long[table.width()];
    if (!table.read(row, reader, tenant.lastSequence(), values)) {
      return null;
    }
    int dimensions = table.view().groupBy().size();
    List<@Nullable String> names = new ArrayList<>(dimensions);
    for (int d = 0; d < dimensions; d++) {
      names.add(book.names.name(table.name(row, d)));
    }
    return new Cell(names, table.start(row), values);
  }

  @Override
  public List<Cell> top(String service, int max) {
    int code = book.names.find(service);
    CellTable table = reader.at().pairs();
    Tournament tournament = code < 0 || tenantCode < 0 ? null : book.tournament(tenantCode, code);
    List<Cell> cells = new ArrayList<>();
    if (tournament != null && table != null) {
      Tournament.Pairs pairs = book.pairs(table, reader, tenant.lastSequence());
      for (int row : tournament.top(max, pairs, reader)) {
        Cell cell = cell(table, row);
        if (cell != null) {
          cells.add(cell);
        }
      }
    }
    return cells;
  }

  // ---- Entries ----------------------------------------------------------------------------------

  @Override
  public @Nullable Entry entry(long sequence) {
    int row = tenantCode < 0 ? RowCursor.END : book.row(tenantCode, sequence, rows);
    return row == RowCursor.END ? null : book.entry(row);
  }

  @Override
  public long sequenceOf(long high, long low) {
    int row = book.ids.find(high, low);
    long sequence = row < 0 ? 0 : book.ids.sequence(row);
    return sequence <= tenant.lastSequence() ? sequence : 0;
  }

  @Override
  public EntryScan.End entries(EntryScan scan, Predicate<Entry> visitor) {
    EntryFilter filter = scan.filter();
    CodedFilter coded = new CodedFilter(book.columns, book.names, tenantCode, filter);
    RowCursor cursor =
        tenantCode < 0 || coded.isEmpty()
            ? NOTHING
            : scan.byTime() ? inTime(scan, coded) : inSequence(scan, coded);
    long looked = 0;
    int last = RowCursor.END;
    boolean complete = true;
    for (int row = cursor.next(); row != RowCursor.END; row = cursor.next()) {
      if (looked == scan.looksMax()) {
        complete = false;
        break;
      }
      looked++;
      last = row;
      if (coded.matches(row)) {
        Entry entry = book.entry(row);
        if ((filter.ids().isEmpty() || (entry.id() != null && filter.ids().contains(entry.id())))
            && filter.matchesAttributes(entry.attributes())
            && !visitor.test(entry)) {
          break;
        }
      }
    }
    EntryMark mark =
        last == RowCursor.END
            ? null
            : new EntryMark(book.columns.time(last), book.columns.sequence(last));
    return new EntryScan.End(looked, complete, mark);
  }

  private RowCursor inSequence(EntryScan scan, CodedFilter coded) {
    EntryFilter filter = scan.filter();
    EntryMark after = scan.after();
    long min = filter.minSequence();
    long max = Math.min(filter.maxSequence(), tenant.lastSequence());
    if (after != null && scan.descending()) {
      max = Math.min(max, Math.max(after.sequence(), 1) - 1);
    } else if (after != null) {
      min = Math.max(min, Math.min(after.sequence(), tenant.lastSequence()) + 1);
    }
    if (min > max) {
      return NOTHING;
    }
    int low = Math.max(0, book.row(tenantCode, Math.max(min, 1), rows));
    int high = book.row(tenantCode, max, rows);
    RowCursor cursor = inSequence(scan, coded, low, high);
    return () -> {
      int row = cursor.next();
      return row < low || row > high ? RowCursor.END : row;
    };
  }

  private RowCursor inSequence(EntryScan scan, CodedFilter coded, int low, int high) {
    int begin = scan.descending() ? high : low;
    EntryFilter filter = scan.filter();
    return switch (scan.index()) {
      case AGENT_TYPE -> {
        List<RowCursor> lists = new ArrayList<>();
        for (int agent : coded.agents()) {
          for (int type : coded.types()) {
            lists.add(list(book.byAgentType, agent, type, begin, scan.descending()));
          }
        }
        yield MergedRows.of(lists, scan.descending());
      }
      case AGENT -> lists(book.byAgent, coded.agents(), begin, scan.descending());
      case ORGANIZATION ->
          lists(book.byOrganization, coded.organizations(), begin, scan.descending());
      case SERVICE -> runs(book.byService, coded.services(), begin, scan.descending());
      case TYPE -> runs(book.byType, coded.types(), begin, scan.descending());
      case TIME ->
          book.byTime.byRow(
              tenantCode, filter.from(), filter.to() - 1, begin, rows, scan.descending());
      case ID, SEQUENCE -> list(book.byTenant, 0, Book.ALL, begin, scan.descending());
    };
  }

  private RowCursor lists(Postings postings, int[] codes, int begin, boolean descending) {
    List<RowCursor> lists = new ArrayList<>(codes.length);
    for (int code : codes) {
      lists.add(list(postings, code, Book.ALL, begin, descending));
    }
    return MergedRows.of(lists, descending);
  }

  private RowCursor list(Postings postings, int code, int minor, int begin, boolean descending) {
    long key = Book.key(tenantCode, code);
    return descending
        ? postings.descending(key, minor, begin)
        : postings.ascending(key, minor, begin, rows);
  }

  private RowCursor runs(SortedRuns runs, int[] codes, int begin, boolean descending) {
    List<RowCursor> cursors = new ArrayList<>(codes.length);
    for (int code : codes) {
      cursors.add(runs.byRow(tenantCode, code, code, begin, rows, descending));
    }
    return MergedRows.of(cursors, descending);
  }

  private RowCursor inTime(EntryScan scan, CodedFilter coded) {
    EntryFilter filter = scan.filter();
    EntryMark after = scan.after();
    boolean descending = scan.descending();
    long afterTime = descending ? Long.MAX_VALUE : Long.MIN_VALUE;
    int afterRow = descending ? Integer.MAX_VALUE : -1;
    if (after != null) {
      afterTime = after.time();
      afterRow =
          after.sequence() > tenant.lastSequence()
              ? Integer.MAX_VALUE
              : book.row(tenantCode, after.sequence(), rows);
    }
    return scan.index() != EntryIndex.TIME && isShort(coded.agents())
        ? sorted(scan, coded, afterTime, afterRow)
        : book.byTime.byKey(
            tenantCode, filter.from(), filter.to() - 1, afterTime, afterRow, rows, descending);
  }

  /**
   * Whether the lists of some agents can be sorted. The facade sees to their usage; what else they
   * have, such as readings, may be much more.
   */
  private boolean isShort(int[] agents) {
    long rowsOfAll = 0;
    for (int agent : agents) {
      rowsOfAll += book.byAgent.capacity(Book.key(tenantCode, agent), Book.ALL);
    }
    return rowsOfAll <= SORTED_MAX;
  }

  /** An agent's own list, which is short, sorted by time. */
  private RowCursor sorted(EntryScan scan, CodedFilter coded, long afterTime, int afterRow) {
    EntryScan upwards =
        new EntryScan(scan.index(), scan.filter(), false, false, null, scan.looksMax());
    RowCursor cursor = inSequence(upwards, coded, 0, rows - 1);
    List<Integer> found = new ArrayList<>();
    for (int row = cursor.next(); row != RowCursor.END; row = cursor.next()) {
      long time = book.columns.time(row);
      int compared = time != afterTime ? Long.compare(time, afterTime) : row - afterRow;
      if (time >= scan.filter().from()
          && time < scan.filter().to()
          && (scan.descending() ? compared < 0 : compared > 0)) {
        found.add(row);
      }
    }
    Comparator<Integer> order =
        Comparator.<Integer>comparingLong(book.columns::time)
            .thenComparing(Comparator.naturalOrder());
    found.sort(scan.descending() ? order.reversed() : order);
    Iterator<Integer> rowsInOrder = found.iterator();
    return () -> rowsInOrder.hasNext() ? rowsInOrder.next() : RowCursor.END;
  }
}
