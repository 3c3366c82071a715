package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Tenant;
import java.util.List;

/**
 * What one group changes: everything that a storage writes, in one atomic and durable step, before
 * it answers the receipts.
 *
 * @param head as it is afterwards
 * @param tenants those that changed, as they are afterwards
 * @param names of the group, to which entry names and cell keys refer
 * @param entries the new ones, by position
 * @param entryNames {@link #NAMES_PER_ENTRY} codes for each new entry
 * @param ids write those that are {@linkplain IdBatch#assigned assigned}
 * @param cells write the rows that are {@linkplain CellBatch#changed changed}
 * @param documents those put, as they are afterwards
 * @param deleted documents to delete
 * @param idempotency records to add
 * @param receipts one for each request of the group, in order
 */
@SuppressWarnings("ArrayRecordComponent") // made for one commit, compared with nothing
public record Changes(
    Head head,
    List<Tenant> tenants,
    GroupNames names,
    List<Entry> entries,
    int[] entryNames,
    IdBatch ids,
    List<CellBatch> cells,
    List<Document> documents,
    List<DocumentKey> deleted,
    List<IdempotencyRecord> idempotency,
    List<Receipt> receipts) {
  public static final int TENANT = 0;
  public static final int ORGANIZATION = 1;
  public static final int AGENT = 2;
  public static final int SERVICE = 3;
  public static final int TYPE = 4;
  public static final int WINDOW = 5;
  public static final int SOURCE = 6;
  public static final int NAMES_PER_ENTRY = 7;

  /** The code of a name of a new entry, for example {@link #AGENT}; 0 where it has none. */
  public int entryName(int entry, int role) {
    return entryNames[entry * NAMES_PER_ENTRY + role];
  }

  /** Whether there is nothing to write, so that the revision stays. */
  public boolean isEmpty() {
    return tenants.isEmpty() && documents.isEmpty() && deleted.isEmpty() && idempotency.isEmpty();
  }
}
