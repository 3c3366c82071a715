package io.tallybook.ledger.parity;

import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import org.junit.jupiter.api.Nested;

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
 * <p>Nothing else can be overridden, disabled or skipped. The tests themselves are in a class for
 * each {@linkplain ParityTopic topic}.
 */
public abstract class LedgerParity {
  /**
   * Opens a new, empty storage; it is closed by {@link LedgerStore#close}.
   *
   * @param entriesMax how many entries it takes at most
   */
  protected abstract LedgerStore open(CommitPlanner planner, String currency, long entriesMax);

  @Nested
  final class Recording extends RecordingParity {
    Recording() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Identity extends IdentityParity {
    Identity() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class SumsOfAmounts extends SumsOfAmountsParity {
    SumsOfAmounts() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Settlement extends SettlementParity {
    Settlement() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Resets extends ResetsParity {
    Resets() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Reversals extends ReversalsParity {
    Reversals() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Readings extends ReadingsParity {
    Readings() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Documents extends DocumentsParity {
    Documents() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class IdempotencyKeys extends IdempotencyKeysParity {
    IdempotencyKeys() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class AtomicRequests extends AtomicRequestsParity {
    AtomicRequests() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Rollups extends RollupsParity {
    Rollups() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Views extends ViewsParity {
    Views() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Entries extends EntriesParity {
    Entries() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Tops extends TopsParity {
    Tops() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Tenants extends TenantsParity {
    Tenants() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Lists extends ListsParity {
    Lists() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Capacity extends CapacityParity {
    Capacity() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Revisions extends RevisionsParity {
    Revisions() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Statistics extends StatisticsParity {
    Statistics() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class PlainEdges extends PlainEdgesParity {
    PlainEdges() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Bounds extends BoundsParity {
    Bounds() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class RandomHistories extends RandomHistoriesParity {
    RandomHistories() {
      super(LedgerParity.this::open);
    }
  }

  @Nested
  final class Concurrency extends ConcurrencyParity {
    Concurrency() {
      super(LedgerParity.this::open);
    }
  }
}
