package io.tallybook.ledger.parity;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.Changes;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Ways for a storage to be wrong. Each is {@link SimpleStore} with one step altered. */
@SuppressWarnings("ImmutableEnumChecker") // an opener keeps nothing
enum Sabotage {
  LOSES_A_DELTA(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            private int written;

            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              if (!view.name().equals("by-service") || ++written % 5 != 0) {
                super.putCell(shelf, view, place, values, c);
              }
            }
          }),
  COUNTS_TWICE(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              if (view.name().equals("hourly-by-service")
                  && values[CellShape.COUNT] == 1
                  && values[CellShape.FIRST] > 2) {
                values[CellShape.UNITS] *= 2;
              }
              super.putCell(shelf, view, place, values, c);
            }
          }),
  BREAKS_TIES_BACKWARDS(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Comparator<Cell> topOrder() {
              return Comparator.comparingLong(Cell::outstanding)
                  .thenComparing(cell -> String.valueOf(cell.name(0)))
                  .reversed();
            }
          }),
  BREAKS_TIES_AS_JAVA_DOES(
      LedgerParity.Tops.class,
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Comparator<Cell> topOrder() {
              return Comparator.comparingLong(Cell::outstanding)
                  .reversed()
                  .thenComparing(cell -> String.valueOf(cell.name(0)));
            }
          }),
  SHOWS_A_STRANGER_ANOTHER_TENANT(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Shelf shelfFor(State state, String tenant) {
              return state.shelves().containsKey(tenant) || state.shelves().isEmpty()
                  ? super.shelfFor(state, tenant)
                  : state.shelves().values().iterator().next();
            }
          }),
  LISTS_OTHER_TENANTS_ENTRIES(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putEntries(State next, Changes changes) {
              super.putEntries(next, changes);
              if (changes.tenants().size() > 1) {
                Shelf first = next.shelf(changes.tenants().getFirst().name());
                first.entries().addAll(next.shelf(changes.tenants().get(1).name()).entries());
              }
            }
          }),
  HAS_A_STALE_INDEX(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            EntryScan.End walk(Shelf shelf, EntryScan scan, Predicate<Entry> visitor) {
              boolean isStale = scan.index() == EntryIndex.AGENT_TYPE && shelf.entries().size() > 1;
              return super.walk(isStale ? withoutLast(shelf) : shelf, scan, visitor);
            }

            private Shelf withoutLast(Shelf shelf) {
              List<Entry> entries = shelf.entries().subList(0, shelf.entries().size() - 1);
              return new Shelf(shelf.tenant(), entries, shelf.cells());
            }
          }),
  SHOWS_HALF_A_COMMIT(
      LedgerParity.Concurrency.class,
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            private final AtomicInteger reads = new AtomicInteger();

            @Override
            State readable() {
              reads.incrementAndGet();
              return super.readable();
            }

            @Override
            void putCells(State next, Changes changes) {
              publish(next);
              int before = reads.get();
              spinUntil(() -> reads.get() > before);
              super.putCells(next, changes);
            }
          }),
  FORGETS_PAIRS_AT_ZERO(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              super.putCell(shelf, view, place, values, c);
              if (view.shape() == CellShape.PAIR && values[CellShape.OUTSTANDING_UNITS] == 0) {
                shelf.cells().getOrDefault(view.name(), Map.of()).remove(place);
              }
            }
          }),
  FORGETS_IDS(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putId(State next, Identity identity, Known known) {
              if (known.sequence() % 4 != 0) {
                super.putId(next, identity, known);
              }
            }
          }),
  FORGETS_FINGERPRINTS(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putId(State next, Identity identity, Known known) {
              super.putId(next, identity, new Known(known.sequence(), known.fingerprint() >>> 1));
            }
          }),
  TAKES_THE_WRONG_BUCKET(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              boolean isLastHour =
                  view.bucket() == Bucket.HOUR
                      && Bucket.DAY.start(place.start())
                          != Bucket.DAY.start(Bucket.HOUR.next(place.start()));
              super.putCell(
                  shelf,
                  view,
                  isLastHour ? new Place(place.names(), Bucket.HOUR.next(place.start())) : place,
                  values,
                  c);
            }
          }),
  REVERSES_IN_THE_BUCKET_OF_NOW(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              for (Entry e : c.entries()) {
                if (e.kind() == EntryKind.REVERSAL
                    && view.bucket() != Bucket.NONE
                    && view.bucket().start(e.time()) == place.start()) {
                  long now = view.bucket().start(e.recordedAt());
                  super.putCell(shelf, view, new Place(place.names(), now), values, c);
                  return;
                }
              }
              super.putCell(shelf, view, place, values, c);
            }
          }),
  LOSES_A_CHANGE_OF_A_DOCUMENT(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putDocument(State next, Document document) {
              if (document.revision() != 2) {
                super.putDocument(next, document);
              }
            }
          }),
  KEEPS_DELETED_DOCUMENTS(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void deleteDocument(State next, DocumentKey key) {}
          }),
  LEAVES_THE_REVISION(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Head head(Head before, Head after) {
              return after.lastPosition() > before.lastPosition() || before.revision() == 0
                  ? after
                  : with(after, before.revision(), after.lastRecordedAt());
            }
          }),
  LETS_THE_TIME_OF_RECORDING_FALL(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Head head(Head before, Head after) {
              return with(after, after.revision(), 0);
            }
          }),
  IGNORES_ITS_CAPACITY(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            long entriesLeft(State state) {
              return Long.MAX_VALUE;
            }
          }),
  IS_FULL_TOO_SOON(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            long entriesLeft(State state) {
              return super.entriesLeft(state) - 1;
            }
          }),
  FORGETS_ANSWERS(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putAnswer(State next, IdempotencyRecord answer) {}
          }),
  TAKES_THE_LATEST_READING_BY_ARRIVAL(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              if (view.shape() == CellShape.READING) {
                values[CellShape.LAST_TIME] = Long.MIN_VALUE;
              }
              super.putCell(shelf, view, place, values, c);
            }
          }),
  FINDS_NO_SETTLEMENT(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            long settlementAfter(Shelf shelf, String agent, String service, long after) {
              return 0;
            }
          }),
  FINDS_THE_SETTLEMENT_OF_ANOTHER_PAIR(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            long settlementAfter(Shelf shelf, String agent, String service, long after) {
              return shelf.entries().stream()
                  .filter(e -> e.kind() == EntryKind.SETTLEMENT && e.sequence() > after)
                  .mapToLong(Entry::sequence)
                  .findFirst()
                  .orElse(0);
            }
          }),
  SETTLES_AN_AGENT_BY_NAME(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Stream<String> servicesOf(State state, String tenant, String agent) {
              return super.servicesOf(state, tenant, agent).sorted();
            }
          }),
  READS_PAST_ITS_REVISION(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Shelf shelfFor(State state, String tenant) {
              return readable().shelf(tenant);
            }
          }),
  LETS_WRITERS_OVERTAKE(
      LedgerParity.Concurrency.class,
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            private final AtomicInteger commits = new AtomicInteger();

            @Override
            public List<Receipt> commit(List<Request> group) {
              commits.incrementAndGet();
              return commitOver(readable(), group);
            }

            @Override
            void publish(State next) {
              int before = commits.get();
              spinUntil(() -> commits.get() > before);
              super.publish(next);
            }
          }),
  MISSES_AN_ENTRY_BETWEEN_PAGES(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            boolean isAfter(EntryScan scan, EntryMark mark, Entry entry) {
              return super.isAfter(scan, mark, entry)
                  && (scan.descending() || entry.sequence() != mark.sequence() + 1);
            }
          }),
  REPEATS_AN_ENTRY_ON_THE_NEXT_PAGE(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            boolean isAfter(EntryScan scan, EntryMark mark, Entry entry) {
              return super.isAfter(scan, mark, entry)
                  || (scan.byTime() && mark.equals(EntryMark.of(entry)));
            }
          }),
  IGNORES_A_FILTER(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            boolean matches(EntryScan scan, Entry entry) {
              EntryScan open =
                  new EntryScan(
                      scan.index(),
                      scan.filter().withWords(List.of()),
                      scan.byTime(),
                      scan.descending(),
                      scan.after(),
                      scan.looksMax());
              return super.matches(open, entry);
            }
          }),
  LEAVES_ENTRIES_OF_ONE_TIME_UNORDERED(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Comparator<Entry> order(EntryScan scan) {
              return scan.byTime()
                  ? Comparator.<Entry>comparingLong(e -> scan.descending() ? -e.time() : e.time())
                      .thenComparingLong(Entry::sequence)
                  : super.order(scan);
            }
          }),
  CALLS_EVERY_PAGE_COMPLETE(
      LedgerParity.Entries.class,
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            EntryScan.End walk(Shelf shelf, EntryScan scan, Predicate<Entry> visitor) {
              EntryScan.End end = super.walk(shelf, scan, visitor);
              return new EntryScan.End(end.looked(), true, end.last());
            }
          }),
  LOOKS_WITHOUT_END(
      LedgerParity.Entries.class,
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            EntryScan.End walk(Shelf shelf, EntryScan scan, Predicate<Entry> visitor) {
              EntryScan endless =
                  new EntryScan(
                      scan.index(),
                      scan.filter(),
                      scan.byTime(),
                      scan.descending(),
                      scan.after(),
                      Long.MAX_VALUE);
              return super.walk(shelf, endless, visitor);
            }
          }),
  CLOSES_THE_END_OF_A_RANGE(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Stream<Cell> cells(Shelf shelf, CellScan scan) {
              long to = scan.to() == Long.MAX_VALUE ? scan.to() : scan.to() + 1;
              return super.cells(
                  shelf,
                  new CellScan(scan.view(), scan.filter(), scan.from(), to, scan.afterFirst()));
            }
          }),
  LOSES_PERSONAL_USAGE(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Stream<Cell> cells(Shelf shelf, CellScan scan) {
              int organization = scan.view().groupBy().indexOf(Dimension.ORGANIZATION);
              return super.cells(shelf, scan)
                  .filter(
                      cell ->
                          !scan.filter().containsKey(Dimension.ORGANIZATION)
                              || cell.name(organization) != null);
            }
          }),
  LISTS_BY_NAME(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            Stream<Cell> cells(Shelf shelf, CellScan scan) {
              return super.cells(shelf, scan)
                  .sorted(Comparator.comparing(cell -> cell.names().toString()));
            }
          }),
  MOVES_THE_FIRST_SEQUENCE(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              if (view.name().equals("by-agent") && !c.entries().isEmpty()) {
                values[CellShape.FIRST] = c.entries().getLast().sequence();
              }
              super.putCell(shelf, view, place, values, c);
            }
          }),
  MISCOUNTS_AGENTS_ABOVE_ZERO(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putCell(Shelf shelf, ViewDefinition view, Place place, long[] values, Changes c) {
              if (view.shape() == CellShape.SERVICE) {
                values[CellShape.AGENTS_ABOVE_ZERO] = Math.min(values[5], 2);
              }
              super.putCell(shelf, view, place, values, c);
            }
          }),
  LETS_LIFETIME_UNITS_FALL(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putTenant(State next, Tenant t) {
              super.putTenant(
                  next,
                  new Tenant(
                      t.name(),
                      t.revision(),
                      t.lastSequence(),
                      t.agents(),
                      t.services(),
                      t.pairs(),
                      t.pairsAboveZero(),
                      t.pairsAboveZero() == 0 ? 0 : t.lifetimeUnits(),
                      t.settlements(),
                      t.settledAmount()));
            }
          }),
  CUTS_ATTRIBUTES(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            void putEntry(Shelf shelf, Entry e) {
              super.putEntry(shelf, e.attributes().size() > 31 ? withoutAttributes(e) : e);
            }
          }),
  MISCOUNTS_CELLS(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            public StoreStatistics statistics() {
              StoreStatistics s = super.statistics();
              return new StoreStatistics(s.entries() / 2 * 2, s.entriesMax(), s.bytes(), s.parts());
            }
          }),
  ANSWERS_AN_ENTRY_THAT_IS_NOT_THERE(
      (planner, currency, max) ->
          new SimpleStore(planner, currency, max) {
            @Override
            @Nullable Entry entryOf(Shelf shelf, long sequence) {
              return super.entryOf(shelf, Math.min(sequence, shelf.entries().size()));
            }
          });

  /** The part of the suite that catches it; all of the suite where that soon does. */
  final Class<?> group;

  final Book.Opener opener;

  Sabotage(Wrong wrong) {
    this(LedgerParity.class, wrong);
  }

  Sabotage(Class<?> group, Wrong wrong) {
    this.group = group;
    this.opener = wrong::open;
  }

  /** Opens a wrong storage. */
  private interface Wrong {
    SimpleStore open(CommitPlanner planner, String currency, long entriesMax);
  }

  /** Gives other threads time to come between, if there are any. */
  private static void spinUntil(BooleanSupplier came) {
    long end = System.nanoTime() + 2_000_000;
    while (!came.getAsBoolean() && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private static Head with(Head head, long revision, long lastRecordedAt) {
    return new Head(
        head.format(),
        head.minWriter(),
        revision,
        head.lastPosition(),
        lastRecordedAt,
        head.lastOrdinal(),
        head.viewsRevision(),
        head.currency(),
        head.key0(),
        head.key1());
  }

  private static Entry withoutAttributes(Entry e) {
    return new Entry(
        e.position(),
        e.sequence(),
        e.kind(),
        e.recordedAt(),
        e.time(),
        e.source(),
        e.id(),
        e.organization(),
        e.agent(),
        e.service(),
        e.type(),
        e.window(),
        e.units(),
        e.cost(),
        e.value(),
        e.billable(),
        e.reverses(),
        e.settledBy(),
        e.settlement(),
        Map.of());
  }
}
