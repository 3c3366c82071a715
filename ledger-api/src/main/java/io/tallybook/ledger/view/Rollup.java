package io.tallybook.ledger.view;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a {@link RollupQuery}.
 *
 * @param view the name of the view that served it
 * @param withIndex whether the time index served the ends of the range
 * @param hasOutstanding whether the rows tell outstanding amounts
 * @param next the last row, if there are more after it; null at the end
 */
public record Rollup(
    String view,
    boolean withIndex,
    boolean hasOutstanding,
    List<RollupRow> rows,
    @Nullable RollupRow next) {
  public Rollup {
    rows = List.copyOf(rows);
  }
}
