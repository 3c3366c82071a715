package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists of entries: which index serves them, filters, orders, pages. */
@SuppressWarnings("MemberName") // sentences
abstract class EntriesParity extends ParityTopic {
  EntriesParity(Book.Opener opener) {
    super(opener);
  }

  private final EntryFilter byAgent = all().withAgents(Set.of("a"));

  @Test
  final void the_first_index_that_fits_serves_a_question() {
    book.commit(usage("a", "s", 1), record(event("1", "a", "s", 1)));
    EntryFilter organization = all().withOrganizations(Set.of("none"));
    EntryFilter service = all().withServices(Set.of("s"));
    EntryFilter type = all().withTypes(Set.of("usage"));
    EntryFilter time = all().withTimes(0, Long.MAX_VALUE);
    EntryFilter id = all().withIds(Set.of("source"), Set.of("1"));
    Map<EntryFilter, List<EntryIndex>> expected = new HashMap<>();
    expected.put(id, List.of(EntryIndex.ID, EntryIndex.ID));
    expected.put(
        id.withAgents(Set.of("a")).withTypes(Set.of("usage")),
        List.of(EntryIndex.ID, EntryIndex.ID));
    expected.put(
        all().withIds(Set.of(), Set.of("1")), List.of(EntryIndex.SEQUENCE, EntryIndex.TIME));
    expected.put(
        all().withIds(Set.of("source"), Set.of()), List.of(EntryIndex.SEQUENCE, EntryIndex.TIME));
    expected.put(byAgent, List.of(EntryIndex.AGENT, EntryIndex.AGENT));
    expected.put(
        byAgent.withTypes(Set.of("usage")), List.of(EntryIndex.AGENT_TYPE, EntryIndex.AGENT_TYPE));
    expected.put(
        byAgent.withServices(Set.of("s")).withOrganizations(Set.of("none")).withTimes(0, 1),
        List.of(EntryIndex.AGENT, EntryIndex.AGENT));
    expected.put(organization, List.of(EntryIndex.ORGANIZATION, EntryIndex.TIME));
    expected.put(
        organization.withServices(Set.of("s")).withTypes(Set.of("usage")),
        List.of(EntryIndex.ORGANIZATION, EntryIndex.TIME));
    expected.put(service, List.of(EntryIndex.SERVICE, EntryIndex.TIME));
    expected.put(
        service.withTypes(Set.of("usage")).withTimes(0, 1),
        List.of(EntryIndex.SERVICE, EntryIndex.TIME));
    expected.put(type, List.of(EntryIndex.TYPE, EntryIndex.TIME));
    expected.put(type.withTimes(0, 1), List.of(EntryIndex.TYPE, EntryIndex.TIME));
    expected.put(time, List.of(EntryIndex.TIME, EntryIndex.TIME));
    expected.put(all().withTimes(Long.MIN_VALUE, 7), List.of(EntryIndex.TIME, EntryIndex.TIME));
    expected.put(all(), List.of(EntryIndex.SEQUENCE, EntryIndex.TIME));
    expected.put(
        all().withKinds(Set.of(EntryKind.USAGE)), List.of(EntryIndex.SEQUENCE, EntryIndex.TIME));
    expected.forEach(
        (filter, indexes) -> {
          assertThat(book.page(filter, false, false, 5).index())
              .as("%s", filter)
              .isEqualTo(indexes.getFirst());
          assertThat(book.page(filter, true, true, 5).index())
              .as("%s by time", filter)
              .isEqualTo(indexes.getLast());
        });
  }

  @Test
  final void filters_narrow_alone_and_together() {
    Histories.run(book, 11, 25);
    List<Entry> entries = book.entries(all());
    Random random = new Random(12);
    for (int i = 0; i < 400; i++) {
      EntryFilter filter = all();
      Entry one = entries.get(random.nextInt(entries.size()));
      Entry two = entries.get(random.nextInt(entries.size()));
      for (int part = 0; part < 8; part++) {
        if (random.nextInt(3) == 0) {
          filter = narrowed(filter, part, one, two);
        }
      }
      boolean byTime = random.nextBoolean();
      boolean descending = random.nextBoolean();
      assertThat(book.page(filter, byTime, descending, 1_000).entries())
          .as("%s %s %s", filter, byTime, descending)
          .isEqualTo(book.model.entries(book.tenant, filter, byTime, descending));
    }
  }

