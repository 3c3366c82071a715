package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryScan;
import io.tallybook.ledger.storage.Identities;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** One revision for each commit, and one for each answer. */
@SuppressWarnings("MemberName") // sentences
abstract class RevisionsParity extends ParityTopic {
  RevisionsParity(Book.Opener opener) {
    super(opener);
  }

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
    lists.put(EntryIndex.AGENT_TYPE, all().withAgents(Set.of("a", "A")).withTypes(Set.of("usage")));
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
