package io.tallybook.ledger.infinispan;

import org.jspecify.annotations.Nullable;

/**
 * A value as a commit left it, with what the commits before it had left: the newest first.
 *
 * @param <V> the kind of value; null stands for one that is not there
 */
final class Change<V> {
  private final long number;
  private final @Nullable V before;
  private final @Nullable V after;
  private volatile @Nullable Change<V> older;

  Change(long number, @Nullable V before, @Nullable V after, @Nullable Change<V> older) {
    this.number = number;
    this.before = before;
    this.after = after;
    this.older = older;
  }

  long number() {
    return number;
  }

  @Nullable V before() {
    return before;
  }

  @Nullable V after() {
    return after;
  }

  @Nullable Change<V> older() {
    return older;
  }

  /** The value as of a revision. */
  @Nullable V at(long revision) {
    Change<V> change = this;
    while (change.number > revision) {
      Change<V> next = change.older;
      if (next == null) {
        return change.before;
      }
      change = next;
    }
    return change.after;
  }

  /** Forgets the changes up to a commit; itself remains. */
  void cut(long upTo) {
    Change<V> change = this;
    for (Change<V> next = change.older; next != null; next = change.older) {
      if (next.number <= upTo) {
        change.older = null;
        return;
      }
      change = next;
    }
  }
}
