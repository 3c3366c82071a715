package io.tallybook.service.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import io.tallybook.ledger.Amounts;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The one place for JSON and for the rules of its numbers.
 *
 * <p>Read, a document becomes maps, lists, strings, booleans, nulls and {@link Numeral}s; the
 * latter keep their text, so that nothing passes through a float. Written, an integer beyond ±(2^53
 * − 1) becomes a string of its digits, since many readers would round it; on request all do.
 */
public final class Json {
  /** Most levels of arrays and objects in a document. */
  public static final int DEPTH_MAX = 32;

  private static final BigInteger SAFE_MAX = BigInteger.valueOf(Amounts.MAX);

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              // The size of a document is bounded by who reads it; the depth is counted below.
              StreamReadConstraints.builder()
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private static final ObjectMapper NUMBERS = mapper(false);
  private static final ObjectMapper STRINGS = mapper(true);

  private Json() {}

  // ---- Writing ----------------------------------------------------------------------------------

  /**
   * A value in UTF-8.
   *
   * @param numbersAsStrings whether all numbers become strings
   */
  static byte[] write(Object value, boolean numbersAsStrings) {
    try {
      return (numbersAsStrings ? STRINGS : NUMBERS).writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write " + value.getClass(), e);
    }
  }

  private static ObjectMapper mapper(boolean strings) {
    SimpleModule rules = new SimpleModule();
    IntegerWriter integers = new IntegerWriter(strings);
    rules.addSerializer(Long.class, integers);
    rules.addSerializer(long.class, integers);
    rules.addSerializer(Integer.class, integers);
    rules.addSerializer(int.class, integers);
    rules.addSerializer(BigInteger.class, integers);
    rules.addSerializer(BigDecimal.class, new DecimalWriter(strings));
    return JsonMapper.builder(
            JsonFactory.builder()
                .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
                .build())
        .addModule(rules)
        .defaultPropertyInclusion(
            JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
        .build();
  }

  private static final class IntegerWriter extends StdSerializer<Number> {
    private static final long serialVersionUID = 1;
    private final boolean strings;

    IntegerWriter(boolean strings) {
      super(Number.class);
      this.strings = strings;
    }

    @Override
    public void serialize(Number value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      if (strings || !isSafe(value)) {
        out.writeString(value.toString());
      } else {
        out.writeNumber(value.longValue());
      }
    }

    private static boolean isSafe(Number value) {
      return value instanceof BigInteger big
          ? big.abs().compareTo(SAFE_MAX) <= 0
          : value.longValue() <= Amounts.MAX && value.longValue() >= -Amounts.MAX;
    }
  }

  private static final class DecimalWriter extends StdSerializer<BigDecimal> {
    private static final long serialVersionUID = 1;
    private final boolean strings;

    DecimalWriter(boolean strings) {
      super(BigDecimal.class);
      this.strings = strings;
    }

    @Override
    public void serialize(BigDecimal value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      if (strings) {
        out.writeString(value.toPlainString());
      } else {
        out.writeRawValue(value.toPlainString());
      }
    }
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /** A number as it was written. */
  public record Numeral(String text) {
    /** Most digits before the point of a number that is looked at more closely. */
    private static final int DIGITS_MAX = 64;

    /** The integer that this is by value; null where it is none, or has more than 64 digits. */
    public @Nullable BigInteger integer() {
      BigDecimal value = decimal();
      if (value == null) {
        return null;
      }
      BigDecimal stripped = value.stripTrailingZeros();
      return stripped.scale() > 0 ? null : stripped.toBigIntegerExact();
    }

    /** The shortest plain text of the value; null where that takes more than 64 digits. */
    public @Nullable String plain() {
      BigDecimal value = decimal();
      return value == null ? null : value.stripTrailingZeros().toPlainString();
    }

    private @Nullable BigDecimal decimal() {
      if (text.length() > 4 * DIGITS_MAX) {
        return null;
      }
      BigDecimal value;
      try {
        value = new BigDecimal(text);
      } catch (NumberFormatException e) {
        return null; // an exponent beyond 2^31
      }
      if (value.signum() == 0) {
        return BigDecimal.ZERO;
      }
      long digitsBefore = (long) value.precision() - value.scale();
      return digitsBefore > DIGITS_MAX || value.stripTrailingZeros().scale() > DIGITS_MAX
          ? null
          : value;
    }
  }

  /**
   * Reads a document.
   *
   * @param what the document is called in refusals
   * @throws Problem if it is no JSON, nested too deep, or an object has two members of one name
   */
  public static @Nullable Object read(String text, String what) {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        throw malformed(what);
      }
      Object value = value(parser, what, 0);
      if (parser.nextToken() != null) {
        throw malformed(what);
      }
      return value;
    } catch (IOException e) {
      throw malformed(what);
    }
  }

  /**
   * The text of bytes in UTF-8.
   *
   * @param what the bytes are called in refusals
   * @throws Problem if they are not UTF-8
   */
  public static String text(byte[] bytes, int length, String what) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, 0, length))
          .toString();
    } catch (CharacterCodingException e) {
      throw Problem.invalid(what + " must be valid UTF-8");
    }
  }

  private static @Nullable Object value(JsonParser parser, String what, int depth)
      throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser, what, deeper(what, depth));
      case START_ARRAY -> array(parser, what, deeper(what, depth));
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Numeral(parser.getText());
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw malformed(what);
    };
  }

  private static Map<String, @Nullable Object> object(JsonParser parser, String what, int depth)
      throws IOException {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    while (next(parser, what) != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      next(parser, what);
      Object value = value(parser, what, depth);
      if (members.containsKey(name)) {
        throw Problem.invalid("duplicate member: " + name);
      }
      members.put(name, value);
    }
    return members;
  }

  private static List<@Nullable Object> array(JsonParser parser, String what, int depth)
      throws IOException {
    List<@Nullable Object> items = new ArrayList<>();
    while (next(parser, what) != JsonToken.END_ARRAY) {
      items.add(value(parser, what, depth));
    }
    return Collections.unmodifiableList(items);
  }

  private static JsonToken next(JsonParser parser, String what) throws IOException {
    JsonToken token = parser.nextToken();
    if (token == null) {
      throw malformed(what);
    }
    return token;
  }

  private static int deeper(String what, int depth) {
    if (depth == DEPTH_MAX) {
      throw Problem.invalid(what + " must be nested at most " + DEPTH_MAX + " levels deep");
    }
    return depth + 1;
  }

  private static Problem malformed(String what) {
    return Problem.invalid("Malformed JSON in " + what);
  }
}
