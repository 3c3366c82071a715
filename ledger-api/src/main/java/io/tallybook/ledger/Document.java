package io.tallybook.ledger;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A small named record that lives beside the entries and changes in the same commits: a service, a
 * view.
 *
 * @param revision 1 when it is first put, then one more for each change
 * @param ordinal in the order in which documents were first put; a document that was deleted and is
 *     put again has a new one
 * @param fields in {@link Names#ORDER}
 */
public record Document(DocumentKey key, long revision, long ordinal, Map<String, String> fields) {
  /** Field of a service: the price of one unit, an integer. */
  public static final String PRICE = "price";

  /** Field of a service: {@code true} while it takes no usage. */
  public static final String DISABLED = "disabled";

  /** Field of a service: what it is; together with {@link #OWNER}. */
  public static final String DESCRIPTION = "description";

  /** Field of a service: whose it is; together with {@link #DESCRIPTION}. */
  public static final String OWNER = "owner";

  public Document {
    TreeMap<String, String> sorted = new TreeMap<>(Names.ORDER);
    sorted.putAll(fields);
    fields = Collections.unmodifiableMap(sorted);
  }

  /** A field's text, or null where the document has none of that name. */
  public @Nullable String field(String name) {
    return fields.get(name);
  }

  /** A field that is an integer, 0 where it is missing. */
  public long integer(String name) {
    String text = fields.get(name);
    return text == null ? 0 : Long.parseLong(text);
  }

  /** Whether a field says {@code true}. */
  public boolean flag(String name) {
    return "true".equals(fields.get(name));
  }
}
