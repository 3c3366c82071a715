package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Writers and readers that race. */
@SuppressWarnings("MemberName") // sentences
abstract class ConcurrencyParity extends ParityTopic {
  ConcurrencyParity(Book.Opener opener) {
    super(opener);
  }

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
      reading.forEach(ParityTopic::done);
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
      writers.forEach(ParityTopic::done);
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
                        threads.submit(() -> book.ledger.commit(book.request(usage("a", "s", 1)))));
                  }
                  commits.forEach(ParityTopic::done);
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
