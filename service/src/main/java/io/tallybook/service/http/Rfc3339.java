package io.tallybook.service.http;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.regex.Pattern;

/** Times as RFC 3339 has them: a date, a time of day with seconds, and an offset. */
public final class Rfc3339 {
  private static final Pattern FORM =
      Pattern.compile(
          "\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?([Zz]|[+-]\\d{2}:\\d{2})");

  private Rfc3339() {}

  /**
   * The instant of a text.
   *
   * @throws DateTimeParseException if it has another form or there is no such time
   */
  public static Instant parse(String text) {
    if (!FORM.matcher(text).matches()) {
      throw new DateTimeParseException("not a time of RFC 3339", text, 0);
    }
    return OffsetDateTime.parse(
            text.toUpperCase(Locale.ROOT), DateTimeFormatter.ISO_OFFSET_DATE_TIME)
        .toInstant();
  }
}
