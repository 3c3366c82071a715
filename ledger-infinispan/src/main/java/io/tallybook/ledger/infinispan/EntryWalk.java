package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Places.Of;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PrimitiveIterator;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Walks entries along an index, some at a time: first the sequences, from sets that are in the
 * order asked for, then the entries themselves in bulk. A range of time in order of sequence, and
 * an agent's entries in order of time, are sorted where they are few, and else found on another
 * way.
 */
final class EntryWalk {
  /** Most entries that are sorted because no set has their order. */
  private static final int SORTED_MAX = 100_000;

  private static final int FIRST_ENTRIES = 128;
  private static final int ENTRIES_MAX = 2_048;

  private final Revision revision;
  private final Tenant tenant;
  private final EntryScan scan;
  private final EntryFilter filter;
  private final Predicate<Entry> visitor;
  private final long first;
  private final long last;

  EntryWalk(Revision revision, Tenant tenant, EntryScan scan, Predicate<Entry> visitor) {
    this.revision = revision;
    this.tenant = tenant;
    this.scan = scan;
    this.filter = scan.filter();
    this.visitor = visitor;
    this.first = Math.max(1, filter.minSequence());
    this.last = Math.min(tenant.lastSequence(), filter.maxSequence());
  }

  EntryScan.End run() {
    Iterator<Long> sequences = sequences();
    long looked = 0;
    EntryMark mark = null;
    int count = FIRST_ENTRIES;
    while (sequences.hasNext()) {
      List<Long> some = new ArrayList<>(count);
      while (some.size() < count && looked + some.size() < scan.looksMax() && sequences.hasNext()) {
        some.add(sequences.next());
      }
      if (some.isEmpty()) {
        return new EntryScan.End(looked, false, mark);
      }
      Map<Long, Entry> found = revision.entries(tenant.name(), some);
      for (long sequence : some) {
        Entry entry = Objects.requireNonNull(found.get(sequence));
        looked++;
        mark = EntryMark.of(entry);
        if (filter.matches(entry) && !visitor.test(entry)) {
          return new EntryScan.End(looked, true, mark);
        }
      }
      count = Math.min(ENTRIES_MAX, count * 4);
    }
    return new EntryScan.End(looked, true, mark);
  }

  /** The sequences of the index after the mark, in the order asked for. */
  private Iterator<Long> sequences() {
    if (scan.byTime()) {
      Iterator<Long> sorted = scan.index() == EntryIndex.TIME ? null : sortedByTime();
      return sorted == null ? inTime() : sorted;
    }
    Iterator<Long> sorted = scan.index() == EntryIndex.TIME ? sortedBySequence() : null;
    return sorted == null ? inSequence() : sorted;
  }

  // ---- In order of sequence ---------------------------------------------------------------------

  private Iterator<Long> inSequence() {
    long low = first;
    long high = last;
    EntryMark after = scan.after();
    if (after != null && scan.descending()) {
      high = Math.min(high, Math.max(after.sequence(), 1) - 1);
    } else if (after != null) {
      low = Math.max(low, Math.min(after.sequence(), last) + 1);
    }
    if (low > high) {
      return List.<Long>of().iterator();
    }
    if (scan.index() == EntryIndex.SEQUENCE || scan.index() == EntryIndex.TIME) {
      long from = low;
      long to = high;
      PrimitiveIterator.OfLong all =
          LongStream.rangeClosed(0, to - from)
              .map(i -> scan.descending() ? to - i : from + i)
              .iterator();
      return all;
    }
    byte[] begin = OrderedLongs.ascending(scan.descending() ? high : low);
    byte[] end =
        scan.descending() ? OrderedLongs.ascending(low - 1) : OrderedLongs.ascending(high + 1);
    List<Iterator<SortedSets.Item>> lists = new ArrayList<>();
    for (RowKey set : sets()) {
      lists.add(revision.items(set, begin, true, end, scan.descending()));
    }
    return numbers(new OrderedItems(lists, scan.descending()));
  }

  /** The sets that together have the entries of the index. */
  private Collection<RowKey> sets() {
    String name = tenant.name();
    return switch (scan.index()) {
      case AGENT ->
          filter.agents().stream().map(agent -> Places.set(Of.AGENT, name, agent)).toList();
      case AGENT_TYPE ->
          filter.agents().stream()
              .flatMap(
                  agent ->
                      filter.types().stream()
                          .map(type -> Places.set(Of.AGENT_TYPE, name, agent, type)))
              .toList();
      case ORGANIZATION ->
          filter.organizations().stream().map(of -> Places.organization(name, of)).toList();
      case SERVICE -> filter.services().stream().map(s -> Places.set(Of.SERVICE, name, s)).toList();
      case TYPE -> filter.types().stream().map(type -> Places.set(Of.TYPE, name, type)).toList();
      case ID, TIME, SEQUENCE ->
          throw new IllegalArgumentException("no sets by " + scan.index().label());
    };
  }

