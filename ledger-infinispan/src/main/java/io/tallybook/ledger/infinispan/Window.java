package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Commit.Changed;
import io.tallybook.ledger.infinispan.Commit.ChangedCell;
import io.tallybook.ledger.infinispan.Commit.ChangedDocument;
import io.tallybook.ledger.infinispan.Commit.Identity;
import io.tallybook.ledger.infinispan.Commit.Owned;
import io.tallybook.ledger.infinispan.Commit.State;
import io.tallybook.ledger.infinispan.Places.Of;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.view.CellShape;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The newest commits in the memory of this node: all that rows may not have yet, and all that a
 * question under way may ask for as it was.
 *
 * <pre>
 *        dropped          mark                    newest
 *   ────────┼───────────────┼───────────────────────┼──►  commits
 *    in rows│    in rows    │    in the log only    │
 *           └────────────── the window ─────────────┘
 * </pre>
 *
 * <p>A value that no commit of the window has changed is in its row as it is now, and as it was for
 * every question under way: rows are written from commits that the window has, here or on another
 * node, and a commit leaves the window only when no question is left that began before its rows
 * were written.
 *
 * <p>Commits are added by one thread at a time, in order; anyone may read meanwhile.
 */
final class Window {
  final Map<CellKey, Change<long[]>> cells = new ConcurrentHashMap<>();
  final Map<String, Change<Tenant>> tenants = new ConcurrentHashMap<>();
  final Map<DocumentKey, Change<Document>> documents = new ConcurrentHashMap<>();
  private final Map<Id, Identity> identities = new ConcurrentHashMap<>();
  private final Map<IdempotencyKey, IdempotencyRecord> answers = new ConcurrentHashMap<>();
  private final Map<Place, Entry> entries = new ConcurrentHashMap<>();
  private final ConcurrentSkipListMap<RowKey, byte[]> items = new ConcurrentSkipListMap<>();

  /** The changed pairs that have something outstanding, as items of {@link Of#TOP}. */
  private final ConcurrentSkipListMap<RowKey, CellKey> tops = new ConcurrentSkipListMap<>();

  private final ArrayDeque<Commit> commits = new ArrayDeque<>();
  private final Set<Question> questions = new HashSet<>();
  private boolean isClosed;
  private final long heldSizeMax;
  private volatile State newest;
  private volatile long unwrittenSize;
  private long mark;

  private record Id(long high, long low) {
    @Override // as Dimension tells
    public boolean equals(@Nullable Object other) {
      return other instanceof Id that && high == that.high && low == that.low;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(high) ^ Long.hashCode(low);
    }
  }

