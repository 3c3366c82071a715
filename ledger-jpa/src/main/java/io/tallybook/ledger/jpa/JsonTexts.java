package io.tallybook.ledger.jpa;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Names with texts as a JSON object, which whoever looks into the database can read. */
final class JsonTexts {
  private static final JsonFactory JSON = new JsonFactory();

  private JsonTexts() {}

  /** The object; null for no texts. */
  static @Nullable String write(Map<String, String> texts) {
    return texts.isEmpty() ? null : object(texts);
  }

  /** The object, empty for no texts. */
  static String object(Map<String, String> texts) {
    StringWriter json = new StringWriter();
    try (JsonGenerator out = JSON.createGenerator(json)) {
      out.writeStartObject();
      for (Map.Entry<String, String> text : texts.entrySet()) {
        out.writeStringField(text.getKey(), text.getValue());
      }
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return json.toString();
  }

  /** One member as {@link #write} writes it, for a look into a text before it is read. */
  static String member(String name, String text) {
    String object = object(Map.of(name, text));
    return object.substring(1, object.length() - 1);
  }

  /**
   * The texts of an object, in {@link Names#ORDER}.
   *
   * @throws LedgerException.Unavailable if the row is damaged
   */
  static Map<String, String> read(@Nullable String json) {
    if (json == null) {
      return Map.of();
    }
    TreeMap<String, String> texts = new TreeMap<>(Names.ORDER);
    try (JsonParser in = JSON.createParser(json)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw damaged(null);
      }
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String name = in.currentName();
        if (in.nextToken() != JsonToken.VALUE_STRING) {
          throw damaged(null);
        }
        texts.put(name, in.getText());
      }
    } catch (IOException e) {
      throw damaged(e);
    }
    return Collections.unmodifiableMap(texts);
  }

  private static LedgerException.Unavailable damaged(@Nullable IOException cause) {
    return new LedgerException.Unavailable(
        "A row of the database holds texts that are no JSON object of texts", true, cause);
  }
}
