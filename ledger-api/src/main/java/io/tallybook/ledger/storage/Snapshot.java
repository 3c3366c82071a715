package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One revision of a ledger as one tenant sees it. All answers of a snapshot are of the same
 * revision, whatever is committed meanwhile. It is used by one thread, and not after {@link
 * LedgerStore#read} has returned.
 */
public interface Snapshot {
  /** The head of the revision. */
  Head head();

  /** The tenant that the snapshot is for. */
  Tenant tenant();

  /** A document of any tenant; null if there is none. */
  @Nullable Document document(io.tallybook.ledger.DocumentKey key);

  /**
   * Documents of a tenant and kind by ordinal.
   *
   * @param afterOrdinal exclusive
   */
  List<Document> documents(String tenant, String kind, long afterOrdinal, int max);

  /**
   * One cell by its whole key; null if it does not exist.
   *
   * @param names one for each dimension of the view; null for no name
   * @param start of the bucket
   */
  @Nullable Cell cell(ViewDefinition view, List<@Nullable String> names, long start);

  /**
   * Hands the cells of a scan to a visitor in order of {@code first}, until it answers false or
   * none is left.
   */
  void cells(CellScan scan, Predicate<Cell> visitor);

  /**
   * The pairs of a service that have most outstanding, above 0 only: by outstanding amount
   * descending, then by agent in {@link io.tallybook.ledger.Names#ORDER}.
   */
  List<Cell> top(String service, int max);

  /** An entry by its sequence, if it is there and visible. */
  @Nullable Entry entry(long sequence);

  /** The sequence recorded under an identity; 0 if there is none. */
  long sequenceOf(long high, long low);

  /** Walks entries until the visitor answers false, the bound is reached, or none is left. */
  EntryScan.End entries(EntryScan scan, Predicate<Entry> visitor);
}
