package io.tallybook.ledger.memory;

import java.util.Arrays;

/**
 * What entries are made of, by row and column. A row is the position of its entry minus 1.
 *
 * <p>Rows are kept in segments of {@value #SEGMENT}. The newest is open: one array of 64-bit
 * integers for each column. When it is full it is sealed: each column is packed by frame of
 * reference, as the smallest value and, for each row, the difference to it in as few bits as the
 * greatest difference takes. A column that is the same throughout takes none. Any row is read in
 * constant time.
 *
 * <pre>
 *   sealed   [ agent 17 bits x 4096 | service 6 bits x 4096 | units 10 bits x 4096 | ... ]
 *              mins, widths and offsets of the columns beside it
 *   open     [ agent 64 bits x 4096 | ... ]
 * </pre>
 *
 * <p>One writer appends; readers read rows below the number that was published to them. A sealed
 * segment takes the open one's place in the directory; whoever still reads the open one reads the
 * same values.
 */
final class Columns {
  static final int TENANT = 0;

  /** Position minus sequence: the same throughout while there is one tenant. */
  static final int SEQUENCE_LAG = 1;

  /** The kind's code in the low bits, and {@link #BILLABLE}. */
  static final int KIND = 2;

  static final int RECORDED_AT = 3;

  /** Time minus recording time: 0 for entries without a time of their own. */
  static final int TIME_LAG = 4;

  static final int SOURCE = 5;

  /** Address of the id's text, 0 for none. */
  static final int ID = 6;

  static final int ORGANIZATION = 7;
  static final int AGENT = 8;
  static final int SERVICE = 9;
  static final int TYPE = 10;
  static final int WINDOW = 11;

  /** Units, or a reading's value. */
  static final int UNITS = 12;

  static final int COST = 13;

  /** Address of the attributes, 0 for none. */
  static final int ATTRIBUTES = 14;

  /** Number of the entry's {@link Details}, 0 for none. */
  static final int DETAILS = 15;

  static final int COUNT = 16;

  static final int BILLABLE = 1 << 8;

  static final int SEGMENT_BITS = 12;
  static final int SEGMENT = 1 << SEGMENT_BITS;
  private static final int SEGMENT_MASK = SEGMENT - 1;

  private volatile Segment[] segments = new Segment[0];
  private long[] open = new long[0];
  private int rows;
  private long bytes;

  /** Appends a row. */
  void append(long[] values) {
    int at = rows & SEGMENT_MASK;
    if (at == 0) {
      open = new long[COUNT * SEGMENT];
      Segment[] more = Arrays.copyOf(segments, segments.length + 1);
      more[more.length - 1] = new Segment(open);
      segments = more;
      bytes += 8L * open.length;
    }
    for (int column = 0; column < COUNT; column++) {
      open[column << SEGMENT_BITS | at] = values[column];
    }
    rows++;
    if (at == SEGMENT_MASK) {
      seal();
    }
  }

  /** The value of a row in a column. */
  long get(int column, int row) {
    return segments[row >>> SEGMENT_BITS].get(column, row & SEGMENT_MASK);
  }

  /** Microseconds of a row's time. */
  long time(int row) {
    Segment segment = segments[row >>> SEGMENT_BITS];
    int at = row & SEGMENT_MASK;
    return segment.get(RECORDED_AT, at) + segment.get(TIME_LAG, at);
  }

  /** The sequence of a row in its tenant. */
  long sequence(int row) {
    return row + 1L - get(SEQUENCE_LAG, row);
  }

  /** How much it occupies. */
  long bytes() {
    return bytes;
  }

  private void seal() {
    Segment sealed = Segment.pack(open);
    // A copy, because the array is read without a lock; elements are published with it.
    Segment[] copy = segments.clone();
    copy[copy.length - 1] = sealed;
    segments = copy;
    bytes += sealed.bytes() - 8L * open.length;
    open = new long[0];
  }

  /** A number of rows, open or sealed. An open one has no widths. */
  private static final class Segment {
    private final long[] words;
    private final long[] mins;
    private final int[] widths;
    private final int[] offsets;

    Segment(long[] open) {
      this(open, new long[0], new int[0], new int[0]);
    }

    private Segment(long[] words, long[] mins, int[] widths, int[] offsets) {
      this.words = words;
      this.mins = mins;
      this.widths = widths;
      this.offsets = offsets;
    }

    static Segment pack(long[] open) {
      long[] mins = new long[COUNT];
      int[] widths = new int[COUNT];
      int[] offsets = new int[COUNT];
      int length = 0;
      for (int column = 0; column < COUNT; column++) {
        long min = Long.MAX_VALUE;
        long max = Long.MIN_VALUE;
        for (int at = 0; at < SEGMENT; at++) {
          long value = open[column << SEGMENT_BITS | at];
          min = Math.min(min, value);
          max = Math.max(max, value);
        }
        mins[column] = min;
        // As an unsigned difference it never overflows.
        widths[column] = 64 - Long.numberOfLeadingZeros(max - min);
        offsets[column] = length;
        length += widths[column] * (SEGMENT / 64);
      }
      long[] words = new long[length];
      for (int column = 0; column < COUNT; column++) {
        int width = widths[column];
        if (width > 0) {
          for (int at = 0; at < SEGMENT; at++) {
            long value = open[column << SEGMENT_BITS | at] - mins[column];
            int bit = at * width;
            int word = offsets[column] + (bit >>> 6);
            words[word] |= value << bit;
            if ((bit & 63) + width > 64) {
              words[word + 1] = value >>> (64 - (bit & 63));
            }
          }
        }
      }
      return new Segment(words, mins, widths, offsets);
    }

    long get(int column, int at) {
      if (widths.length == 0) {
        return words[column << SEGMENT_BITS | at];
      }
      int width = widths[column];
      if (width == 0) {
        return mins[column];
      }
      int bit = at * width;
      int word = offsets[column] + (bit >>> 6);
      long value = words[word] >>> bit;
      if ((bit & 63) + width > 64) {
        value |= words[word + 1] << -bit;
      }
      return mins[column] + (width == 64 ? value : value & ((1L << width) - 1));
    }

    long bytes() {
      return 8L * (words.length + COUNT) + 8L * COUNT + 96;
    }
  }
}
