package io.tallybook.ledger.memory;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.storage.CellBatch;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.GroupNames;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdBatch;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.storage.StoreStatistics.Part;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The storage in memory. It holds everything on the heap and outlives nothing; it is bounded, and
 * refuses entries before either bound hurts.
 *
 * <p>One commit at a time writes, under a lock; readers take none, and each sees exactly one
 * revision (see {@link Revisions}). What is held, and how, {@link Book} tells.
 */
public final class MemoryStore implements LedgerStore {
  /**
   * What an entry is counted as when the room on the heap is estimated: more than any that has
   * names of usual length takes with its cells, so that the estimate errs towards refusing.
   */
  private static final long BYTES_PER_ENTRY = 1_024;

  /** With this much free, a group of any usual length has room, however large its entries. */
  private static final long ROOM_FOR_ANY = 1L << 30;

  private static final String BROKEN =
      "The storage in memory failed in the middle of a commit; restart the service";

  private final CommitPlanner planner;
  private final MemorySettings settings;
  private final Revisions revisions;
  private final Book book;
  private final ReentrantLock writing = new ReentrantLock();
  private final Map<IdempotencyKey, IdempotencyRecord> idempotency = new HashMap<>();
  private final Map<String, CellTable> tables = new HashMap<>();
  private @Nullable CellTable pairs;
  private long idempotencyBytes;
  private volatile @Nullable Throwable broken;
  private volatile boolean closed;

