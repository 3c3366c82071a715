package io.tallybook.ledger;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The value of a gauge for an agent at a time, in a named window. It is not a sum and is never
 * billed.
 *
 * @param id the reading's name among the tenant's readings; without it nothing is deduplicated
 * @param window for example {@code primary}, {@code secondary}, {@code monthly}
 * @param time microseconds since 1970, or {@link Times#ABSENT} for the time of recording
 * @param value millionths, signed, at most 2^53 − 1 in size
 */
public record Reading(
    @Nullable String id,
    @Nullable String organization,
    String agent,
    String window,
    long time,
    long value,
    Map<String, String> attributes)
    implements Submission {
  /** The window of a reading that names none. */
  public static final String DEFAULT_WINDOW = "primary";

  public Reading {
    if (id != null) {
      Names.require("id", id);
    }
    if (organization != null) {
      Names.requireOrganization("organization", organization);
    }
    Names.require("agent", agent);
    Names.require("window", window);
    Amounts.require("value", value);
    attributes = Attributes.require(attributes);
  }
}
