package io.tallybook.service.events;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.service.http.Json;
import io.tallybook.service.http.MediaType;
import io.tallybook.service.http.Members;
import io.tallybook.service.http.Percent;
import io.tallybook.service.http.Problem;
import io.tallybook.service.http.Query;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Turns CloudEvents 1.0 into usage events of the ledger. */
final class EventReader {
  private static final String SPEC_VERSION = "1.0";
  private static final String HEADER_PREFIX = "ce-";

  /** Members of {@code data} that are no attributes. */
  private static final Set<String> OWN_MEMBERS =
      Set.of("service", "units", "cost", "organization", "currency");

  private final String currency;

  /** A reader for a ledger in a currency. */
  EventReader(String currency) {
    this.currency = currency;
  }

  /**
   * The usage event that an event in the structured form is.
   *
   * @throws Problem or {@link io.tallybook.ledger.LedgerException.Rejected} if it breaks a rule
   */
  UsageEvent structured(@Nullable Object event) {
    Members members = Members.of(event, "event");
    String version = members.required("specversion");
    if (!version.equals(SPEC_VERSION)) {
      throw Problem.invalid("specversion must be " + SPEC_VERSION);
    }
    String id = Names.require("id", members.required("id"));
    String source = Names.require("source", members.required("source"));
    String type = Names.require("type", members.required("type"));
    String agent = Names.require("subject", members.required("subject"));
    String time = members.text("time");
    long micros = time == null ? Times.ABSENT : Query.time("time", time);
    String contentType = members.text("datacontenttype");
    if (contentType != null && !MediaType.of(contentType).isJson()) {
      throw Problem.invalid("datacontenttype must be application/json");
    }
    if (members.value("data") == null && members.value("data_base64") != null) {
      throw Problem.invalid("data must be a JSON object, not data_base64");
    }
    if (members.value("data") == null) {
      throw Problem.invalid("data is required");
    }
    return event(source, id, agent, type, micros, Members.of(members.value("data"), "data"));
  }

  /**
   * The usage event that headers and a body in the binary form are.
   *
   * @param headers by names in lower case
   * @param data the body as JSON; null where there is none
   */
  UsageEvent binary(Map<String, String> headers, @Nullable Object data) {
    Map<String, @Nullable Object> event = new LinkedHashMap<>();
    headers.forEach(
        (name, value) -> {
          if (name.startsWith(HEADER_PREFIX)) {
            event.put(name.substring(HEADER_PREFIX.length()), attribute(name, value));
          }
        });
    event.remove("datacontenttype"); // is the body's own type
    event.remove("data_base64");
    event.put("data", data);
    return structured(event);
  }

  /** Whether headers have an event in the binary form. */
  static boolean isBinary(Map<String, String> headers) {
    return headers.keySet().stream().anyMatch(name -> name.startsWith(HEADER_PREFIX));
  }

  /** The value of a header: percent-encoded, and older senders may have quoted it. */
  private static String attribute(String name, String value) {
    String bare = value.strip();
    if (bare.length() >= 2 && bare.startsWith("\"") && bare.endsWith("\"")) {
      bare = bare.substring(1, bare.length() - 1).replaceAll("\\\\(.)", "$1");
    }
    String decoded = Percent.decode(bare, false);
    if (decoded == null) {
      throw Problem.invalid(name + " must be percent-encoded UTF-8");
    }
    return decoded;
  }

  private UsageEvent event(
      String source, String id, String agent, String type, long time, Members data) {
    String service = Names.require("service", data.required("service"));
    long units = data.integer("units", -Amounts.MAX, Amounts.MAX, 1);
    long cost = data.integer("cost", -Amounts.MAX, Amounts.MAX, 0);
    String organization = data.text("organization");
    String named = data.text("currency");
    if (named != null && !named.equals(currency)) {
      throw Problem.invalid("currency must be " + currency + ", the ledger's own");
    }
    return new UsageEvent(
        source, id, organization, agent, service, type, time, units, cost, attributes(data));
  }

  private static Map<String, String> attributes(Members data) {
    Map<String, String> attributes = new HashMap<>();
    for (String name : data.names()) {
      if (!OWN_MEMBERS.contains(name)) {
        Object value = data.value(name);
        switch (value) {
          case String text -> attributes.put(name, text);
          case Boolean flag -> attributes.put(name, flag.toString());
          case Json.Numeral number -> attributes.put(name, plain(name, number));
          case null, default -> {} // null is absent; arrays and objects are ignored
        }
      }
    }
    return attributes;
  }

  private static String plain(String name, Json.Numeral number) {
    String plain = number.plain();
    if (plain == null) {
      throw Problem.invalid(name + " must have at most 64 digits");
    }
    return plain;
  }
}
