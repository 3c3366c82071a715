package io.tallybook.ledger.storage;

import io.tallybook.ledger.Names;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import io.tallybook.ledger.view.ViewDefinition.Source;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One view with its cells that a group touches. The dimensions are resolved once, to the roles of
 * {@link Changes}, so that an entry's key is made of codes that it already has.
 */
final class ViewCells {
  final CellShape shape;
  final CellBatch batch;
  private final Source source;
  private final ViewDefinition definition;
  private final Map<Dimension, String> filter;

  /** The role of each dimension, where it is no attribute. */
  private final int[] roles;

  /** The attribute of each dimension, or null where it is a name of the entry's own. */
  private final @Nullable String[] attributes;

  ViewCells(ViewDefinition definition) {
    this.definition = definition;
    this.batch = new CellBatch(definition);
    this.shape = definition.shape();
    this.source = definition.source();
    this.filter = definition.filter();
    int dimensions = definition.groupBy().size();
    this.roles = new int[dimensions];
    this.attributes = new @Nullable String[dimensions];
    for (int d = 0; d < dimensions; d++) {
      Dimension dimension = definition.groupBy().get(d);
      attributes[d] = dimension.attribute();
      roles[d] = attributes[d] == null ? role(dimension) : 0;
    }
  }

  int dimensions() {
    return roles.length;
  }

  long bucketStart(long time) {
    return definition.bucket().start(time);
  }

  /** Whether an entry is counted. */
  boolean counts(
      Source entrySource, GroupNames names, int[] codes, Map<String, String> entryAttributes) {
    if (source != entrySource) {
      return false;
    }
    if (filter.isEmpty()) {
      return true;
    }
    for (Map.Entry<Dimension, String> wanted : filter.entrySet()) {
      String attribute = wanted.getKey().attribute();
      String actual =
          attribute == null
              ? names.name(codes[role(wanted.getKey())])
              : entryAttributes.get(attribute);
      boolean personal =
          actual == null
              && wanted.getKey().equals(Dimension.ORGANIZATION)
              && wanted.getValue().equals(Names.NONE);
      if (!personal && !wanted.getValue().equals(actual)) {
        return false;
      }
    }
    return true;
  }

  /** Fills in the key of the cell that an entry belongs to: its tenant, then each dimension. */
  void key(GroupNames names, int[] codes, Map<String, String> entryAttributes, int[] key) {
    key[0] = codes[Changes.TENANT];
    for (int d = 0; d < roles.length; d++) {
      String attribute = attributes[d];
      key[d + 1] = attribute == null ? codes[roles[d]] : names.code(entryAttributes.get(attribute));
    }
  }

  private static int role(Dimension dimension) {
    return switch (dimension.name()) {
      case "organization" -> Changes.ORGANIZATION;
      case "agent" -> Changes.AGENT;
      case "service" -> Changes.SERVICE;
      case "type" -> Changes.TYPE;
      case "window" -> Changes.WINDOW;
      default -> throw new IllegalArgumentException("not an entry's own: " + dimension);
    };
  }
}
