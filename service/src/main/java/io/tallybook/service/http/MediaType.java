package io.tallybook.service.http;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The type of a body, in lower case and without parameters.
 *
 * @param isUtf8 whether no other charset is named
 */
public record MediaType(String name, boolean isUtf8) {
  private static final Pattern WEIGHT = Pattern.compile("q=([01](\\.[0-9]{0,3})?)");

  /** The type that a header tells; an empty one where there is no header. */
  public static MediaType of(@Nullable String header) {
    if (header == null) {
      return new MediaType("", true);
    }
    String[] parts = header.toLowerCase(Locale.ROOT).split(";", -1);
    boolean utf8 = true;
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].strip();
      if (parameter.startsWith("charset=")) {
        String charset = parameter.substring("charset=".length()).replace("\"", "");
        utf8 = charset.equals("utf-8") || charset.equals("us-ascii");
      }
    }
    return new MediaType(parts[0].strip(), utf8);
  }

  /** Whether it is this type, in UTF-8. */
  public boolean is(String type) {
    return isUtf8 && name.equals(type);
  }

  /** Whether it is JSON by its name. */
  public boolean isJson() {
    return isUtf8 && (name.equals("application/json") || name.endsWith("+json"));
  }

  /**
   * The type that a header Accept likes best, the earlier of equals; the first where it likes none.
   *
   * @param types in lower case
   */
  static String preferred(String accept, String... types) {
    String best = types[0];
    double most = 0;
    for (String type : types) {
      double quality = quality(accept, type);
      if (quality > most) {
        most = quality;
        best = type;
      }
    }
    return best;
  }

  /** How much a header Accept likes a type: what its most specific range for it says. */
  private static double quality(String accept, String type) {
    double quality = 0;
    int longest = -1;
    for (String range : accept.toLowerCase(Locale.ROOT).split(",", -1)) {
      String[] parts = range.split(";", -1);
      String name = parts[0].strip();
      String group = type.substring(0, type.indexOf('/') + 1);
      boolean fits = name.equals(type) || name.equals(group + "*") || name.equals("*/*");
      if (fits && name.length() > longest) {
        longest = name.length();
        quality = 1;
        for (String parameter : parts) {
          Matcher weight = WEIGHT.matcher(parameter.strip());
          if (weight.matches()) {
            quality = Double.parseDouble(weight.group(1));
          }
        }
      }
    }
    return quality;
  }
}
