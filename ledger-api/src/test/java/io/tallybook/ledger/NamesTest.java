package io.tallybook.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class NamesTest {
  @Test
  void the_order_is_that_of_bytes_in_utf8() {
    List<String> names = new ArrayList<>();
    names.add("");
    for (int point :
        new int[] {
          0x20, 'A', 'a', 0x7e, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffee, 0xfffd, 0xffff, 0x10000,
          0x1f600, 0x10ffff
        }) {
      String name = Character.toString(point);
      names.addAll(List.of(name, name + "a", "a" + name, name + name));
    }
    for (String a : names) {
      for (String b : names) {
        assertThat(Integer.signum(Names.ORDER.compare(a, b)))
            .as("%s and %s", a, b)
            .isEqualTo(bytes(a, b));
      }
    }
  }

  @Test
  void the_order_is_that_of_bytes_for_random_names() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      String a = name(random);
      String b = random.nextInt(3) == 0 ? a.substring(0, a.offsetByCodePoints(0, 1)) : name(random);
      assertThat(Integer.signum(Names.ORDER.compare(a, b)))
          .as("%s and %s of seed %d", a, b, seed)
          .isEqualTo(bytes(a, b));
    }
  }

  private static String name(Random random) {
    StringBuilder name = new StringBuilder();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      int point = random.nextInt(Character.MAX_CODE_POINT + 1) >> random.nextInt(18);
      name.appendCodePoint(point >= 0xd800 && point < 0xe000 ? 'x' : point);
    }
    return name.toString();
  }

  private static int bytes(String a, String b) {
    return Integer.signum(
        Arrays.compareUnsigned(
            a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8)));
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("", "must not be empty"),
        Arguments.of(" a", "must not begin or end with a space"),
        Arguments.of("a ", "must not begin or end with a space"),
        Arguments.of("\u00a0a", "must not begin or end with a space"),
        Arguments.of("a\u3000", "must not begin or end with a space"),
        Arguments.of(" ", "must not begin or end with a space"),
        Arguments.of("a\u0000b", "must not contain control characters"),
        Arguments.of("a\tb", "must not contain control characters"),
        Arguments.of("a\n", "must not contain control characters"),
        Arguments.of("\u007f", "must not contain control characters"),
        Arguments.of("\u0085", "must not contain control characters"),
        Arguments.of("\u009f", "must not contain control characters"),
        Arguments.of("\ud800", "must not contain unpaired surrogates"),
        Arguments.of("a\udc00", "must not contain unpaired surrogates"),
        Arguments.of("\ud800a", "must not contain unpaired surrogates"),
        Arguments.of("\udc00\ud800", "must not contain unpaired surrogates"),
        Arguments.of("\ud83d\ud83d\ude00", "must not contain unpaired surrogates"),
        Arguments.of("x".repeat(257), "must be at most 256 characters"),
        Arguments.of("\ud83d\ude00".repeat(257), "must be at most 256 characters"),
        Arguments.of("\u20ac".repeat(171), "must be at most 512 bytes of UTF-8"),
        Arguments.of("\ud83d\ude00".repeat(129), "must be at most 512 bytes of UTF-8"),
        Arguments.of("\u20ac".repeat(170) + "abc", "must be at most 512 bytes of UTF-8"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void a_name_that_breaks_a_rule_is_refused(String name, String why) {
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> Names.require("agent", name))
        .withMessage("agent " + why)
        .satisfies(
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST);
              assertThat(e.field()).isEqualTo("agent");
            });
  }

  static Stream<String> accepted() {
    return Stream.of(
        "a",
        "a b",
        "a/b::c",
        "\u00e4",
        "\ud83d\ude00",
        "\u00ad",
        "x".repeat(256),
        "\u00e9".repeat(256),
        "\u20ac".repeat(170) + "ab",
        "\ud83d\ude00".repeat(128));
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void any_other_name_is_taken_as_it_is(String name) {
    assertThat(Names.require("agent", name)).isEqualTo(name);
    assertThat(Names.utf8Length(name)).isEqualTo(name.getBytes(StandardCharsets.UTF_8).length);
  }

  @Test
  void names_chosen_to_share_a_hash_code_share_no_hash() {
    Set<Integer> codes = new HashSet<>();
    Set<Integer> hashes = new HashSet<>();
    for (int i = 0; i < 4_096; i++) {
      StringBuilder name = new StringBuilder();
      for (int bit = 0; bit < 12; bit++) {
        name.append((i >>> bit & 1) == 0 ? "Aa" : "BB");
      }
      codes.add(name.toString().hashCode());
      hashes.add(Names.hash(name.toString()) & 0xffff);
      assertThat(Names.hash(name.toString())).isEqualTo(Names.hash(new String(name)));
    }
    assertThat(codes).hasSize(1);
    // 4,096 of 65,536 slots fall together about 125 times.
    assertThat(hashes).hasSizeGreaterThan(3_800);
    assertThat(Names.hash(null)).isZero();
  }

  @Test
  void a_missing_name_is_refused() {
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> Names.require("agent", null))
        .withMessage("agent is required");
  }

  @ParameterizedTest
  @ValueSource(strings = {"None", "NONE", "none ?", "nonee"})
  void only_none_itself_is_no_organization(String name) {
    assertThat(Names.requireOrganization("organization", name)).isEqualTo(name);
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> Names.requireOrganization("organization", "none"));
  }

  @Test
  void a_text_may_be_empty_and_have_spaces() {
    assertThat(Names.requireText("text", "", 1)).isEmpty();
    assertThat(Names.requireText("text", " a ", 3)).isEqualTo(" a ");
  }
}
