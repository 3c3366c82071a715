package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.view.ViewCatalog;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What this node remembers of rows from one question to the next: only what a question can tell to
 * be right, or need not be.
 */
final class Near {
  /** How many sets have a path that is remembered. */
  private static final int PATHS_MAX = 1_024;

  private final ViewCatalog views = new ViewCatalog();

  private final Map<RowKey, List<RowKey>> paths =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<RowKey, List<RowKey>> eldest) {
          return size() > PATHS_MAX;
        }
      };

  /** The views, known by the revision at which they changed last. */
  ViewCatalog views() {
    return views;
  }

  /**
   * The rows below the root that the last walk from the first item of a set has come by. A guess
   * what the next one will need: it asks for them with the root, rather than level by level, and
   * passes over those that are not on its way.
   */
  List<RowKey> path(RowKey set) {
    synchronized (paths) {
      return paths.getOrDefault(set, List.of());
    }
  }

  void remember(RowKey set, List<RowKey> path) {
    synchronized (paths) {
      if (path.isEmpty()) {
        paths.remove(set);
      } else {
        paths.put(set, path);
      }
    }
  }
}
