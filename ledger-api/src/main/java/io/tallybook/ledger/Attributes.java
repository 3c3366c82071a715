package io.tallybook.ledger;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** The rules for attributes: at most 32, names to 64 and values to 256 code points. */
public final class Attributes {
  /** Most attributes of one entry. */
  public static final int COUNT_MAX = 32;

  /** Most code points of an attribute's name. */
  public static final int NAME_CODE_POINTS_MAX = 64;

  /** Most code points of an attribute's value. */
  public static final int VALUE_CODE_POINTS_MAX = 256;

  private Attributes() {}

  /** An unmodifiable copy in {@link Names#ORDER}, or a refusal that names the attribute. */
  static Map<String, String> require(Map<String, String> attributes) {
    if (attributes.isEmpty()) {
      return Map.of();
    }
    if (attributes.size() > COUNT_MAX) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST, "attributes", "attributes must be at most " + COUNT_MAX);
    }
    TreeMap<String, String> sorted = new TreeMap<>(Names.ORDER);
    attributes.forEach(
        (name, value) -> {
          Names.require("attribute name", name, NAME_CODE_POINTS_MAX);
          Names.requireText("attributes." + name, value, VALUE_CODE_POINTS_MAX);
          sorted.put(name, value);
        });
    return Collections.unmodifiableMap(sorted);
  }
}
