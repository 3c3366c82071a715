package io.tallybook.service.api;

import io.smallrye.common.annotation.Identifier;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.memory.MemorySettings;
import io.tallybook.ledger.memory.MemoryStore;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.storage.StoreStatistics;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A storage in memory that fails when it is told to. */
@Singleton
public class UnreliableStore {
  static final String NAME = "unreliable";

  /** What the next commits, reads and checks throw; null for nothing. */
  static volatile @Nullable Supplier<RuntimeException> failure;

  /** What the next reads throw once they have answered; null for nothing. */
  static volatile @Nullable Supplier<RuntimeException> failureAfterReads;

  /** Whether statistics fail too. */
  static volatile boolean failsStatistics;

  /** What is committed ahead of every commit; null for nothing. */
  static volatile @Nullable Request outrunBy;

  /** How many commits still succeed before they fail. */
  static final AtomicInteger COMMITS_LEFT = new AtomicInteger();

  /** How many reads have begun and not ended. */
  static final AtomicInteger READS_OPEN = new AtomicInteger();

  @Produces
  @Singleton
  @Identifier(NAME)
  LedgerStore store(CommitPlanner planner) {
    LedgerStore memory = new MemoryStore(planner, new MemorySettings("USD", 1_000_000, 80));
    return new LedgerStore() {
      @Override
      public String name() {
        return NAME;
      }

      @Override
      public List<Receipt> commit(List<Request> group) {
        if (COMMITS_LEFT.getAndDecrement() <= 0) {
          fail();
        }
        Request other = outrunBy;
        if (other != null) {
          memory.commit(List.of(other));
        }
        return memory.commit(group);
      }

      @Override
      public <T> T read(String tenant, Function<Snapshot, T> question) {
        fail();
        READS_OPEN.incrementAndGet();
        try {
          T answer = memory.read(tenant, question);
          Supplier<RuntimeException> told = failureAfterReads;
          if (told != null) {
            throw told.get();
          }
          return answer;
        } finally {
          READS_OPEN.decrementAndGet();
        }
      }

      @Override
      public void check() {
        fail();
      }

      @Override
      public StoreStatistics statistics() {
        if (failsStatistics) {
          fail();
        }
        return memory.statistics();
      }

      @Override
      public void close() {
        memory.close();
      }
    };
  }

  /** Fails no more. */
  static void mend() {
    failure = null;
    failureAfterReads = null;
    failsStatistics = false;
    outrunBy = null;
    COMMITS_LEFT.set(0);
  }

  private static void fail() {
    Supplier<RuntimeException> told = failure;
    if (told != null) {
      throw told.get();
    }
  }

  static RuntimeException unavailable(boolean safeToResend) {
    return new LedgerException.Unavailable("secret host is down", safeToResend, null);
  }
}
