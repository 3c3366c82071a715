package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Identities;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupQuery.Measure;
import io.tallybook.ledger.view.RollupQuery.Order;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.ledger.view.ViewDefinition;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every storage has to do, and all storages alike. A storage binds it by saying how a new,
 * empty one is opened:
 *
 * <pre>{@code
 * final class MemoryParityTest extends LedgerParity {
 *   @Override
 *   protected LedgerStore open(CommitPlanner planner, String currency, long entriesMax) {
 *     return new MemoryStore(planner, ...);
 *   }
 * }
 * }</pre>
 *
 * <p>Nothing else can be overridden, disabled or skipped. Each test has a ledger, a tenant and a
 * clock of its own, beside a {@linkplain ReferenceModel model} that is told the same: every receipt
 * is compared with the model's as it comes, and after each test everything that can be asked is.
 */
@SuppressWarnings("MemberName") // sentences
public abstract class LedgerParity {
  private static final long HOUR = 3_600_000_000L;
  private static final long DAY = 24 * HOUR;
  private static final long NONE = Long.MIN_VALUE;
  private static final long MAX = Amounts.MAX;

  /** More than any test makes, and no more than any storage takes. */
  private static final long ENTRIES_MAX = 1_000_000_000;

  private final List<Book> books = new ArrayList<>();

  /** What most tests are about. */
  private Book book;

  /**
   * Opens a new, empty storage; it is closed by {@link LedgerStore#close}.
   *
   * @param entriesMax how many entries it takes at most
   */
  protected abstract LedgerStore open(CommitPlanner planner, String currency, long entriesMax);

  @BeforeEach
  final void openBook() {
    book = openBook(ENTRIES_MAX);
  }

  @AfterEach
  final void auditAndClose() {
    try {
      books.stream().filter(Book::isModelled).forEach(Audit::of);
    } finally {
      books.forEach(Book::close);
    }
  }

  private Book openBook(long entriesMax) {
    Book opened = new Book(this::open, entriesMax);
    books.add(opened);
    return opened;
  }

  private static void assertRefused(Outcome outcome, Reason reason) {
    assertThat(outcome.status()).isEqualTo(Status.REJECTED);
    assertThat(outcome.reason()).isEqualTo(reason);
    assertThat(outcome.sequence()).isZero();
  }

  private static EntryFilter all() {
    return EntryFilter.ALL;
  }

  private static Outcome.Statement statement(
      String service, long units, long price, long sequence) {
    return new Outcome.Statement(
        service,
        units,
        price,
        BigInteger.valueOf(units).multiply(BigInteger.valueOf(price)),
        sequence);
  }

  private static List<Long> sequences(List<Entry> entries) {
    return entries.stream().map(Entry::sequence).toList();
  }

