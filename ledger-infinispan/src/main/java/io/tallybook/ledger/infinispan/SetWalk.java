package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.infinispan.SortedSets.Item;
import io.tallybook.ledger.infinispan.SortedSets.Rows;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A walk over one of the {@link SortedSets}, as far as it got.
 *
 * <p>Rows below the root may be asked for together with it, by a guess: those that an earlier walk
 * came by. It does not matter which of them is read first. They were pointed to before this walk
 * began, and an id is never used again; so each has all items of its prefix, or is dead.
 */
final class SetWalk implements Iterator<Item> {
  /** How many rows next to each other are asked for on the way down. */
  private static final int ROWS_FIRST = 2;

  /** How many rows of the way are kept. */
  private static final int PATH_MAX = 15;

  private static final int OWN = -1;
  private static final int POSITIONS = 17;

  private final Rows rows;
  private final RowKey set;
  private final boolean descending;
  private final byte @Nullable [] to;
  private final int rowsMax;
  private final Set<RowKey> missing = new HashSet<>();
  private final Deque<Frame> frames = new ArrayDeque<>();
  private final List<RowKey> path = new ArrayList<>();
  private final Map<RowKey, Row> guessed = new HashMap<>();
  private List<RowKey> guess;
  private final Deque<Item> items = new ArrayDeque<>();
  private byte @Nullable [] from;
  private boolean inclusive;
  private int rowsNext;
  private boolean atLeaves;
  private boolean begun;

  /**
   * A walk that has not begun.
   *
   * @param guess rows below the root that an earlier walk of this set came by; may be stale
   * @see SortedSets#walk
   */
  SetWalk(
      Rows rows,
      RowKey set,
      List<RowKey> guess,
      byte @Nullable [] from,
      boolean inclusive,
      byte @Nullable [] to,
      boolean descending,
      int rowsMax) {
    this.rows = rows;
    this.set = set;
    this.guess = guess;
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
        Row root = root();
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

  /** The rows below the root that it came by, the first of them. */
  List<RowKey> path() {
    return List.copyOf(path);
  }

  private @Nullable Row root() {
    RowKey key = SortedSets.key(set, 0);
    List<RowKey> asked = new ArrayList<>(guess);
    asked.add(key);
    guess = List.of();
    path.clear();
    guessed.clear();
    guessed.putAll(rows.rows(asked));
    return guessed.remove(key);
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
      SortedSets.here(inner).forEach(this::take);
      return;
    }
    if (!leads(inner, nibble)) {
      frame.position++;
      return;
    }
    RowKey key = SortedSets.key(set, inner.children()[nibble]);
    if (!frame.asked.contains(key)) {
      Row row = guessed.remove(key);
      if (row == null) {
        ask(frame);
      } else {
        frame.asked.add(key);
        frame.found.put(key, row);
      }
    }
    Row row = frame.found.remove(key);
    if (row == null) {
      if (!missing.add(key)) {
        throw SortedSets.lost();
      }
      frames.clear();
      begun = false;
      return;
    }
    frame.position++;
    if (path.size() < PATH_MAX) {
      path.add(key);
    }
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
        keys.add(SortedSets.key(set, frame.inner.children()[nibble]));
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
}
