package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Sets of items in the order of their keys, on rows of the grid, written in bulk by whoever makes a
 * checkpoint and walked by anyone at any time. A set is named by what the keys of its rows begin
 * with; behind that stand eight bytes, the id of a node. The root's is 0, all others are random and
 * never used again.
 *
 * <p>A set is a burst trie (Heinz, Zobel and Williams, "Burst tries", 2002) over nibbles of the
 * keys, its paths compressed as in a Patricia tree (Morrison, 1968); {@link SetNode} says how a
 * node is written.
 *
 * <pre>
 *   root  inner, path 0
 *          |1        |2
 *        leaf      inner, path 02 0
 *        01 ..      |1       |2
 *                  leaf     leaf
 *                  02 01 ..  02 02 ..
 *
 *            grows            bursts             splits
 *   none ---> LEAF ---> LEAF ---------> INNER ------------------> INNER, shorter path
 *               |                         |
 *               +-- last item taken out --+-----> DEAD, for ever; then removed
 * </pre>
 *
 * <p><b>Why nothing is lost.</b> Every row is changed by comparing and setting, so what counts is
 * the order of changes to one row, and these hold in any order of any writers, of which any may
 * stop anywhere:
 *
 * <ul>
 *   <li>Each node belongs to one prefix for ever, and but for the root there is at most one pointer
 *       to it that can be reached. New nodes are written whole, under ids that nobody else knows,
 *       before the one change that points to them. A writer that stops before it leaves rows that
 *       nothing will ever point to: some bytes, and no trace of what it had planned.
 *   <li>A leaf bursts, and an inner node gets a shorter path, only if its row is byte for byte the
 *       one that the new nodes were made from. So nothing that another writer did in between is
 *       missing from them.
 *   <li>Items are put into and taken out of a leaf as it is at the time of the change; if it is no
 *       leaf any more, or would be too large, the edits are tried again from the root.
 *   <li>A pointer is replaced only if it is still the one that was read: none, by a new node; or
 *       one to a dead node, by none or by a new node.
 *   <li>The last item of a leaf is taken out, and the last pointer of an inner node, by the same
 *       change that makes it dead, and a dead node never lives again. So when a pruner takes away
 *       the pointer, however late, there cannot be an item behind it: an adder whose change came
 *       first left a leaf that was not empty, and so did not die; one that came later found it dead
 *       and put a new node in place of the pointer, which the pruner then does not find. There is
 *       no third case, and as ids are never used again, a pointer that looks the same is the same.
 *   <li>The row of a dead node is removed only after the pointer to it is known to have been taken
 *       away. It cannot have been copied: a node that gets a shorter path copies its pointers, but
 *       then counts only if its row had not changed.
 * </ul>
 *
 * <p><b>What a walker sees.</b> Every item that was there when it began and is not taken out, once,
 * in order. Whatever it read of an inner node, the nodes that this pointed to still hold, or lead
 * to, all such items of their prefixes: they burst in their places, and die only without items. If
 * a node is not there any more, the walker goes down again from the root to where it is; if the
 * same node is not there again, the grid has lost it. Items that come or go meanwhile are seen or
 * not.
 *
 * <p><b>What is not promised.</b> A change of many edits is not atomic, neither in one set nor over
 * several; after a failure any of the edits may be done, and all may be sent again. An item that
 * was removed leaves no trace: a put that is sent again after a later remove of the same key brings
 * the item back, with its old stamp, by which a reader that knows the newest one tells it. A leaf
 * with few items stays one; leaves are not joined. A writer that is stopped, or that loses a race,
 * may leave rows that nothing points to.
 */
final class SortedSets {
  /** The calls to the grid that a walk needs. */
  @FunctionalInterface
  interface Rows {
    /** The rows of some keys, those that there are. */
    Map<RowKey, Row> rows(Collection<RowKey> keys);
  }

