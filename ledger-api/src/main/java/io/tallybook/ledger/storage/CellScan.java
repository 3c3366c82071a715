package io.tallybook.ledger.storage;

import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.Map;
import java.util.Set;

/**
 * A walk over cells of a view within a tenant, in order of {@code first}.
 *
 * @param filter for some of the view's dimensions, the names to let through; {@code none} in the
 *     dimension organization stands for no organization
 * @param from first start of a bucket, inclusive; {@link Long#MIN_VALUE} for no bound
 * @param to last start of a bucket, exclusive; {@link Long#MAX_VALUE} for no bound
 * @param afterFirst where to begin: only cells whose {@code first} is greater
 */
public record CellScan(
    ViewDefinition view, Map<Dimension, Set<String>> filter, long from, long to, long afterFirst) {
  public CellScan {
    filter = Map.copyOf(filter);
  }

  /** All cells of a view. */
  public static CellScan all(ViewDefinition view) {
    return new CellScan(view, Map.of(), Long.MIN_VALUE, Long.MAX_VALUE, 0);
  }
}
