package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallybook.ledger.Attributes;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MemoryStoreTest {
  private static final Request USAGE =
      Request.of("t", new Command.Record(UsageEvent.of("agent", "service", 1)));

  private final CommitPlanner planner = new CommitPlanner(InstantSource.system());

  @Test
  void aStoreThatWasClosedSaysSo() {
    MemoryStore store = new MemoryStore(planner, new MemorySettings("USD", 10, 50));
    store.close();
    store.close();
    assertThatThrownBy(store::check)
        .isInstanceOf(LedgerException.Unavailable.class)
        .hasMessage("The storage in memory is closed");
    assertThatThrownBy(() -> store.commit(List.of(USAGE)))
        .isInstanceOf(LedgerException.Unavailable.class);
    assertThatThrownBy(() -> store.read("t", snapshot -> 1))
        .isInstanceOf(LedgerException.Unavailable.class);
  }

  @Test
  void entriesAreRefusedBeforeTheHeapIsFull() {
    // One percent of the heap of this test is full with very little in it.
    long bytes = Runtime.getRuntime().maxMemory() / 100;
    MemoryStore store = new MemoryStore(planner, new MemorySettings("USD", 2_000_000_000L, 1));
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
      ledger.start();
      Outcome outcome = Outcome.recorded(1, 1);
      long recorded = 0;
      while (outcome.status() == Outcome.Status.RECORDED) {
        assertThat(recorded * 8).isLessThan(bytes);
        for (Outcome each :
            ledger
                .commit(Request.of("t", Collections.nCopies(1_000, USAGE.commands().getFirst())))
                .outcomes()) {
          outcome = each;
          recorded += each.status() == Outcome.Status.RECORDED ? 1 : 0;
        }
      }
      assertThat(outcome.reason()).isEqualTo(Reason.STORE_CAPACITY_EXCEEDED);
      assertThat(recorded).isPositive();
      assertThat(ledger.statistics().entries()).isEqualTo(recorded);
      // The newest segment has become smaller by being sealed, or the last page made it larger.
      assertThat(ledger.statistics().bytes()).isBetween(bytes / 2, bytes + bytes / 10);
    }
  }

  @Test
  void entriesWithTheLongestAttributesAreRefusedBeforeTheHeapIsFull() {
    long bytes = Runtime.getRuntime().maxMemory() / 100;
    Map<String, String> attributes = new HashMap<>();
    for (int i = 0; i < Attributes.COUNT_MAX; i++) {
      attributes.put(
          i + "n".repeat(Attributes.NAME_CODE_POINTS_MAX - 2),
          "\u20ac".repeat(Attributes.VALUE_CODE_POINTS_MAX));
    }
    Command longest =
        new Command.Record(
            new UsageEvent(null, null, null, "a", "s", "usage", Times.ABSENT, 1, 0, attributes));
    MemoryStore store = new MemoryStore(planner, new MemorySettings("USD", 2_000_000_000L, 1));
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
      ledger.start();
      // In one piece, because of its key: 300 MB, where there is room for a tenth of it at most.
      Request request =
          new Request(
              "t", UUID.randomUUID(), "key", "", false, Collections.nCopies(10_000, longest));
      List<Outcome> outcomes = ledger.commit(request).outcomes();
      assertThat(outcomes.getFirst().status()).isEqualTo(Outcome.Status.RECORDED);
      assertThat(outcomes.getLast().reason()).isEqualTo(Reason.STORE_CAPACITY_EXCEEDED);
      assertThat(ledger.statistics().bytes()).isLessThan(2 * bytes);
    }
  }

  @Test
  void documentsAreCountedForAsLongAsTheyAreThere() {
    MemoryStore store = new MemoryStore(planner, new MemorySettings("USD", 10, 50));
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
      ledger.start();
      List<Command> put = new ArrayList<>();
      List<Command> delete = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        DocumentKey key = DocumentKey.service("t", "service " + i);
        put.add(new Command.PutDocument(key, Map.of(Document.PRICE, "1"), Set.of(), -1, null));
        delete.add(new Command.DeleteDocument(key, -1, null));
      }
      long before = ledger.statistics().bytes();
      ledger.commit(Request.of("t", put));
      ledger.commit(Request.of("t", put));
      assertThat(ledger.statistics().bytes() - before).isBetween(500_000L, 2_000_000L);
      ledger.commit(Request.of("t", delete));
      assertThat(ledger.statistics().bytes()).isEqualTo(before);
    }
  }

  @Test
  @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void statisticsWaitForNoCommit() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch open = new CountDownLatch(1);
    InstantSource slow =
        () -> {
          entered.countDown();
          try {
            open.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return InstantSource.system().instant();
        };
    MemoryStore store = new MemoryStore(new CommitPlanner(slow), new MemorySettings("USD", 10, 50));
    Thread writer = Thread.ofVirtual().start(() -> store.commit(List.of(USAGE)));
    entered.await();
    assertThat(store.statistics().entries()).isZero();
    open.countDown();
    writer.join();
  }

  @Test
  void aViewThatIsDeletedAndPutAnewInOneCommitIsEmpty() {
    MemoryStore store = new MemoryStore(planner, new MemorySettings("USD", 10, 50));
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
      ledger.start();
      ViewDefinition view = ViewDefinition.of("daily-by-type", Bucket.DAY, Dimension.TYPE);
      DocumentKey key = DocumentKey.view(view.name());
      Command put = new Command.PutDocument(key, view.fields(), Set.of(), -1, null);
      ledger.commit(Request.of(Tenant.SYSTEM, put));
      ledger.commit(USAGE);
      assertThat(cellsOf("daily-by-type", ledger)).isEqualTo(1);
      ledger.commit(Request.of(Tenant.SYSTEM, new Command.DeleteDocument(key, -1, null), put));
      assertThat(cellsOf("daily-by-type", ledger)).isZero();
    }
  }

  private static long cellsOf(String view, Ledger ledger) {
    return ledger.statistics().parts().stream()
        .filter(part -> part.name().equals(view))
        .mapToLong(StoreStatistics.Part::count)
        .sum();
  }

  @Test
  void oneRequestPutsNoMoreViewsThanALedgerHas() {
    MemoryStore store = new MemoryStore(planner, new MemorySettings("USD", 10, 50));
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
      ledger.start();
      List<Command> put = new ArrayList<>();
      for (int i = 0; i <= ViewDefinition.VIEWS_MAX - ViewDefinition.builtIn().size(); i++) {
        ViewDefinition view = ViewDefinition.of("view-" + i, Bucket.DAY, Dimension.SERVICE);
        put.add(
            new Command.PutDocument(
                DocumentKey.view(view.name()), view.fields(), Set.of(), 0, null));
      }
      List<Outcome> outcomes = ledger.commit(Request.of(Tenant.SYSTEM, put)).outcomes();
      assertThat(outcomes.stream().filter(Outcome::refused).toList())
          .containsExactly(outcomes.getLast());
    }
  }

  @Test
  void anAgentWithFewUsesAndManyReadingsIsListedInOrderOfTimeWithoutSortingAll() {
    MemoryStore store = new MemoryStore(planner, new MemorySettings("USD", 1_000_000, 90));
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE)) {
      ledger.start();
      long time = 1_700_000_000_000_000L;
      int readings = 270_000;
      for (int from = 0; from < readings; from += 1_000) {
        List<Command> some = new ArrayList<>();
        for (int i = from; i < from + 1_000; i++) {
          // Later ones are of earlier times.
          some.add(
              new Command.Record(
                  new Reading(null, null, "agent", "primary", time - i, i, Map.of())));
        }
        ledger.commit(Request.of("t", some));
      }
      EntryQuery query =
          new EntryQuery(EntryFilter.ALL.withAgents(Set.of("agent")), true, false, null, 3);
      EntryPage page = ledger.read("t", "test", reader -> reader.entries(query));
      assertThat(page.index()).isEqualTo(EntryIndex.AGENT);
      assertThat(page.entries().stream().map(Entry::sequence))
          .containsExactly(270_000L, 269_999L, 269_998L);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "USD, 0, 50, entriesMax must be between 1 and 2000000000",
    "USD, 2000000001, 50, entriesMax must be between 1 and 2000000000",
    "USD, 1, 0, heapPercentMax must be between 1 and 95",
    "USD, 1, 96, heapPercentMax must be between 1 and 95",
    "'', 1, 50, currency must not be empty",
  })
  void settingsOutsideTheirBoundsAreRefused(
      String currency, long entriesMax, int heapPercentMax, String message) {
    assertThatThrownBy(() -> new MemorySettings(currency, entriesMax, heapPercentMax))
        .isInstanceOf(LedgerException.Rejected.class)
        .hasMessage(message);
  }
}