  private static Iterator<Long> numbers(Iterator<SortedSets.Item> items) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return items.hasNext();
      }

      @Override
      public Long next() {
        return OrderedLongs.decode(items.next().key(), 0);
      }
    };
  }

  /** The sequences of the range of time; null if they are too many to be sorted. */
  private @Nullable Iterator<Long> sortedBySequence() {
    List<Long> sequences = new ArrayList<>();
    Iterator<SortedSets.Item> items = timeItems(null, false);
    int seen = 0;
    while (items.hasNext()) {
      if (++seen > SORTED_MAX) {
        return null;
      }
      long sequence = Places.second(items.next().key());
      EntryMark after = scan.after();
      boolean isAfter =
          after == null
              || (scan.descending() ? sequence < after.sequence() : sequence > after.sequence());
      if (isAfter && sequence >= first && sequence <= last) {
        sequences.add(sequence);
      }
    }
    sequences.sort(scan.descending() ? Comparator.reverseOrder() : Comparator.naturalOrder());
    return sequences.iterator();
  }

  // ---- In order of time -------------------------------------------------------------------------

  private Iterator<Long> inTime() {
    EntryMark after = scan.after();
    if (after != null && after.time() < 0 && scan.descending()) {
      return List.<Long>of().iterator();
    }
    byte[] from =
        after == null || after.time() < 0
            ? null
            : Places.ascending(after.time(), Math.max(0, after.sequence()));
    Iterator<SortedSets.Item> items = timeItems(from, scan.descending());
    return new Iterator<>() {
      private long next = advance();

      private long advance() {
        while (items.hasNext()) {
          long sequence = Places.second(items.next().key());
          if (sequence >= first && sequence <= last) {
            return sequence;
          }
        }
        return 0;
      }

      @Override
      public boolean hasNext() {
        return next != 0;
      }

      @Override
      public Long next() {
        long now = next;
        next = advance();
        return now;
      }
    };
  }

  /**
   * The items of the range of time.
   *
   * @param after exclusive; null for the end that comes first
   */
  private Iterator<SortedSets.Item> timeItems(byte @Nullable [] after, boolean descending) {
    byte[] low = filter.from() <= 0 ? null : OrderedLongs.ascending(filter.from());
    byte[] high =
        filter.to() == Long.MAX_VALUE ? null : OrderedLongs.ascending(Math.max(0, filter.to()));
    RowKey set = Places.set(Of.TIME, tenant.name());
    if (!descending) {
      boolean fromMark = after != null && (low == null || Arrays.compareUnsigned(after, low) >= 0);
      return revision.items(set, fromMark ? after : low, !fromMark, high, false);
    }
    boolean fromMark = after != null && (high == null || Arrays.compareUnsigned(after, high) < 0);
    // No item is the bare time that a range begins with, so that its end is as good as inclusive.
    return revision.items(set, fromMark ? after : high, false, low, true);
  }

  /** The sequences of the agents' entries by time; null if they are too many to be sorted. */
  private @Nullable Iterator<Long> sortedByTime() {
    List<Long> sequences = new ArrayList<>();
    byte[] end = OrderedLongs.ascending(last + 1);
    for (RowKey set : sets()) {
      Iterator<Long> listed =
          numbers(revision.items(set, OrderedLongs.ascending(first), true, end, false));
      while (listed.hasNext()) {
        if (sequences.size() == SORTED_MAX) {
          return null;
        }
        sequences.add(listed.next());
      }
    }
    List<Entry> entries = new ArrayList<>(revision.entries(tenant.name(), sequences).values());
    EntryMark after = scan.after();
    if (after != null) {
      entries.removeIf(entry -> !isAfter(entry, after));
    }
    Comparator<Entry> order =
        Comparator.comparingLong(Entry::time).thenComparingLong(Entry::sequence);
    return entries.stream()
        .sorted(scan.descending() ? order.reversed() : order)
        .map(Entry::sequence)
        .iterator();
  }

  private boolean isAfter(Entry entry, EntryMark mark) {
    int byTime = Long.compare(entry.time(), mark.time());
    int compared = byTime != 0 ? byTime : Long.compare(entry.sequence(), mark.sequence());
    return scan.descending() ? compared < 0 : compared > 0;
  }
}