  /** A new, empty ledger. */
  public MemoryStore(CommitPlanner planner, MemorySettings settings) {
    this.planner = planner;
    this.settings = settings;
    // At most an eighth of the heap is for readers of old revisions.
    long words = Math.min(Revisions.WORDS_MAX, Runtime.getRuntime().maxMemory() / 64);
    this.revisions = new Revisions(Head.first(settings.currency()), (int) words);
    this.book = new Book(revisions);
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public List<Receipt> commit(List<Request> group) {
    writing.lock();
    try {
      check();
      MemoryState state = new MemoryState(book, idempotency, entriesLeft(group));
      Changes changes = planner.plan(group, state);
      if (!changes.isEmpty()) {
        write(changes, state);
      }
      return changes.receipts();
    } finally {
      writing.unlock();
    }
  }

  @Override
  public <T extends @Nullable Object> T read(String tenant, Function<Snapshot, T> question) {
    check();
    try (Revisions.Reader reader = revisions.enter()) {
      return question.apply(new MemorySnapshot(book, reader, tenant));
    }
  }

  @Override
  public void check() {
    if (closed) {
      throw new LedgerException.Unavailable("The storage in memory is closed", true, null);
    }
    Throwable why = broken;
    if (why != null) {
      throw new LedgerException.Unavailable(BROKEN, true, why);
    }
  }

  @Override
  public StoreStatistics statistics() {
    // Without the lock, so that who measures waits for no commit; what one is adding just now may
    // be counted in some parts and not yet in others.
    Revisions.Published now = revisions.published();
    List<Part> parts = new ArrayList<>(book.indexes(now.rows()));
    for (Document view : views()) {
      String name = view.key().name();
      CellTable table = now.tables().get(name);
      parts.add(
          new Part(
              StoreStatistics.PartKind.VIEW,
              name,
              table == null ? 0 : table.size(),
              table == null ? 0 : table.bytes()));
    }
    return new StoreStatistics(now.rows(), settings.entriesMax(), bytes(now.tables()), parts);
  }

  @Override
  public void close() {
    closed = true;
  }

  private List<Document> views() {
    return book.documents(
        Tenant.SYSTEM,
        DocumentKey.VIEW,
        0,
        ViewDefinition.VIEWS_MAX,
        revisions.published().revision());
  }

  /** How many more entries there is room for: by number, in the structures, and on the heap. */
  private long entriesLeft(List<Request> group) {
    long byNumber = Math.min(settings.entriesMax() - book.rows(), book.left());
    for (CellTable table : tables.values()) {
      byNumber = Math.min(byNumber, table.left());
    }
    long heap = Runtime.getRuntime().maxMemory() / 100 * settings.heapPercentMax();
    long free = Math.max(0, heap - bytes(tables));
    return Math.min(byNumber, free / bytesPerEntry(group, free));
  }

  /** What each entry of a group is counted as: as the largest, where not all have room. */
  private long bytesPerEntry(List<Request> group, long free) {
    if (free >= ROOM_FOR_ANY) {
      return BYTES_PER_ENTRY;
    }
    long all = 0;
    long largest = 0;
    for (Request request : group) {
      for (Command command : request.commands()) {
        long bytes = BYTES_PER_ENTRY;
        for (Map.Entry<String, String> one : attributes(request.tenant(), command).entrySet()) {
          // At most three bytes of UTF-8 for each char, and the lengths of both texts.
          bytes += 3L * (one.getKey().length() + one.getValue().length()) + 4;
        }
        all += bytes;
        largest = Math.max(largest, bytes);
      }
    }
    return all > free ? largest : BYTES_PER_ENTRY;
  }

  /** The attributes of the entry that a command makes. */
  private Map<String, String> attributes(String tenant, Command command) {
    return switch (command) {
      case Command.Record(UsageEvent event) -> event.attributes();
      case Command.Record(Reading reading) -> reading.attributes();
      case Command.Reverse reverse -> {
        int code = book.names.find(tenant);
        int row = code < 0 ? RowCursor.END : book.row(code, reverse.sequence(), book.rows());
        yield row == RowCursor.END ? Map.of() : book.entry(row).attributes();
      }
      default -> Map.of();
    };
  }

  /**
   * How much is occupied by its own account: the lengths of all arrays and texts. It does not
   * depend on what the garbage collector has left.
   */
  private long bytes(Map<String, CellTable> cells) {
    long bytes = book.otherBytes() + idempotencyBytes;
    for (Part part : book.indexes(0)) {
      bytes += part.bytes();
    }
    for (CellTable table : cells.values()) {
      bytes += table.bytes();
    }
    return bytes;
  }

  private void write(Changes changes, MemoryState state) {
    try {
      UndoLog log = revisions.begin();
      long revision = changes.head().revision();
      long oldest = Math.min(revisions.oldest(), revision - 1);
      book.append(changes, state.codes(changes.names()));
      IdBatch ids = changes.ids();
      for (int row = 0; row < ids.size(); row++) {
        if (ids.assigned(row)) {
          book.ids.add(ids.high(row), ids.low(row), ids.sequence(row), ids.fingerprint(row));
        }
      }
      for (int b = 0; b < changes.cells().size(); b++) {
        write(changes.cells().get(b), b, changes.names(), state, log);
      }
      changes.tenants().forEach(tenant -> book.put(tenant, revision, oldest));
      for (Document document : changes.documents()) {
        book.put(document, revision, oldest);
        if (document.key().kind().equals(DocumentKey.VIEW) && document.revision() == 1) {
          // If there is a table, then of a view of that name that the same commit deleted.
          tables.remove(document.key().name());
        }
      }
      for (DocumentKey key : changes.deleted()) {
        book.delete(key, revision, oldest);
        if (key.kind().equals(DocumentKey.VIEW)) {
          tables.remove(key.name());
        }
      }
      book.forget(oldest);
      for (IdempotencyRecord answer : changes.idempotency()) {
        idempotency.put(answer.key(), answer);
        idempotencyBytes += bytes(answer);
      }
      revisions.publish(new Revisions.Published(changes.head(), book.rows(), tables, pairs));
    } catch (RuntimeException e) {
      broken = e;
      throw new LedgerException.Unavailable(BROKEN, false, e);
    } catch (Error e) {
      broken = e;
      throw e;
    }
  }

  /** Roughly how much is kept of an answer. */
  private static long bytes(IdempotencyRecord answer) {
    long bytes = 256 + 2L * answer.key().key().length();
    for (Outcome outcome : answer.outcomes()) {
      String message = outcome.message();
      bytes += 128 + 160L * outcome.statements().size();
      bytes += message == null ? 0 : 64 + 2L * message.length();
      bytes += outcome.document() == null ? 0 : 1_024;
    }
    return bytes;
  }

  /** Writes the changed cells of a view: those that were there, then the new ones. */
  private void write(
      CellBatch batch, int number, GroupNames names, MemoryState state, UndoLog log) {
    int[] changed = IntStream.range(0, batch.size()).filter(batch::changed).toArray();
    if (changed.length == 0) {
      return;
    }
    CellTable table = table(batch.view());
    if (pairs == null && batch.view().shape() == CellShape.PAIR) {
      // Views come in the order of their definition: the first of this shape keeps the pairs.
      pairs = table;
    }
    Tournament.Pairs competing = pairs == table ? book.pairs(table, null, 0) : null;
    List<Integer> added = new ArrayList<>();
    if (competing != null) {
      int[] known =
          Arrays.stream(changed)
              .map(row -> state.cellRow(number, row))
              .filter(at -> at != MemoryState.ABSENT)
              .toArray();
      book.readAhead(known, known.length, competing);
    }
    for (int row : changed) {
      int at = state.cellRow(number, row);
      if (at == MemoryState.ABSENT) {
        added.add(row);
      } else {
        change(table, at, batch, row, competing, log);
      }
    }
    // A table's rows are in order of first; the group may have touched its cells in another.
    added.sort(Comparator.comparingLong(row -> batch.value(row, CellShape.FIRST)));
    int[] codes = state.codes(names);
    for (int row : added) {
      int at = add(table, batch, row, names, codes);
      if (competing != null) {
        book.enter(table, at, competing, log);
      }
    }
  }

  private void change(
      CellTable table,
      int at,
      CellBatch batch,
      int row,
      Tournament.@Nullable Pairs competing,
      UndoLog log) {
    table.save(at, log);
    long before = competing == null ? 0 : competing.outstanding(at);
    table.set(at, batch, row);
    if (competing != null && competing.outstanding(at) != before) {
      book.compete(at, competing.outstanding(at) > before, competing, log);
    }
  }

  private int add(CellTable table, CellBatch batch, int row, GroupNames names, int[] codes) {
    int[] key = new int[1 + batch.view().groupBy().size()];
    for (int d = 0; d < key.length; d++) {
      int name = d == 0 ? batch.tenant(row) : batch.name(row, d - 1);
      if (name != 0 && codes[name] <= 0) {
        codes[name] = book.names.code(names.name(name));
      }
      key[d] = codes[name];
    }
    return table.add(key, batch, row);
  }

  private CellTable table(ViewDefinition view) {
    CellTable table = tables.get(view.name());
    if (table == null || !table.fits(view)) {
      table = new CellTable(view, revisions);
      tables.put(view.name(), table);
    }
    return table;
  }
}
