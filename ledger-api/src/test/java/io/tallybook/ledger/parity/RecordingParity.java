package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.EntryQuery;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is recorded of usage, and what is refused. */
@SuppressWarnings("MemberName") // sentences
abstract class RecordingParity extends ParityTopic {
  RecordingParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void an_entry_keeps_everything_that_was_sent() {
    UsageEvent event =
        new UsageEvent(
            "sensor/1",
            "e-1",
            "org",
            "agent",
            "service",
            "llm.generated",
            TestClock.START - 5,
            17,
            -3,
            Map.of("region", "eu", "empty", ""));
    assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(1, 17));
    assertThat(book.entry(1))
        .isEqualTo(
            new Entry(
                1,
                1,
                EntryKind.USAGE,
                book.clock.last(),
                TestClock.START - 5,
                "sensor/1",
                "e-1",
                "org",
                "agent",
                "service",
                "llm.generated",
                null,
                17,
                -3,
                0,
                true,
                0,
                0,
                null,
                Map.of("region", "eu", "empty", "")));
  }

  @Test
  final void names_and_attributes_are_kept_at_their_longest() {
    String latin = "x".repeat(256);
    String greek = "\u03b1".repeat(256);
    String emoji = "\ud83d\ude00".repeat(128);
    Map<String, String> attributes = new HashMap<>();
    for (int i = 10; i < 42; i++) {
      attributes.put(i + "\u00fc".repeat(62), "\ud83d\ude00".repeat(256));
    }
    UsageEvent event =
        new UsageEvent(latin, greek, emoji, greek, emoji, latin, Times.ABSENT, 1, 1, attributes);
    assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(1, 1));
    assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 1));
    assertThat(book.entry(1).attributes()).isEqualTo(attributes);
    assertThat(book.entry(1).organization()).isEqualTo(emoji);
  }

  @Test
  final void names_are_compared_as_they_are() {
    book.commit(
        usage("caf\u00e9", "s", 1),
        usage("cafe\u0301", "s", 2),
        usage("CAF\u00c9", "s", 4),
        usage("caf\u00e9", "S", 8));
    assertThat(pair("caf\u00e9", "s").units()).isEqualTo(1);
    assertThat(pair("cafe\u0301", "s").units()).isEqualTo(2);
    assertThat(pair("CAF\u00c9", "s").units()).isEqualTo(4);
    assertThat(tenant().agents()).isEqualTo(3);
  }

  @Test
  final void sequences_are_gapless_in_a_tenant_and_positions_over_all() {
    Request other = Request.of("other", usage("a", "s", 1), usage("b", "s", 1));
    book.group(book.request(usage("a", "s", 1)), other, book.request(usage("a", "s", 1)));
    book.group(other);
    book.use("a", "s", 1);
    List<Entry> mine = book.entries(all());
    List<Entry> others =
        book.ledger.read(
            "other", "", r -> r.entries(new EntryQuery(all(), false, false, null, 9)).entries());
    assertThat(sequences(mine)).isEqualTo(upTo(3));
    assertThat(sequences(others)).isEqualTo(upTo(4));
    assertThat(mine.stream().map(Entry::position)).containsExactly(1L, 4L, 7L);
    assertThat(others.stream().map(Entry::position)).containsExactly(2L, 3L, 5L, 6L);
  }

  @Test
  final void a_commit_has_one_time_of_recording_and_a_missing_time_becomes_it() {
    book.group(
        book.request(usage("a", "s", 1), record(at(5, "a", "s", 1))),
        book.request(record(new Reading(null, null, "a", "w", Times.ABSENT, 1, Map.of()))));
    long now = book.clock.last();
    List<Entry> entries = book.entries(all());
    assertThat(entries.stream().map(Entry::recordedAt)).containsExactly(now, now, now);
    assertThat(entries.stream().map(Entry::time)).containsExactly(now, 5L, now);
  }

  @Test
  final void the_time_of_recording_never_falls() {
    book.use("a", "s", 1);
    long first = book.clock.last();
    book.clock.set(first - DAY);
    book.use("a", "s", 1);
    book.settle("a", "s");
    assertThat(book.entry(2).recordedAt()).isEqualTo(first);
    assertThat(book.entry(3).recordedAt()).isEqualTo(first);
    book.clock.set(first + DAY);
    book.use("a", "s", 1);
    assertThat(book.entry(4).recordedAt()).isEqualTo(book.clock.last());
  }

  @Test
  final void a_commit_of_a_document_alone_holds_the_time_too() {
    book.price("s", 1);
    long first = book.clock.last();
    book.clock.set(first - DAY);
    book.use("a", "s", 1);
    assertThat(book.entry(1).recordedAt()).isEqualTo(first);
  }

  @Test
  final void a_time_lies_between_1970_and_an_hour_ahead() {
    long now = book.clock.last() + 1;
    List<Outcome> outcomes =
        book.commit(
            record(at(0, "a", "s", 1)),
            record(at(-1, "a", "s", 1)),
            record(at(now + HOUR, "a", "s", 1)),
            record(at(now + HOUR + 1, "a", "s", 1)),
            record(at(Long.MAX_VALUE, "a", "s", 1)),
            record(new Reading(null, null, "a", "w", -1, 1, Map.of())),
            record(new Reading(null, null, "a", "w", now + HOUR + 1, 1, Map.of())),
            record(new Reading(null, null, "a", "w", 0, 1, Map.of())));
    assertThat(outcomes.stream().map(Outcome::reason))
        .containsExactly(
            null,
            Reason.INVALID_REQUEST,
            null,
            Reason.INVALID_REQUEST,
            Reason.INVALID_REQUEST,
            Reason.INVALID_REQUEST,
            Reason.INVALID_REQUEST,
            null);
    assertThat(book.entries(all()).stream().map(Entry::time)).containsExactly(0L, now + HOUR, 0L);
  }

  @Test
  final void a_refused_command_takes_no_sequence_and_undoes_no_other() {
    book.disable("off");
    List<Outcome> outcomes =
        book.commit(
            usage("a", "s", 1),
            usage("a", "off", 1),
            record(at(-1, "a", "s", 1)),
            new Command.Reset("never", "used"),
            usage("a", "s", 2));
    assertThat(outcomes.get(0)).isEqualTo(Outcome.recorded(1, 1));
    assertRefused(outcomes.get(1), Reason.SERVICE_DISABLED);
    assertRefused(outcomes.get(2), Reason.INVALID_REQUEST);
    assertRefused(outcomes.get(3), Reason.NOT_FOUND);
    assertThat(outcomes.get(4)).isEqualTo(Outcome.recorded(2, 3));
  }

  @Test
  final void commands_of_later_versions_are_refused() {
    List<Command> commands =
        List.of(
            new Command.Tombstone(1, List.of(1L)),
            new Command.Untombstone(1, List.of(1L)),
            new Command.Purge(1, List.of(1L)),
            new Command.Restore(1, List.of()),
            new Command.Fold(1, "v", 1, 2),
            new Command.PutCells(
                1, "v", List.of(new Command.CellValues(List.of("a"), 0, List.of(1L)))),
            new Command.DropCells(1, "v", 10),
            new Command.Expire(1, 0, 10));
    long revision = book.revision();
    book.group(Request.of(book.tenant, commands))
        .getFirst()
        .outcomes()
        .forEach(outcome -> assertRefused(outcome, Reason.UNSUPPORTED_COMMAND));
    assertThat(book.revision()).isEqualTo(revision);
  }

  @Test
  final void a_long_request_is_committed_in_order() {
    List<Command> commands = new ArrayList<>();
    for (int i = 1; i <= 2_500; i++) {
      commands.add(usage("a", "s", i));
    }
    book.leaveModel();
    Receipt receipt = book.ledger.commit(Request.of(book.tenant, commands));
    assertThat(receipt.outcomes()).hasSize(2_500);
    for (int i = 1; i <= 2_500; i++) {
      assertThat(receipt.outcomes().get(i - 1)).isEqualTo(Outcome.recorded(i, i * (i + 1L) / 2));
    }
    assertThat(receipt.revision()).isEqualTo(book.revision());
    assertThat(receipt.replayed()).isFalse();
    Audit.recompute(book);
  }

  @Test
  final void an_atomic_request_of_ten_thousand_is_one_commit() {
    book.leaveModel();
    long revision = book.revision();
    Command[] commands = new Command[Request.COMMANDS_MAX];
    Arrays.setAll(commands, i -> usage("agent-" + i % 700, "service-" + i % 13, i));
    Receipt receipt = book.ledger.commit(book.atomic(commands));
    assertThat(receipt.revision()).isEqualTo(revision + 1);
    assertThat(receipt.outcomes().getLast().sequence()).isEqualTo(Request.COMMANDS_MAX);
    Audit.recompute(book);
  }
}