  private static EntryFilter narrowed(EntryFilter filter, int part, Entry one, Entry two) {
    return switch (part) {
      case 0 -> filter.withAgents(names(one.agent(), two.agent()));
      case 1 -> filter.withServices(names(one.service(), two.service()));
      case 2 -> filter.withTypes(names(one.type(), two.type()));
      case 3 -> filter.withOrganizations(names(one.organization(), "none"));
      case 4 -> filter.withKinds(Set.copyOf(List.of(one.kind(), two.kind())));
      case 5 ->
          filter.withTimes(Math.min(one.time(), two.time()), Math.max(one.time(), two.time()) + 1);
      case 6 ->
          filter.withSequences(
              Math.min(one.sequence(), two.sequence()), Math.max(one.sequence(), two.sequence()));
      default -> filter.withAttributes(Map.of("region", Set.of("us", "x")));
    };
  }

  private static Set<String> names(@Nullable String one, @Nullable String two) {
    Set<String> names = new HashSet<>();
    for (String name : Arrays.asList(one, two)) {
      if (name != null) {
        names.add(name);
      }
    }
    return names;
  }

  @Test
  final void entries_of_one_time_are_in_order_of_sequence() {
    book.commit(
        record(at(50, "a", "s", 1)),
        record(at(20, "a", "s", 2)),
        record(at(50, "b", "s", 3)),
        record(at(20, "a", "z", 4)),
        record(at(90, "a", "s", 5)),
        record(at(20, "a", "s", 6)));
    assertThat(sequences(book.page(all(), true, false, 9).entries()))
        .containsExactly(2L, 4L, 6L, 1L, 3L, 5L);
    assertThat(sequences(book.page(all(), true, true, 9).entries()))
        .containsExactly(5L, 3L, 1L, 6L, 4L, 2L);
    assertThat(sequences(book.page(byAgent, true, false, 9).entries()))
        .containsExactly(2L, 4L, 6L, 1L, 5L);
    assertThat(sequences(book.page(byAgent, false, true, 9).entries()))
        .containsExactly(6L, 5L, 4L, 2L, 1L);
  }

  @Test
  final void ranges_of_time_are_half_open_and_those_of_sequence_closed() {
    book.commit(
        record(at(10, "a", "s", 1)), record(at(20, "a", "s", 2)), record(at(30, "a", "s", 3)));
    assertThat(sequences(book.entries(all().withTimes(10, 30)))).containsExactly(1L, 2L);
    assertThat(sequences(book.entries(all().withTimes(11, 31)))).containsExactly(2L, 3L);
    assertThat(book.entries(all().withTimes(20, 20))).isEmpty();
    assertThat(book.entries(all().withTimes(30, 10))).isEmpty();
    assertThat(book.entries(all().withTimes(Long.MIN_VALUE, Long.MIN_VALUE))).isEmpty();
    assertThat(book.entries(all().withTimes(Long.MAX_VALUE, Long.MAX_VALUE))).isEmpty();
    assertThat(book.page(all().withTimes(5, Long.MIN_VALUE), true, true, 9).entries()).isEmpty();
    assertThat(sequences(book.entries(all().withSequences(2, 3)))).containsExactly(2L, 3L);
    assertThat(sequences(book.entries(all().withSequences(-5, 1)))).containsExactly(1L);
    assertThat(book.entries(all().withSequences(4, Long.MAX_VALUE))).isEmpty();
    assertThat(book.entries(all().withSequences(3, 2))).isEmpty();
    assertThat(book.entries(all().withSequences(Long.MIN_VALUE, Long.MAX_VALUE))).hasSize(3);
    assertThat(book.entries(all().withSequences(Long.MAX_VALUE, Long.MAX_VALUE))).isEmpty();
  }

  @Test
  final void personal_usage_is_found_as_none() {
    book.commit(
        usage("a", "s", 1),
        record(new UsageEvent(null, null, "org", "a", "s", "t", NONE, 1, 0, Map.of())),
        new Command.Settle("a", "s"));
    assertThat(sequences(book.entries(all().withOrganizations(Set.of("none")))))
        .containsExactly(1L, 3L);
    assertThat(sequences(book.entries(all().withOrganizations(Set.of("none", "org")))))
        .containsExactly(1L, 2L, 3L);
  }

