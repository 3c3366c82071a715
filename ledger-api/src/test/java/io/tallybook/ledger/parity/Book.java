package io.tallybook.ledger.parity;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A new ledger with a clock and a tenant of its own, beside a model that is told the same. Every
 * receipt is compared when it comes; everything else by {@link Audit}.
 */
final class Book implements AutoCloseable {
  private static final AtomicLong TENANTS = new AtomicLong();

  /** Opens a new, empty storage. */
  interface Opener {
    LedgerStore open(CommitPlanner planner, String currency, long entriesMax);
  }

  final TestClock clock = new TestClock();
  final String tenant = "tenant-" + TENANTS.incrementAndGet();
  final LedgerStore store;
  final Ledger ledger;
  final ReferenceModel model;
  private boolean modelled = true;

  Book(Opener opener, long entriesMax) {
    store = opener.open(new CommitPlanner(clock), "EUR", entriesMax);
    ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE);
    model = new ReferenceModel(entriesMax);
    ledger.start();
    List<Command> definitions =
        ViewDefinition.builtIn().stream().map(Book::definition).map(Command.class::cast).toList();
    List<Receipt> ignored =
        model.commit(List.of(Request.of(Tenant.SYSTEM, definitions)), clock.last());
  }

  /** The command that defines a view. */
  static Command.PutDocument definition(ViewDefinition view) {
    return new Command.PutDocument(
        DocumentKey.view(view.name()), view.fields(), Set.of(), Command.PutDocument.ABSENT, null);
  }

  // ---- Writing ----------------------------------------------------------------------------------

  /** Commits a group, and compares its receipts with the model's. */
  List<Receipt> group(List<Request> requests) {
    List<Receipt> receipts = store.commit(requests);
    assertThat(plain(receipts)).isEqualTo(model.commit(requests, clock.last()));
    return receipts;
  }

  List<Receipt> group(Request... requests) {
    return group(List.of(requests));
  }

  List<Outcome> commit(Command... commands) {
    return group(request(commands)).getFirst().outcomes();
  }

  /** Commits one command. */
  Outcome one(Command command) {
    return commit(command).getFirst();
  }

  Outcome use(String agent, String service, long units) {
    return one(usage(agent, service, units));
  }

  Outcome settle(String agent, String service) {
    return one(new Command.Settle(agent, service));
  }

  Outcome reset(String agent, String service) {
    return one(new Command.Reset(agent, service));
  }

  Outcome reverse(long sequence) {
    return one(new Command.Reverse(sequence, Command.Reverse.At.ORIGINAL));
  }

  /** Registers a service or changes its price. */
  Outcome price(String service, long price) {
    return one(put(service, Command.PutDocument.ANY, Map.of("price", Long.toString(price))));
  }

  Outcome disable(String service) {
    return one(put(service, Command.PutDocument.ANY, Map.of("disabled", "true")));
  }

  /** Commits past the model, which is then of no use for the rest of the test. */
  List<Outcome> unmodelled(List<Command> commands) {
    modelled = false;
    return store.commit(List.of(Request.of(tenant, commands))).getFirst().outcomes();
  }

  /** From here on the model is not told; nothing is audited at the end. */
  void leaveModel() {
    modelled = false;
  }

  boolean isModelled() {
    return modelled;
  }

  // ---- Requests ---------------------------------------------------------------------------------

  Request request(Command... commands) {
    return Request.of(tenant, commands);
  }

  Request atomic(Command... commands) {
    return new Request(tenant, UUID.randomUUID(), null, "", true, List.of(commands));
  }

  Request keyed(String key, String fingerprint, Command... commands) {
    return new Request(tenant, UUID.randomUUID(), key, fingerprint, false, List.of(commands));
  }

  static Command usage(String agent, String service, long units) {
    return record(UsageEvent.of(agent, service, units));
  }

  static Command record(Submission submission) {
    return new Command.Record(submission);
  }

  /** Usage with an id. */
  static UsageEvent event(String id, String agent, String service, long units) {
    return new UsageEvent(
        "source", id, null, agent, service, "usage", Times.ABSENT, units, 0, Map.of());
  }

  /** Usage at a time. */
  static UsageEvent at(long time, String agent, String service, long units) {
    return new UsageEvent(null, null, null, agent, service, "usage", time, units, 0, Map.of());
  }

  Command.PutDocument put(String service, long expected, Map<String, String> fields) {
    return new Command.PutDocument(
        DocumentKey.service(tenant, service), fields, Set.of(), expected, null);
  }

  // ---- Reading ----------------------------------------------------------------------------------

  <T extends @Nullable Object> T read(Function<LedgerReader, T> question) {
    return ledger.read(tenant, "test", question);
  }

  /** Looks at one revision as a tenant sees it. */
  void look(String of, Consumer<LedgerReader> question) {
    boolean ignored =
        ledger.read(
            of,
            "test",
            reader -> {
              question.accept(reader);
              return true;
            });
  }

  /** Looks at one revision below the facade. */
  void lookBelow(String of, Consumer<Snapshot> question) {
    boolean ignored =
        store.read(
            of,
            snapshot -> {
              question.accept(snapshot);
              return true;
            });
  }

  long revision() {
    return store.read(tenant, snapshot -> snapshot.head().revision());
  }

  List<Entry> entries(EntryFilter filter) {
    return page(filter, false, false, 1_000).entries();
  }

  EntryPage page(EntryFilter filter, boolean byTime, boolean descending, int limit) {
    return read(reader -> reader.entries(new EntryQuery(filter, byTime, descending, null, limit)));
  }

  Entry entry(long sequence) {
    Entry entry = read(reader -> reader.entry(sequence));
    if (entry == null) {
      throw new AssertionError("there is no entry " + sequence);
    }
    return entry;
  }

  Rollup rollup(RollupQuery query) {
    return read(reader -> reader.rollup(query));
  }

  /** The messages are for people; there has to be one where something was refused. */
  static List<Receipt> plain(List<Receipt> receipts) {
    List<Receipt> plain = new ArrayList<>();
    for (Receipt receipt : receipts) {
      List<Outcome> outcomes = new ArrayList<>();
      for (Outcome o : receipt.outcomes()) {
        assertThat(o.message() != null).as("a message in %s", o).isEqualTo(o.refused());
        outcomes.add(
            new Outcome(
                o.status(),
                o.sequence(),
                o.outstanding(),
                o.statements(),
                o.document(),
                o.reason(),
                null));
      }
      plain.add(new Receipt(receipt.revision(), receipt.replayed(), outcomes));
    }
    return plain;
  }

  @Override
  public void close() {
    ledger.close();
  }
}
