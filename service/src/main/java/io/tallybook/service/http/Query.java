package io.tallybook.service.http;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Times;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The parameters of a query, read by rule. Of one that may not be repeated the first counts. */
public final class Query {
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?[0-9]{1,30}(\\.[0-9]{0,30})?([eE][+-]?[0-9]{1,2})?");
  private static final Pattern DATE = Pattern.compile("\\d{4}-\\d{2}-\\d{2}");
  private final Map<String, List<String>> values;

  private Query(Map<String, List<String>> values) {
    this.values = values;
  }

  /** The parameters of a query as it stands in a request. */
  public static Query of(@Nullable String raw) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    if (raw != null) {
      for (String pair : raw.split("&", -1)) {
        if (!pair.isEmpty()) {
          int equals = pair.indexOf('=');
          String name = decode(equals < 0 ? pair : pair.substring(0, equals));
          String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
          values.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
        }
      }
    }
    return new Query(values);
  }

  private static String decode(String encoded) {
    String decoded = Percent.decode(encoded, true);
    if (decoded == null) {
      throw Problem.invalid("the query must be percent-encoded UTF-8");
    }
    return decoded;
  }

  /** Refuses parameters of other names. */
  public void only(String... names) {
    Set<String> known = Set.of(names);
    for (String name : values.keySet()) {
      boolean isAttribute = known.contains("attributes.NAME") && name.startsWith("attributes.");
      if (!known.contains(name) && !isAttribute && !name.equals("numbers")) {
        throw Problem.invalid("unknown parameter: " + name);
      }
    }
  }

  /** The names of all parameters. */
  public Set<String> names() {
    return Collections.unmodifiableSet(values.keySet());
  }

  /** Whether a parameter is given. */
  public boolean has(String name) {
    return values.containsKey(name);
  }

  /** The value of a parameter; null where it is absent or empty. */
  public @Nullable String text(String name) {
    List<String> all = values.get(name);
    return all == null || all.getFirst().isEmpty() ? null : all.getFirst();
  }

  /** All values of a parameter, each once; none where it is absent. */
  public Set<String> texts(String name) {
    return Collections.unmodifiableSet(new LinkedHashSet<>(values.getOrDefault(name, List.of())));
  }

  /** All values of a parameter that are names, at most 100 different ones. */
  public Set<String> names(String name) {
    Set<String> all = texts(name);
    if (all.size() > EntryFilter.NAMES_MAX) {
      throw Problem.invalid(name + " may be given at most " + EntryFilter.NAMES_MAX + " times");
    }
    all.forEach(value -> Names.require(name, value));
    return all;
  }

  /** Whether a parameter says {@code true}. */
  public boolean flag(String name) {
    return "true".equals(text(name));
  }

  /** An integer brought into its bounds; the default where it is absent or no number. */
  public long integer(String name, long absent, long min, long max) {
    String text = text(name);
    if (text == null || !NUMBER.matcher(text).matches()) {
      return absent;
    }
    BigDecimal value = new BigDecimal(text).setScale(0, RoundingMode.DOWN);
    return value.max(BigDecimal.valueOf(min)).min(BigDecimal.valueOf(max)).longValueExact();
  }

  /**
   * An integer brought into the range of exact numbers; the default where the parameter is absent
   * or not an integer.
   */
  public long whole(String name, long absent) {
    String text = text(name);
    if (text == null || !NUMBER.matcher(text).matches()) {
      return absent;
    }
    BigDecimal value = new BigDecimal(text).stripTrailingZeros();
    return value.scale() > 0
        ? absent
        : value
            .max(BigDecimal.valueOf(-Amounts.MAX))
            .min(BigDecimal.valueOf(Amounts.MAX))
            .longValueExact();
  }

  /** One of some words; the first of them where the parameter is absent. */
  public String word(String name, String... words) {
    String text = text(name);
    if (text == null) {
      return words[0];
    }
    for (String word : words) {
      if (word.equals(text)) {
        return word;
      }
    }
    throw Problem.invalid(name + " must be one of " + String.join(", ", words));
  }

  /** A time in microseconds; a default where it is absent. */
  public long time(String name, long absent) {
    String text = text(name);
    return text == null ? absent : time(name, text);
  }

  /** The microseconds of a time as RFC 3339 has it, or of the beginning of a date. */
  public static long time(String name, String text) {
    try {
      if (DATE.matcher(text).matches()) {
        return Times.of(LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC));
      }
      return Times.of(Rfc3339.parse(text));
    } catch (DateTimeParseException e) {
      throw Problem.invalid(
          name + " must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z");
    }
  }

  /** The parameters that make a question what it is, in one text that is the same for the same. */
  String scope() {
    TreeMap<String, List<String>> sorted = new TreeMap<>(Names.ORDER);
    sorted.putAll(values);
    List.of("cursor", "limit", "numbers", "explain").forEach(sorted::remove);
    StringBuilder scope = new StringBuilder();
    sorted.forEach(
        (name, all) ->
            all.forEach(
                value ->
                    scope
                        .append(Percent.encode(name))
                        .append('=')
                        .append(Percent.encode(value))
                        .append('&')));
    return scope.toString();
  }

  /** The query with another cursor. */
  String withCursor(String cursor) {
    StringBuilder query = new StringBuilder();
    values.forEach(
        (name, all) -> {
          if (!name.equals("cursor")) {
            all.forEach(
                value ->
                    query
                        .append(Percent.encode(name))
                        .append('=')
                        .append(Percent.encode(value))
                        .append('&'));
          }
        });
    return query.append("cursor=").append(cursor).toString();
  }
}
