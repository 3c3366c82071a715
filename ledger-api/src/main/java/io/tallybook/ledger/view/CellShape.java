package io.tallybook.ledger.view;

/**
 * What the cells of a view hold: columns of 64-bit integers, drawn here with their numbers.
 *
 * <pre>
 *              0      1      2     3      4            5                    6          7
 * USAGE        count  units  cost  first
 * OUTSTANDING  count  units  cost  first  outstanding
 * SERVICE      count  units  cost  first  outstanding  agentsAboveZero
 * PAIR         count  units  cost  first  outstanding  closedAt             resetAt
 * READING      count  sum    min   first  max          last                 lastTime   lastSequence
 * </pre>
 *
 * <p>{@code first} is the sequence of the first entry counted in the cell; it is never 0 and never
 * changes, and no two cells of a view in one tenant share it. {@code closedAt} is the sequence of
 * the pair's newest settlement or reset, {@code resetAt} that of its newest reset, 0 where there is
 * none.
 */
public enum CellShape {
  USAGE(4),
  OUTSTANDING(5),
  SERVICE(6),
  PAIR(7),
  READING(8);

  public static final int COUNT = 0;
  public static final int UNITS = 1;
  public static final int COST = 2;
  public static final int FIRST = 3;
  public static final int OUTSTANDING_UNITS = 4;
  public static final int AGENTS_ABOVE_ZERO = 5;
  public static final int CLOSED_AT = 5;
  public static final int RESET_AT = 6;
  public static final int SUM = 1;
  public static final int MIN = 2;
  public static final int MAX = 4;
  public static final int LAST = 5;
  public static final int LAST_TIME = 6;
  public static final int LAST_SEQUENCE = 7;

  private final int width;

  CellShape(int width) {
    this.width = width;
  }

  /** How many columns there are. */
  public int width() {
    return width;
  }

  /** Whether the cells hold an outstanding amount. */
  public boolean hasOutstanding() {
    return this == OUTSTANDING || this == SERVICE || this == PAIR;
  }
}