  @Test
  final void words_and_attributes_are_found_in_values() {
    List<Map<String, String>> attributes =
        List.of(
            Map.of("path", "/West/end", "region", "eu west"),
            Map.of("path", "western"),
            Map.of("note", "WEST\u00dcBER gr\u00fc\u00dfe 7"),
            Map.of("note", "x-west_2"),
            Map.of());
    for (Map<String, String> one : attributes) {
      book.one(record(new UsageEvent(null, null, null, "a", "s", "t", NONE, 1, 0, one)));
    }
    assertThat(words("west")).containsExactly(1L, 4L);
    assertThat(words("EU", "end")).containsExactly(1L);
    assertThat(words("west\u00fcber")).containsExactly(3L);
    assertThat(words("GR\u00dc\u00dfE", "7")).containsExactly(3L);
    assertThat(words("2")).containsExactly(4L);
    assertThat(words("es")).isEmpty();
    assertThat(words("west", "7")).isEmpty();
    assertThat(attribute("region", "eu west", "us")).containsExactly(1L);
    assertThat(attribute("region", "eu")).isEmpty();
    assertThat(attribute("path", "western", "/West/end")).containsExactly(1L, 2L);
    assertThat(attribute("none such", "x")).isEmpty();
  }

  private List<Long> words(String... words) {
    return sequences(book.entries(all().withWords(List.of(words))));
  }

  private List<Long> attribute(String name, String... values) {
    return sequences(book.entries(all().withAttributes(Map.of(name, Set.of(values)))));
  }

