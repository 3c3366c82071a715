package io.tallybook.service.events;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The lines of a stream of bytes, each ending in LF, the last one perhaps in the stream's end. */
final class Lines {
  /** Most bytes of a line that is kept. */
  static final int LINE_BYTES_MAX = 100 * 1024;

  private final InputStream in;
  private final byte[] buffer = new byte[64 * 1024];
  private int at;
  private int end;
  private byte[] line = new byte[1024];
  private int length;
  private boolean tooLong;

  Lines(InputStream in) {
    this.in = in;
  }

  /**
   * Reads the next line; false at the end of the stream.
   *
   * @throws IOException if the stream breaks off; what was read of the line is no line
   */
  boolean next() throws IOException {
    length = 0;
    tooLong = false;
    while (true) {
      if (at == end) {
        end = Math.max(in.read(buffer), 0);
        at = 0;
        if (end == 0) {
          return length > 0 || tooLong;
        }
      }
      int from = at;
      while (at < end && buffer[at] != '\n') {
        at++;
      }
      append(from, at - from);
      if (at < end) {
        at++;
        return true;
      }
    }
  }

  /** The bytes of the line; valid up to {@link #length}, until the next is read. */
  byte[] bytes() {
    return line;
  }

  /** How many bytes the line has, without its end. */
  int length() {
    return length;
  }

  /** Whether the line has more bytes than are kept; then it has none. */
  boolean isTooLong() {
    return tooLong;
  }

  /** Whether there is nothing but spaces in the line. */
  boolean isBlank() {
    for (int i = 0; i < length; i++) {
      if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
        return false;
      }
    }
    return !tooLong;
  }

  private void append(int from, int count) {
    if (tooLong || length + count > LINE_BYTES_MAX) {
      tooLong = true;
      length = 0;
      return;
    }
    if (length + count > line.length) {
      line = Arrays.copyOf(line, Math.max(line.length * 2, length + count));
    }
    System.arraycopy(buffer, from, line, length, count);
    length += count;
  }
}
