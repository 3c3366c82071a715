package io.tallybook.ledger;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Usage as a client sends it: an agent used units of a service, at a time, at a cost.
 *
 * <p>An event exists only within the bounds of {@link Names}, {@link Amounts} and {@link
 * Attributes}: the constructor refuses any other by {@link LedgerException.Rejected}. Whether the
 * time is acceptable is decided when it is recorded.
 *
 * @param source who names the event; with {@code id} its identity, for good. Both or neither
 * @param id the event's name within its source
 * @param organization absent for personal usage
 * @param type the kind of event, {@value #DEFAULT_TYPE} by default
 * @param time microseconds since 1970, or {@link Times#ABSENT} for the time of recording
 * @param units signed, at most 2^53 − 1 in size
 * @param cost millionths of the ledger's currency, signed, at most 2^53 − 1 in size
 */
public record UsageEvent(
    @Nullable String source,
    @Nullable String id,
    @Nullable String organization,
    String agent,
    String service,
    String type,
    long time,
    long units,
    long cost,
    Map<String, String> attributes)
    implements Submission {
  /** The type of an event that names none. */
  public static final String DEFAULT_TYPE = "usage";

  public UsageEvent {
    if (id != null || source != null) {
      Names.require("source", source);
      Names.require("id", id);
    }
    if (organization != null) {
      Names.requireOrganization("organization", organization);
    }
    Names.require("agent", agent);
    Names.require("service", service);
    Names.require("type", type);
    Amounts.require("units", units);
    Amounts.require("cost", cost);
    attributes = Attributes.require(attributes);
  }

  /** Plain usage without a client's id: units of type {@value #DEFAULT_TYPE}, now, at no cost. */
  public static UsageEvent of(String agent, String service, long units) {
    return new UsageEvent(
        null, null, null, agent, service, DEFAULT_TYPE, Times.ABSENT, units, 0, Map.of());
  }
}
