package io.tallybook.service.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {
  @Test
  void integersBeyondExactNumbersAreWrittenAsStrings() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("a", 9_007_199_254_740_991L);
    values.put("b", 9_007_199_254_740_992L);
    values.put("c", -9_007_199_254_740_991L);
    values.put("d", -9_007_199_254_740_992L);
    values.put("e", BigInteger.TWO.pow(53).subtract(BigInteger.ONE));
    values.put("f", BigInteger.TWO.pow(64));
    values.put("g", Long.MIN_VALUE);
    values.put("h", 7);
    values.put("i", new BigDecimal("12.50"));
    assertThat(new String(Json.write(values, false), UTF_8))
        .isEqualTo(
            "{\"a\":9007199254740991,\"b\":\"9007199254740992\",\"c\":-9007199254740991,"
                + "\"d\":\"-9007199254740992\",\"e\":9007199254740991,"
                + "\"f\":\"18446744073709551616\",\"g\":\"-9223372036854775808\",\"h\":7,"
                + "\"i\":12.50}");
    assertThat(new String(Json.write(values, true), UTF_8))
        .startsWith("{\"a\":\"9007199254740991\",\"b\":\"9007199254740992\"")
        .endsWith("\"h\":\"7\",\"i\":\"12.50\"}");
  }

  @ParameterizedTest
  @CsvSource({
    "5, 5, 5",
    "-0, 0, 0",
    "5.0, 5, 5",
    "1e2, 100, 100",
    "0.1e1, 1, 1",
    "1.50, , 1.5",
    "1e63, 1000000000000000000000000000000000000000000000000000000000000000, 1000000000000000000000000000000000000000000000000000000000000000",
    "1e64, , ",
    "1e999999999, , ",
    "1e-999999999, , ",
    "1e99999999999, , ",
    "0e99, 0, 0"
  })
  void aNumberIsReadByItsValue(String text, @Nullable BigInteger integer, @Nullable String plain) {
    Object read = Json.read(text, "number");
    assertThat(read)
        .isInstanceOfSatisfying(
            Json.Numeral.class,
            number -> {
              assertThat(number.integer()).isEqualTo(integer);
              assertThat(number.plain()).isEqualTo(plain);
            });
  }

  @Test
  void aNumberOfVeryManyDigitsIsReadWithoutEffort() {
    String text = "9".repeat(90_000);
    assertThat(Json.read(text, "number"))
        .isInstanceOfSatisfying(
            Json.Numeral.class, number -> assertThat(number.integer()).isNull());
  }

  @Test
  void aDocumentBecomesMapsAndLists() {
    assertThat(Json.read("{\"a\":[true,false,null,\"x\"],\"b\":{}}", "body"))
        .isEqualTo(Map.of("a", Arrays.asList(true, false, null, "x"), "b", Map.of()));
    assertThat(Json.read("[]", "body")).isEqualTo(List.of());
  }

  @Test
  void aNullMemberIsThereTwiceAsWell() {
    assertThatThrownBy(() -> Json.read("{\"a\":null,\"a\":1}", "body"))
        .isInstanceOf(Problem.class)
        .hasMessage("duplicate member: a");
  }
}
