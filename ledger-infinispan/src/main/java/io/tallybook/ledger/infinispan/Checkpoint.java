package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Commit.Changed;
import io.tallybook.ledger.infinispan.Commit.ChangedCell;
import io.tallybook.ledger.infinispan.Commit.ChangedDocument;
import io.tallybook.ledger.infinispan.Commit.Identity;
import io.tallybook.ledger.infinispan.Commit.Owned;
import io.tallybook.ledger.infinispan.Commit.State;
import io.tallybook.ledger.infinispan.SortedSets.Edit;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.view.CellShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Writes rows from some commits of the log that follow one another: for each value its last state
 * among them, once, however often they changed it.
 *
 * <p>Any node may do it, several at once, and any may stop in the middle, or go on much later: what
 * stays the same is put as it is, what changes is compared and set, by the stamp of the commit that
 * it is of, and never goes back. The mark is moved when all is written.
 *
 * <p><b>Checked.</b> A row must be what the first of the commits that changes it had found. If it
 * is not, the grid had given a planner something else than it holds, and no row is written over it.
 */
final class Checkpoint {
  private final List<Commit> commits;
  private final long first;
  private final long last;
  private final Map<RowKey, Row> fixed = new LinkedHashMap<>();
  private final Map<RowKey, Row> answers = new LinkedHashMap<>();
  private final Map<RowKey, Value> values = new LinkedHashMap<>();
  private final Map<RowKey, List<Entry>> entries = new LinkedHashMap<>();
  private final Map<RowKey, List<Edit>> edits = new HashMap<>();

