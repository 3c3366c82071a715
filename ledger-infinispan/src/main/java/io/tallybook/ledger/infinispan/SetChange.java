package io.tallybook.ledger.infinispan;

import static java.util.Objects.requireNonNull;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.infinispan.SortedSets.ChangingRows;
import io.tallybook.ledger.infinispan.SortedSets.Edit;
import io.tallybook.ledger.infinispan.SortedSets.Item;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Edits of {@link SortedSets} on their way down from the roots, a level of all sets at a time; what
 * others change meanwhile is tried again from the root.
 */
final class SetChange {
  /** More often edits are not tried. */
  private static final int ROUNDS_MAX = 32;

  /** More levels a set does not have, with those that are made on the way. */
  private static final int LEVELS_MAX = 10_000;

  private static final Comparator<Edit> BY_KEY = (a, b) -> Arrays.compareUnsigned(a.key(), b.key());

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
      return SortedSets.key(set, id);
    }

    /** A key that begins with the prefix of the node. */
    byte[] prefix() {
      return edits.getFirst().key();
    }
  }

  private final ChangingRows rows;
  private final long stamp;
  private final SecureRandom random = new SecureRandom();
  private final Set<RowKey> missing = new HashSet<>();
  private final Map<RowKey, UnaryOperator<@Nullable Row>> unlinked = new HashMap<>();
  private final Map<RowKey, UnaryOperator<@Nullable Row>> fresh = new HashMap<>();
  private Map<RowKey, List<Edit>> again = new HashMap<>();
  private List<Work> next = new ArrayList<>();
  private Map<RowKey, Step> steps = new LinkedHashMap<>();

  SetChange(ChangingRows rows, long stamp) {
    this.rows = rows;
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
        throw SortedSets.lost();
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
      int common = SetNode.common(edit.key(), 2 * edit.key().length, inner.path(), inner.nibbles());
      if (common == inner.nibbles()) {
        inside.add(edit);
      } else if (!(edit instanceof Edit.Remove)) {
        shortest = Math.min(shortest, common);
      }
    }
    if (shortest < inner.nibbles()) {
      long id = newId();
      fresh.put(SortedSets.key(work.set(), id), create(inner.encode(shortest + 1)));
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
        if (merge(SortedSets.here(inner), edits) != null) {
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
  private void point(Work work, SetNode.Inner inner, int nibble, long expected, List<Edit> edits) {
    List<Item> items = merge(List.of(), edits);
    if (items == null && expected == 0) {
      return;
    }
    Relink relink = relink(work, inner);
    int depth = inner.nibbles() + 1;
    long id = 0;
    if (items != null) {
      id = newId();
      fresh.put(
          SortedSets.key(work.set(), id), create(build(work.set(), items, depth).encode(depth)));
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
      fresh.put(SortedSets.key(set, children[nibble]), create(child.encode(nibbles + 1)));
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
      List<Item> own = merge(SortedSets.here(inner), here);
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
          unlinked.put(SortedSets.key(work.set(), link.expected), row -> null);
        }
      }
    }
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

  private static int nibbleOrEnd(Edit edit, int index) {
    return 2 * edit.key().length == index ? -1 : SetNode.nibble(edit.key(), index);
  }
}
