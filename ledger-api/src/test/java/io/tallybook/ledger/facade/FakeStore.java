package io.tallybook.ledger.facade;

import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.storage.StoreStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A storage that keeps the groups it is given, and fails or waits as it is told. */
final class FakeStore implements LedgerStore {
  final List<List<Request>> groups = new CopyOnWriteArrayList<>();
  final AtomicBoolean overlapped = new AtomicBoolean();

  /** Runs at the beginning of each commit. */
  volatile Consumer<List<Request>> before = group -> {};

  private final AtomicBoolean committing = new AtomicBoolean();

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public List<Receipt> commit(List<Request> group) {
    if (!committing.compareAndSet(false, true)) {
      overlapped.set(true);
    }
    try {
      groups.add(List.copyOf(group));
      before.accept(group);
      List<Receipt> receipts = new ArrayList<>();
      for (Request request : group) {
        receipts.add(
            new Receipt(
                groups.size(),
                false,
                request.commands().stream().map(command -> Outcome.recorded(1, 0)).toList()));
      }
      return receipts;
    } finally {
      committing.set(false);
    }
  }

  @Override
  public <T extends @Nullable Object> T read(String tenant, Function<Snapshot, T> question) {
    throw new AssertionError("group commit asks nothing");
  }

  @Override
  public void check() {}

  @Override
  public StoreStatistics statistics() {
    return new StoreStatistics(0, 1, 0, List.of());
  }

  @Override
  public void close() {}

  /** Tenants of the requests of each group: the tests name their requests by them. */
  List<List<String>> names() {
    return groups.stream().map(group -> group.stream().map(Request::tenant).toList()).toList();
  }

  /** Makes the next commit wait; the latch that is returned first tells that it does. */
  Gate holdNext() {
    Gate gate = new Gate();
    before =
        group -> {
          before = g -> {};
          gate.entered.countDown();
          gate.await(gate.open);
        };
    return gate;
  }

  /** A commit that waits. */
  static final class Gate {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch open = new CountDownLatch(1);

    void awaitEntered() {
      await(entered);
    }

    private void await(CountDownLatch latch) {
      boolean isInterrupted = false;
      while (true) {
        try {
          latch.await();
          break;
        } catch (InterruptedException e) {
          isInterrupted = true;
        }
      }
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
