package io.tallybook.ledger.memory;

import org.jspecify.annotations.Nullable;

/**
 * A value with those that it had at the revisions still being read, the newest first. One writer,
 * any number of readers.
 */
final class Versions<T> {
  private volatile @Nullable Version<T> newest;

  private static final class Version<T> {
    private final long revision;
    private final @Nullable T value;
    private volatile @Nullable Version<T> older;

    Version(long revision, @Nullable T value, @Nullable Version<T> older) {
      this.revision = revision;
      this.value = value;
      this.older = older;
    }
  }

  /** The value at a revision; null where there was none. */
  @Nullable T at(long revision) {
    Version<T> version = newest;
    while (version != null && version.revision > revision) {
      version = version.older;
    }
    return version == null ? null : version.value;
  }

  /** The newest value; null where there is none. */
  @Nullable T newest() {
    return at(Long.MAX_VALUE);
  }

  /**
   * Sets the value from a revision on; null deletes it.
   *
   * @param oldest no revision before it is read any more
   */
  void set(long revision, @Nullable T value, long oldest) {
    Version<T> before = newest;
    newest = new Version<>(revision, value, before);
    for (Version<T> version = before; version != null; version = version.older) {
      if (version.revision <= oldest) {
        version.older = null;
        return;
      }
    }
  }
}
