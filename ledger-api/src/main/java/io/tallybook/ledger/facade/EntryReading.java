package io.tallybook.ledger.facade;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Identities;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Answers questions for entries: chooses the index, walks it, and cuts the page. */
final class EntryReading {
  /** In order of time, an agent's own list is used up to this many entries: it has to be sorted. */
  static final long SORTED_MAX = 20_000;

  private final Snapshot snapshot;
  private final List<ViewDefinition> views;

  EntryReading(Snapshot snapshot, List<ViewDefinition> views) {
    this.snapshot = snapshot;
    this.views = views;
  }

  EntryPage page(EntryQuery query) {
    return page(query, entry -> true);
  }

  /**
   * A page of what a settlement covered: the usage and the reversals whose units it stated.
   *
   * @throws LedgerException.Rejected {@link Reason#NOT_FOUND} if there is no such settlement
   */
  EntryPage covered(long sequence, EntryQuery query) {
    Entry settlement = sequence < 1 ? null : snapshot.entry(sequence);
    Entry.Settlement stated = settlement == null ? null : settlement.settlement();
    if (settlement == null || stated == null) {
      throw new LedgerException.Rejected(
          Reason.NOT_FOUND, "settlement", "there is no settlement " + sequence);
    }
    EntryFilter filter = query.filter();
    long first = Math.max(filter.minSequence(), stated.fromSequence());
    long last = Math.min(filter.maxSequence(), stated.toSequence());
    EntryFilter narrowed =
        filter
            .withAgents(Set.of(Objects.requireNonNull(settlement.agent())))
            .withServices(Set.of(Objects.requireNonNull(settlement.service())))
            .withKinds(Set.of(EntryKind.USAGE, EntryKind.REVERSAL))
            .withSequences(first, last);
    return page(
        new EntryQuery(narrowed, query.byTime(), query.descending(), query.after(), query.limit()),
        entry -> entry.billable() && filter.matches(entry));
  }

  private EntryPage page(EntryQuery query, Predicate<Entry> wanted) {
    EntryIndex index = index(query);
    return index == EntryIndex.ID ? byIdentity(query, wanted) : walk(index, query, wanted);
  }

  /**
   * The index for a question. In order of sequence the first that fits. In order of time only lists
   * that are in that order, or are short enough to be sorted, which the count of the agent's cell
   * tells.
   */
  private EntryIndex index(EntryQuery query) {
    EntryFilter filter = query.filter();
    if (!filter.ids().isEmpty() && !filter.sources().isEmpty()) {
      return EntryIndex.ID;
    }
    if (!filter.agents().isEmpty() && (!query.byTime() || isShort(filter))) {
      return filter.types().isEmpty() ? EntryIndex.AGENT : EntryIndex.AGENT_TYPE;
    }
    if (query.byTime()) {
      return EntryIndex.TIME;
    }
    if (!filter.organizations().isEmpty()) {
      return EntryIndex.ORGANIZATION;
    }
    if (!filter.services().isEmpty()) {
      return EntryIndex.SERVICE;
    }
    if (!filter.types().isEmpty()) {
      return EntryIndex.TYPE;
    }
    return filter.boundsTime() ? EntryIndex.TIME : EntryIndex.SEQUENCE;
  }

  private boolean isShort(EntryFilter filter) {
    ViewDefinition byAgent = ViewCatalog.required(views, CellShape.OUTSTANDING, 1);
    long count = 0;
    for (String agent : filter.agents()) {
      Cell cell = snapshot.cell(byAgent, Arrays.asList(agent), Times.ABSENT);
      count += cell == null ? 0 : cell.count();
    }
    return count <= SORTED_MAX;
  }

  private EntryPage walk(EntryIndex index, EntryQuery query, Predicate<Entry> wanted) {
    List<Entry> found = new ArrayList<>();
    EntryScan.End end =
        snapshot.entries(
            new EntryScan(
                index,
                query.filter(),
                query.byTime(),
                query.descending(),
                query.after(),
                EntryQuery.LOOKS_MAX),
            entry -> !wanted.test(entry) || (found.add(entry) && found.size() <= query.limit()));
    return cut(index, query, found, end.looked(), end.complete(), end.last());
  }

  private EntryPage byIdentity(EntryQuery query, Predicate<Entry> wanted) {
    EntryFilter filter = query.filter();
    Identities identities = new Identities(snapshot.head().key0(), snapshot.head().key1());
    List<Entry> found = new ArrayList<>();
    long looked = 0;
    for (String source : filter.sources()) {
      for (String id : filter.ids()) {
        identities.ofUsage(snapshot.tenant().name(), source, id);
        long sequence = snapshot.sequenceOf(identities.high(), identities.low());
        Entry entry = sequence == 0 ? null : snapshot.entry(sequence);
        if (entry != null) {
          looked++;
          if (filter.matches(entry) && wanted.test(entry)) {
            found.add(entry);
          }
        }
      }
    }
    Comparator<Entry> order = order(query);
    found.sort(order);
    EntryMark after = query.after();
    if (after != null) {
      found.removeIf(entry -> !isAfter(entry, after, query));
    }
    return cut(EntryIndex.ID, query, found, looked, true, null);
  }

  private static Comparator<Entry> order(EntryQuery query) {
    Comparator<Entry> order =
        query.byTime()
            ? Comparator.comparingLong(Entry::time).thenComparingLong(Entry::sequence)
            : Comparator.comparingLong(Entry::sequence);
    return query.descending() ? order.reversed() : order;
  }

  private static boolean isAfter(Entry entry, EntryMark mark, EntryQuery query) {
    int byTime = query.byTime() ? Long.compare(entry.time(), mark.time()) : 0;
    int compared = byTime != 0 ? byTime : Long.compare(entry.sequence(), mark.sequence());
    return query.descending() ? compared < 0 : compared > 0;
  }

  /** Cuts what was found, one more than the limit at most, to the page. */
  private static EntryPage cut(
      EntryIndex index,
      EntryQuery query,
      List<Entry> found,
      long looked,
      boolean complete,
      @Nullable EntryMark last) {
    if (found.size() > query.limit()) {
      List<Entry> page = found.subList(0, query.limit());
      return new EntryPage(page, index, looked, true, EntryMark.of(page.getLast()));
    }
    return new EntryPage(found, index, looked, complete, complete ? null : last);
  }
}
