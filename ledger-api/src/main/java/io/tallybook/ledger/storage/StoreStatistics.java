package io.tallybook.ledger.storage;

import java.util.List;

/**
 * How much a storage holds; cheap to ask for.
 *
 * @param entries how many entries there are, over all tenants
 * @param entriesMax how many it takes at most; {@link Long#MAX_VALUE} for no bound
 * @param bytes how much it occupies, as far as it can tell
 * @param parts the indexes and the views
 */
public record StoreStatistics(long entries, long entriesMax, long bytes, List<Part> parts) {
  public StoreStatistics {
    parts = List.copyOf(parts);
  }

  /** What a part is. */
  public enum PartKind {
    INDEX,
    VIEW
  }

  /**
   * An index or a view.
   *
   * @param name an {@link EntryIndex#label}, or a view's name
   * @param count how many entries or cells it has
   * @param bytes how much it occupies, as far as the storage can tell
   */
  public record Part(PartKind kind, String name, long count, long bytes) {}
}
