package io.tallybook.ledger.view;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One row of a view: its names, the start of its bucket, and its values by {@link CellShape}. */
public final class Cell {
  private final List<@Nullable String> names;
  private final long start;
  private final long[] values;

  /**
   * Keeps the array of values, which the caller must not change.
   *
   * @param names one for each dimension of the view, in its order; null where there is none
   * @param start of the bucket in microseconds; {@link io.tallybook.ledger.Times#ABSENT} where the
   *     view has no buckets
   * @param values by the columns of the view's shape
   */
  public Cell(List<@Nullable String> names, long start, long[] values) {
    this.names = Collections.unmodifiableList(new ArrayList<>(names));
    this.start = start;
    this.values = values;
  }

  public List<@Nullable String> names() {
    return names;
  }

  public @Nullable String name(int dimension) {
    return names.get(dimension);
  }

  public long start() {
    return start;
  }

  /** The value of a column of {@link CellShape}. */
  public long value(int column) {
    return values[column];
  }

  public long count() {
    return values[CellShape.COUNT];
  }

  public long units() {
    return values[CellShape.UNITS];
  }

  public long cost() {
    return values[CellShape.COST];
  }

  public long first() {
    return values[CellShape.FIRST];
  }

  public long outstanding() {
    return values[CellShape.OUTSTANDING_UNITS];
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Cell cell
        && names.equals(cell.names)
        && start == cell.start
        && Arrays.equals(values, cell.values);
  }

  @Override
  public int hashCode() {
    return 31 * names.hashCode() + Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return names + "@" + start + Arrays.toString(values);
  }
}