  @Test
  final void identities_are_looked_up_without_a_walk() {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      commands.add(
          record(
              new UsageEvent(
                  "source-" + i % 2, "id-" + i, null, "a", "s", "t", 1_000 - i, 1, 0, Map.of())));
    }
    book.group(Request.of(book.tenant, commands));
    book.group(Request.of("other", commands.subList(0, 1)));
    EntryFilter filter =
        all().withIds(Set.of("source-1", "source-0", "x"), Set.of("id-7", "id-8", "id-199", "y"));
    EntryPage page = book.page(filter, false, false, 10);
    assertThat(sequences(page.entries())).containsExactly(8L, 9L, 200L);
    assertThat(page.looked()).isEqualTo(3);
    assertThat(sequences(book.page(filter, true, false, 10).entries()))
        .containsExactly(200L, 9L, 8L);
    assertThat(sequences(book.page(filter, false, true, 2).entries())).containsExactly(200L, 9L);
    assertThat(book.entries(filter.withAgents(Set.of("b")))).isEmpty();
    EntryMark mark = book.page(filter, false, false, 1).next();
    assertThat(mark).isEqualTo(new EntryMark(993, 8));
    assertThat(
            sequences(
                book.read(r -> r.entries(new EntryQuery(filter, false, false, mark, 10)))
                    .entries()))
        .containsExactly(9L, 200L);
  }

  @ParameterizedTest(name = "by time {0}, descending {1}")
  @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  final void pages_miss_and_repeat_nothing_while_others_write(boolean byTime, boolean descending) {
    Histories.run(book, 21, 12);
    for (EntryFilter filter :
        List.of(
            all(),
            byAgent,
            byAgent.withTypes(Set.of("usage")),
            all().withServices(Set.of("s", "S")),
            all().withOrganizations(Set.of("none")),
            all().withTypes(Set.of("usage")),
            all().withTimes(0, Long.MAX_VALUE))) {
      List<Long> before = sequences(book.model.entries(book.tenant, filter, byTime, descending));
      List<Long> paged = new ArrayList<>();
      EntryMark mark = null;
      int pages = 0;
      do {
        EntryMark after = mark;
        EntryPage page =
            book.read(r -> r.entries(new EntryQuery(filter, byTime, descending, after, 7)));
        paged.addAll(sequences(page.entries()));
        mark = page.next();
        if (pages++ < 4) {
          book.commit(usage("a", "s", 1), record(at(TestClock.START - 9 * DAY, "a", "s", 1)));
        }
      } while (mark != null && pages < 1_000);
      assertThat(paged).as("%s", filter).doesNotHaveDuplicates().containsAll(before);
      List<Long> old = new ArrayList<>(paged);
      old.retainAll(before);
      assertThat(old).as("%s", filter).isEqualTo(before);
    }
  }

  @Test
  final void a_walk_may_begin_anywhere() {
    for (int i = 0; i < 10; i++) {
      book.one(record(at(1_000 - 100 * (i / 2), "a", "s", 1)));
    }
    assertThat(after(LedgerReader.afterSequence(4), false, false))
        .containsExactly(5L, 6L, 7L, 8L, 9L, 10L);
    assertThat(after(LedgerReader.afterSequence(4), false, true)).containsExactly(3L, 2L, 1L);
    assertThat(after(LedgerReader.afterSequence(0), false, false)).isEqualTo(upTo(10));
    assertThat(after(LedgerReader.afterSequence(99), false, true)).isEqualTo(upTo(10).reversed());
    assertThat(after(new EntryMark(800, 5), true, false)).containsExactly(6L, 3L, 4L, 1L, 2L);
    assertThat(after(new EntryMark(800, 5), true, true)).containsExactly(8L, 7L, 10L, 9L);
    assertThat(after(new EntryMark(750, 99), true, false)).containsExactly(5L, 6L, 3L, 4L, 1L, 2L);
    for (boolean byTime : new boolean[] {false, true}) {
      EntryMark first = new EntryMark(Long.MIN_VALUE, Long.MIN_VALUE);
      EntryMark last = new EntryMark(Long.MAX_VALUE, Long.MAX_VALUE);
      assertThat(after(first, byTime, false)).hasSize(10);
      assertThat(after(first, byTime, true)).isEmpty();
      assertThat(after(last, byTime, false)).isEmpty();
      assertThat(after(last, byTime, true)).hasSize(10);
    }
  }

  private List<Long> after(EntryMark mark, boolean byTime, boolean descending) {
    return sequences(
        book.read(r -> r.entries(new EntryQuery(all(), byTime, descending, mark, 100))).entries());
  }

  @Test
  final void a_walk_ends_when_it_has_looked_at_as_many_as_it_may() {
    book.commit(
        IntStream.range(0, 20)
            .mapToObj(i -> record(at(500 - i * HOUR / 4 + 100 * DAY, "a", i < 15 ? "s" : "z", i)))
            .toArray(Command[]::new));
    for (EntryIndex index : EntryIndex.values()) {
      if (index == EntryIndex.ID) {
        continue;
      }
      boolean byTime = index == EntryIndex.TIME;
      EntryFilter filter =
          byAgent
              .withTypes(Set.of("usage"))
              .withServices(Set.of("s", "z"))
              .withOrganizations(Set.of("none"))
              .withKinds(Set.of(EntryKind.RESET));
      EntryScan scan = new EntryScan(index, filter, byTime, false, null, 7);
      EntryScan.End end = walk(scan, entry -> true);
      assertThat(end.looked()).as("%s", index).isEqualTo(7);
      assertThat(end.complete()).as("%s", index).isFalse();
      Entry seventh = book.entry(byTime ? 14 : 7);
      assertThat(end.last()).as("%s", index).isEqualTo(EntryMark.of(seventh));
      EntryScan rest = new EntryScan(index, filter, byTime, false, end.last(), 14);
      EntryScan.End atEnd = walk(rest, entry -> true);
      assertThat(atEnd.looked()).as("%s", index).isEqualTo(13);
      assertThat(atEnd.complete()).as("%s", index).isTrue();
      EntryScan open =
          new EntryScan(index, filter.withKinds(Set.of()), byTime, false, null, Long.MAX_VALUE);
      List<Entry> seen = new ArrayList<>();
      EntryScan.End stopped = walk(open, entry -> seen.add(entry) && seen.size() < 3);
      assertThat(seen).as("%s", index).hasSize(3);
      assertThat(stopped.complete()).as("%s", index).isTrue();
    }
  }

  private EntryScan.End walk(EntryScan scan, Predicate<Entry> visitor) {
    return book.store.read(book.tenant, snapshot -> snapshot.entries(scan, visitor));
  }
}