  private static List<Long> upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }

  private Cell pair(String agent, String service) {
    return Objects.requireNonNull(book.<@Nullable Cell>read(r -> r.pair(agent, service)));
  }

  private Cell service(String service) {
    return Objects.requireNonNull(book.<@Nullable Cell>read(r -> r.service(service)));
  }

  private @Nullable Document registration(String service) {
    return book.read(reader -> reader.registration(service));
  }

  private Tenant tenant() {
    return book.read(LedgerReader::tenant);
  }

  @Nested
  final class Recording {
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

  @Nested
  final class Identity {
    private final UsageEvent event =
        new UsageEvent("source", "1", "org", "a", "s", "t", Times.ABSENT, 5, 7, Map.of("k", "v"));

    @Test
    final void the_same_again_is_a_duplicate_with_the_first_sequence() {
      book.use("a", "s", 1);
      assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(2, 6));
      book.use("a", "s", 10);
      book.clock.advance(Duration.ofDays(400));
      assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(2, 16));
      assertThat(tenant().lastSequence()).isEqualTo(3);
    }

    @Test
    final void the_same_twice_in_a_request_and_in_a_group_counts_once() {
      List<Receipt> receipts =
          book.group(
              book.request(record(event), record(event)),
              book.request(record(event), usage("a", "s", 1)),
              book.request(record(event)));
      assertThat(receipts.stream().flatMap(r -> r.outcomes().stream()).map(Outcome::status))
          .containsExactly(
              Status.RECORDED,
              Status.DUPLICATE,
              Status.DUPLICATE,
              Status.RECORDED,
              Status.DUPLICATE);
      assertThat(pair("a", "s").units()).isEqualTo(6);
    }

    @Test
    final void other_content_under_the_same_id_is_a_conflict() {
      book.one(record(event));
      List<UsageEvent> others =
          List.of(
              new UsageEvent("source", "1", null, "a", "s", "t", NONE, 5, 7, Map.of("k", "v")),
              new UsageEvent("source", "1", "org", "b", "s", "t", NONE, 5, 7, Map.of("k", "v")),
              new UsageEvent("source", "1", "org", "a", "z", "t", NONE, 5, 7, Map.of("k", "v")),
              new UsageEvent("source", "1", "org", "a", "s", "u", NONE, 5, 7, Map.of("k", "v")),
              new UsageEvent("source", "1", "org", "a", "s", "t", 9, 5, 7, Map.of("k", "v")),
              new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 6, 7, Map.of("k", "v")),
              new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 8, Map.of("k", "v")),
              new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 7, Map.of("k", "w")),
              new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 7, Map.of("kv", "")),
              new UsageEvent("source", "1", "org", "a", "s", "t", NONE, 5, 7, Map.of()));
      for (UsageEvent other : others) {
        Outcome outcome = book.one(record(other));
        assertThat(outcome.status()).as("%s", other).isEqualTo(Status.CONFLICT);
        assertThat(outcome.sequence()).isEqualTo(1);
        assertThat(outcome.reason()).isEqualTo(Reason.CONFLICT);
      }
      assertThat(tenant().lastSequence()).isEqualTo(1);
    }

    @Test
    final void a_time_that_was_sent_and_one_that_was_filled_in_are_not_the_same() {
      book.one(record(event("1", "a", "s", 1)));
      long filledIn = book.entry(1).time();
      UsageEvent said =
          new UsageEvent("source", "1", null, "a", "s", "usage", filledIn, 1, 0, Map.of());
      assertThat(book.one(record(said)).status()).isEqualTo(Status.CONFLICT);
    }

    @Test
    final void the_order_of_attributes_does_not_matter() {
      Map<String, String> there = new LinkedHashMap<>();
      there.put("a", "1");
      there.put("b", "2");
      Map<String, String> back = new LinkedHashMap<>();
      back.put("b", "2");
      back.put("a", "1");
      book.one(record(new UsageEvent("o", "1", null, "a", "s", "t", 1, 1, 1, there)));
      assertThat(
              book.one(record(new UsageEvent("o", "1", null, "a", "s", "t", 1, 1, 1, back)))
                  .status())
          .isEqualTo(Status.DUPLICATE);
    }

    @Test
    final void source_and_id_are_an_identity_together() {
      List<Outcome> outcomes =
          book.commit(
              record(new UsageEvent("a", "bc", null, "a", "s", "t", NONE, 1, 0, Map.of())),
              record(new UsageEvent("ab", "c", null, "a", "s", "t", NONE, 1, 0, Map.of())),
              record(new UsageEvent("bc", "a", null, "a", "s", "t", NONE, 1, 0, Map.of())),
              record(new UsageEvent("a", "bC", null, "a", "s", "t", NONE, 1, 0, Map.of())));
      assertThat(outcomes).allMatch(outcome -> outcome.status() == Status.RECORDED);
    }

    @Test
    final void each_tenant_has_identities_of_its_own() {
      List<Receipt> receipts =
          book.group(
              book.request(record(event)),
              Request.of("other", record(event)),
              Request.of("other", record(event)));
      assertThat(receipts.stream().map(r -> r.outcomes().getFirst().status()))
          .containsExactly(Status.RECORDED, Status.RECORDED, Status.DUPLICATE);
      assertThat(book.group(Request.of("third", record(event))).getFirst().outcomes())
          .containsExactly(Outcome.recorded(1, 5));
    }

    @Test
    final void readings_have_identities_of_their_own() {
      Reading reading = new Reading("1", null, "a", "w", 5, 10, Map.of());
      Reading another = new Reading("1", null, "a", "w", 5, 11, Map.of());
      book.one(record(event));
      assertThat(book.one(record(reading))).isEqualTo(Outcome.recorded(2, 0));
      assertThat(book.one(record(reading))).isEqualTo(Outcome.duplicate(2, 0));
      assertThat(book.one(record(another)).status()).isEqualTo(Status.CONFLICT);
      assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 5));
    }

    @Test
    final void what_has_no_id_is_never_a_duplicate() {
      Reading reading = new Reading(null, null, "a", "w", 5, 10, Map.of());
      List<Outcome> outcomes =
          book.commit(usage("a", "s", 1), usage("a", "s", 1), record(reading), record(reading));
      assertThat(outcomes).allMatch(outcome -> outcome.status() == Status.RECORDED);
    }

    @Test
    final void a_duplicate_is_one_after_settlement_reset_and_reversal() {
      book.one(record(event));
      book.settle("a", "s");
      assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 0));
      book.reset("a", "s");
      assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 0));
      book.reverse(1);
      assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 0));
    }

    @Test
    final void a_duplicate_for_a_disabled_service_is_still_one() {
      book.one(record(event));
      book.disable("s");
      assertThat(book.one(record(event))).isEqualTo(Outcome.duplicate(1, 5));
      UsageEvent another = event("2", "a", "s", 1);
      assertRefused(book.one(record(another)), Reason.SERVICE_DISABLED);
      book.one(book.put("s", Command.PutDocument.ANY, Map.of("disabled", "false")));
      assertThat(book.one(record(another)).status()).isEqualTo(Status.RECORDED);
    }

    @Test
    final void a_refused_event_leaves_its_id_free() {
      UsageEvent early = new UsageEvent("o", "1", null, "a", "s", "t", -1, 1, 0, Map.of());
      UsageEvent timely = new UsageEvent("o", "1", null, "a", "s", "t", 1, 1, 0, Map.of());
      List<Outcome> outcomes = book.commit(record(early), record(timely), record(timely));
      assertThat(outcomes.stream().map(Outcome::status))
          .containsExactly(Status.REJECTED, Status.RECORDED, Status.DUPLICATE);
    }

    @Test
    final void many_ids_are_each_counted_once() {
      List<Command> commands = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        commands.add(record(event("id-" + i, "a", "s", 1)));
      }
      assertThat(book.unmodelled(commands)).allMatch(o -> o.status() == Status.RECORDED);
      Collections.shuffle(commands, new Random(1));
      List<Outcome> again = book.unmodelled(commands);
      assertThat(again).allMatch(outcome -> outcome.equals(Outcome.duplicate(o(outcome), 3_000)));
      assertThat(again.stream().map(Outcome::sequence).distinct()).hasSize(3_000);
      Audit.recompute(book);
    }

    private static long o(Outcome outcome) {
      return outcome.sequence();
    }
  }

  @Nested
  final class SumsOfAmounts {
    @ParameterizedTest(name = "{0} units at {1}")
    @CsvSource({
      "0, 0",
      "-5, -7",
      "9007199254740991, -9007199254740991",
      "-9007199254740991, 9007199254740991",
    })
    final void an_amount_counts_as_it_is(long units, long cost) {
      UsageEvent event =
          new UsageEvent(null, null, null, "a", "s", "t", NONE, units, cost, Map.of());
      assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(1, units));
      assertThat(book.one(record(event))).isEqualTo(Outcome.recorded(2, 2 * units));
      Cell cell = pair("a", "s");
      assertThat(cell.units()).isEqualTo(2 * units);
      assertThat(cell.cost()).isEqualTo(2 * cost);
      assertThat(tenant().lifetimeUnits()).isEqualTo(Math.max(0, 2 * units));
    }

    @Test
    final void units_reach_the_end_of_64_bits_and_no_further() {
      fill("a", "s", MAX);
      assertThat(book.unmodelled(List.of(usage("a", "s", 1_023))))
          .containsExactly(Outcome.recorded(1_025, Long.MAX_VALUE));
      assertNothingChanges(usage("a", "s", 1));
      assertNothingChanges(usage("b", "z", 1));
      assertThat(book.unmodelled(List.of(usage("a", "s", 0), usage("a", "s", -1))))
          .containsExactly(
              Outcome.recorded(1_026, Long.MAX_VALUE), Outcome.recorded(1_027, Long.MAX_VALUE - 1));
      Audit.recompute(book);
    }

    @Test
    final void lifetime_units_do_not_fall_and_so_overflow_first() {
      fill("a", "s", MAX);
      book.unmodelled(List.of(new Command.Settle("a", "s"), usage("a", "s", -MAX)));
      assertNothingChanges(usage("a", "s", 1_024));
      assertThat(book.unmodelled(List.of(usage("a", "s", 1_023))).getFirst().status())
          .isEqualTo(Status.RECORDED);
      assertThat(tenant().lifetimeUnits()).isEqualTo(Long.MAX_VALUE);
      Audit.recompute(book);
    }

    @Test
    final void an_overflow_is_found_in_the_order_of_commands() {
      fill("a", "s", -MAX);
      List<Outcome> outcomes =
          book.unmodelled(
              List.of(
                  usage("a", "s", -1_025),
                  usage("a", "s", -1_024),
                  usage("a", "s", -1),
                  usage("a", "s", 1),
                  usage("a", "s", -1)));
      assertThat(outcomes.stream().map(Outcome::reason))
          .containsExactly(Reason.SUM_OVERFLOW, null, Reason.SUM_OVERFLOW, null, null);
      assertThat(pair("a", "s").units()).isEqualTo(Long.MIN_VALUE);
      Audit.recompute(book);
    }

    /**
     * One view of each kind is brought to its end while all others have room: base events at one
     * agent, service, type, organization and hour, and others that balance what is not asked about.
     */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
      "total,                       ,            a9 s9 t9 o9 9",
      "by-agent,                    b z t2 o2 2, a s9 t9 o9 9",
      "by-service,                  b z t2 o2 2, a9 s t9 o9 9",
      "by-agent-service,            a z t2 o2 2+b s t2 o2 3, a s t9 o9 9",
      "by-service-type,             b s t2 o2 2, a9 s t o9 9",
      "daily-by-organization-agent, a z t2 o2 50, a s9 t9 o 2",
      "hourly-by-organization-type, b z t2 o2 2, a9 s9 t o 0",
      "hourly-by-service,           b s t2 o2 2, a9 s t9 o9 0",
    })
    final void no_cell_of_any_view_leaves_64_bits(String view, String balance, String probe) {
      List<Command> commands = new ArrayList<>();
      for (int i = 0; i < 1_024; i++) {
        commands.add(costing("a s t o 0", -MAX));
        if (balance != null) {
          for (String other : balance.split("\\+", -1)) {
            commands.add(costing(other, MAX));
          }
        }
      }
      assertThat(book.unmodelled(commands))
          .as(view)
          .allMatch(outcome -> outcome.status() == Status.RECORDED);
      assertNothingChanges(costing(probe, -1_025));
      assertThat(book.unmodelled(List.of(costing(probe, -1_024))).getFirst().status())
          .as(view)
          .isEqualTo(Status.RECORDED);
      assertNothingChanges(costing(probe, -1));
      Audit.recompute(book);
    }

    private static Command costing(String where, long cost) {
      String[] names = where.split(" ", -1);
      long time = Bucket.DAY.start(TestClock.START - 10 * DAY) + Long.parseLong(names[4]) * HOUR;
      return record(
          new UsageEvent(
              null, null, names[3], names[0], names[1], names[2], time, 0, cost, Map.of()));
    }

    @Test
    final void a_count_of_readings_goes_on_when_their_sum_cannot() {
      List<Command> commands = new ArrayList<>();
      for (int i = 0; i < 1_024; i++) {
        commands.add(record(new Reading(null, null, "a", "w", i, MAX, Map.of())));
      }
      assertThat(book.unmodelled(commands)).allMatch(o -> o.status() == Status.RECORDED);
      assertNothingChanges(record(new Reading(null, null, "a", "w", 1, 1_024, Map.of())));
      // The same day has room in other hours, and the agent in other windows.
      assertNothingChanges(record(new Reading(null, null, "a", "w", DAY, 1_024, Map.of())));
      assertThat(
              book
                  .unmodelled(
                      List.of(
                          record(new Reading(null, null, "a", "x", 1, 1_024, Map.of())),
                          record(new Reading(null, null, "a", "w", 1, 1_023, Map.of()))))
                  .stream()
                  .map(Outcome::status))
          .containsExactly(Status.RECORDED, Status.RECORDED);
      Audit.recompute(book);
    }

    @Test
    final void a_reversal_that_no_sum_can_hold_is_refused() {
      fill("a", "s", -MAX);
      book.unmodelled(List.of(usage("a", "s", -1_024), usage("b", "s", 1_024)));
      book.unmodelled(List.of(usage("b", "z", -1_024)));
      assertNothingChanges(new Command.Reverse(1_026, Command.Reverse.At.NOW));
      assertThat(
              book.unmodelled(List.of(new Command.Reverse(1_025, Command.Reverse.At.NOW)))
                  .getFirst()
                  .status())
          .isEqualTo(Status.RECORDED);
      Audit.recompute(book);
    }

    @Test
    final void a_pair_at_the_lowest_amount_can_be_settled_and_reset() {
      fill("a", "s", -MAX);
      book.unmodelled(List.of(usage("a", "s", -1_024)));
      assertThat(book.unmodelled(List.of(new Command.Settle("a", "s"))))
          .containsExactly(
              Outcome.stated(1_026, List.of(statement("s", Long.MIN_VALUE, 0, 1_026))));
      fill("b", "z", MAX);
      book.unmodelled(List.of(new Command.Reset("b", "z")));
      assertThat(pair("b", "z").outstanding()).isZero();
      Audit.recompute(book);
    }

    @Test
    final void settling_one_pair_is_refused_where_others_cannot_hold_the_rest() {
      fill("b", "s", -MAX);
      book.unmodelled(
          List.of(usage("a", "z", 2_000), usage("b", "s", -1_024), usage("c", "y", -500)));
      // What is left without agent a: -2^63 - 500.
      assertNothingChanges(new Command.Settle("a", "z"));
      assertNothingChanges(new Command.Reset("a", "z"));
      assertNothingChanges(new Command.SettleAgent("a"));
      Audit.recompute(book);
    }

    @Test
    final void settling_an_agent_is_refused_where_only_all_its_pairs_are_too_much() {
      fill("b", "s", -MAX);
      book.unmodelled(
          List.of(
              usage("a", "y", 10),
              usage("a", "z", 10),
              usage("b", "s", -1_024),
              usage("c", "x", -8)));
      // Each pair alone could be settled: -2^63 + 12 - 10. Both could not.
      assertNothingChanges(new Command.SettleAgent("a"));
      assertThat(book.unmodelled(List.of(new Command.Settle("a", "y"))).getFirst().status())
          .isEqualTo(Status.RECORDED);
      Audit.recompute(book);
    }

    @Test
    final void settling_an_agent_may_pass_beyond_64_bits_between_its_pairs() {
      fill("a", "u", -MAX);
      fill("b", "v", MAX);
      book.unmodelled(List.of(usage("a", "w", 1_000), usage("a", "x", -1_000)));
      assertThat(book.unmodelled(List.of(new Command.SettleAgent("a"))).getFirst().statements())
          .extracting(Outcome.Statement::units)
          .containsExactly(-MAX * 1_024, 1_000L, -1_000L);
      Audit.recompute(book);
    }

    @Test
    final void settled_amounts_have_128_bits() {
      book.leaveModel();
      book.unmodelled(List.of(book.put("s", -1, Map.of("price", "9007199254"))));
      BigInteger settled = BigInteger.ZERO;
      for (int i = 0; i < 2; i++) {
        long units = i == 0 ? -MAX : MAX;
        fill("a" + i, "s", units);
        Outcome outcome = book.unmodelled(List.of(new Command.Settle("a" + i, "s"))).getFirst();
        BigInteger billed =
            BigInteger.valueOf(units * 1_024).multiply(BigInteger.valueOf(9_007_199_254L));
        assertThat(outcome.statements().getFirst().billed()).isEqualTo(billed);
        settled = settled.add(billed);
        assertThat(tenant().settledAmount()).isEqualTo(settled);
      }
      Audit.recompute(book);
    }

    private void fill(String agent, String service, long units) {
      List<Outcome> outcomes =
          book.unmodelled(Collections.nCopies(1_024, usage(agent, service, units)));
      assertThat(outcomes).allMatch(outcome -> outcome.status() == Status.RECORDED);
    }

    private void assertNothingChanges(Command command) {
      long revision = book.revision();
      Tenant before = tenant();
      assertRefused(book.unmodelled(List.of(command)).getFirst(), Reason.SUM_OVERFLOW);
      assertThat(book.revision()).isEqualTo(revision);
      assertThat(tenant()).isEqualTo(before);
    }
  }

  @Nested
  final class Settlement {
    @Test
    final void a_settlement_states_what_is_outstanding_and_sets_it_to_zero() {
      book.price("s", 30);
      book.use("a", "s", 5);
      book.use("a", "s", 6);
      assertThat(book.settle("a", "s"))
          .isEqualTo(Outcome.stated(3, List.of(statement("s", 11, 30, 3))));
      Entry entry = book.entry(3);
      assertThat(entry.kind()).isEqualTo(EntryKind.SETTLEMENT);
      assertThat(entry.units()).isEqualTo(11);
      assertThat(entry.settlement())
          .isEqualTo(new Entry.Settlement(30, BigInteger.valueOf(330), 1, 2, false));
      Cell cell = pair("a", "s");
      assertThat(cell.outstanding()).isZero();
      assertThat(cell.units()).isEqualTo(11);
      assertThat(cell.count()).isEqualTo(2);
      assertThat(tenant().settledAmount()).isEqualTo(330);
    }

    @Test
    final void settlements_cover_sequence_after_sequence() {
      book.use("a", "s", 1);
      book.use("b", "s", 1);
      book.settle("a", "s");
      book.use("a", "s", 2);
      book.settle("a", "s");
      book.reset("a", "s");
      book.use("a", "s", 3);
      book.settle("a", "s");
      assertThat(
              book.entries(all().withKinds(Set.of(EntryKind.SETTLEMENT))).stream()
                  .map(Entry::settlement)
                  .map(s -> List.of(s.fromSequence(), s.toSequence())))
          .containsExactly(List.of(1L, 2L), List.of(4L, 4L), List.of(7L, 7L));
    }

    @Test
    final void a_pair_that_was_never_used_makes_no_entry() {
      book.price("s", 9);
      long revision = book.revision();
      assertThat(book.settle("a", "s"))
          .isEqualTo(Outcome.stated(0, List.of(statement("s", 0, 9, 0))));
      assertThat(book.settle("a", "unknown"))
          .isEqualTo(Outcome.stated(0, List.of(statement("unknown", 0, 0, 0))));
      assertThat(book.revision()).isEqualTo(revision);
      assertThat(tenant().settlements()).isZero();
    }

    @Test
    final void a_pair_at_zero_is_settled_and_counts() {
      book.use("a", "s", 0);
      assertThat(book.settle("a", "s"))
          .isEqualTo(Outcome.stated(2, List.of(statement("s", 0, 0, 2))));
      assertThat(book.settle("a", "s"))
          .isEqualTo(Outcome.stated(3, List.of(statement("s", 0, 0, 3))));
      assertThat(tenant().settlements()).isEqualTo(2);
    }

    @Test
    final void a_negative_amount_is_settled_as_a_credit() {
      book.price("s", 4);
      book.use("a", "s", -25);
      assertThat(book.settle("a", "s"))
          .isEqualTo(Outcome.stated(2, List.of(statement("s", -25, 4, 2))));
      assertThat(tenant().settledAmount()).isEqualTo(-100);
    }

    @Test
    final void an_amount_is_billed_exactly_beyond_64_bits() {
      book.price("s", 9_007_199_254L);
      book.commit(usage("a", "s", MAX), usage("a", "s", MAX), usage("a", "s", MAX));
      assertThat(book.settle("a", "s").statements().getFirst().billed())
          .isEqualTo(new BigInteger("243388915223797230295262142"));
    }

    @Test
    final void a_new_price_applies_to_everything_not_yet_settled() {
      book.price("s", 10);
      book.use("a", "s", 2);
      book.price("s", 7);
      assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 2, 7, 2));
      book.use("a", "s", 2);
      book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), -1, null));
      assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 2, 0, 4));
    }

    @Test
    final void a_price_put_in_the_same_request_applies_from_there_on() {
      List<Outcome> outcomes =
          book.commit(
              usage("a", "s", 3),
              book.put("s", -1, Map.of("price", "5")),
              new Command.Settle("a", "s"),
              book.put("s", -1, Map.of("price", "6")),
              usage("a", "s", 1),
              new Command.Settle("a", "s"));
      assertThat(outcomes.get(2).statements()).containsExactly(statement("s", 3, 5, 2));
      assertThat(outcomes.get(5).statements()).containsExactly(statement("s", 1, 6, 4));
    }

    @Test
    final void a_disabled_service_is_billed() {
      book.use("a", "s", 3);
      book.price("s", 2);
      book.disable("s");
      assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 3, 2, 2));
    }

    @Test
    final void late_events_belong_to_the_next_settlement() {
      book.use("a", "s", 1);
      book.settle("a", "s");
      book.one(record(at(TestClock.START - 40 * DAY, "a", "s", 8)));
      assertThat(book.settle("a", "s").statements().getFirst().units()).isEqualTo(8);
    }

    @Test
    final void an_agent_is_settled_by_first_appearance_zeros_included() {
      book.price("m", 3);
      book.commit(
          usage("a", "z", 1),
          usage("b", "y", 1),
          usage("a", "m", 2),
          usage("a", "b", 0),
          usage("a", "z", 4));
      Outcome outcome = book.one(new Command.SettleAgent("a"));
      assertThat(outcome)
          .isEqualTo(
              Outcome.stated(
                  8,
                  List.of(
                      statement("z", 5, 0, 6), statement("m", 2, 3, 7), statement("b", 0, 0, 8))));
      assertThat(book.entry(7).settlement())
          .isEqualTo(new Entry.Settlement(3, BigInteger.valueOf(6), 3, 6, true));
      assertThat(pair("b", "y").outstanding()).isEqualTo(1);
      assertThat(tenant().settlements()).isEqualTo(3);
    }

    @Test
    final void an_agent_s_pairs_of_the_same_group_are_settled_with_the_others() {
      book.use("a", "stored", 1);
      List<Receipt> receipts =
          book.group(
              book.request(usage("a", "new", 2), usage("b", "new", 3)),
              Request.of("other", usage("a", "others", 9)),
              book.request(new Command.SettleAgent("a"), usage("a", "newer", 4)),
              book.request(new Command.SettleAgent("a")));
      assertThat(receipts.get(2).outcomes().getFirst().statements())
          .extracting(Outcome.Statement::service)
          .containsExactly("stored", "new");
      assertThat(receipts.get(3).outcomes().getFirst().statements())
          .containsExactly(
              statement("stored", 0, 0, 7), statement("new", 0, 0, 8), statement("newer", 4, 0, 9));
    }

    @Test
    final void an_unknown_agent_has_nothing_to_settle() {
      book.one(record(new Reading(null, null, "reader", "w", NONE, 1, Map.of())));
      long revision = book.revision();
      assertThat(book.one(new Command.SettleAgent("nobody")))
          .isEqualTo(Outcome.stated(0, List.of()));
      assertThat(book.one(new Command.SettleAgent("reader")))
          .isEqualTo(Outcome.stated(0, List.of()));
      assertThat(book.revision()).isEqualTo(revision);
    }

    @Test
    final void ten_thousand_pairs_are_settled_at_once_and_one_more_is_refused() {
      Command[] commands = new Command[10_000];
      Arrays.setAll(commands, i -> usage("a", "s" + i, i));
      book.unmodelled(List.of(commands));
      Outcome outcome = book.unmodelled(List.of(new Command.SettleAgent("a"))).getFirst();
      assertThat(outcome.statements()).hasSize(10_000);
      assertThat(outcome.statements().get(1_234)).isEqualTo(statement("s1234", 1_234, 0, 11_235));
      Audit.recompute(book);
      long revision = book.revision() + 1;
      List<Outcome> tooMany =
          book.unmodelled(List.of(usage("a", "one more", 1), new Command.SettleAgent("a")));
      assertRefused(tooMany.get(1), Reason.TOO_MANY_PAIRS);
      assertRefused(
          book.unmodelled(List.of(new Command.SettleAgent("a"))).getFirst(), Reason.TOO_MANY_PAIRS);
      assertThat(book.revision()).isEqualTo(revision);
      assertThat(tenant().settlements()).isEqualTo(10_000);
    }

    @Test
    final void a_service_is_settled_in_the_order_of_its_named_agents() {
      book.price("s", 3);
      book.commit(usage("a", "s", 1), usage("b", "s", -4), usage("c", "s", 0), usage("a", "t", 9));
      assertThat(book.one(new Command.SettleService("s", List.of("b", "nobody", "a", "b"))))
          .isEqualTo(Outcome.stated(6, List.of(statement("s", -4, 3, 5), statement("s", 1, 3, 6))));
      assertThat(book.entry(5).settlement())
          .isEqualTo(new Entry.Settlement(3, BigInteger.valueOf(-12), 2, 4, true));
      assertThat(pair("a", "t").outstanding()).isEqualTo(9);
      assertThat(tenant().settlements()).isEqualTo(2);
    }

    @Test
    final void a_service_is_not_settled_where_another_agent_is_not_at_0() {
      book.commit(usage("a", "s", 2), usage("b", "s", 1), usage("c", "s", -1));
      Outcome refusal = book.one(new Command.SettleService("s", List.of("a")));
      assertThat(refusal.status()).isEqualTo(Status.CONFLICT);
      assertThat(tenant().settlements()).isZero();
      assertThat(book.one(new Command.SettleService("s", List.of("a", "b"))).refused()).isTrue();
      assertThat(book.one(new Command.SettleService("s", List.of("a", "b", "c"))).refused())
          .isFalse();
      assertThat(book.one(new Command.SettleService("s", List.of())))
          .isEqualTo(Outcome.stated(0, List.of()));
      assertThat(book.one(new Command.SettleService("unused", List.of())))
          .isEqualTo(Outcome.stated(0, List.of()));
    }

    @Test
    final void a_service_is_settled_with_what_the_same_group_recorded() {
      book.use("a", "s", 1);
      List<Receipt> receipts =
          book.group(
              book.request(usage("b", "s", 2)),
              book.request(new Command.SettleService("s", List.of("a"))),
              book.request(new Command.SettleService("s", List.of("a", "b"))));
      assertThat(receipts.get(1).outcomes().getFirst().status()).isEqualTo(Status.CONFLICT);
      assertThat(receipts.get(2).outcomes().getFirst().statements())
          .containsExactly(statement("s", 1, 0, 3), statement("s", 2, 0, 4));
    }

    @Test
    final void a_service_with_more_than_ten_thousand_agents_is_not_settled_at_once() {
      List<String> agents = IntStream.rangeClosed(0, 10_000).mapToObj(i -> "a" + i).toList();
      assertThatThrownBy(() -> new Command.SettleService("s", agents))
          .isInstanceOfSatisfying(
              LedgerException.Rejected.class,
              refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_PAIRS));
      assertThat(book.one(new Command.SettleService("s", agents.subList(0, 10_000))))
          .isEqualTo(Outcome.stated(0, List.of()));
    }

    @Test
    final void what_a_settlement_covered_adds_up_to_what_it_stated() {
      book.use("a", "s", 1);
      book.reset("a", "s");
      book.use("a", "s", 2);
      book.use("a", "z", 4);
      book.use("b", "s", 8);
      book.reverse(1);
      book.reverse(3);
      book.use("a", "s", 16);
      assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 16, 0, 9));
      book.use("a", "s", 32);
      assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", 32, 0, 11));
      book.settle("a", "s");
      assertThat(covered(9, EntryFilter.ALL)).containsExactly(3L, 7L, 8L);
      assertThat(covered(9, EntryFilter.ALL.withKinds(Set.of(EntryKind.REVERSAL))))
          .containsExactly(7L);
      assertThat(covered(9, EntryFilter.ALL.withAgents(Set.of("b")))).isEmpty();
      assertThat(covered(9, EntryFilter.ALL.withSequences(4, 7))).containsExactly(7L);
      assertThat(covered(11, EntryFilter.ALL)).containsExactly(10L);
      assertThat(covered(12, EntryFilter.ALL)).isEmpty();
      for (long other : new long[] {-1, 0, 1, 2, 13}) {
        assertThatExceptionOfType(LedgerException.Rejected.class)
            .isThrownBy(() -> covered(other, EntryFilter.ALL))
            .withMessage("there is no settlement " + other)
            .extracting(LedgerException.Rejected::reason)
            .isEqualTo(Reason.NOT_FOUND);
      }
    }

    private List<Long> covered(long settlement, EntryFilter filter) {
      List<Long> found = new ArrayList<>();
      EntryMark after = null;
      do {
        EntryQuery query = new EntryQuery(filter, false, false, after, 1);
        EntryPage page = book.read(reader -> reader.covered(settlement, query));
        page.entries().forEach(entry -> found.add(entry.sequence()));
        after = page.next();
      } while (after != null);
      return found;
    }
  }

  @Nested
  final class Resets {
    @Test
    final void a_reset_clears_a_pair_and_bills_nothing() {
      book.price("s", 5);
      book.use("a", "s", 12);
      assertThat(book.reset("a", "s"))
          .isEqualTo(Outcome.stated(2, List.of(statement("s", 12, 0, 2))));
      assertThat(book.entry(2).kind()).isEqualTo(EntryKind.RESET);
      assertThat(book.entry(2).units()).isEqualTo(12);
      assertThat(book.entry(2).settlement()).isNull();
      assertThat(pair("a", "s").outstanding()).isZero();
      assertThat(pair("a", "s").units()).isEqualTo(12);
      assertThat(tenant().settlements()).isZero();
      assertThat(tenant().settledAmount()).isZero();
    }

    @Test
    final void a_pair_at_zero_is_reset_too() {
      book.use("a", "s", 0);
      assertThat(book.reset("a", "s"))
          .isEqualTo(Outcome.stated(2, List.of(statement("s", 0, 0, 2))));
      assertThat(book.reset("a", "s").sequence()).isEqualTo(3);
    }

    @Test
    final void a_pair_that_was_never_used_is_not_found() {
      book.use("a", "s", 1);
      book.use("b", "z", 1);
      assertRefused(book.reset("a", "z"), Reason.NOT_FOUND);
      assertRefused(book.reset("nobody", "s"), Reason.NOT_FOUND);
    }
  }

  @Nested
  final class Reversals {
    @Test
    final void a_reversal_takes_back_what_its_original_counted() {
      UsageEvent event =
          new UsageEvent(
              "o", "1", "org", "a", "s", "t", TestClock.START - DAY, 9, 4, Map.of("k", "v"));
      book.one(record(event));
      assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(2, 0));
      assertThat(book.entry(2))
          .isEqualTo(
              new Entry(
                  2,
                  2,
                  EntryKind.REVERSAL,
                  book.clock.last(),
                  TestClock.START - DAY,
                  null,
                  null,
                  "org",
                  "a",
                  "s",
                  "t",
                  null,
                  -9,
                  -4,
                  0,
                  true,
                  1,
                  0,
                  null,
                  Map.of("k", "v")));
      Cell cell = pair("a", "s");
      assertThat(List.of(cell.count(), cell.units(), cell.cost(), cell.first()))
          .containsExactly(0L, 0L, 0L, 1L);
      assertThat(tenant().lifetimeUnits()).isEqualTo(9);
    }

    @Test
    final void a_reversal_counts_in_the_original_s_bucket_or_in_the_one_of_now() {
      long past = Bucket.HOUR.start(TestClock.START - 3 * DAY);
      book.commit(record(at(past, "a", "s", 5)), record(at(past, "a", "s", 6)));
      book.one(new Command.Reverse(1, Command.Reverse.At.ORIGINAL));
      book.one(new Command.Reverse(2, Command.Reverse.At.NOW));
      long now = Bucket.HOUR.start(book.clock.last());
      assertThat(book.entry(4).time()).isEqualTo(book.clock.last());
      assertThat(book.rollup(RollupQuery.by(Dimension.SERVICE).in(Bucket.HOUR)).rows())
          .containsExactly(
              new RollupRow(List.of("s"), past, 1, 6, 0, 0, 1),
              new RollupRow(List.of("s"), now, -1, -6, 0, 0, 4));
    }

    @Test
    final void an_entry_is_reversed_once() {
      book.use("a", "s", 5);
      book.reverse(1);
      for (Command.Reverse.At where : Command.Reverse.At.values()) {
        Outcome outcome = book.one(new Command.Reverse(1, where));
        assertThat(outcome.status()).isEqualTo(Status.CONFLICT);
        assertThat(outcome.sequence()).isEqualTo(2);
      }
      List<Outcome> outcomes =
          book.commit(
              usage("a", "s", 1),
              new Command.Reverse(3, Command.Reverse.At.NOW),
              new Command.Reverse(3, Command.Reverse.At.NOW));
      assertThat(outcomes.get(1)).isEqualTo(Outcome.recorded(4, 0));
      assertThat(outcomes.get(2).status()).isEqualTo(Status.CONFLICT);
      assertThat(outcomes.get(2).sequence()).isEqualTo(4);
    }

    @Test
    final void only_usage_can_be_reversed() {
      book.commit(
          usage("a", "s", 1),
          new Command.Settle("a", "s"),
          new Command.Reset("a", "s"),
          record(new Reading(null, null, "a", "w", NONE, 1, Map.of())),
          new Command.PutDocument(
              DocumentKey.service(book.tenant, "s"),
              Map.of(),
              Set.of(),
              -1,
              new Act("service.put", "s", Map.of())),
          new Command.Reverse(1, Command.Reverse.At.NOW));
      for (long sequence = 2; sequence <= 6; sequence++) {
        Outcome outcome = book.reverse(sequence);
        assertThat(outcome.status()).as("%d", sequence).isEqualTo(Status.CONFLICT);
        assertThat(outcome.sequence()).isEqualTo(sequence);
      }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(longs = {-1, 0, 2, 3, Long.MAX_VALUE, Long.MIN_VALUE})
    final void an_entry_that_is_not_there_is_not_found(long sequence) {
      book.group(
          book.request(usage("a", "s", 1)),
          Request.of("other", usage("a", "s", 1), usage("a", "s", 1)));
      assertRefused(book.reverse(sequence), Reason.NOT_FOUND);
    }

    @Test
    final void a_reversal_after_settlement_is_a_credit_and_names_the_settlement() {
      book.price("s", 2);
      book.commit(usage("a", "s", 5), usage("a", "s", 6));
      book.settle("a", "s");
      book.settle("a", "s");
      assertThat(book.reverse(2)).isEqualTo(Outcome.recorded(5, -6));
      assertThat(book.entry(5).settledBy()).isEqualTo(3);
      assertThat(book.settle("a", "s").statements()).containsExactly(statement("s", -6, 2, 6));
    }

    @Test
    final void a_reversal_after_a_reset_changes_nothing_outstanding() {
      book.use("a", "s", 5);
      book.reset("a", "s");
      book.use("a", "s", 7);
      assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(4, 7));
      assertThat(book.entry(4).billable()).isFalse();
      assertThat(book.entry(4).settledBy()).isZero();
      assertThat(book.reverse(3)).isEqualTo(Outcome.recorded(5, 0));
      assertThat(pair("a", "s").units()).isZero();
    }

    @Test
    final void a_settlement_after_a_reset_did_not_cover_what_was_before() {
      book.use("a", "s", 5);
      book.reset("a", "s");
      book.settle("a", "s");
      book.reverse(1);
      assertThat(book.entry(4).settledBy()).isZero();
    }

    @Test
    final void a_reset_after_the_settlement_leaves_the_settlement_named() {
      book.use("a", "s", 5);
      book.settle("a", "s");
      book.reset("a", "s");
      assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(4, 0));
      assertThat(book.entry(4).settledBy()).isEqualTo(2);
      assertThat(book.entry(4).billable()).isFalse();
    }

    @Test
    final void everything_of_a_pair_s_life_may_happen_in_one_request() {
      List<Outcome> outcomes =
          book.commit(
              usage("a", "s", 5),
              new Command.Reverse(1, Command.Reverse.At.ORIGINAL),
              usage("a", "s", 6),
              new Command.Settle("a", "s"),
              new Command.Reverse(3, Command.Reverse.At.ORIGINAL),
              usage("a", "s", 7),
              new Command.Reset("a", "s"),
              new Command.Settle("a", "s"),
              new Command.Reverse(6, Command.Reverse.At.NOW));
      assertThat(outcomes.stream().map(Outcome::outstanding))
          .containsExactly(5L, 0L, 6L, 0L, -6L, 1L, 0L, 0L, 0L);
      assertThat(book.entry(5).settledBy()).isEqualTo(4);
      assertThat(book.entry(9).settledBy()).isZero();
      assertThat(book.entry(9).billable()).isFalse();
    }

    @Test
    final void a_settlement_of_another_pair_is_not_named() {
      book.commit(usage("a", "s", 5), usage("a", "z", 1), usage("b", "s", 1));
      book.settle("a", "z");
      book.settle("b", "s");
      book.group(Request.of("other", usage("a", "s", 1), new Command.Settle("a", "s")));
      book.reverse(1);
      assertThat(book.entry(6).settledBy()).isZero();
    }

    @Test
    final void agents_above_zero_follow_every_change() {
      book.commit(usage("a", "s", 5), usage("b", "s", 5), usage("c", "s", 0), usage("d", "s", -1));
      assertThat(aboveZero()).containsExactly(2L, 2L);
      book.settle("a", "s");
      assertThat(aboveZero()).containsExactly(1L, 1L);
      book.reverse(1);
      assertThat(aboveZero()).containsExactly(1L, 1L);
      book.use("a", "s", 6);
      assertThat(aboveZero()).containsExactly(2L, 2L);
      book.use("d", "s", 1);
      assertThat(aboveZero()).containsExactly(2L, 2L);
      book.use("d", "s", 1);
      assertThat(aboveZero()).containsExactly(3L, 3L);
      book.reverse(4);
      assertThat(aboveZero()).containsExactly(3L, 3L);
      book.reset("d", "s");
      book.reverse(2);
      assertThat(aboveZero()).containsExactly(1L, 1L);
      book.use("b", "z", 1);
      assertThat(aboveZero()).containsExactly(1L, 2L);
    }

    private List<Long> aboveZero() {
      return List.of(service("s").value(CellShape.AGENTS_ABOVE_ZERO), tenant().pairsAboveZero());
    }

    @Test
    final void negative_usage_is_reversed_as_any_other() {
      book.use("a", "s", -5);
      assertThat(book.reverse(1)).isEqualTo(Outcome.recorded(2, 0));
      assertThat(tenant().lifetimeUnits()).isZero();
    }
  }

  @Nested
  final class Readings {
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

  @Nested
  final class Documents {
    @Test
    final void a_document_is_put_changed_and_deleted() {
      DocumentKey key = DocumentKey.service(book.tenant, "s");
      Outcome put = book.one(book.put("s", -1, Map.of("price", "5", "owner", "o")));
      Document first = Objects.requireNonNull(put.document());
      assertThat(first.revision()).isEqualTo(1);
      assertThat(first.fields()).isEqualTo(Map.of("price", "5", "owner", "o"));
      Outcome changed =
          book.one(
              new Command.PutDocument(
                  key, Map.of("price", "6", "disabled", "true"), Set.of("owner", "x"), -1, null));
      assertThat(changed.document())
          .isEqualTo(
              new Document(key, 2, first.ordinal(), Map.of("price", "6", "disabled", "true")));
      assertThat(registration("s")).isEqualTo(changed.document());
      Outcome deleted = book.one(new Command.DeleteDocument(key, -1, null));
      assertThat(deleted.document()).isEqualTo(changed.document());
      assertThat(registration("s")).isNull();
      assertRefused(book.one(new Command.DeleteDocument(key, -1, null)), Reason.NOT_FOUND);
    }

    @Test
    final void what_is_set_and_cleared_at_once_is_set() {
      book.one(
          new Command.PutDocument(
              DocumentKey.service(book.tenant, "s"), Map.of("a", "1"), Set.of("a"), -1, null));
      Document document = Objects.requireNonNull(registration("s"));
      assertThat(document.fields()).isEqualTo(Map.of("a", "1"));
    }

    @Test
    final void a_document_without_fields_is_there() {
      book.one(book.put("s", 0, Map.of()));
      Document document = Objects.requireNonNull(registration("s"));
      assertThat(document.fields()).isEmpty();
      assertThat(document.integer("price")).isZero();
    }

    @ParameterizedTest(name = "expected {0} of a document at {1}: {2}")
    @CsvSource({
      "-1, 0, RECORDED",
      "-1, 2, RECORDED",
      "0, 0, RECORDED",
      "0, 2, CONFLICT",
      "-2, 0, REJECTED",
      "-2, 2, RECORDED",
      "1, 0, REJECTED",
      "1, 2, CONFLICT",
      "2, 2, RECORDED",
      "3, 2, CONFLICT",
    })
    final void a_put_expects_a_revision(long expected, int revision, Status status) {
      for (int i = 0; i < revision; i++) {
        book.price("s", i);
      }
      Outcome outcome = book.one(book.put("s", expected, Map.of("price", "9")));
      assertThat(outcome.status()).isEqualTo(status);
      if (status == Status.REJECTED) {
        assertThat(outcome.reason()).isEqualTo(Reason.NOT_FOUND);
      }
    }

    @ParameterizedTest(name = "expected {0}: {1}")
    @CsvSource({"-1, RECORDED", "-2, RECORDED", "0, CONFLICT", "1, CONFLICT", "2, RECORDED"})
    final void a_delete_expects_a_revision(long expected, Status status) {
      book.price("s", 1);
      book.price("s", 2);
      Outcome outcome =
          book.one(
              new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), expected, null));
      assertThat(outcome.status()).isEqualTo(status);
    }

    @Test
    final void documents_are_listed_in_the_order_of_their_first_putting() {
      for (String name : List.of("m", "z", "a", "\ud83d\ude00", "\ufffd")) {
        book.price(name, 1);
      }
      book.price("m", 2);
      book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "z"), -1, null));
      assertThat(names()).containsExactly("m", "a", "\ud83d\ude00", "\ufffd");
      book.price("z", 3);
      assertThat(names()).containsExactly("m", "a", "\ud83d\ude00", "\ufffd", "z");
      Document again = Objects.requireNonNull(registration("z"));
      assertThat(again.revision()).isEqualTo(1);
    }

    private List<String> names() {
      return book.read(reader -> reader.registrations(0, 100)).items().stream()
          .map(document -> document.key().name())
          .toList();
    }

    @Test
    final void a_document_may_come_and_go_in_one_request() {
      DocumentKey key = DocumentKey.service(book.tenant, "s");
      List<Outcome> outcomes =
          book.commit(
              book.put("s", 0, Map.of("price", "1")),
              new Command.DeleteDocument(key, 1, null),
              new Command.DeleteDocument(key, -1, null),
              book.put("s", -2, Map.of()),
              book.put("s", 0, Map.of("price", "2")),
              book.put("s", 1, Map.of("price", "3")));
      assertThat(outcomes.stream().map(Outcome::reason))
          .containsExactly(null, null, Reason.NOT_FOUND, Reason.NOT_FOUND, null, null);
      book.commit(new Command.DeleteDocument(key, 2, null), book.put("z", 0, Map.of()));
      assertThat(names()).containsExactly("z");
    }

    @Test
    final void a_tenant_s_documents_are_its_own() {
      book.price("s", 1);
      DocumentKey other = DocumentKey.service("other", "s");
      book.group(
          Request.of(
              "other", new Command.PutDocument(other, Map.of("price", "2"), Set.of(), 0, null)));
      assertThat(names()).containsExactly("s");
      book.group(Request.of("other", new Command.DeleteDocument(other, -1, null)));
      assertThat(names()).containsExactly("s");
    }

    @Test
    final void an_act_is_recorded_with_its_change_and_only_then() {
      Act act = new Act("service.price", "s", Map.of("old", "1", "new", "2"));
      DocumentKey key = DocumentKey.service(book.tenant, "s");
      Outcome refused =
          book.one(new Command.PutDocument(key, Map.of("price", "2"), Set.of(), -2, act));
      assertRefused(refused, Reason.NOT_FOUND);
      Outcome put = book.one(new Command.PutDocument(key, Map.of("price", "2"), Set.of(), -1, act));
      assertThat(put.sequence()).isEqualTo(1);
      assertThat(book.entry(1))
          .isEqualTo(
              new Entry(
                  1,
                  1,
                  EntryKind.ACT,
                  book.clock.last(),
                  book.clock.last(),
                  null,
                  null,
                  null,
                  null,
                  "s",
                  "service.price",
                  null,
                  0,
                  0,
                  0,
                  false,
                  0,
                  0,
                  null,
                  Map.of("old", "1", "new", "2")));
      Outcome deleted =
          book.one(new Command.DeleteDocument(key, -1, new Act("service.deleted", null, Map.of())));
      assertThat(deleted.sequence()).isEqualTo(2);
      assertThat(sequences(book.entries(all().withServices(Set.of("s"))))).containsExactly(1L);
      assertThat(book.read(LedgerReader::total)).isNull();
    }

    @Test
    final void a_service_that_is_disabled_takes_usage_again_when_enabled() {
      book.disable("s");
      List<Outcome> outcomes =
          book.commit(
              usage("a", "s", 1),
              book.put("s", -1, Map.of("disabled", "false")),
              usage("a", "s", 2),
              book.put("s", -1, Map.of("disabled", "true")),
              usage("a", "s", 4));
      assertThat(outcomes.stream().map(Outcome::reason))
          .containsExactly(Reason.SERVICE_DISABLED, null, null, null, Reason.SERVICE_DISABLED);
      assertThat(pair("a", "s").units()).isEqualTo(2);
    }
  }

  @Nested
  final class IdempotencyKeys {
    @Test
    final void a_request_sent_again_is_answered_as_the_first_time() {
      Request request = book.keyed("k", "f", usage("a", "s", 5), new Command.Settle("a", "s"));
      Receipt first = book.group(request).getFirst();
      book.use("a", "s", 100);
      book.clock.advance(Duration.ofHours(20));
      Receipt again = book.group(request).getFirst();
      assertThat(again.replayed()).isTrue();
      assertThat(again.outcomes()).isEqualTo(first.outcomes());
      assertThat(tenant().lastSequence()).isEqualTo(3);
    }

    @Test
    final void another_request_under_the_key_is_a_conflict() {
      book.group(book.keyed("k", "f", usage("a", "s", 5)));
      long revision = book.revision();
      Receipt receipt =
          book.group(book.keyed("k", "g", usage("a", "s", 5), usage("a", "s", 6))).getFirst();
      assertThat(receipt.replayed()).isFalse();
      assertThat(receipt.outcomes())
          .hasSize(2)
          .allMatch(outcome -> outcome.reason() == Reason.IDEMPOTENCY_CONFLICT);
      assertThat(book.revision()).isEqualTo(revision);
    }

    @Test
    final void one_key_in_one_group_has_one_effect() {
      Request request = book.keyed("k", "f", usage("a", "s", 5));
      List<Receipt> receipts =
          book.group(request, request, book.keyed("k", "g", usage("a", "s", 1)), request);
      assertThat(receipts.stream().map(Receipt::replayed))
          .containsExactly(false, true, false, true);
      assertThat(receipts.get(2).outcomes().getFirst().reason())
          .isEqualTo(Reason.IDEMPOTENCY_CONFLICT);
      assertThat(pair("a", "s").units()).isEqualTo(5);
    }

    @Test
    final void each_tenant_has_keys_of_its_own() {
      book.group(book.keyed("k", "f", usage("a", "s", 5)));
      Request same = book.keyed("k", "f", usage("a", "s", 5));
      Request other =
          new Request("other", same.token(), "k", "f", false, List.of(usage("a", "s", 6)));
      assertThat(book.group(other).getFirst().outcomes()).containsExactly(Outcome.recorded(1, 6));
    }

    @Test
    final void refusals_are_kept_with_their_key() {
      book.disable("s");
      Request request =
          book.keyed(
              "k",
              "f",
              usage("a", "s", 5),
              new Command.Reset("a", "s"),
              record(at(-1, "a", "z", 1)));
      Receipt first = book.group(request).getFirst();
      long revision = book.revision();
      book.one(book.put("s", -1, Map.of("disabled", "false")));
      Receipt again = book.group(request).getFirst();
      assertThat(again.replayed()).isTrue();
      assertThat(again.outcomes()).isEqualTo(first.outcomes());
      assertThat(first.revision()).isEqualTo(revision);
      assertThat(tenant().lastSequence()).isZero();
    }

    @Test
    final void all_that_an_outcome_can_hold_is_kept() {
      book.price("s", 9_007_199_254L);
      book.commit(usage("a", "s", MAX), usage("a", "s", MAX), usage("a", "z", 1));
      Request request =
          book.keyed(
              "\u03ba\u03bb\ud83d\ude00",
              "fingerprint",
              new Command.SettleAgent("a"),
              record(event("1", "a", "s", 1)),
              record(event("1", "a", "s", 1)),
              record(event("1", "a", "s", 2)),
              new Command.Reset("a", "s"),
              book.put("x", -1, Map.of("price", "5", "description", "\u00fc")),
              new Command.DeleteDocument(
                  DocumentKey.service(book.tenant, "x"), -1, new Act("x.gone", "x", Map.of())),
              new Command.Reverse(99, Command.Reverse.At.NOW),
              new Command.Reverse(1, Command.Reverse.At.NOW));
      Receipt first = book.store.commit(List.of(request)).getFirst();
      Receipt again = book.store.commit(List.of(request)).getFirst();
      assertThat(again.replayed()).isTrue();
      assertThat(again.outcomes()).isEqualTo(first.outcomes());
      book.leaveModel();
    }

    @Test
    final void a_refusal_for_want_of_room_is_not_kept() {
      Book small = openBook(2);
      small.use("a", "s", 1);
      Request both = small.keyed("both", "f", usage("a", "s", 1), usage("a", "s", 2));
      Request none = small.keyed("none", "f", usage("a", "s", 4));
      Request whole =
          new Request(
              small.tenant,
              none.token(),
              "whole",
              "f",
              true,
              List.of(usage("a", "s", 1), usage("a", "s", 2)));
      Receipt undone = small.group(whole).getFirst();
      assertThat(undone.outcomes()).allMatch(Outcome::refused);
      assertThat(small.group(whole).getFirst().replayed()).isFalse();
      small.group(both);
      assertRefused(
          small.group(none).getFirst().outcomes().getFirst(), Reason.STORE_CAPACITY_EXCEEDED);
      assertThat(small.group(none).getFirst().replayed()).isFalse();
      assertThat(small.group(both).getFirst().replayed()).isTrue();
    }

    @Test
    final void a_key_of_a_request_that_changed_nothing_is_remembered() {
      Request request = book.keyed("k", "f", new Command.Settle("a", "s"));
      long revision = book.revision();
      book.group(request);
      assertThat(book.revision()).isEqualTo(revision + 1);
      book.use("a", "s", 5);
      Receipt again = book.group(request).getFirst();
      assertThat(again.replayed()).isTrue();
      assertThat(again.outcomes())
          .containsExactly(Outcome.stated(0, List.of(statement("s", 0, 0, 0))));
      assertThat(pair("a", "s").outstanding()).isEqualTo(5);
    }
  }

  @Nested
  final class AtomicRequests {
    @Test
    final void all_commands_take_effect_or_none() {
      book.use("a", "s", 1);
      Receipt receipt =
          book.group(
                  book.atomic(
                      usage("a", "s", 2), new Command.Reset("never", "used"), usage("a", "s", 4)))
              .getFirst();
      assertThat(receipt.outcomes().stream().map(Outcome::reason))
          .containsExactly(Reason.CONFLICT, Reason.NOT_FOUND, Reason.CONFLICT);
      assertThat(receipt.outcomes()).allMatch(o -> o.status() == Status.REJECTED);
      assertThat(pair("a", "s").units()).isEqualTo(1);
      assertThat(
              book.group(book.atomic(usage("a", "s", 2), usage("a", "s", 4))).getFirst().outcomes())
          .containsExactly(Outcome.recorded(2, 3), Outcome.recorded(3, 7));
    }

    @Test
    final void a_request_undone_leaves_no_trace() {
      book.price("s", 3);
      book.commit(usage("a", "s", 1), usage("a", "z", 5));
      long revision = book.revision();
      long clock = book.clock.last();
      book.clock.advance(Duration.ofHours(3));
      book.group(
          book.atomic(
              record(event("1", "new agent", "new service", 5)),
              usage("a", "s", 10),
              record(new Reading("r", null, "a", "w", NONE, 1, Map.of())),
              new Command.Settle("a", "s"),
              new Command.Reset("a", "z"),
              new Command.Reverse(1, Command.Reverse.At.NOW),
              book.put("s", -1, Map.of("price", "9")),
              book.put("new", -1, Map.of("price", "9")),
              new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), -1, null),
              new Command.SettleAgent("a"),
              record(at(-1, "a", "s", 1))));
      assertThat(book.revision()).isEqualTo(revision);
      assertThat(book.one(record(event("1", "x", "y", 6))).status()).isEqualTo(Status.RECORDED);
      assertThat(book.reverse(1).status()).isEqualTo(Status.RECORDED);
      assertThat(book.settle("a", "s").statements().getFirst().price()).isEqualTo(3);
      assertThat(book.entry(1).recordedAt()).isEqualTo(clock);
    }

    @Test
    final void a_duplicate_undoes_nothing_and_a_conflict_does() {
      book.one(record(event("1", "a", "s", 1)));
      assertThat(
              book.group(book.atomic(record(event("1", "a", "s", 1)), usage("a", "s", 2)))
                  .getFirst()
                  .outcomes())
          .containsExactly(Outcome.duplicate(1, 1), Outcome.recorded(2, 3));
      Receipt receipt =
          book.group(book.atomic(usage("a", "s", 4), record(event("1", "a", "s", 9)))).getFirst();
      assertThat(receipt.outcomes().stream().map(Outcome::status))
          .containsExactly(Status.REJECTED, Status.CONFLICT);
    }

    @Test
    final void neighbours_in_a_group_are_not_undone() {
      List<Receipt> receipts =
          book.group(
              book.request(usage("a", "s", 1), book.put("x", 0, Map.of("price", "1"))),
              book.atomic(
                  usage("b", "t", 2),
                  book.put("x", -1, Map.of("price", "2")),
                  usage("a", "s", 4),
                  record(event("1", "a", "s", 8)),
                  new Command.Reverse(99, Command.Reverse.At.NOW)),
              book.request(record(event("1", "a", "s", 16)), new Command.SettleAgent("b")),
              book.atomic(usage("a", "s", 32), book.put("y", 0, Map.of())));
      assertThat(receipts.get(1).outcomes()).allMatch(Outcome::refused);
      assertThat(receipts.get(2).outcomes())
          .containsExactly(Outcome.recorded(2, 17), Outcome.stated(0, List.of()));
      assertThat(pair("a", "s").units()).isEqualTo(49);
    }

    @Test
    final void a_refused_atomic_request_is_kept_under_its_key() {
      Request request =
          new Request(
              book.tenant,
              new UUID(1, 2),
              "k",
              "f",
              true,
              List.of(usage("a", "s", 1), new Command.Reset("b", "s")));
      Receipt first = book.group(request).getFirst();
      book.use("b", "s", 1);
      Receipt again = book.group(request).getFirst();
      assertThat(again.replayed()).isTrue();
      assertThat(again.outcomes()).isEqualTo(first.outcomes());
    }
  }

  @Nested
  final class Rollups {
    /** The end of a leap February, a month's end and a year's end. */
    private void history() {
      List<Command> commands = new ArrayList<>();
      Random random = new Random(7);
      List<Instant> days =
          List.of(
              Instant.parse("2023-12-31T22:30:00Z"),
              Instant.parse("2024-01-01T00:00:00Z"),
              Instant.parse("2024-01-31T23:59:59.999999Z"),
              Instant.parse("2024-02-28T23:00:00Z"),
              Instant.parse("2024-02-29T00:00:00Z"),
              Instant.parse("2024-02-29T11:11:11Z"));
      for (int i = 0; i < 120; i++) {
        long time = Times.of(days.get(i % days.size())) + random.nextLong(HOUR * (i % 3) + 1);
        commands.add(
            record(
                new UsageEvent(
                    null,
                    null,
                    i % 4 == 0 ? null : "org-" + i % 3,
                    "agent-" + random.nextInt(7),
                    "service-" + random.nextInt(3),
                    i % 5 == 0 ? "event.sent" : "event.received",
                    Math.min(time, TestClock.START),
                    random.nextInt(100) - 10,
                    random.nextInt(100),
                    Map.of())));
      }
      book.group(Request.of(book.tenant, commands));
      book.commit(
          new Command.Settle("agent-1", "service-1"),
          new Command.Reverse(3, Command.Reverse.At.NOW),
          new Command.Reverse(4, Command.Reverse.At.ORIGINAL));
    }

    @ParameterizedTest(name = "by {0} where {1} in {2}: {3}")
    @CsvSource({
      "'',                       '',                     none,  total",
      "agent,                    '',                     none,  by-agent",
      "service,                  '',                     none,  by-service",
      "'',                       agent,                  none,  by-agent",
      "'agent,service',          '',                     none,  by-agent-service",
      "'service,agent',          '',                     none,  by-agent-service",
      "agent,                    service,                none,  by-agent-service",
      "type,                     '',                     none,  by-service-type",
      "'',                       type,                   none,  by-service-type",
      "organization,             '',                     none,  daily-by-organization-agent",
      "organization,             agent,                  none,  daily-by-organization-agent",
      "organization,             type,                   none,  hourly-by-organization-type",
      "'',                       '',                     hour,  hourly-by-service",
      "'',                       '',                     day,   hourly-by-service",
      "agent,                    '',                     month, daily-by-organization-agent",
      "type,                     '',                     day,   hourly-by-organization-type",
      "organization,             '',                     hour,  hourly-by-organization-type",
      "organization,             '',                     day,   daily-by-organization-agent",
      "service,                  '',                     month, hourly-by-service",
    })
    final void a_question_is_served_by_the_smallest_view(
        String groupBy, String where, String bucket, String view) {
      history();
      RollupQuery query =
          RollupQuery.by(
                  Arrays.stream(groupBy.split(",", -1))
                      .filter(name -> !name.isEmpty())
                      .map(Dimension::new)
                      .toArray(Dimension[]::new))
              .in(Bucket.parse(bucket));
      for (String name : where.split(",", -1)) {
        if (!name.isEmpty()) {
          query = query.where(new Dimension(name), "agent-1", "service-1", "event.sent", "org-1");
        }
      }
      Rollup rollup = book.rollup(query);
      assertThat(rollup.view()).isEqualTo(view);
      assertThat(rollup.withIndex()).isFalse();
      assertThat(rollup.rows())
          .isEqualTo(book.model.rollup(book.tenant, query, rollup.hasOutstanding()));
    }

    @ParameterizedTest(name = "by {0} where {1} in {2}")
    @CsvSource({
      "'agent,type',                '',           none",
      "agent,                       type,         none",
      "agent,                       '',           hour",
      "'service,organization',      '',           none",
      "'agent,service',             '',           day",
      "attributes.region,           '',           none",
      "'',                          attributes.x, none",
      "'organization,agent,type',   '',           none",
    })
    final void a_question_that_no_view_covers_is_refused(
        String groupBy, String where, String bucket) {
      history();
      RollupQuery query =
          RollupQuery.by(
                  Arrays.stream(groupBy.split(",", -1))
                      .filter(name -> !name.isEmpty())
                      .map(Dimension::new)
                      .toArray(Dimension[]::new))
              .in(Bucket.parse(bucket));
      RollupQuery asked = where.isEmpty() ? query : query.where(new Dimension(where), "x");
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> book.rollup(asked))
          .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NO_COVERING_VIEW))
          .withMessageContaining("nearest are")
          .withMessageContaining("would cover it");
    }

    @Test
    final void outstanding_needs_a_view_that_keeps_it() {
      history();
      RollupQuery query = RollupQuery.by(Dimension.TYPE).ordered(Order.TOP, Measure.OUTSTANDING);
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> book.rollup(query))
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.NO_COVERING_VIEW);
    }

    @Test
    final void the_ends_of_a_range_are_exact() {
      history();
      List<Long> times = book.entries(all()).stream().map(Entry::time).distinct().sorted().toList();
      List<Long> ends = new ArrayList<>();
      for (int i = 0; i < times.size(); i += 9) {
        ends.addAll(List.of(times.get(i), times.get(i) + 1));
      }
      ends.add(Bucket.MONTH.start(TestClock.START));
      ends.add(Bucket.MONTH.next(TestClock.START));
      List<RollupQuery> questions =
          List.of(
              RollupQuery.by(),
              RollupQuery.by(Dimension.AGENT),
              RollupQuery.by(Dimension.SERVICE).in(Bucket.DAY),
              RollupQuery.by(Dimension.TYPE).where(Dimension.ORGANIZATION, "none", "org-1"),
              RollupQuery.by(Dimension.ORGANIZATION).in(Bucket.MONTH));
      for (long from : ends) {
        for (long to : ends) {
          for (RollupQuery question : from < to ? questions : List.<RollupQuery>of()) {
            RollupQuery query = question.between(from, to);
            assertThat(book.rollup(query).rows())
                .as("%s", query)
                .isEqualTo(book.model.rollup(book.tenant, query, false));
          }
        }
      }
    }

    @Test
    final void a_range_after_everything_is_empty() {
      history();
      for (Bucket bucket : Bucket.values()) {
        RollupQuery query = RollupQuery.by(Dimension.SERVICE).in(bucket);
        assertThat(book.rollup(query.between(Long.MAX_VALUE - 5, Long.MAX_VALUE)).rows()).isEmpty();
        assertThat(book.rollup(query.between(Long.MIN_VALUE + 1, Long.MIN_VALUE + 5)).rows())
            .isEmpty();
        RollupQuery everything = query.between(Long.MIN_VALUE + 1, Long.MAX_VALUE - 1);
        assertThat(book.rollup(everything).rows())
            .isEqualTo(book.model.rollup(book.tenant, everything, false));
      }
    }

    @Test
    final void whole_buckets_need_no_entries() {
      history();
      long day = Bucket.DAY.start(TestClock.START);
      RollupQuery byAgent = RollupQuery.by(Dimension.AGENT);
      assertThat(book.rollup(byAgent.between(day - DAY, day)).withIndex()).isFalse();
      assertThat(book.rollup(byAgent.between(day - HOUR, day)).withIndex()).isTrue();
      assertThat(book.rollup(RollupQuery.by().between(day - HOUR, day)).withIndex()).isFalse();
      assertThat(book.rollup(RollupQuery.by().between(day - 1, day)).withIndex()).isTrue();
      assertThat(book.rollup(byAgent.between(NONE, day)).withIndex()).isFalse();
      assertThat(book.rollup(byAgent.between(day, Long.MAX_VALUE)).withIndex()).isFalse();
      assertThat(book.rollup(byAgent.between(NONE, day).in(Bucket.MONTH)).view())
          .isEqualTo("daily-by-organization-agent");
    }

    @Test
    final void months_have_their_own_lengths() {
      for (String time :
          List.of(
              "2024-01-31T23:59:59.999999Z",
              "2024-02-01T00:00:00Z",
              "2024-02-29T12:00:00Z",
              "2023-02-28T23:59:59.999999Z",
              "2023-03-01T00:00:00Z",
              "1970-01-01T00:00:00Z")) {
        book.one(record(at(Times.of(Instant.parse(time)), "a", "s", 1)));
      }
      assertThat(
              book.rollup(RollupQuery.by().in(Bucket.MONTH)).rows().stream()
                  .map(row -> Times.instant(row.start()) + " " + row.count()))
          .containsExactly(
              "1970-01-01T00:00:00Z 1",
              "2023-02-01T00:00:00Z 1",
              "2023-03-01T00:00:00Z 1",
              "2024-01-01T00:00:00Z 1",
              "2024-02-01T00:00:00Z 2");
    }

    @Test
    final void the_kept_order_of_a_service_agrees_with_the_sorted_one() {
      history();
      RollupQuery top =
          RollupQuery.by(Dimension.AGENT)
              .where(Dimension.SERVICE, "service-1")
              .ordered(Order.TOP, Measure.OUTSTANDING);
      List<RollupRow> all = book.rollup(top).rows();
      assertThat(all).isEqualTo(book.model.rollup(book.tenant, top, true));
      for (int limit = 1; limit <= all.size(); limit++) {
        Rollup page = book.rollup(top.page(null, limit));
        assertThat(page.rows()).isEqualTo(all.subList(0, limit));
        assertThat(page.next() == null).isEqualTo(limit == all.size());
      }
    }

    @Test
    final void pages_miss_and_repeat_nothing_while_others_write() {
      history();
      for (Order order : List.of(Order.NAME, Order.FIRST)) {
        RollupQuery query =
            RollupQuery.by(Dimension.AGENT, Dimension.SERVICE).ordered(order, Measure.UNITS);
        List<List<String>> before = namesOf(book.rollup(query).rows());
        List<List<String>> paged = new ArrayList<>();
        RollupRow after = null;
        int page = 0;
        do {
          Rollup rollup = book.rollup(query.page(after, 4));
          paged.addAll(namesOf(rollup.rows()));
          after = rollup.next();
          page++;
          book.commit(
              usage("aa-" + order + page, "s", 1),
              usage("agent-1", "service-1", page),
              usage("agent-3\u00fc" + order + page, "s", 1));
        } while (after != null && page < 100);
        assertThat(paged).doesNotHaveDuplicates().containsAll(before);
        List<List<String>> old = new ArrayList<>(paged);
        old.retainAll(before);
        assertThat(old).isEqualTo(before);
      }
    }

    private static List<List<String>> namesOf(List<RollupRow> rows) {
      List<List<String>> names = new ArrayList<>();
      rows.forEach(row -> names.add(row.names().stream().map(String::valueOf).toList()));
      return names;
    }

    @Test
    final void sums_may_pass_beyond_64_bits_on_the_way_to_a_sum_that_does_not() {
      book.leaveModel();
      UsageEvent more = new UsageEvent(null, null, null, "a", "s", "t", 0, 0, MAX, Map.of());
      UsageEvent less = new UsageEvent(null, null, null, "a", "z", "u", 0, 0, -MAX, Map.of());
      UsageEvent elsewhere =
          new UsageEvent(null, null, null, "a", "y", "t", HOUR, 0, MAX, Map.of());
      book.unmodelled(List.of(record(more), record(elsewhere), record(less)));
      for (UsageEvent event : List.of(more, less, elsewhere)) {
        book.unmodelled(Collections.nCopies(1_023, record(event)));
      }
      // By type: t has 2 * (2^63 - 1024).
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> book.rollup(RollupQuery.by(Dimension.TYPE)))
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.SUM_OVERFLOW);
      RollupRow total = book.rollup(RollupQuery.by().between(0, 2 * HOUR)).rows().getFirst();
      assertThat(total.cost()).isEqualTo(1_024 * MAX);
      RollupRow month = book.rollup(RollupQuery.by().in(Bucket.MONTH)).rows().getFirst();
      assertThat(month.cost()).isEqualTo(1_024 * MAX);
    }
  }

  @Nested
  final class Views {
    @Test
    final void every_ledger_starts_with_the_built_in_views() {
      assertThat(book.read(LedgerReader::views)).isEqualTo(ViewDefinition.builtIn());
    }

    @Test
    final void starting_again_changes_nothing() {
      long revision = book.revision();
      book.ledger.start();
      assertThat(book.revision()).isEqualTo(revision);
    }

    @Test
    final void views_put_before_any_entry_are_kept_like_the_built_in_ones() {
      Histories.defineViews(book);
      Histories.run(book, 5, 25);
      Dimension region = new Dimension("attributes.region");
      Dimension agent = Dimension.AGENT;
      Map<String, RollupQuery> questions =
          Map.of(
              "daily-by-region", RollupQuery.by(region).in(Bucket.DAY),
              "monthly-by-service-region",
                  RollupQuery.by(Dimension.SERVICE).where(region, "us", "eu west").in(Bucket.MONTH),
              "usage-by-agent-hour",
                  RollupQuery.by(agent).where(Dimension.TYPE, "usage").in(Bucket.HOUR),
              "personal-by-agent", RollupQuery.by(agent).where(Dimension.ORGANIZATION, "none"),
              "us-by-agent", RollupQuery.by(agent).where(region, "us"));
      questions.forEach(
          (view, query) -> {
            for (Order order : Order.values()) {
              RollupQuery asked = query.ordered(order, Measure.COST);
              Rollup rollup = book.rollup(asked);
              assertThat(rollup.view()).isEqualTo(view);
              assertThat(rollup.rows())
                  .as("%s", asked)
                  .isNotEmpty()
                  .isEqualTo(book.model.rollup(book.tenant, asked, false));
            }
          });
      RollupQuery ragged =
          RollupQuery.by(region).between(TestClock.START - 3 * HOUR, TestClock.START + 1);
      Rollup rollup = book.rollup(ragged);
      assertThat(rollup.view()).isEqualTo("daily-by-region");
      assertThat(rollup.withIndex()).isTrue();
      assertThat(rollup.rows()).isEqualTo(book.model.rollup(book.tenant, ragged, false));
    }

    @Test
    final void a_second_view_of_outstanding_amounts_counts_no_agent_twice() {
      book.group(
          Request.of(
              "system",
              Book.definition(outstanding("z-agents", Dimension.AGENT)),
              Book.definition(outstanding("z-services", Dimension.SERVICE)),
              Book.definition(outstanding("z-pairs", Dimension.AGENT, Dimension.SERVICE)),
              Book.definition(outstanding("z-turned", Dimension.SERVICE, Dimension.AGENT))));
      book.commit(
          usage("a", "s", 1),
          usage("b", "s", 2),
          usage("a", "z", 4),
          new Command.SettleAgent("a"),
          new Command.Reverse(1, Command.Reverse.At.NOW),
          new Command.Reset("b", "s"));
      assertThat(tenant().agents()).isEqualTo(2);
      assertThat(tenant().services()).isEqualTo(2);
      assertThat(tenant().pairs()).isEqualTo(3);
      book.commit(usage("c", "s", 5), usage("b", "s", 7), usage("a", "z", 3), usage("d", "s", 7));
    }

    private static ViewDefinition outstanding(String name, Dimension... groupBy) {
      return new ViewDefinition(
          name,
          ViewDefinition.Source.USAGE,
          Map.of(),
          List.of(groupBy),
          Bucket.NONE,
          true,
          ViewDefinition.State.READY,
          0,
          Long.MIN_VALUE);
    }

    @Test
    final void a_view_put_on_entries_has_to_be_built_first() {
      book.use("a", "s", 1);
      ViewDefinition view = ViewDefinition.of("late", Bucket.NONE, Dimension.AGENT, Dimension.TYPE);
      Outcome outcome =
          book.group(Request.of("system", Book.definition(view))).getFirst().outcomes().getFirst();
      ViewDefinition building = view.in(ViewDefinition.State.BUILDING, 1);
      assertThat(book.read(LedgerReader::views).getLast()).isEqualTo(building);
      assertThat(Objects.requireNonNull(outcome.document()).fields()).isEqualTo(building.fields());
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> book.rollup(RollupQuery.by(Dimension.AGENT, Dimension.TYPE)))
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.VIEW_BUILDING);
      book.commit(usage("a", "s", 2), usage("b", "s", 4));
    }

    @Test
    final void a_view_put_in_one_group_with_entries_has_to_be_built_first() {
      Request before = Request.of("system", Book.definition(ViewDefinition.of("x", Bucket.DAY)));
      Request after =
          new Request(
              "system",
              UUID.randomUUID(),
              "k",
              "f",
              false,
              List.of(Book.definition(ViewDefinition.of("y", Bucket.DAY, Dimension.TYPE))));
      book.group(before, book.request(usage("a", "s", 1), usage("a", "s", 2)), after);
      book.use("a", "s", 4);
      assertThat(book.group(after).getFirst().replayed()).isTrue();
      assertThat(book.read(LedgerReader::views))
          .filteredOn(view -> view.state() == ViewDefinition.State.BUILDING)
          .extracting(ViewDefinition::fence)
          .containsExactly(2L, 2L);
    }

    @Test
    final void a_view_tells_of_no_time_before_the_one_that_it_covers() {
      ViewDefinition view =
          new ViewDefinition(
              "recent",
              ViewDefinition.Source.USAGE,
              Map.of(),
              List.of(Dimension.AGENT, Dimension.TYPE),
              Bucket.HOUR,
              false,
              ViewDefinition.State.READY,
              0,
              5 * HOUR);
      book.group(Request.of("system", Book.definition(view)));
      book.commit(record(at(5 * HOUR, "a", "s", 1)), record(at(7 * HOUR + 1, "a", "s", 2)));
      RollupQuery query = RollupQuery.by(Dimension.AGENT, Dimension.TYPE);
      assertThat(book.rollup(query.between(5 * HOUR, 7 * HOUR + 1)).rows())
          .containsExactly(new RollupRow(List.of("a", "usage"), NONE, 1, 1, 0, 0, 1));
      for (RollupQuery earlier : List.of(query, query.between(5 * HOUR - 1, 9 * HOUR))) {
        assertThatExceptionOfType(LedgerException.Rejected.class)
            .isThrownBy(() -> book.rollup(earlier))
            .withMessageContaining("1970-01-01T05:00:00Z")
            .extracting(LedgerException.Rejected::reason)
            .isEqualTo(Reason.RANGE_NOT_AVAILABLE);
      }
    }

    @Test
    final void a_definition_that_cannot_be_read_is_refused() {
      Outcome outcome =
          book.ledger
              .commit(
                  Request.of(
                      "system",
                      new Command.PutDocument(
                          DocumentKey.view("odd"),
                          Map.of("format", "1", "source", "NOTHING"),
                          Set.of(),
                          Command.PutDocument.ABSENT,
                          null)))
              .outcomes()
              .getFirst();
      assertThat(outcome.reason()).isEqualTo(Reason.INVALID_REQUEST);
      assertThat(outcome.message()).startsWith("the definition cannot be read: ");
      book.use("a", "s", 1);
    }

    @Test
    final void a_view_of_outstanding_amounts_is_defined_before_the_first_entry_or_not_at_all() {
      book.use("a", "s", 1);
      ViewDefinition late =
          new ViewDefinition(
              "late",
              ViewDefinition.Source.USAGE,
              Map.of(),
              List.of(Dimension.AGENT),
              Bucket.NONE,
              true,
              ViewDefinition.State.READY,
              0,
              Long.MIN_VALUE);
      Outcome outcome =
          book.ledger.commit(Request.of("system", Book.definition(late))).outcomes().getFirst();
      assertThat(outcome.reason()).isEqualTo(Reason.CONFLICT);
      assertThat(outcome.message())
          .isEqualTo("a view with outstanding amounts can only be defined before the first entry");
    }

    @Test
    final void a_ledger_has_a_bounded_number_of_views() {
      List<Command> definitions = new ArrayList<>();
      for (int i = ViewDefinition.builtIn().size(); i < ViewDefinition.VIEWS_MAX; i++) {
        definitions.add(
            Book.definition(ViewDefinition.of("view-" + i, Bucket.DAY, Dimension.TYPE)));
      }
      book.group(Request.of("system", definitions));
      Outcome outcome =
          book.ledger
              .commit(
                  Request.of(
                      "system",
                      Book.definition(ViewDefinition.of("more", Bucket.DAY, Dimension.TYPE))))
              .outcomes()
              .getFirst();
      assertThat(outcome.message()).isEqualTo("a ledger has at most 64 views");
      book.use("a", "s", 1);
    }

    @Test
    final void a_view_that_is_deleted_covers_nothing() {
      book.group(
          Request.of(
              "system",
              Book.definition(
                  ViewDefinition.of("extra", Bucket.NONE, Dimension.AGENT, Dimension.TYPE))));
      RollupQuery query = RollupQuery.by(Dimension.AGENT, Dimension.TYPE);
      assertThat(book.rollup(query).view()).isEqualTo("extra");
      book.group(
          Request.of("system", new Command.DeleteDocument(DocumentKey.view("extra"), -1, null)));
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> book.rollup(query))
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.NO_COVERING_VIEW);
      book.use("a", "s", 1);
    }
  }

  @Nested
  final class Entries {
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
          byAgent.withTypes(Set.of("usage")),
          List.of(EntryIndex.AGENT_TYPE, EntryIndex.AGENT_TYPE));
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
            filter.withTimes(
                Math.min(one.time(), two.time()), Math.max(one.time(), two.time()) + 1);
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
    final void pages_miss_and_repeat_nothing_while_others_write(
        boolean byTime, boolean descending) {
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
      assertThat(after(new EntryMark(750, 99), true, false))
          .containsExactly(5L, 6L, 3L, 4L, 1L, 2L);
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
          book.read(r -> r.entries(new EntryQuery(all(), byTime, descending, mark, 100)))
              .entries());
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

  @Nested
  final class Tops {
    @Test
    final void ties_are_in_the_order_of_bytes() {
      List<String> names =
          List.of(
              "A",
              "B",
              "a",
              "aa",
              "ab",
              "\u00e9",
              "\u03b1",
              "\ud7ff",
              "\ue000",
              "\uff21",
              "\ufffd",
              "\ud800\udc00",
              "\ud83d\ude00",
              "\udbff\udfff");
      List<String> shuffled = new ArrayList<>(names);
      Collections.shuffle(shuffled, new Random(3));
      shuffled.forEach(name -> book.use(name, "s", 5));
      assertThat(top(100)).isEqualTo(names);
      assertThat(
              book
                  .rollup(RollupQuery.by(Dimension.AGENT).ordered(Order.TOP, Measure.COUNT))
                  .rows()
                  .stream()
                  .map(row -> row.names().getFirst()))
          .isEqualTo(names);
      assertThat(
              book.rollup(RollupQuery.by(Dimension.AGENT)).rows().stream()
                  .map(row -> row.names().getFirst()))
          .isEqualTo(names);
    }

    @Test
    final void the_greatest_come_first_and_only_those_above_zero() {
      book.commit(
          usage("zero", "s", 0),
          usage("less", "s", -9),
          usage("one", "s", 1),
          usage("much", "s", MAX),
          usage("elsewhere", "z", 50),
          usage("ten", "s", 10),
          usage("gone", "s", 20));
      book.settle("gone", "s");
      assertThat(top(100)).containsExactly("much", "ten", "one");
      assertThat(top(2)).containsExactly("much", "ten");
      assertThat(book.<List<Cell>>read(r -> r.topOfService("nothing", 5))).isEmpty();
    }

    @Test
    final void the_order_follows_every_change() {
      Random random = new Random(9);
      for (int i = 0; i < 60; i++) {
        String agent = "agent-" + random.nextInt(12);
        int choice = random.nextInt(10);
        Command command =
            choice < 7
                ? usage(agent, "s", random.nextInt(9) - 2)
                : choice < 8
                    ? new Command.Settle(agent, "s")
                    : new Command.Reverse(1 + random.nextInt(20), Command.Reverse.At.NOW);
        book.one(command);
        List<Cell> pairs = book.model.cells(book.tenant, pairsView());
        List<String> expected =
            pairs.stream()
                .filter(pair -> pair.outstanding() > 0)
                .sorted(
                    Comparator.comparingLong(Cell::outstanding)
                        .reversed()
                        .thenComparing(pair -> String.valueOf(pair.name(0)), ReferenceModel.BYTES))
                .map(pair -> String.valueOf(pair.name(0)))
                .toList();
        assertThat(top(100)).isEqualTo(expected);
        assertThat(top(3)).isEqualTo(expected.subList(0, Math.min(3, expected.size())));
      }
    }

    private ViewDefinition pairsView() {
      return book.model.views().stream()
          .filter(view -> view.name().equals("by-agent-service"))
          .findFirst()
          .orElseThrow();
    }

    @Test
    final void many_agents_are_kept_in_order() {
      List<Command> commands = new ArrayList<>();
      for (int i = 0; i < 6_000; i++) {
        commands.add(usage("agent-" + i % 3_000, "s", (i * 7_919L) % 1_000));
      }
      book.unmodelled(commands);
      ReferenceModel model = ReferenceModel.of(book.tenant, Audit.all(book), List.of());
      RollupQuery query = RollupQuery.by(Dimension.AGENT).ordered(Order.TOP, Measure.OUTSTANDING);
      List<RollupRow> expected =
          Objects.requireNonNull(model.rollup(book.tenant, query, true)).stream()
              .filter(row -> row.outstanding() > 0)
              .toList();
      for (int max : new int[] {1, 10, 100, 2_999, 10_000}) {
        assertThat(top(max))
            .isEqualTo(expected.stream().limit(max).map(row -> row.names().getFirst()).toList());
      }
      List<Command> settlements = new ArrayList<>();
      for (int i = 0; i < 3_000; i += 2) {
        settlements.add(new Command.Settle("agent-" + i, "s"));
      }
      book.unmodelled(settlements);
      assertThat(top(100))
          .isEqualTo(
              expected.stream()
                  .map(row -> String.valueOf(row.names().getFirst()))
                  .filter(name -> Integer.parseInt(name.substring(6)) % 2 == 1)
                  .limit(100)
                  .toList());
    }

    private List<String> top(int max) {
      return book.read(reader -> reader.topOfService("s", max)).stream()
          .map(cell -> String.valueOf(cell.name(0)))
          .toList();
    }
  }

  @Nested
  final class Tenants {
    @Test
    final void a_tenant_sees_nothing_of_another() {
      Histories.run(book, 31, 15);
      book.look(
          "stranger",
          reader -> {
            assertThat(reader.tenant()).isEqualTo(Tenant.unknown("stranger"));
            assertThat(reader.total()).isNull();
            assertThat(reader.agent("a")).isNull();
            assertThat(reader.pair("a", "s")).isNull();
            assertThat(reader.entry(1)).isNull();
            assertThat(reader.agents(0, 10).items()).isEmpty();
            assertThat(reader.topOfService("s", 10)).isEmpty();
            assertThat(reader.registrations(0, 10).items()).isEmpty();
            assertThat(reader.rollup(RollupQuery.by(Dimension.AGENT)).rows()).isEmpty();
            for (EntryFilter filter :
                List.of(
                    all(),
                    all().withAgents(Set.of("a")),
                    all().withServices(Set.of("s")),
                    all().withTypes(Set.of("usage")),
                    all().withOrganizations(Set.of("none")),
                    all().withIds(Set.of("source-0", "source-1"), Set.of("id-1", "id-2", "id-3")),
                    all().withTimes(0, Long.MAX_VALUE))) {
              assertThat(reader.entries(new EntryQuery(filter, false, false, null, 10)).entries())
                  .isEmpty();
            }
          });
    }

    @Test
    final void tenants_may_use_the_same_names_and_ids() {
      List<Request> requests = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        requests.add(
            Request.of(
                "tenant \ud83d\ude00 " + i,
                record(event("1", "a", "s", i)),
                usage("b", "s", 1),
                new Command.Settle("a", "s"),
                record(new Reading("1", null, "a", "w", NONE, i, Map.of()))));
      }
      book.group(requests);
      book.group(requests.reversed());
      assertThat(
              book.ledger
                  .<Cell>read("tenant \ud83d\ude00 7", "", r -> Objects.requireNonNull(r.total()))
                  .units())
          .isEqualTo(9);
    }

    @Test
    final void a_tenant_s_record_keeps_its_numbers() {
      book.price("s", 3);
      book.commit(usage("a", "s", 5), usage("a", "z", -2), usage("b", "s", 0), usage("b", "z", 7));
      book.settle("a", "s");
      book.settle("a", "z");
      book.reverse(4);
      assertThat(tenant())
          .isEqualTo(new Tenant(book.tenant, 5, 7, 2, 2, 4, 0, 12, 2, BigInteger.valueOf(15)));
    }

    @Test
    final void a_tenant_s_revision_counts_its_own_commits() {
      book.use("a", "s", 1);
      long revision = tenant().revision();
      book.group(Request.of("other", usage("a", "s", 1)));
      assertThat(tenant().revision()).isEqualTo(revision);
      book.group(
          book.request(usage("a", "s", 1)),
          Request.of("other", usage("a", "s", 1)),
          book.request(usage("a", "s", 1)));
      assertThat(tenant().revision()).isEqualTo(revision + 1);
      book.price("s", 1);
      assertThat(tenant().revision()).isEqualTo(revision + 2);
      book.settle("never", "used");
      book.group(book.keyed("k", "f", new Command.Settle("never", "used")));
      assertThat(tenant().revision()).isEqualTo(revision + 2);
    }
  }

  @Nested
  final class Lists {
    @Test
    final void lists_go_by_first_appearance_and_keep_what_was_settled() {
      book.commit(
          usage("m", "z", 1),
          usage("z", "a", 2),
          usage("a", "z", 0),
          usage("m", "a", -3),
          usage("z", "z", 4));
      book.settle("m", "z");
      book.reset("z", "a");
      assertThat(names(book.read(r -> r.agents(0, 10).items()), 0)).containsExactly("m", "z", "a");
      assertThat(names(book.read(r -> r.pairsOfAgent("z", 0, 10).items()), 1))
          .containsExactly("a", "z");
      assertThat(names(book.read(r -> r.pairsOfAgent("m", 0, 10).items()), 1))
          .containsExactly("z", "a");
      assertThat(names(book.read(r -> r.pairsOfService("z", 0, 10).items()), 0))
          .containsExactly("z");
      assertThat(names(book.read(r -> r.pairsOfService("a", 0, 10).items()), 0))
          .containsExactly("m");
      assertThat(book.<List<Cell>>read(r -> r.pairs(0, 10).items())).hasSize(5);
    }

    private static List<String> names(List<Cell> cells, int dimension) {
      return cells.stream().map(cell -> String.valueOf(cell.name(dimension))).toList();
    }

    @Test
    final void lists_page_without_miss_or_repeat_while_others_write() {
      for (int i = 0; i < 25; i++) {
        book.use("agent-" + (i * 7) % 25, "s", 1);
      }
      List<String> before = names(book.read(r -> r.agents(0, 100).items()), 0);
      List<String> paged = new ArrayList<>();
      long after = 0;
      int pages = 0;
      do {
        long mark = after;
        var page = book.read(r -> r.agents(mark, 4));
        paged.addAll(names(page.items(), 0));
        after = page.next();
        if (pages++ < 3) {
          book.commit(usage("aa new " + pages, "s", 1), usage("agent-0", "s", 1));
        }
      } while (after != 0);
      assertThat(paged).doesNotHaveDuplicates().hasSize(28);
      assertThat(paged.subList(0, 25)).isEqualTo(before);
    }

    @Test
    final void a_limit_out_of_bounds_is_refused_even_of_an_empty_list() {
      for (int limit : new int[] {-1, 0, LedgerReader.PAGE_MAX + 1}) {
        for (Consumer<LedgerReader> question :
            List.<Consumer<LedgerReader>>of(
                r -> r.agents(0, limit),
                r -> r.pairs(0, limit),
                r -> r.pairsOfAgent("a", 0, limit),
                r -> r.pairsOfService("s", 0, limit),
                r -> r.topOfService("s", limit),
                r -> r.registrations(0, limit))) {
          assertThatExceptionOfType(LedgerException.Rejected.class)
              .isThrownBy(() -> book.look(book.tenant, question))
              .satisfies(e -> assertThat(e.field()).isEqualTo("limit"));
        }
      }
    }

    @Test
    final void the_billing_total_is_at_the_prices_of_now() {
      book.price("s", 10);
      book.price("off", 7);
      book.price("unused", 1_000);
      book.commit(
          usage("a", "s", 3),
          usage("b", "s", -1),
          usage("a", "off", 5),
          usage("a", "free", 11),
          usage("b", "free", 2));
      book.disable("off");
      assertThat(book.read(LedgerReader::billingTotal)).isEqualTo(total(55, 35, 13));
      book.price("s", 11);
      assertThat(book.read(LedgerReader::billingTotal)).isEqualTo(total(57, 35, 13));
      book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "off"), -1, null));
      assertThat(book.read(LedgerReader::billingTotal)).isEqualTo(total(22, 0, 18));
    }

    private static LedgerReader.BillingTotal total(long total, long disabled, long unpriced) {
      return new LedgerReader.BillingTotal(
          BigInteger.valueOf(total), BigInteger.valueOf(disabled), BigInteger.valueOf(unpriced));
    }
  }

  @Nested
  final class Capacity {
    @Test
    final void a_full_ledger_refuses_what_makes_an_entry() {
      Book small = openBook(3);
      List<Outcome> outcomes =
          small.commit(
              record(event("1", "a", "s", 1)),
              usage("a", "s", 2),
              usage("b", "s", 4),
              usage("a", "s", 8));
      assertRefused(outcomes.get(3), Reason.STORE_CAPACITY_EXCEEDED);
      Act act = new Act("act", "s", Map.of());
      DocumentKey key = DocumentKey.service(small.tenant, "s");
      for (Command command :
          List.of(
              usage("new", "new", 1),
              record(new Reading(null, null, "a", "w", NONE, 1, Map.of())),
              new Command.Settle("a", "s"),
              new Command.SettleAgent("a"),
              new Command.Reset("a", "s"),
              new Command.Reverse(1, Command.Reverse.At.NOW),
              new Command.PutDocument(key, Map.of("price", "1"), Set.of(), -1, act))) {
        assertRefused(small.one(command), Reason.STORE_CAPACITY_EXCEEDED);
      }
      assertThat(small.one(record(event("1", "a", "s", 1)))).isEqualTo(Outcome.duplicate(1, 3));
      assertThat(small.price("s", 5).status()).isEqualTo(Status.RECORDED);
      assertRefused(
          small.one(new Command.DeleteDocument(key, -1, act)), Reason.STORE_CAPACITY_EXCEEDED);
      assertThat(small.settle("never", "used").status()).isEqualTo(Status.RECORDED);
      assertThat(small.one(new Command.SettleAgent("nobody")).status()).isEqualTo(Status.RECORDED);
      assertRefused(small.reset("never", "used"), Reason.NOT_FOUND);
      assertRefused(small.reverse(99), Reason.NOT_FOUND);
    }

    @Test
    final void an_agent_is_settled_whole_or_not_at_all() {
      Book small = openBook(5);
      small.commit(usage("a", "s", 1), usage("a", "z", 2), usage("a", "y", 4));
      assertRefused(small.one(new Command.SettleAgent("a")), Reason.STORE_CAPACITY_EXCEEDED);
      assertThat(small.settle("a", "s").sequence()).isEqualTo(4);
    }

    @Test
    final void an_atomic_request_that_does_not_fit_is_undone() {
      Book small = openBook(3);
      small.use("a", "s", 1);
      small.group(small.atomic(usage("a", "s", 2), usage("b", "s", 4), usage("c", "s", 8)));
      List<Outcome> outcomes = small.commit(usage("a", "s", 16), usage("a", "s", 32));
      assertThat(outcomes).containsExactly(Outcome.recorded(2, 17), Outcome.recorded(3, 49));
    }

    @Test
    final void all_tenants_share_the_room() {
      Book small = openBook(4);
      List<Receipt> receipts =
          small.group(
              small.request(usage("a", "s", 1), usage("a", "s", 1)),
              Request.of("other", usage("a", "s", 1)),
              small.request(usage("a", "s", 1), usage("a", "s", 1)),
              Request.of("third", usage("a", "s", 1)));
      assertThat(receipts.stream().flatMap(r -> r.outcomes().stream()).map(Outcome::reason))
          .containsExactly(
              null,
              null,
              null,
              null,
              Reason.STORE_CAPACITY_EXCEEDED,
              Reason.STORE_CAPACITY_EXCEEDED);
      assertThat(small.store.statistics().entries()).isEqualTo(4);
      assertThat(small.store.statistics().entriesMax()).isEqualTo(4);
    }

    @Test
    final void random_histories_end_at_the_bound_with_nothing_half_done() {
      Book small = openBook(100);
      Histories.run(small, 41, 30);
      assertThat(small.store.statistics().entries()).isEqualTo(100);
    }
  }

  @Nested
  final class Revisions {
    @Test
    final void each_commit_that_changes_something_makes_the_revision_one_higher() {
      long revision = book.revision();
      Receipt receipt =
          book.group(book.request(usage("a", "s", 1)), book.request(usage("a", "s", 1))).getFirst();
      assertThat(receipt.revision()).isEqualTo(revision + 1);
      book.price("s", 1);
      book.settle("a", "s");
      book.reset("a", "s");
      book.reverse(1);
      book.one(record(new Reading(null, null, "a", "w", NONE, 1, Map.of())));
      book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), -1, null));
      assertThat(book.revision()).isEqualTo(revision + 7);
    }

    @Test
    final void what_changes_nothing_leaves_the_revision() {
      book.one(record(event("1", "a", "s", 1)));
      long revision = book.revision();
      Receipt receipt =
          book.group(
                  book.request(
                      record(event("1", "a", "s", 1)),
                      record(event("1", "a", "s", 2)),
                      record(at(-1, "a", "s", 1)),
                      new Command.Settle("never", "used"),
                      new Command.SettleAgent("nobody"),
                      new Command.Reset("never", "used"),
                      new Command.Reverse(99, Command.Reverse.At.NOW),
                      book.put("s", -2, Map.of()),
                      new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), 7, null)))
              .getFirst();
      assertThat(receipt.revision()).isEqualTo(revision);
      assertThat(book.revision()).isEqualTo(revision);
    }

    @Test
    final void views_tell_when_they_last_changed() {
      long before = book.read(LedgerReader::viewsRevision);
      book.use("a", "s", 1);
      assertThat(book.read(LedgerReader::viewsRevision)).isEqualTo(before);
      book.leaveModel();
      List<Receipt> receipts =
          book.store.commit(
              List.of(
                  Request.of(
                      "system",
                      Book.definition(ViewDefinition.of("v", Bucket.DAY, Dimension.TYPE)))));
      assertThat(book.read(LedgerReader::viewsRevision))
          .isEqualTo(receipts.getFirst().revision())
          .isGreaterThan(before);
    }

    @Test
    final void a_snapshot_stays_at_its_revision_while_others_commit() throws Exception {
      Histories.run(book, 51, 10);
      List<ViewDefinition> views = book.model.views();
      Map<String, List<Cell>> cells = new HashMap<>();
      views.forEach(view -> cells.put(view.name(), book.model.cells(book.tenant, view)));
      Map<EntryIndex, EntryFilter> lists = new EnumMap<>(EntryIndex.class);
      lists.put(EntryIndex.SEQUENCE, all());
      lists.put(EntryIndex.TIME, all());
      lists.put(EntryIndex.AGENT, all().withAgents(Set.of("a", "A")));
      lists.put(
          EntryIndex.AGENT_TYPE, all().withAgents(Set.of("a", "A")).withTypes(Set.of("usage")));
      lists.put(EntryIndex.SERVICE, all().withServices(Set.of("s", "S")));
      lists.put(EntryIndex.TYPE, all().withTypes(Set.of("usage")));
      lists.put(EntryIndex.ORGANIZATION, all().withOrganizations(Set.of("none")));
      Map<List<Object>, List<Entry>> entries = new HashMap<>();
      for (boolean descending : new boolean[] {false, true}) {
        lists.forEach(
            (index, filter) ->
                entries.put(
                    List.of(index, descending),
                    book.model.entries(book.tenant, filter, index == EntryIndex.TIME, descending)));
      }
      Tenant tenant = book.model.tenant(book.tenant);
      List<Document> services = book.model.documents(book.tenant, DocumentKey.SERVICE);
      List<Cell> top = book.read(reader -> reader.topOfService("s", 100));
      long revision = book.model.revision();
      try (ExecutorService other = Executors.newVirtualThreadPerTaskExecutor()) {
        book.lookBelow(
            book.tenant,
            snapshot -> {
              for (int round = 0; round < 4; round++) {
                int seed = 52 + round;
                if (round > 0) {
                  done(other.submit(() -> Histories.run(book, seed, 8)));
                }
                assertThat(snapshot.head().revision()).isEqualTo(revision);
                assertThat(snapshot.tenant()).isEqualTo(tenant);
                assertThat(snapshot.documents(book.tenant, DocumentKey.SERVICE, 0, 100))
                    .isEqualTo(services);
                assertThat(snapshot.top("s", 100)).isEqualTo(top);
                for (ViewDefinition view : views) {
                  List<Cell> found = new ArrayList<>();
                  snapshot.cells(CellScan.all(view), found::add);
                  assertThat(found).as(view.name()).isEqualTo(cells.get(view.name()));
                  for (Cell cell : found) {
                    assertThat(snapshot.cell(view, cell.names(), cell.start())).isEqualTo(cell);
                  }
                }
                for (boolean descending : new boolean[] {false, true}) {
                  lists.forEach(
                      (index, filter) -> {
                        List<Entry> found = new ArrayList<>();
                        boolean byTime = index == EntryIndex.TIME;
                        snapshot.entries(
                            new EntryScan(index, filter, byTime, descending, null, Long.MAX_VALUE),
                            found::add);
                        assertThat(found)
                            .as("%s", index)
                            .isEqualTo(entries.get(List.of(index, descending)));
                      });
                }
                assertThat(snapshot.entry(tenant.lastSequence())).isNotNull();
                assertThat(snapshot.entry(tenant.lastSequence() + 1)).isNull();
                String late = "late-" + round;
                done(other.submit(() -> book.one(record(event(late, "a", "s", 1)))));
                Identities identities =
                    new Identities(snapshot.head().key0(), snapshot.head().key1());
                identities.ofUsage(book.tenant, "source", late);
                assertThat(snapshot.sequenceOf(identities.high(), identities.low())).isZero();
              }
            });
      }
    }
  }

  private static void done(Future<?> task) {
    try {
      Object ignored = task.get();
    } catch (ExecutionException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Nested
  final class Statistics {
    @Test
    final void a_storage_tells_its_name_and_its_health() {
      assertThat(book.ledger.storage()).isEqualTo(book.store.name()).isNotBlank();
      book.ledger.check();
      assertThat(book.ledger.statistics().entries()).isZero();
      assertThat(book.read(LedgerReader::currency)).isEqualTo("EUR");
    }

    @Test
    final void closing_twice_is_closing_once() {
      Book other = new Book(LedgerParity.this::open, 10);
      other.close();
      other.close();
    }

    @Test
    final void entries_are_counted_over_all_tenants() {
      book.group(
          book.request(usage("a", "s", 1), new Command.Settle("a", "s")),
          Request.of("other", usage("a", "s", 1), new Command.Reset("a", "s")));
      assertThat(book.store.statistics().entries()).isEqualTo(4);
    }
  }

  @Nested
  final class PlainEdges {
    @Test
    final void an_empty_ledger_answers_every_question() {
      assertThat(book.read(LedgerReader::total)).isNull();
      assertThat(book.page(all(), true, false, 10).next()).isNull();
    }

    @Test
    final void a_ledger_of_one_entry_answers_every_question() {
      book.use("a", "s", 1);
      assertThat(book.entries(all())).hasSize(1);
    }

    @ParameterizedTest(name = "{0} agents, {1} services, {2} types, {3} organizations")
    @CsvSource({"1, 5, 5, 2", "20, 5, 1, 2", "1, 20, 3, 1", "20, 1, 3, 3", "1, 1, 1, 1"})
    final void everything_may_have_the_same_name(
        int agents, int services, int types, int organizations) {
      List<Command> commands = new ArrayList<>();
      for (int i = 0; i < 90; i++) {
        commands.add(
            record(
                new UsageEvent(
                    null,
                    null,
                    i % organizations == 0 ? null : "o" + i % organizations,
                    "a" + i % agents,
                    "s" + i % services,
                    "t" + i % types,
                    TestClock.START - i * HOUR,
                    i,
                    1,
                    Map.of())));
      }
      book.group(Request.of(book.tenant, commands));
      book.one(new Command.SettleAgent("a0"));
    }
  }

  @Nested
  final class Bounds {
    @Test
    final void no_answer_looks_at_more_than_it_may() {
      List<Command> commands = new ArrayList<>();
      for (int i = 0; i < 100_001 + 20_001; i++) {
        String agent = i < 20_001 ? "busy" : "agent-" + i;
        commands.add(record(at(i, agent, "s", i % 10)));
        if (commands.size() == 10_000) {
          book.unmodelled(commands);
          commands.clear();
        }
      }
      book.unmodelled(commands);
      EntryFilter last = all().withAttributes(Map.of("x", Set.of("y")));
      for (boolean byTime : new boolean[] {false, true}) {
        EntryPage page = book.page(last, byTime, false, 10);
        assertThat(page.entries()).isEmpty();
        assertThat(page.looked()).isEqualTo(EntryQuery.LOOKS_MAX);
        assertThat(page.complete()).isFalse();
        assertThat(page.next()).isEqualTo(new EntryMark(99_999, 100_000));
        EntryQuery rest = new EntryQuery(last, byTime, false, page.next(), 10);
        EntryPage end = book.read(reader -> reader.entries(rest));
        assertThat(end.looked()).isEqualTo(20_002);
        assertThat(end.complete()).isTrue();
        assertThat(end.next()).isNull();
      }
      EntryPage found = book.page(all().withAgents(Set.of("agent-120001")), false, false, 10);
      assertThat(found.looked()).isEqualTo(1);
      assertThat(sequences(found.entries())).containsExactly(120_002L);
      // A long list of one agent is not sorted by time: the time index serves it.
      EntryFilter busy = all().withAgents(Set.of("busy"));
      assertThat(book.page(busy, false, true, 10).index()).isEqualTo(EntryIndex.AGENT);
      assertThat(book.page(busy, true, false, 10).index()).isEqualTo(EntryIndex.TIME);
      assertThat(sequences(book.page(busy, true, false, 3).entries())).containsExactly(1L, 2L, 3L);

      RollupQuery byAgent = RollupQuery.by(Dimension.AGENT);
      assertThat(book.rollup(byAgent.ordered(Order.FIRST, Measure.UNITS).page(null, 3)).rows())
          .extracting(RollupRow::first)
          .containsExactly(1L, 20_002L, 20_003L);
      assertTooMuch(byAgent);
      assertTooMuch(byAgent.ordered(Order.TOP, Measure.UNITS));
      assertTooMuch(RollupQuery.by().between(1, 150_000));
      assertThat(book.rollup(RollupQuery.by().between(1, 100_001)).rows().getFirst().count())
          .isEqualTo(100_000);
      assertThat(book.rollup(RollupQuery.by().between(0, HOUR)).rows().getFirst().count())
          .isEqualTo(120_002);
      List<Cell> top = book.read(reader -> reader.topOfService("s", 2));
      assertThat(top.stream().map(cell -> cell.name(0))).containsExactly("busy", "agent-100009");
    }

    private void assertTooMuch(RollupQuery query) {
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> book.rollup(query))
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.RANGE_TOO_RAGGED);
    }
  }

  @Nested
  final class RandomHistories {
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    final void a_ledger_equals_the_model_after_any_history(long seed) {
      Histories.run(book, seed, 30);
    }

    @Test
    final void a_ledger_equals_the_model_after_a_history_that_nobody_has_seen() {
      long seed = new Random().nextLong();
      System.out.println("random history of seed " + seed);
      try {
        Histories.run(book, seed, 20);
        Audit.of(book);
        Histories.run(book, seed + 1, 20);
        Audit.of(book);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("in the random history of seed " + seed, e);
      }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {5, 6})
    final void a_ledger_equals_the_model_close_to_the_end_of_64_bits(long seed) {
      Histories.runAtTheEdge(book, seed, 12);
    }
  }

  @Nested
  final class Concurrency {
    private static final int WRITERS = 64;

    @Test
    final void racing_writers_lose_nothing_and_readers_see_whole_commits_only() throws Exception {
      book.leaveModel();
      AtomicBoolean ended = new AtomicBoolean();
      List<Callable<Void>> readers = Collections.nCopies(3, () -> readUntil(ended));
      List<Callable<Void>> writers = new ArrayList<>();
      for (int w = 0; w < WRITERS; w++) {
        String agent = "agent-" + w;
        writers.add(() -> writeAndReadBack(agent));
      }
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
          ExecutorService platform = Executors.newFixedThreadPool(3)) {
        List<Future<Void>> reading = readers.stream().map(platform::submit).toList();
        try {
          for (Future<Void> writer : threads.invokeAll(writers)) {
            done(writer);
          }
        } finally {
          ended.set(true);
        }
        reading.forEach(LedgerParity::done);
      }
      assertThat(tenant().agents()).isEqualTo(WRITERS);
      assertThat(tenant().settlements()).isEqualTo(WRITERS * 6);
      Audit.recompute(book);
    }

    private Void writeAndReadBack(String agent) {
      long units = 0;
      for (int i = 0; i < 30; i++) {
        Request request =
            i % 5 == 4
                ? book.request(new Command.Settle(agent, "s-0"))
                : book.request(
                    usage(agent, "s-" + i % 3, i),
                    usage(agent, "shared", 1),
                    record(new Reading(null, null, agent, "w", i, i, Map.of())));
        units += i % 5 == 4 ? 0 : i + 1;
        Receipt receipt = book.ledger.commit(request);
        long written = units;
        assertThat(receipt.outcomes()).allMatch(o -> o.status() == Status.RECORDED);
        book.look(
            book.tenant,
            reader -> {
              assertThat(Objects.requireNonNull(reader.agent(agent)).units()).isEqualTo(written);
              long sequence = receipt.outcomes().getLast().sequence();
              assertThat(sequence == 0 || reader.entry(sequence) != null).isTrue();
            });
        assertThat(book.revision()).isGreaterThanOrEqualTo(receipt.revision());
      }
      return null;
    }

    private Void readUntil(AtomicBoolean ended) {
      long revision = 0;
      do {
        long before = revision;
        revision =
            book.store.read(
                book.tenant,
                snapshot -> {
                  assertThat(snapshot.head().revision()).isGreaterThanOrEqualTo(before);
                  return snapshot.head().revision();
                });
        book.look(book.tenant, this::assertWhole);
      } while (!ended.get());
      return null;
    }

    /** Sums kept apart from each other agree within one revision. */
    private void assertWhole(LedgerReader reader) {
      Tenant tenant = reader.tenant();
      Cell total = reader.total();
      List<Cell> agents = reader.agents(0, 1_000).items();
      List<Cell> pairs = reader.pairs(0, 1_000).items();
      EntryPage newest = reader.entries(new EntryQuery(all(), false, true, null, 1_000));
      assertThat(newest.entries())
          .hasSize((int) Math.min(1_000, tenant.lastSequence()))
          .satisfies(
              entries ->
                  assertThat(entries.isEmpty() ? 0 : entries.getFirst().sequence())
                      .isEqualTo(tenant.lastSequence()));
      assertThat(agents).hasSize((int) tenant.agents());
      assertThat(pairs).hasSize((int) tenant.pairs());
      if (total == null) {
        assertThat(tenant.lastSequence()).isZero();
        return;
      }
      List<RollupRow> services = reader.rollup(RollupQuery.by(Dimension.SERVICE)).rows();
      List<RollupRow> hours = reader.rollup(RollupQuery.by().in(Bucket.HOUR)).rows();
      List<RollupRow> types = reader.rollup(RollupQuery.by(Dimension.TYPE)).rows();
      assertThat(total.units())
          .isEqualTo(agents.stream().mapToLong(Cell::units).sum())
          .isEqualTo(pairs.stream().mapToLong(Cell::units).sum())
          .isEqualTo(services.stream().mapToLong(RollupRow::units).sum())
          .isEqualTo(hours.stream().mapToLong(RollupRow::units).sum())
          .isEqualTo(types.stream().mapToLong(RollupRow::units).sum())
          .isEqualTo(tenant.lifetimeUnits());
      assertThat(total.count())
          .isEqualTo((tenant.lastSequence() - tenant.settlements()) / 3 * 2)
          .isEqualTo(pairs.stream().mapToLong(Cell::count).sum());
      assertThat(total.outstanding())
          .isEqualTo(agents.stream().mapToLong(Cell::outstanding).sum())
          .isEqualTo(pairs.stream().mapToLong(Cell::outstanding).sum());
      assertThat(reader.topOfService("shared", 100))
          .hasSize((int) pairs.stream().filter(p -> "shared".equals(p.name(1))).count());
    }

    @Test
    final void a_storage_itself_puts_racing_commits_in_one_order() throws Exception {
      book.leaveModel();
      CountDownLatch start = new CountDownLatch(1);
      List<Future<Long>> writers = new ArrayList<>();
      try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
        for (int w = 0; w < 8; w++) {
          writers.add(
              threads.submit(
                  () -> {
                    start.await();
                    long revision = 0;
                    for (int i = 0; i < 40; i++) {
                      Request request = book.request(usage("a", "s", 1), usage("b", "s", -1));
                      Receipt receipt = book.store.commit(List.of(request)).getFirst();
                      assertThat(receipt.revision()).isGreaterThan(revision);
                      revision = receipt.revision();
                    }
                    return revision;
                  }));
        }
        start.countDown();
        writers.forEach(LedgerParity::done);
      }
      assertThat(pair("a", "s").units()).isEqualTo(320);
      assertThat(tenant().lastSequence()).isEqualTo(640);
      Audit.recompute(book);
    }

    @Test
    final void duplicates_that_race_are_counted_once() throws Exception {
      book.leaveModel();
      CountDownLatch start = new CountDownLatch(1);
      List<Future<Receipt>> receipts = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int w = 0; w < WRITERS; w++) {
          List<Command> commands = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            commands.add(record(event("id-" + i, "a", "s", i)));
          }
          Collections.shuffle(commands, new Random(w));
          receipts.add(
              threads.submit(
                  () -> {
                    start.await();
                    return book.ledger.commit(Request.of(book.tenant, commands));
                  }));
        }
        start.countDown();
      }
      Map<Status, Integer> statuses = new HashMap<>();
      for (Future<Receipt> receipt : receipts) {
        for (Outcome outcome : receipt.get().outcomes()) {
          statuses.merge(outcome.status(), 1, Integer::sum);
        }
      }
      assertThat(statuses)
          .isEqualTo(Map.of(Status.RECORDED, 20, Status.DUPLICATE, 20 * WRITERS - 20));
      assertThat(pair("a", "s").units()).isEqualTo(190);
      Audit.recompute(book);
    }

    @Test
    final void two_hundred_simultaneous_requests_of_one_key_have_one_effect() throws Exception {
      book.leaveModel();
      CountDownLatch start = new CountDownLatch(1);
      List<Future<Receipt>> receipts = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 200; i++) {
          Request request = book.keyed("k", "f", usage("a", "s", 5), new Command.Settle("a", "s"));
          receipts.add(
              threads.submit(
                  () -> {
                    start.await();
                    return book.ledger.commit(request);
                  }));
        }
        start.countDown();
      }
      int first = 0;
      for (Future<Receipt> receipt : receipts) {
        first += receipt.get().replayed() ? 0 : 1;
        assertThat(receipt.get().outcomes())
            .containsExactly(
                Outcome.recorded(1, 5), Outcome.stated(2, List.of(statement("s", 5, 0, 2))));
      }
      assertThat(first).isEqualTo(1);
      assertThat(tenant().lastSequence()).isEqualTo(2);
    }

    @Test
    final void a_long_reader_holds_its_revision_and_nobody_up() throws Exception {
      book.leaveModel();
      book.unmodelled(List.of(usage("a", "s", 1)));
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Long> seen =
            book.store.read(
                book.tenant,
                snapshot -> {
                  List<Long> units = new ArrayList<>();
                  for (int round = 0; round < 5; round++) {
                    List<Future<?>> commits = new ArrayList<>();
                    for (int i = 0; i < WRITERS; i++) {
                      commits.add(
                          threads.submit(
                              () -> book.ledger.commit(book.request(usage("a", "s", 1)))));
                    }
                    commits.forEach(LedgerParity::done);
                    ViewDefinition total = ViewDefinition.builtIn().getFirst();
                    Cell cell = Objects.requireNonNull(snapshot.cell(total, List.of(), NONE));
                    units.add(cell.units());
                    units.add(snapshot.tenant().lastSequence());
                  }
                  return units;
                });
        assertThat(seen).containsOnly(1L);
      }
      assertThat(pair("a", "s").units()).isEqualTo(1 + 5 * WRITERS);
      Audit.recompute(book);
    }
  }
}
