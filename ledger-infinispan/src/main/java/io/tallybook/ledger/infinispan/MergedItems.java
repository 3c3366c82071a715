package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.infinispan.SortedSets.Item;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.ConcurrentNavigableMap;
import org.jspecify.annotations.Nullable;

/** The items of a set from rows and from the window, each once, in order. */
final class MergedItems implements Iterator<Item> {
  private final Iterator<Item> rows;
  private final Iterator<Map.Entry<RowKey, byte[]>> added;
  private final RowKey set;
  private final boolean descending;
  private final Window.Question question;
  private @Nullable Item nextRow;
  private @Nullable Item nextAdded;

  MergedItems(
      Iterator<Item> rows,
      ConcurrentNavigableMap<RowKey, byte[]> window,
      RowKey set,
      byte @Nullable [] from,
      boolean inclusive,
      byte @Nullable [] to,
      boolean descending,
      Window.Question question) {
    this.rows = rows;
    this.set = set;
    this.descending = descending;
    this.question = question;
    ConcurrentNavigableMap<RowKey, byte[]> part = descending ? window.descendingMap() : window;
    if (from != null) {
      part = part.tailMap(set.with(from), inclusive);
    }
    if (to != null) {
      part = part.headMap(set.with(to), false);
    }
    this.added = part.entrySet().iterator();
  }

  @Override
  public boolean hasNext() {
    if (nextRow == null && rows.hasNext()) {
      nextRow = rows.next();
    }
    if (nextAdded == null && added.hasNext()) {
      Map.Entry<RowKey, byte[]> item = added.next();
      nextAdded = new Item(item.getKey().behind(set), item.getValue());
    }
    question.requireCurrent();
    return nextRow != null || nextAdded != null;
  }

  @Override
  public Item next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Item row = nextRow;
    Item other = nextAdded;
    if (row == null && other != null) {
      nextAdded = null;
      return other;
    }
    if (row != null && other == null) {
      nextRow = null;
      return row;
    }
    if (row == null || other == null) {
      throw new NoSuchElementException();
    }
    int order = Arrays.compareUnsigned(row.key(), other.key());
    if (order == 0) {
      nextRow = null;
      nextAdded = null;
      return row;
    }
    if (descending ? order > 0 : order < 0) {
      nextRow = null;
      return row;
    }
    nextAdded = null;
    return other;
  }
}