  /** Rows are not what the commits had found. */
  static final class Unfit extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unfit(String message) {
      super(message);
    }
  }

  /** A value that changed: what was there before all commits, and what is there after them. */
  @SuppressWarnings("ArrayRecordComponent") // compared with nothing
  private record Value(byte @Nullable [] before, byte[] after, long stamp) {}

  /** A pair on its way through the commits: the last stamp of each amount it had above 0. */
  private static final class Amounts {
    final Map<Long, Long> stamps = new LinkedHashMap<>();
    long last;
  }

  /**
   * Gathers what is to be written.
   *
   * @param commits at least one
   */
  Checkpoint(List<Commit> commits) {
    this.commits = commits;
    this.first = commits.getFirst().number();
    this.last = commits.getLast().number();
    Map<CellKey, Amounts> pairs = new LinkedHashMap<>();
    for (Commit commit : commits) {
      gather(commit);
      for (ChangedCell cell : commit.cells()) {
        if (cell.isPair()) {
          gatherPair(cell, commit.number(), pairs);
        }
      }
    }
    pairs.forEach(this::movePair);
  }

  State written() {
    return commits.getLast().state();
  }

  /** How many rows are to be changed, about: a set has several now and then. */
  int size() {
    return fixed.size() + answers.size() + values.size() + entries.size() + edits.size();
  }

  /** Writes everything but the mark. */
  void write(SortedSets.ChangingRows rows) {
    Map<RowKey, UnaryOperator<@Nullable Row>> changes = new HashMap<>();
    entries.forEach((key, added) -> changes.put(key, row -> append(row, added)));
    fixed.forEach((key, written) -> changes.put(key, row -> same(row, written)));
    answers.forEach((key, answer) -> changes.put(key, row -> newer(row, answer)));
    values.forEach((key, value) -> changes.put(key, row -> replace(row, value)));
    rows.update(changes, this::isLikelyNew);
    SortedSets.change(rows, edits, last);
  }

  private boolean isLikelyNew(RowKey key) {
    Value value = values.get(key);
    if (value != null) {
      return value.before == null;
    }
    List<Entry> added = entries.get(key);
    return added == null || added.getFirst().sequence() == firstOf(added);
  }

  // ---- Gathering --------------------------------------------------------------------------------

  private void gather(Commit commit) {
    long number = commit.number();
    for (Owned owned : commit.entries()) {
      entries
          .computeIfAbsent(
              Places.entries(owned.tenant(), owned.entry().sequence()), key -> new ArrayList<>())
          .add(owned.entry());
    }
    for (Identity id : commit.identities()) {
      byte[] value = new BytesOut().count(id.sequence()).number(id.fingerprint()).toBytes();
      fixed.put(Places.identity(id.high(), id.low()), new Row(number, value));
    }
    for (IdempotencyRecord answer : commit.answers()) {
      BytesOut out = new BytesOut();
      Values.answer(answer, out);
      answers.put(Places.answer(answer.key()), new Row(number, out.toBytes()));
    }
    for (ChangedCell cell : commit.cells()) {
      long[] before = cell.before();
      value(
          Places.cell(cell.key()),
          before == null ? null : columns(before),
          columns(cell.after()),
          number);
    }
    for (Changed<Tenant> tenant : commit.tenants()) {
      Tenant before = tenant.before();
      value(
          Places.tenant(tenant.after().name()),
          before == null ? null : bytes(before),
          bytes(tenant.after()),
          number);
    }
    for (ChangedDocument document : commit.documents()) {
      gather(document, number);
    }
    Items.of(commit, (set, item, carried) -> edit(set, new Edit.Add(item, carried)));
  }

  private void gather(ChangedDocument document, long number) {
    DocumentKey key = document.key();
    Document before = document.before();
    Document after = document.after();
    value(
        Places.document(key),
        before == null ? null : documentBytes(before),
        documentBytes(after),
        number);
  }

  private void value(RowKey key, byte @Nullable [] before, byte[] after, long number) {
    values.merge(
        key,
        new Value(before, after, number),
        (earlier, later) -> new Value(earlier.before, later.after, number));
  }

  private void edit(RowKey set, Edit edit) {
    edits.computeIfAbsent(set, key -> new ArrayList<>()).add(edit);
  }

  private void gatherPair(ChangedCell cell, long number, Map<CellKey, Amounts> pairs) {
    Amounts amounts =
        pairs.computeIfAbsent(
            cell.key(),
            key -> {
              Amounts of = new Amounts();
              long[] before = cell.before();
              if (before != null) {
                of.stamps.put(before[CellShape.OUTSTANDING_UNITS], first - 1);
              }
              return of;
            });
    amounts.last = cell.after()[CellShape.OUTSTANDING_UNITS];
    amounts.stamps.put(amounts.last, number);
  }

  /** Takes a pair from every place among the tops that it had, and puts it where it is now. */
  private void movePair(CellKey pair, Amounts amounts) {
    String agent = Objects.requireNonNull(pair.names().getFirst());
    RowKey set = Window.top(pair);
    amounts.stamps.forEach(
        (amount, stamp) -> {
          if (amount > 0) {
            byte[] item = Places.top(amount, agent);
            edit(
                set,
                amount == amounts.last ? new Edit.Put(item, stamp) : new Edit.Remove(item, stamp));
          }
        });
  }

  // ---- Changing ---------------------------------------------------------------------------------

  /** Entries of a row that has not all of them yet. */
  private Row append(@Nullable Row row, List<Entry> added) {
    List<Entry> all = row == null ? new ArrayList<>() : EntryRow.read(row.value());
    int before = all.size();
    long next = all.isEmpty() ? firstOf(added) : all.getLast().sequence() + 1;
    for (Entry entry : added) {
      if (entry.sequence() > next) {
        throw lost("entries before " + entry.sequence());
      }
      if (entry.sequence() == next) {
        all.add(entry);
        next++;
      }
    }
    return row != null && all.size() == before ? row : new Row(last, EntryRow.write(all));
  }

  /** A row that never changes. */
  private static Row same(@Nullable Row row, Row written) {
    if (row == null) {
      return written;
    }
    if (!Arrays.equals(row.value(), written.value())) {
      throw lost("an identity that commit " + written.stamp() + " has");
    }
    return row;
  }

  private static Row newer(@Nullable Row row, Row written) {
    return row == null || row.stamp() < written.stamp() ? written : row;
  }

  private static long firstOf(List<Entry> added) {
    long sequence = added.getFirst().sequence();
    return Math.max(1, sequence - sequence % Places.ENTRIES_PER_ROW);
  }

  private Row replace(@Nullable Row row, Value value) {
    if (row != null && row.stamp() >= value.stamp) {
      return row;
    }
    if (row == null || row.stamp() < first) {
      // What the first of the commits has found must be what is there.
      byte[] there = row == null ? null : row.value();
      if (!Arrays.equals(there, value.before) && !isGone(there, value.before)) {
        throw lost("a value that commit " + first + " or a later one has changed");
      }
    }
    return new Row(value.stamp, value.after);
  }

  /** A document that was deleted has a row that says so, for a planner there is none. */
  private static boolean isGone(byte @Nullable [] there, byte @Nullable [] before) {
    return before == null && there != null && Arrays.equals(there, documentBytes(null));
  }

  private static Unfit lost(String what) {
    return new Unfit(
        "The rows of the ledger do not fit its log: the grid has lost or gone back on "
            + what
            + "; nothing more is recorded until this node is started again and finds that they do");
  }

  // ---- Bytes ------------------------------------------------------------------------------------

  private static byte[] columns(long[] columns) {
    BytesOut out = new BytesOut(64);
    Values.columns(columns, out);
    return out.toBytes();
  }

  private static byte[] bytes(Tenant tenant) {
    BytesOut out = new BytesOut();
    Values.tenant(tenant, out);
    return out.toBytes();
  }

  private static byte[] documentBytes(@Nullable Document document) {
    BytesOut out = new BytesOut();
    Values.document(document, out);
    return out.toBytes();
  }
}