  private record Place(String tenant, long sequence) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Place that && sequence == that.sequence && tenant.equals(that.tenant);
    }

    @Override
    public int hashCode() {
      return 31 * tenant.hashCode() + Long.hashCode(sequence);
    }
  }

  /**
   * A window that begins where rows end.
   *
   * @param heldSizeMax the size of commits that are kept for questions only, at most
   */
  Window(State state, long heldSizeMax) {
    this.newest = state;
    this.heldSizeMax = heldSizeMax;
    this.mark = state.head().revision();
  }

  /** A question under way, or a commit that is being planned. */
  final class Question implements AutoCloseable {
    private final State state;
    private final long begunAtMark;
    private volatile boolean isOver;

    private Question(State state, long begunAtMark) {
      this.state = state;
      this.begunAtMark = begunAtMark;
    }

    Window window() {
      return Window.this;
    }

    State state() {
      return state;
    }

    long revision() {
      return state.head().revision();
    }

    /** Checks that what was read until now is of one revision. */
    void requireCurrent() {
      if (isOver) {
        throw new LedgerException.Unavailable(
            "The question took so long that its revision is no longer kept; ask again", true, null);
      }
    }

    @Override
    public void close() {
      synchronized (questions) {
        questions.remove(this);
      }
    }
  }

  // ---- Questions --------------------------------------------------------------------------------

  State newest() {
    return newest;
  }

  long number() {
    return newest.head().revision();
  }

  /** The size of the commits that are in the log only. */
  long unwrittenSize() {
    return unwrittenSize;
  }

  /**
   * Begins a question at the newest revision; null if another window has taken the place of this.
   */
  @Nullable Question begin() {
    synchronized (questions) {
      if (isClosed) {
        return null;
      }
      Question question = new Question(newest, mark);
      questions.add(question);
      return question;
    }
  }

  @Nullable Identity identity(long high, long low) {
    return identities.get(new Id(high, low));
  }

  @Nullable IdempotencyRecord answer(IdempotencyKey key) {
    return answers.get(key);
  }

  @Nullable Entry entry(String tenant, long sequence) {
    return entries.get(new Place(tenant, sequence));
  }

  /** The items of a set that commits of the window have added, in order. */
  ConcurrentNavigableMap<RowKey, byte[]> items(RowKey set) {
    return items.subMap(set, true, set.afterAll(), false);
  }

  /** The best of a service's pairs that the window has changed, but not after a revision. */
  List<CellKey> best(RowKey top, long revision, int max) {
    List<CellKey> best = new ArrayList<>();
    for (CellKey pair : tops.subMap(top, true, top.afterAll(), false).values()) {
      Change<long[]> change = cells.get(pair);
      if (change != null && change.number() <= revision) {
        best.add(pair);
        if (best.size() == max) {
          break;
        }
      }
    }
    return best;
  }

  /**
   * The pairs of a service that were changed after a revision: all whose change anyone has seen
   * here before the log was looked at last.
   */
  Set<CellKey> changedAfter(long revision, RowKey top) {
    List<Commit> after = new ArrayList<>();
    synchronized (commits) {
      Iterator<Commit> newestFirst = commits.descendingIterator();
      while (newestFirst.hasNext()) {
        Commit commit = newestFirst.next();
        if (commit.number() <= revision) {
          break;
        }
        after.add(commit);
      }
    }
    Set<CellKey> changed = new HashSet<>();
    for (Commit commit : after) {
      for (ChangedCell cell : commit.cells()) {
        if (cell.isPair() && top(cell.key()).equals(top)) {
          changed.add(cell.key());
        }
      }
    }
    return changed;
  }

  // ---- Commits ----------------------------------------------------------------------------------

  /** Whether a commit was planned over the newest. */
  boolean isNext(Commit commit) {
    State before = newest;
    return commit.number() == before.head().revision() + 1
        && commit.follows().equals(before.token());
  }

  /** Adds the commit that follows the newest; whoever does so keeps looks at the log waiting. */
  synchronized void add(Commit commit) {
    long number = commit.number();
    if (!isNext(commit)) {
      throw new IllegalArgumentException("commit " + number + " after " + number());
    }
    for (Owned owned : commit.entries()) {
      entries.put(new Place(owned.tenant(), owned.entry().sequence()), owned.entry());
    }
    for (Identity id : commit.identities()) {
      identities.put(new Id(id.high(), id.low()), id);
    }
    for (IdempotencyRecord answer : commit.answers()) {
      answers.put(answer.key(), answer);
    }
    for (ChangedCell cell : commit.cells()) {
      Change<long[]> older = cell.isPair() ? cells.get(cell.key()) : null;
      put(cells, cell.key(), number, cell.before(), cell.after());
      if (cell.isPair()) {
        moveTop(cell.key(), older, cell.after());
      }
    }
    for (Changed<Tenant> tenant : commit.tenants()) {
      put(tenants, tenant.after().name(), number, tenant.before(), tenant.after());
    }
    for (ChangedDocument document : commit.documents()) {
      put(documents, document.key(), number, document.before(), document.after());
    }
    Items.of(commit, (set, item, carried) -> items.put(set.with(item), carried));
    synchronized (commits) {
      commits.add(commit);
    }
    synchronized (questions) {
      newest = commit.state();
      unwrittenSize += commit.size();
    }
  }

  private static <K, V> void put(
      Map<K, Change<V>> changes, K key, long number, @Nullable V before, @Nullable V after) {
    changes.compute(key, (k, older) -> new Change<>(number, before, after, older));
  }

  /**
   * Takes a pair from where it was among the tops, and puts it where it is now, if anywhere. Its
   * cell is changed already, so that who comes by it there sees of which commit it is.
   */
  private void moveTop(CellKey pair, @Nullable Change<long[]> before, long @Nullable [] after) {
    long[] was = before == null ? null : before.after();
    long amountBefore = was == null ? 0 : was[CellShape.OUTSTANDING_UNITS];
    long amountAfter = after == null ? 0 : after[CellShape.OUTSTANDING_UNITS];
    if (amountBefore != amountAfter) {
      RowKey set = top(pair);
      String agent = Objects.requireNonNull(pair.names().getFirst());
      if (amountBefore > 0) {
        tops.remove(set.with(Places.top(amountBefore, agent)));
      }
      if (amountAfter > 0) {
        tops.put(set.with(Places.top(amountAfter, agent)), pair);
      }
    }
  }

  /** The set of the pairs of a pair's service. */
  static RowKey top(CellKey pair) {
    return Places.set(Of.TOP, pair.tenant(), Objects.requireNonNull(pair.names().get(1)));
  }

  /**
   * The oldest commits that are in the log only.
   *
   * @param sizeMax of all of them together, unless the first is larger
   */
  List<Commit> unwritten(long sizeMax) {
    List<Commit> unwritten = new ArrayList<>();
    long size = 0;
    synchronized (commits) {
      long written = mark();
      for (Commit commit : commits) {
        if (commit.number() > written) {
          size += commit.size();
          if (size > sizeMax && !unwritten.isEmpty()) {
            break;
          }
          unwritten.add(commit);
        }
      }
    }
    return unwritten;
  }

  long mark() {
    synchronized (questions) {
      return mark;
    }
  }

  /** Takes note that rows have everything up to a commit, and drops what nobody needs. */
  void written(long upTo) {
    boolean isMore = mark(upTo);
    drop();
    if (isMore && heldSize() > heldSizeMax) {
      endOldQuestions();
      drop();
    }
  }

  /** Moves the mark, no commit being added meanwhile; answers whether it was further back. */
  private synchronized boolean mark(long upTo) {
    if (upTo <= mark()) {
      return false;
    }
    long unwritten = 0;
    synchronized (commits) {
      for (Commit commit : commits) {
        unwritten += commit.number() > upTo ? commit.size() : 0;
      }
    }
    synchronized (questions) {
      mark = upTo;
      unwrittenSize = unwritten;
    }
    return true;
  }

  /** Ends the questions that began before the rows of the newest mark were written. */
  private void endOldQuestions() {
    synchronized (questions) {
      questions.removeIf(
          question -> {
            question.isOver |= question.begunAtMark < mark;
            return question.isOver;
          });
    }
  }

  /** Begins no question any more if none is under way; answers whether that is so. */
  boolean closeIfIdle() {
    synchronized (questions) {
      isClosed |= questions.isEmpty();
      return isClosed;
    }
  }

  /** Ends all questions, for what they ask may be gone, and begins none any more. */
  void close() {
    synchronized (questions) {
      isClosed = true;
      questions.forEach(question -> question.isOver = true);
      questions.clear();
    }
  }

  /** The size of the commits that rows have too: questions hold them. */
  private long heldSize() {
    long written = mark();
    long held = 0;
    synchronized (commits) {
      for (Commit commit : commits) {
        if (commit.number() > written) {
          break;
        }
        held += commit.size();
      }
    }
    return held;
  }

  private void drop() {
    long limit;
    synchronized (questions) {
      limit = mark;
      for (Question question : questions) {
        limit = Math.min(limit, question.begunAtMark);
      }
    }
    List<Commit> dropped = new ArrayList<>();
    synchronized (commits) {
      while (!commits.isEmpty() && commits.getFirst().number() <= limit) {
        dropped.add(commits.removeFirst());
      }
    }
    for (Commit commit : dropped) {
      drop(commit, limit);
    }
  }

  private synchronized void drop(Commit commit, long limit) {
    for (Owned owned : commit.entries()) {
      entries.remove(new Place(owned.tenant(), owned.entry().sequence()));
    }
    for (Identity id : commit.identities()) {
      identities.remove(new Id(id.high(), id.low()));
    }
    for (IdempotencyRecord answer : commit.answers()) {
      answers.remove(answer.key(), answer);
    }
    for (ChangedCell cell : commit.cells()) {
      Change<long[]> newest = cell.isPair() ? cells.get(cell.key()) : null;
      if (cut(cells, cell.key(), limit) && cell.isPair()) {
        moveTop(cell.key(), newest, null);
      }
    }
    commit.tenants().forEach(tenant -> cut(tenants, tenant.after().name(), limit));
    commit.documents().forEach(document -> cut(documents, document.key(), limit));
    Items.of(commit, (set, item, carried) -> items.remove(set.with(item)));
  }

  /** Forgets the changes of a value up to a commit; answers whether none is left. */
  private static <K, V> boolean cut(Map<K, Change<V>> changes, K key, long limit) {
    Change<V> left =
        changes.computeIfPresent(
            key,
            (k, newest) -> {
              if (newest.number() <= limit) {
                return null;
              }
              newest.cut(limit);
              return newest;
            });
    return left == null;
  }
}
