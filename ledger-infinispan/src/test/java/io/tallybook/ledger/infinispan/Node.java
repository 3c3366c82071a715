package io.tallybook.ledger.infinispan;

import static io.tallybook.ledger.infinispan.Ledgers.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Names;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.parity.Audit;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.view.Cell;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/** A process with a storage of its own, as far as the grid can tell. */
record Node(InfinispanStore store, Ledger ledger) implements AutoCloseable {
  /** A node that is not started; the client remains the caller's. */
  static Node of(InfinispanSettings settings, GridClient client) {
    InfinispanStore store =
        new InfinispanStore(new CommitPlanner(Instant::now), settings, () -> client);
    return new Node(store, new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE));
  }

  static Node started(InfinispanSettings settings, GridClient client) {
    Node node = of(settings, client);
    node.ledger.start();
    return node;
  }

  Head head() {
    return store.read(TENANT, snapshot -> snapshot.head());
  }

  long lastSequence() {
    return store.read(TENANT, snapshot -> snapshot.tenant().lastSequence());
  }

  /** Recomputes everything from the entries, and what services have at the top from their pairs. */
  void audit() {
    Audit.recompute(ledger, store, TENANT);
    assertThat(head().lastPosition()).isEqualTo(lastSequence());
    Boolean _ = ledger.read(TENANT, "audit", Node::tops);
  }

  private static boolean tops(LedgerReader reader) {
    List<Cell> pairs = new ArrayList<>();
    long _ = reader.eachPair((cell, _) -> pairs.add(cell));
    TreeSet<String> services = new TreeSet<>();
    pairs.forEach(pair -> services.add(name(pair, 1)));
    for (String service : services) {
      List<Cell> expected =
          pairs.stream()
              .filter(pair -> name(pair, 1).equals(service) && pair.outstanding() > 0)
              .sorted(
                  Comparator.comparingLong(Cell::outstanding)
                      .reversed()
                      .thenComparing(pair -> name(pair, 0), Names.ORDER))
              .toList();
      for (int max : new int[] {1, 3, 100}) {
        assertThat(reader.topOfService(service, max))
            .as("top %d of %s", max, service)
            .isEqualTo(expected.subList(0, Math.min(max, expected.size())));
      }
    }
    return true;
  }

  private static String name(Cell cell, int dimension) {
    return Objects.requireNonNull(cell.name(dimension));
  }

  @Override
  public void close() {
    ledger.close();
  }
}
