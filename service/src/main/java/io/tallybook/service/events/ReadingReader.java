package io.tallybook.service.events;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Times;
import io.tallybook.service.http.Json;
import io.tallybook.service.http.Members;
import io.tallybook.service.http.Problem;
import io.tallybook.service.http.Query;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Turns items of requests into readings of the ledger. */
final class ReadingReader {
  private static final Set<String> MEMBERS =
      Set.of("id", "agent", "organization", "window", "time", "value", "attributes");

  /** How many places a value has after the point, at most. */
  private static final int PLACES = 6;

  private static final BigInteger MILLIONTHS_MAX = BigInteger.valueOf(Amounts.MAX);

  private ReadingReader() {}

  /**
   * The reading that an item is.
   *
   * @throws Problem or {@link io.tallybook.ledger.LedgerException.Rejected} if it breaks a rule
   */
  static Reading read(@Nullable Object item) {
    Members members = Members.of(item, "item");
    members.only(MEMBERS);
    String id = members.text("id");
    if (id != null) {
      Names.require("id", id);
    }
    String agent = Names.require("agent", members.required("agent"));
    String organization = members.text("organization");
    if (organization != null) {
      Names.requireOrganization("organization", organization);
    }
    String window = members.text("window");
    if (window != null) {
      Names.require("window", window);
    }
    String time = members.text("time");
    return new Reading(
        id,
        organization,
        agent,
        window == null ? Reading.DEFAULT_WINDOW : window,
        time == null ? Times.ABSENT : Query.time("time", time),
        millionths(members.value("value")),
        attributes(members.value("attributes")));
  }

  /** How many millionths a number is, exactly. */
  private static long millionths(@Nullable Object value) {
    if (value == null) {
      throw Problem.invalid("value is required");
    }
    String plain = value instanceof Json.Numeral number ? number.plain() : null;
    if (plain != null) {
      BigDecimal millionths = new BigDecimal(plain).movePointRight(PLACES).stripTrailingZeros();
      if (millionths.scale() <= 0
          && millionths.toBigIntegerExact().abs().compareTo(MILLIONTHS_MAX) <= 0) {
        return millionths.longValueExact();
      }
    }
    BigDecimal max = BigDecimal.valueOf(Amounts.MAX, PLACES);
    throw Problem.invalid(
        "value must be a number between -"
            + max
            + " and "
            + max
            + " with at most "
            + PLACES
            + " decimal places");
  }

  private static Map<String, String> attributes(@Nullable Object value) {
    if (value == null) {
      return Map.of();
    }
    Members members = Members.of(value, "attributes");
    Map<String, String> attributes = new TreeMap<>(Names.ORDER);
    for (String name : members.names()) {
      String text =
          switch (members.value(name)) {
            case null -> null; // is absent
            case String string -> string;
            case Boolean flag -> flag.toString();
            case Json.Numeral number -> plain(name, number);
            default ->
                throw Problem.invalid(
                    "attributes." + name + " must be a string, a number or a boolean");
          };
      if (text != null) {
        attributes.put(name, text);
      }
    }
    return attributes;
  }

  private static String plain(String name, Json.Numeral number) {
    String plain = number.plain();
    if (plain == null) {
      throw Problem.invalid("attributes." + name + " must have at most 64 digits");
    }
    return plain;
  }
}
