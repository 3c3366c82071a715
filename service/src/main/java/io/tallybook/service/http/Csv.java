package io.tallybook.service.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Rows of comma-separated values (RFC 4180) whose lines end in LF. A text that a spreadsheet would
 * take for a formula is prefixed with an apostrophe; numbers are as they are.
 */
public final class Csv {
  /** The media type. */
  public static final String TYPE = "text/csv";

  private final StringBuilder text = new StringBuilder();
  private boolean isRowBegun;

  /** One row of texts by itself. */
  public static String line(String... cells) {
    return new Csv().row(Arrays.asList(cells)).text.toString();
  }

  /** A row of texts. */
  public Csv row(Iterable<String> cells) {
    for (String cell : cells) {
      cell(cell);
    }
    return end();
  }

  /** A cell; an empty one for null. */
  public Csv cell(@Nullable Object value) {
    if (isRowBegun) {
      text.append(',');
    }
    isRowBegun = true;
    switch (value) {
      case null -> {}
      case String string -> append(string);
      default -> text.append(value);
    }
    return this;
  }

  /** Ends the row. */
  public Csv end() {
    text.append('\n');
    isRowBegun = false;
    return this;
  }

  /** What was written since the last call. */
  public byte[] take() {
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    text.setLength(0);
    return bytes;
  }

  private void append(String string) {
    boolean isFormula = !string.isEmpty() && "=+-@\t\r".indexOf(string.charAt(0)) >= 0;
    String safe = isFormula ? "'" + string : string;
    if (safe.chars().anyMatch(c -> c == '"' || c == ',' || c == '\n' || c == '\r')) {
      text.append('"').append(safe.replace("\"", "\"\"")).append('"');
    } else {
      text.append(safe);
    }
  }
}
