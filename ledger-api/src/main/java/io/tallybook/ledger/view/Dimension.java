package io.tallybook.ledger.view;

import io.tallybook.ledger.Attributes;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Something that views group by and filters name: organization, agent, service, type, window, or an
 * attribute.
 *
 * @param name the word of requests and answers; an attribute's is {@code attributes.NAME}
 */
public record Dimension(String name) {
  public static final Dimension ORGANIZATION = new Dimension("organization");
  public static final Dimension AGENT = new Dimension("agent");
  public static final Dimension SERVICE = new Dimension("service");
  public static final Dimension TYPE = new Dimension("type");
  public static final Dimension WINDOW = new Dimension("window");

  private static final String ATTRIBUTE_PREFIX = "attributes.";

  public Dimension {
    switch (name) {
      case "organization", "agent", "service", "type", "window" -> {}
      default -> {
        if (!name.startsWith(ATTRIBUTE_PREFIX)) {
          throw new LedgerException.Rejected(
              Reason.INVALID_REQUEST,
              "dimension",
              "unknown dimension: "
                  + name
                  + "; there are organization, agent, service, type, window and attributes.NAME");
        }
        Names.require(
            name, name.substring(ATTRIBUTE_PREFIX.length()), Attributes.NAME_CODE_POINTS_MAX);
      }
    }
  }

  /** The attribute's name, or null for any other dimension. */
  public @Nullable String attribute() {
    return name.startsWith(ATTRIBUTE_PREFIX) ? name.substring(ATTRIBUTE_PREFIX.length()) : null;
  }

  /** What an entry has in this dimension; null where it has nothing. */
  public @Nullable String of(Entry entry) {
    return switch (name) {
      case "organization" -> entry.organization();
      case "agent" -> entry.agent();
      case "service" -> entry.service();
      case "type" -> entry.type();
      case "window" -> entry.window();
      default -> entry.attributes().get(name.substring(ATTRIBUTE_PREFIX.length()));
    };
  }

  // A record's own equals and hashCode are interpreted in a native executable and take microseconds
  // there: the records that requests compare, or look up by, spell out both.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Dimension that && name.equals(that.name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
