package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Tenant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the planner reads of a storage while it plans a group. Every answer is of the one state that
 * the group will be committed over; the storage sees to that by locking its head first, or by
 * committing only if nobody else has committed since.
 *
 * <p>Each question is asked in bulk, most of them once for a group. Lists are answered in the order
 * of what was asked.
 */
public interface CommitState {
  /** The head, which is the newest when the group is committed. */
  Head head();

  /** How many more entries the storage takes before it is full. */
  long entriesLeft();

  /** The tenants of these names; {@link Tenant#unknown} for those that have nothing yet. */
  List<Tenant> tenants(List<String> names);

  /** What was answered under idempotency keys; null where nothing was. */
  List<@Nullable IdempotencyRecord> idempotency(List<IdempotencyKey> keys);

  /** Calls {@link IdBatch#found} for every identity that is known. */
  void ids(IdBatch ids);

  /** Documents by key; null where there is none. */
  List<@Nullable Document> documents(List<DocumentKey> keys);

  /** All definitions of views, by ordinal. */
  List<Document> views();

  /** The entry of a tenant by its sequence, if it is there and visible. */
  @Nullable Entry entry(String tenant, long sequence);

  /** The services that an agent has used, by first appearance; at most a number. */
  List<String> servicesOf(String tenant, String agent, int max);

  /**
   * The sequence of the first settlement of a pair after a sequence; 0 where there is none.
   *
   * @param after exclusive
   */
  long settlementAfter(String tenant, String agent, String service, long after);

  /**
   * Fills in the values of the rows from {@link CellBatch#loaded} on that the storage holds, by
   * {@link CellBatch#value(int, int, long)}.
   */
  void cells(GroupNames names, List<CellBatch> cells);
}
