package io.tallybook.ledger.infinispan;

import static java.util.Objects.requireNonNull;

import io.tallybook.ledger.LedgerException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
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
  /** More often edits are not tried. */
  private static final int ROUNDS_MAX = 32;

  /** More levels a set does not have, with those that are made on the way. */
  private static final int LEVELS_MAX = 10_000;

  /** How many rows next to each other are asked for on the way down. */
  private static final int ROWS_FIRST = 2;

  private static final Comparator<Edit> BY_KEY = (a, b) -> Arrays.compareUnsigned(a.key(), b.key());

  /** The calls to the grid that are needed. */
  interface Rows {
    /** The rows of some keys, those that there are. */
    Map<RowKey, Row> rows(Collection<RowKey> keys);

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

  private final Rows rows;

  SortedSets(Rows rows) {
    this.rows = rows;
  }

  /**
   * Makes some edits, those of one key in the order of the list. Takes one call to read and up to
   * two to write for each level of the deepest set, whatever their number. What is done already is
   * not written again.
   *
   * @param edits by the names of the sets
   * @param stamp the number of the commit that they are of
   */
  void change(Map<RowKey, List<Edit>> edits, long stamp) {
    new Change(stamp).run(edits);
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
  Iterator<Item> walk(
      RowKey set,
      byte @Nullable [] from,
      boolean inclusive,
      byte @Nullable [] to,
      boolean descending,
      int rowsMax) {
    return new Walk(set, from, inclusive, to, descending, rowsMax);
  }

  private static RowKey key(RowKey set, long id) {
    byte[] name = set.bytes();
    byte[] key = Arrays.copyOf(name, name.length + Long.BYTES);
    ByteBuffer.wrap(key).putLong(name.length, id);
    return new RowKey(key);
  }

  private static LedgerException lost() {
    return new LedgerException.Unavailable("The grid has lost a row of the ledger", true, null);
  }

  /** The items after some edits, which are sorted by key; null if nothing changes. */
  @SuppressWarnings("ReferenceEquality") // an edit that does nothing answers what it was given
  private static @Nullable List<Item> merge(List<Item> items, List<Edit> edits) {
    List<Item> merged = new ArrayList<>(items.size() + edits.size());
    boolean changed = false;
    int next = 0;
    int index = 0;
    while (index < edits.size()) {
      byte[] key = edits.get(index).key();
      Item before = null;
      while (next < items.size() && before == null) {
        int order = Arrays.compareUnsigned(items.get(next).key(), key);
        if (order > 0) {
          break;
        }
        if (order == 0) {
          before = items.get(next);
        } else {
          merged.add(items.get(next));
        }
        next++;
      }
      Item after = before;
      while (index < edits.size() && Arrays.equals(edits.get(index).key(), key)) {
        after = edits.get(index).apply(after);
        index++;
      }
      if (after != null) {
        merged.add(after);
      }
      changed |= after != before;
    }
    if (!changed) {
      return null;
    }
    merged.addAll(items.subList(next, items.size()));
    return merged;
  }

  /** Edits on their way down: those for what is below a node. */
  private record Work(
      RowKey set,
      long id,
      int depth,
      @Nullable Work parent,
      SetNode.@Nullable Inner above,
      int nibble,
      List<Edit> edits) {
    RowKey rowKey() {
      return key(set, id);
    }

    /** A key that begins with the prefix of the node. */
    byte[] prefix() {
      return edits.getFirst().key();
    }
  }

  /** One call of {@link #change}. */
  private final class Change {
    private final SecureRandom random = new SecureRandom();
    private final long stamp;
    private final Set<RowKey> missing = new HashSet<>();
    private final Map<RowKey, UnaryOperator<@Nullable Row>> unlinked = new HashMap<>();
    private final Map<RowKey, UnaryOperator<@Nullable Row>> fresh = new HashMap<>();
    private Map<RowKey, List<Edit>> again = new HashMap<>();
    private List<Work> next = new ArrayList<>();
    private Map<RowKey, Step> steps = new LinkedHashMap<>();

    Change(long stamp) {
      this.stamp = stamp;
    }

    void run(Map<RowKey, List<Edit>> edits) {
      again.putAll(edits);
      for (int round = 0; !again.isEmpty(); round++) {
        if (round == ROUNDS_MAX) {
          throw new LedgerException.Unavailable(
              "Others change the same rows of the ledger all the time", true, null);
        }
        Map<RowKey, List<Edit>> now = again;
        again = new HashMap<>();
        now.forEach(
            (set, list) -> {
              if (!list.isEmpty()) {
                List<Edit> sorted = new ArrayList<>(list);
                sorted.sort(BY_KEY);
                next.add(new Work(set, 0, 0, null, null, 0, sorted));
              }
            });
        descend();
      }
      if (!unlinked.isEmpty()) {
        rows.update(unlinked, key -> false);
      }
    }

    private void descend() {
      for (int level = 0; !next.isEmpty(); level++) {
        if (level == LEVELS_MAX) {
          throw new IllegalStateException("a set is deeper than its keys");
        }
        List<Work> works = next;
        next = new ArrayList<>();
        Map<RowKey, Row> found = rows.rows(works.stream().map(Work::rowKey).toList());
        for (Work work : works) {
          plan(work, found.get(work.rowKey()));
        }
        if (!fresh.isEmpty()) {
          rows.update(new HashMap<>(fresh), key -> true);
          fresh.clear();
        }
        while (!steps.isEmpty()) {
          Map<RowKey, Step> taken = steps;
          steps = new LinkedHashMap<>();
          rows.update(new LinkedHashMap<>(taken), key -> requireNonNull(taken.get(key)).isNew);
          taken.values().forEach(Step::conclude);
        }
      }
    }

    private void plan(Work work, @Nullable Row row) {
      if (row == null) {
        if (work.id() == 0) {
          leaf(work, null, new SetNode.Leaf(List.of()));
        } else if (missing.add(work.rowKey())) {
          retry(work);
        } else {
          throw lost();
        }
        return;
      }
      switch (SetNode.decode(row.value(), work.prefix(), work.depth())) {
        case SetNode.Leaf leaf -> leaf(work, row, leaf);
        case SetNode.Inner inner -> inner(work, row, inner);
        case SetNode.Dead dead -> {
          Work parent = work.parent();
          SetNode.Inner above = work.above();
          if (parent == null || above == null) {
            throw new IllegalStateException("a root is dead");
          }
          point(parent, above, work.nibble(), work.id(), work.edits());
        }
      }
    }

    private void leaf(Work work, @Nullable Row row, SetNode.Leaf leaf) {
      List<Item> items = merge(leaf.items(), work.edits());
      if (items == null) {
        return;
      }
      if (new SetNode.Leaf(items).fits(work.depth())) {
        steps.put(work.rowKey(), new Merge(work, row == null));
      } else {
        byte[] value = build(work.set(), items, work.depth()).encode(work.depth());
        steps.put(work.rowKey(), new Replace(work, row, value, false));
      }
    }

    private void inner(Work work, Row row, SetNode.Inner inner) {
      List<Edit> inside = new ArrayList<>();
      int shortest = inner.nibbles();
      for (Edit edit : work.edits()) {
        int common =
            SetNode.common(edit.key(), 2 * edit.key().length, inner.path(), inner.nibbles());
        if (common == inner.nibbles()) {
          inside.add(edit);
        } else if (!(edit instanceof Edit.Remove)) {
          shortest = Math.min(shortest, common);
        }
      }
      if (shortest < inner.nibbles()) {
        long id = newId();
        fresh.put(key(work.set(), id), create(inner.encode(shortest + 1)));
        long[] children = new long[16];
        children[SetNode.nibble(inner.path(), shortest)] = id;
        byte[] value =
            new SetNode.Inner(SetNode.Inner.path(inner.path(), shortest), shortest, null, children)
                .encode(work.depth());
        steps.put(work.rowKey(), new Replace(work, row, value, true));
        return;
      }
      int index = 0;
      while (index < inside.size()) {
        int begin = index;
        int nibble = nibbleOrEnd(inside.get(begin), inner.nibbles());
        while (index < inside.size() && nibbleOrEnd(inside.get(index), inner.nibbles()) == nibble) {
          index++;
        }
        List<Edit> edits = List.copyOf(inside.subList(begin, index));
        if (nibble < 0) {
          if (merge(here(inner), edits) != null) {
            relink(work, inner).here.addAll(edits);
          }
        } else if (inner.children()[nibble] == 0) {
          point(work, inner, nibble, 0, edits);
        } else {
          next.add(
              new Work(
                  work.set(),
                  inner.children()[nibble],
                  inner.nibbles() + 1,
                  work,
                  inner,
                  nibble,
                  edits));
        }
      }
    }

    private void retry(Work work) {
      retry(work.set(), work.edits());
    }

    private void retry(RowKey set, List<Edit> edits) {
      again.computeIfAbsent(set, any -> new ArrayList<>()).addAll(edits);
    }

    /** Plans to set a pointer of an inner node to a new node for some edits, or to none. */
    private void point(
        Work work, SetNode.Inner inner, int nibble, long expected, List<Edit> edits) {
      List<Item> items = merge(List.of(), edits);
      if (items == null && expected == 0) {
        return;
      }
      Relink relink = relink(work, inner);
      int depth = inner.nibbles() + 1;
      long id = 0;
      if (items != null) {
        id = newId();
        fresh.put(key(work.set(), id), create(build(work.set(), items, depth).encode(depth)));
      }
      relink.links.add(new Link(nibble, expected, id, edits));
    }

    private Relink relink(Work work, SetNode.Inner inner) {
      return (Relink) steps.computeIfAbsent(work.rowKey(), any -> new Relink(work, inner));
    }

    /** Makes the nodes for some items; all but the first are to be written. */
    private SetNode build(RowKey set, List<Item> items, int depth) {
      SetNode.Leaf leaf = new SetNode.Leaf(items);
      if (leaf.fits(depth)) {
        return leaf;
      }
      byte[] first = items.getFirst().key();
      byte[] last = items.getLast().key();
      int nibbles = SetNode.common(first, 2 * first.length, last, 2 * last.length);
      byte[] payload = null;
      int index = 0;
      if (2 * first.length == nibbles) {
        payload = items.getFirst().payload();
        index = 1;
      }
      long[] children = new long[16];
      while (index < items.size()) {
        int begin = index;
        int nibble = SetNode.nibble(items.get(begin).key(), nibbles);
        while (index < items.size() && SetNode.nibble(items.get(index).key(), nibbles) == nibble) {
          index++;
        }
        SetNode child = build(set, items.subList(begin, index), nibbles + 1);
        children[nibble] = newId();
        fresh.put(key(set, children[nibble]), create(child.encode(nibbles + 1)));
      }
      return new SetNode.Inner(SetNode.Inner.path(first, nibbles), nibbles, payload, children);
    }

    private long newId() {
      long id = random.nextLong();
      while (id == 0) {
        id = random.nextLong();
      }
      return id;
    }

    private UnaryOperator<@Nullable Row> create(byte[] value) {
      return row -> {
        if (row == null) {
          return new Row(stamp, value);
        }
        if (!Arrays.equals(row.value(), value)) {
          throw new IllegalStateException("two nodes were given the same id");
        }
        return row;
      };
    }

    private Row changed(@Nullable Row row, byte[] value) {
      return new Row(row == null ? stamp : Math.max(stamp, row.stamp()), value);
    }

    /** A change of the row of a node, which fails if the node is not of the form it was. */
    private abstract class Step implements UnaryOperator<@Nullable Row> {
      final Work work;
      final boolean isNew;
      boolean died;

      Step(Work work, boolean isNew) {
        this.work = work;
        this.isNew = isNew;
      }

      /** What follows, according to how the change went the last time it was tried. */
      void conclude() {
        Work parent = work.parent();
        SetNode.Inner above = work.above();
        if (died && parent != null && above != null) {
          point(parent, above, work.nibble(), work.id(), List.of());
        }
      }
    }

    /** Edits to the items of a leaf, whatever they are. */
    private final class Merge extends Step {
      private boolean done;

      Merge(Work work, boolean isNew) {
        super(work, isNew);
      }

      @Override
      public @Nullable Row apply(@Nullable Row row) {
        done = false;
        died = false;
        SetNode node;
        if (row != null) {
          node = SetNode.decode(row.value(), work.prefix(), work.depth());
        } else if (work.id() == 0) {
          node = new SetNode.Leaf(List.of());
        } else {
          return null;
        }
        if (!(node instanceof SetNode.Leaf(List<Item> before))) {
          return row;
        }
        List<Item> items = merge(before, work.edits());
        if (items == null) {
          done = true;
          return row;
        }
        SetNode.Leaf leaf = new SetNode.Leaf(items);
        done = leaf.fits(work.depth());
        if (!done) {
          return row;
        }
        died = items.isEmpty() && work.id() != 0;
        return changed(row, (died ? new SetNode.Dead() : leaf).encode(work.depth()));
      }

      @Override
      void conclude() {
        super.conclude();
        if (!done) {
          retry(work);
        }
      }
    }

    /** A leaf bursts, or an inner node gets a shorter path: only if it is as it was. */
    private final class Replace extends Step {
      private final byte @Nullable [] expected;
      private final byte[] value;
      private final boolean goOn;
      private boolean done;

      Replace(Work work, @Nullable Row expected, byte[] value, boolean goOn) {
        super(work, expected == null);
        this.expected = expected == null ? null : expected.value();
        this.value = value;
        this.goOn = goOn;
      }

      @Override
      public @Nullable Row apply(@Nullable Row row) {
        byte[] now = row == null ? null : row.value();
        done = Arrays.equals(now, expected) || Arrays.equals(now, value);
        return Arrays.equals(now, expected) ? changed(row, value) : row;
      }

      @Override
      void conclude() {
        if (!done) {
          retry(work);
        } else if (goOn) {
          next.add(work);
        }
      }
    }

    /** A pointer to set, and the edits that are done thereby. */
    private static final class Link {
      private final int nibble;
      private final long expected;
      private final long id;
      private final List<Edit> edits;
      private boolean done;
      private boolean unlinks;

      Link(int nibble, long expected, long id, List<Edit> edits) {
        this.nibble = nibble;
        this.expected = expected;
        this.id = id;
        this.edits = edits;
      }
    }

    /** Pointers of an inner node to set, each only if it is as it was, and its own item. */
    private final class Relink extends Step {
      private final SetNode.Inner planned;
      private final List<Link> links = new ArrayList<>();
      private final List<Edit> here = new ArrayList<>();
      private boolean done;

      Relink(Work work, SetNode.Inner planned) {
        super(work, false);
        this.planned = planned;
      }

      @Override
      public @Nullable Row apply(@Nullable Row row) {
        done = false;
        died = false;
        for (Link link : links) {
          link.done = false;
          link.unlinks = false;
        }
        if (row == null
            || !(SetNode.decode(row.value(), work.prefix(), work.depth())
                instanceof SetNode.Inner inner)
            || !inner.samePath(planned)) {
          return row;
        }
        done = true;
        boolean same = true;
        long[] children = inner.children().clone();
        for (Link link : links) {
          if (children[link.nibble] == link.expected) {
            link.done = true;
            link.unlinks = link.expected != 0;
            children[link.nibble] = link.id;
            same = false;
          } else {
            link.done = link.id != 0 && children[link.nibble] == link.id;
          }
        }
        byte[] payload = inner.payload();
        List<Item> own = merge(here(inner), here);
        if (own != null) {
          payload = own.isEmpty() ? null : own.getFirst().payload();
        } else if (same) {
          return row;
        }
        SetNode.Inner node = new SetNode.Inner(inner.path(), inner.nibbles(), payload, children);
        if (!node.isEmpty()) {
          return changed(row, node.encode(work.depth()));
        }
        died = work.id() != 0;
        SetNode none = died ? new SetNode.Dead() : new SetNode.Leaf(List.of());
        return changed(row, none.encode(work.depth()));
      }

      @Override
      void conclude() {
        super.conclude();
        if (!done) {
          retry(work.set(), here);
        }
        for (Link link : links) {
          if (!link.done) {
            retry(work.set(), link.edits);
          }
          if (link.unlinks) {
            unlinked.put(key(work.set(), link.expected), row -> null);
          }
        }
      }
    }
  }

  private static int nibbleOrEnd(Edit edit, int index) {
    return 2 * edit.key().length == index ? -1 : SetNode.nibble(edit.key(), index);
  }

  /** The item whose key is the path of an inner node. */
  private static List<Item> here(SetNode.Inner inner) {
    byte[] payload = inner.payload();
    return payload == null ? List.of() : List.of(new Item(inner.path(), payload));
  }

  /** An inner node on the way down of a walk. */
  private static final class Frame {
    private final SetNode.Inner inner;
    private final Set<RowKey> asked = new HashSet<>();
    private final Map<RowKey, Row> found = new HashMap<>();
    private int position;

    Frame(SetNode.Inner inner) {
      this.inner = inner;
    }
  }

  /** A walk, as far as it got. */
  private final class Walk implements Iterator<Item> {
    private static final int OWN = -1;
    private static final int POSITIONS = 17;

    private final RowKey set;
    private final boolean descending;
    private final byte @Nullable [] to;
    private final int rowsMax;
    private final Set<RowKey> missing = new HashSet<>();
    private final Deque<Frame> frames = new ArrayDeque<>();
    private final Deque<Item> items = new ArrayDeque<>();
    private byte @Nullable [] from;
    private boolean inclusive;
    private int rowsNext;
    private boolean atLeaves;
    private boolean begun;

    Walk(
        RowKey set,
        byte @Nullable [] from,
        boolean inclusive,
        byte @Nullable [] to,
        boolean descending,
        int rowsMax) {
      this.set = set;
      this.from = from;
      this.inclusive = inclusive;
      this.to = to;
      this.descending = descending;
      this.rowsMax = rowsMax;
      this.rowsNext = Math.min(rowsMax, ROWS_FIRST);
    }

    @Override
    public boolean hasNext() {
      while (items.isEmpty()) {
        if (!begun) {
          begun = true;
          Row root = rows.rows(List.of(key(set, 0))).get(key(set, 0));
          if (root != null) {
            enter(SetNode.decode(root.value(), new byte[0], 0));
          }
        } else if (frames.isEmpty()) {
          return false;
        } else {
          step(frames.getLast());
        }
      }
      return true;
    }

    @Override
    public Item next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Item item = items.removeFirst();
      from = item.key();
      inclusive = false;
      return item;
    }

    private void step(Frame frame) {
      if (frame.position == POSITIONS) {
        frames.removeLast();
        return;
      }
      SetNode.Inner inner = frame.inner;
      int nibble = nibble(frame.position);
      if (nibble == OWN) {
        frame.position++;
        here(inner).forEach(this::take);
        return;
      }
      if (!leads(inner, nibble)) {
        frame.position++;
        return;
      }
      RowKey key = key(set, inner.children()[nibble]);
      if (!frame.asked.contains(key)) {
        ask(frame);
      }
      Row row = frame.found.remove(key);
      if (row == null) {
        if (!missing.add(key)) {
          throw lost();
        }
        frames.clear();
        begun = false;
        return;
      }
      frame.position++;
      enter(SetNode.decode(row.value(), below(inner, nibble), inner.nibbles() + 1));
    }

    private void enter(SetNode node) {
      switch (node) {
        case SetNode.Leaf leaf -> {
          atLeaves = true;
          (descending ? leaf.items().reversed() : leaf.items()).forEach(this::take);
        }
        case SetNode.Inner inner -> frames.addLast(new Frame(inner));
        case SetNode.Dead dead -> {}
      }
    }

    /** Asks for the next rows below an inner node, for more each time once leaves were reached. */
    private void ask(Frame frame) {
      if (atLeaves) {
        rowsNext = Math.min(rowsMax, 2 * rowsNext);
      }
      List<RowKey> keys = new ArrayList<>();
      for (int i = frame.position; i < POSITIONS && keys.size() < rowsNext; i++) {
        int nibble = nibble(i);
        if (nibble != OWN && leads(frame.inner, nibble)) {
          keys.add(key(set, frame.inner.children()[nibble]));
        }
      }
      frame.asked.addAll(keys);
      frame.found.putAll(rows.rows(keys));
    }

    /** What is at a position below an inner node: its own item comes before its children. */
    private int nibble(int position) {
      return descending ? POSITIONS - 2 - position : position - 1;
    }

    /** Whether there is a child which may have items that are asked for. */
    private boolean leads(SetNode.Inner inner, int nibble) {
      if (inner.children()[nibble] == 0) {
        return false;
      }
      byte[] prefix = below(inner, nibble);
      int nibbles = inner.nibbles() + 1;
      byte[] lower = descending ? to : from;
      byte[] upper = descending ? from : to;
      if (lower != null && order(prefix, nibbles, lower) < 0) {
        return false;
      }
      if (upper == null) {
        return true;
      }
      int order = order(prefix, nibbles, upper);
      boolean atEnd = descending && inclusive;
      return order < 0
          || (order == 0 && (nibbles < 2 * upper.length || (nibbles == 2 * upper.length && atEnd)));
    }

    private void take(Item item) {
      int afterFrom = from == null ? 1 : Arrays.compareUnsigned(item.key(), from);
      int beforeTo = to == null ? -1 : Arrays.compareUnsigned(item.key(), to);
      if (descending) {
        afterFrom = from == null ? 1 : -afterFrom;
        beforeTo = to == null ? -1 : -beforeTo;
      }
      if ((inclusive ? afterFrom >= 0 : afterFrom > 0) && beforeTo < 0) {
        items.addLast(item);
      }
    }

    private static byte[] below(SetNode.Inner inner, int nibble) {
      byte[] prefix = Arrays.copyOf(inner.path(), inner.nibbles() / 2 + 1);
      prefix[inner.nibbles() / 2] |= (byte) ((inner.nibbles() & 1) == 0 ? nibble << 4 : nibble);
      return prefix;
    }

    /** How the nibbles of a prefix are ordered to as many of a key, as far as that goes. */
    private static int order(byte[] prefix, int nibbles, byte[] key) {
      int common = SetNode.common(prefix, nibbles, key, 2 * key.length);
      return common == Math.min(nibbles, 2 * key.length)
          ? 0
          : SetNode.nibble(prefix, common) - SetNode.nibble(key, common);
    }
  }
}
