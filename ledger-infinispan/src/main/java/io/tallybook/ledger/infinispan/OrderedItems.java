package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.infinispan.SortedSets.Item;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;

/** The items of several sets in one order, each key once. */
final class OrderedItems implements Iterator<Item> {
  private record Next(Item item, Iterator<Item> rest) {}

  private final PriorityQueue<Next> heads;

  OrderedItems(Collection<Iterator<Item>> sets, boolean descending) {
    Comparator<Next> order = (a, b) -> Arrays.compareUnsigned(a.item.key(), b.item.key());
    this.heads = new PriorityQueue<>(descending ? order.reversed() : order);
    sets.forEach(this::queue);
  }

  private void queue(Iterator<Item> items) {
    if (items.hasNext()) {
      heads.add(new Next(items.next(), items));
    }
  }

  @Override
  public boolean hasNext() {
    return !heads.isEmpty();
  }

  @Override
  public Item next() {
    Next next = heads.poll();
    if (next == null) {
      throw new NoSuchElementException();
    }
    queue(next.rest);
    for (Next same = heads.peek();
        same != null && Arrays.equals(same.item.key(), next.item.key());
        same = heads.peek()) {
      Next passed = heads.poll();
      if (passed != null) {
        queue(passed.rest);
      }
    }
    return next.item;
  }
}