  /** The calls to the grid that a change needs. */
  interface ChangingRows extends Rows {
    /**
     * Changes rows, each by comparing and setting: a change is told the row that is there, null for
     * none, and answers what to put in its place, null to remove it, or the same to leave it. It
     * may be called again; what it did last has happened before this returns.
     *
     * @param isLikelyNew which are not there, as far as is known: they need not be asked for first
     */
    void update(Map<RowKey, UnaryOperator<@Nullable Row>> changes, Predicate<RowKey> isLikelyNew);
  }

  /**
   * An item of a set.
   *
   * @param payload of a stamped item its stamp
   */
  @SuppressWarnings("ArrayRecordComponent") // compared with nothing
  record Item(byte[] key, byte[] payload) {
    private static Item stamped(byte[] key, long stamp) {
      byte[] bytes = OrderedLongs.ascending(stamp);
      return new Item(key, Arrays.copyOfRange(bytes, 1, bytes.length));
    }

    /** The stamp of a stamped item. */
    long stamp() {
      long stamp = 0;
      for (byte next : payload) {
        stamp = stamp << 8 | (next & 0xff);
      }
      return stamp;
    }
  }

  /**
   * What to do to the item of a key. A set has either items that are added and stay, or stamped
   * ones that are put and removed. What happens to a set that has both is undefined.
   */
  sealed interface Edit {
    byte[] key();

    /** What becomes of the item of that key: the same instance if nothing does. */
    @Nullable Item apply(@Nullable Item item);

    /** Adds an item unless it is there. The payload is the same whoever adds it. */
    @SuppressWarnings("ArrayRecordComponent") // compared with nothing
    record Add(byte[] key, byte[] payload) implements Edit {
      @Override
      public Item apply(@Nullable Item item) {
        return item == null ? new Item(key, payload) : item;
      }
    }

    /** Puts a stamped item unless it is there with this stamp or a higher one. */
    @SuppressWarnings("ArrayRecordComponent") // compared with nothing
    record Put(byte[] key, long stamp) implements Edit {
      @Override
      public Item apply(@Nullable Item item) {
        return item == null || item.stamp() < stamp ? Item.stamped(key, stamp) : item;
      }
    }

    /** Takes a stamped item out unless its stamp is higher. */
    @SuppressWarnings("ArrayRecordComponent") // compared with nothing
    record Remove(byte[] key, long stamp) implements Edit {
      @Override
      public @Nullable Item apply(@Nullable Item item) {
        return item == null || item.stamp() <= stamp ? null : item;
      }
    }
  }

  private SortedSets() {}

  /**
   * Makes some edits, those of one key in the order of the list. Takes one call to read and up to
   * two to write for each level of the deepest set, whatever their number. What is done already is
   * not written again.
   *
   * @param edits by the names of the sets
   * @param stamp the number of the commit that they are of
   */
  static void change(ChangingRows rows, Map<RowKey, List<Edit>> edits, long stamp) {
    new SetChange(rows, stamp).run(edits);
  }

  /**
   * Walks a set.
   *
   * @param from where to begin; null for the end of the set that comes first
   * @param inclusive whether an item whose key is {@code from} is among them
   * @param to where to end, exclusive; null for the other end of the set
   * @param rowsMax how many rows to ask for in a call at the most, at least 1; no node has more
   *     than 16 below it
   */
  static Iterator<Item> walk(
      Rows rows,
      RowKey set,
      byte @Nullable [] from,
      boolean inclusive,
      byte @Nullable [] to,
      boolean descending,
      int rowsMax) {
    return new SetWalk(rows, set, List.of(), from, inclusive, to, descending, rowsMax);
  }

  /** The key of the row of a node. */
  static RowKey key(RowKey set, long id) {
    byte[] name = set.bytes();
    byte[] key = Arrays.copyOf(name, name.length + Long.BYTES);
    ByteBuffer.wrap(key).putLong(name.length, id);
    return new RowKey(key);
  }

  static LedgerException lost() {
    return new LedgerException.Unavailable("The grid has lost a row of the ledger", true, null);
  }

  /** The item whose key is the path of an inner node. */
  static List<Item> here(SetNode.Inner inner) {
    byte[] payload = inner.payload();
    return payload == null ? List.of() : List.of(new Item(inner.path(), payload));
  }
}
