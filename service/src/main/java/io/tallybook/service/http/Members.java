package io.tallybook.service.http;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The members of a JSON object of a request, read by rule. A member that is null is absent. Each
 * refusal names the member and its bound.
 */
public final class Members {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]+");
  private final Map<String, @Nullable Object> values;

  private Members(Map<String, @Nullable Object> values) {
    this.values = values;
  }

  /**
   * The members of a value.
   *
   * @param what the value is called in refusals
   */
  @SuppressWarnings("unchecked") // objects are read as maps of this type
  public static Members of(@Nullable Object value, String what) {
    if (!(value instanceof Map<?, ?>)) {
      throw Problem.invalid(what + " must be a JSON object");
    }
    return new Members((Map<String, @Nullable Object>) value);
  }

  /** Refuses members of other names. */
  public void only(Set<String> names) {
    for (String name : values.keySet()) {
      if (!names.contains(name)) {
        throw Problem.invalid("unexpected field: " + name);
      }
    }
  }

  /** A value as it was read; null where it is absent. */
  public @Nullable Object value(String name) {
    return values.get(name);
  }

  /** The names of all members, in their order. */
  public Set<String> names() {
    return values.keySet();
  }

  /** A string; null where it is absent. */
  public @Nullable String text(String name) {
    Object value = values.get(name);
    if (value == null || value instanceof String) {
      return (String) value;
    }
    throw Problem.invalid(name + " must be a string");
  }

  /** A string that must be there. */
  public String required(String name) {
    String text = text(name);
    if (text == null) {
      throw Problem.invalid(name + " is required");
    }
    return text;
  }

  /** An identifier of letters, digits, dots, underlines and hyphens. */
  public String id(String name, int lengthMax) {
    String text = required(name);
    if (text.length() > lengthMax || !ID.matcher(text).matches()) {
      throw Problem.invalid(
          name + " must be 1 to " + lengthMax + " characters of A-Z a-z 0-9 . _ -");
    }
    return text;
  }

  /** A boolean that must be there. */
  public boolean flag(String name) {
    Object value = values.get(name);
    if (value == null) {
      throw Problem.invalid(name + " is required");
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw Problem.invalid(name + " must be true or false");
  }

  /** An integer by value that must be there. */
  public long integer(String name, long min, long max) {
    if (values.get(name) == null) {
      throw Problem.invalid(name + " is required");
    }
    return integer(name, min, max, min);
  }

  /** An integer by value, or a default where it is absent. */
  public long integer(String name, long min, long max, long absent) {
    Object value = values.get(name);
    if (value == null) {
      return absent;
    }
    if (value instanceof Json.Numeral number) {
      BigInteger integer = number.integer();
      if (integer != null && integer.bitLength() < 64) {
        long found = integer.longValue();
        if (found >= min && found <= max) {
          return found;
        }
      }
    }
    throw Problem.invalid(name + " must be an integer between " + min + " and " + max);
  }

  /** An array of 1 to a number of items. */
  @SuppressWarnings("unchecked") // arrays are read as lists of this type
  public List<@Nullable Object> items(String name, int itemsMax) {
    if (values.get(name) instanceof List<?> items && !items.isEmpty() && items.size() <= itemsMax) {
      return (List<@Nullable Object>) items;
    }
    throw Problem.invalid(name + " must be 1-" + itemsMax + " entries");
  }
}
