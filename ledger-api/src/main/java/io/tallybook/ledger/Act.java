package io.tallybook.ledger;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an entry of kind {@link EntryKind#ACT} says of a change to a document.
 *
 * @param type for example {@code service.disabled}
 * @param service the service that it is about; null where it is about none
 * @param attributes what else there is to say, such as old and new values
 */
public record Act(String type, @Nullable String service, Map<String, String> attributes) {
  public Act {
    Names.require("type", type);
    if (service != null) {
      Names.require("service", service);
    }
    attributes = Attributes.require(attributes);
  }
}
