package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.record;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Readings of gauges, which are no sums. */
@SuppressWarnings("MemberName") // sentences
abstract class ReadingsParity extends ParityTopic {
  ReadingsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_reading_is_an_entry_of_its_own_kind() {
    Reading reading = new Reading("r", "org", "a", "monthly", 7, -2_500_000, Map.of("k", "v"));
    assertThat(book.one(record(reading))).isEqualTo(Outcome.recorded(1, 0));
    assertThat(book.entry(1))
        .isEqualTo(
            new Entry(
                1,
                1,
                EntryKind.READING,
                book.clock.last(),
                7,
                null,
                "r",
                "org",
                "a",
                null,
                null,
                "monthly",
                0,
                0,
                -2_500_000,
                false,
                0,
                0,
                null,
                Map.of("k", "v")));
  }

  @Test
  final void an_agent_known_by_readings_only_is_not_listed() {
    book.one(record(new Reading(null, null, "a", "w", NONE, 1, Map.of())));
    assertThat(book.<List<Cell>>read(reader -> reader.agents(0, 10).items())).isEmpty();
    assertThat(tenant().agents()).isZero();
    assertThat(book.read(LedgerReader::total)).isNull();
  }

  @Test
  final void a_cell_keeps_count_sum_least_greatest_and_last() {
    long hour = Bucket.HOUR.start(TestClock.START - DAY);
    reading(hour + 5, 30);
    reading(hour + 9, -10);
    reading(hour + 9, 20);
    reading(hour + 9, 5);
    reading(hour + 2, 50);
    long[] expected = {5, 95, -10, 1, 50, 5, hour + 9, 4};
    assertThat(latest("a", "w")).isEqualTo(new Cell(List.of("a", "w"), NONE, expected));
    assertThat(hourly("a", "w", hour)).isEqualTo(new Cell(List.of("a", "w"), hour, expected));
  }

  @Test
  final void the_last_reading_is_the_one_of_the_latest_time_then_sequence() {
    reading(100, 1);
    reading(50, 2);
    assertThat(latest("a", "w").value(CellShape.LAST)).isEqualTo(1);
    reading(100, 3);
    assertThat(latest("a", "w").value(CellShape.LAST)).isEqualTo(3);
    book.commit(record(read(101, 4)), record(read(101, 5)), record(read(99, 6)));
    assertThat(latest("a", "w").value(CellShape.LAST)).isEqualTo(5);
    assertThat(latest("a", "w").value(CellShape.LAST_SEQUENCE)).isEqualTo(5);
    assertThat(latest("a", "w").value(CellShape.LAST_TIME)).isEqualTo(101);
  }

  @Test
  final void negative_and_zero_readings_are_readings() {
    reading(0, -7);
    reading(0, 0);
    Cell cell = latest("a", "w");
    assertThat(cell.value(CellShape.MIN)).isEqualTo(-7);
    assertThat(cell.value(CellShape.MAX)).isZero();
    assertThat(cell.value(CellShape.LAST)).isZero();
    assertThat(cell.value(CellShape.LAST_TIME)).isZero();
  }

  @Test
  final void the_newest_readings_are_listed_by_agent_and_then_by_window() {
    String[] names = {"b", "w", "a", "w", "\uD83D\uDE00", "w", "\uFFFD", "w", "a", "v", "c", "x"};
    for (int i = 0; i < names.length; i += 2) {
      book.one(record(new Reading(null, null, names[i], names[i + 1], 1, i, Map.of())));
    }
    List<List<String>> all =
        List.of(
            List.of("a", "v"),
            List.of("a", "w"),
            List.of("b", "w"),
            List.of("\uFFFD", "w"),
            List.of("\uD83D\uDE00", "w"));
    assertThat(listed("", "", 10)).isEqualTo(all);
    assertThat(listed("", "", 2)).isEqualTo(all.subList(0, 2));
    assertThat(listed("a", "w", 2)).isEqualTo(all.subList(2, 4));
    assertThat(listed("a", "vv", 1)).isEqualTo(all.subList(1, 2));
    assertThat(listed("\uD83D\uDE00", "w", 2)).isEmpty();
    assertThat(book.<@Nullable Cell>read(reader -> reader.reading("a", "w")))
        .isEqualTo(latest("a", "w"));
    assertThat(book.<@Nullable Cell>read(reader -> reader.reading("a", "x"))).isNull();
  }

  private List<List<String>> listed(String afterAgent, String afterWindow, int max) {
    return book.read(
        reader ->
            reader.readings(Set.of("v", "w"), afterAgent, afterWindow, max).stream()
                .map(cell -> cell.names().stream().map(String::valueOf).toList())
                .toList());
  }

  @Test
  final void windows_and_hours_are_apart() {
    book.commit(
        record(new Reading(null, null, "a", "w", 1, 10, Map.of())),
        record(new Reading(null, null, "a", "W", 1, 11, Map.of())),
        record(new Reading(null, "org", "a", "w", HOUR, 12, Map.of())),
        record(new Reading(null, null, "b", "w", 1, 13, Map.of())));
    assertThat(latest("a", "w").value(CellShape.SUM)).isEqualTo(22);
    assertThat(hourly("a", "w", 0).value(CellShape.SUM)).isEqualTo(10);
    assertThat(hourly("a", "w", HOUR).value(CellShape.SUM)).isEqualTo(12);
    assertThat(latest("a", "W").value(CellShape.SUM)).isEqualTo(11);
    assertThat(latest("b", "w").value(CellShape.SUM)).isEqualTo(13);
  }

  private static Reading read(long time, long value) {
    return new Reading(null, null, "a", "w", time, value, Map.of());
  }

  private void reading(long time, long value) {
    assertThat(book.one(record(read(time, value))).status()).isEqualTo(Status.RECORDED);
  }

  private Cell latest(String agent, String window) {
    return cell("latest-by-agent-window", agent, window, NONE);
  }

  private Cell hourly(String agent, String window, long start) {
    return cell("hourly-by-agent-window", agent, window, start);
  }

  private Cell cell(String view, String agent, String window, long start) {
    ViewDefinition definition =
        ViewDefinition.builtIn().stream()
            .filter(v -> v.name().equals(view))
            .findFirst()
            .orElseThrow();
    return Objects.requireNonNull(
        book.store.<@Nullable Cell>read(
            book.tenant, snapshot -> snapshot.cell(definition, List.of(agent, window), start)));
  }
}
