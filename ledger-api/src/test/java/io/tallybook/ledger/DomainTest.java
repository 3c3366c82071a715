package io.tallybook.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bounds of the domain's records. */
final class DomainTest {
  private static final Command USAGE = new Command.Record(UsageEvent.of("a", "s", 1));

  private static void assertInvalid(String field, ThrowingCallable made) {
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(made)
        .satisfies(
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST);
              assertThat(e.field()).isEqualTo(field);
            });
  }

  @ParameterizedTest
  @EnumSource
  void a_reason_s_code_is_its_name_in_lower_case(Reason reason) {
    assertThat(reason.code()).matches("[a-z_]+").isEqualToIgnoringCase(reason.name());
  }

  @Test
  void kinds_keep_their_codes() {
    assertThat(List.of(EntryKind.values()))
        .extracting(EntryKind::code)
        .containsExactly(1, 2, 3, 4, 5, 6);
    for (EntryKind kind : EntryKind.values()) {
      assertThat(EntryKind.of(kind.code())).isEqualTo(kind);
      assertThat(kind.label()).isEqualToIgnoringCase(kind.name());
    }
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> EntryKind.of(7))
        .withMessageContaining("kind 7")
        .satisfies(e -> assertThat(e.safeToResend()).isTrue());
  }

  @Test
  void an_amount_is_at_most_2_to_the_53_minus_1() {
    assertThat(Amounts.MAX).isEqualTo(9_007_199_254_740_991L);
    assertThat(Amounts.require("units", Amounts.MAX)).isEqualTo(Amounts.MAX);
    assertThat(Amounts.require("units", -Amounts.MAX)).isEqualTo(-Amounts.MAX);
    for (long beyond :
        new long[] {Amounts.MAX + 1, -Amounts.MAX - 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
      assertInvalid("units", () -> Amounts.require("units", beyond));
      assertInvalid("units", () -> UsageEvent.of("a", "s", beyond));
      assertInvalid(
          "cost", () -> new UsageEvent(null, null, null, "a", "s", "t", 0, 0, beyond, Map.of()));
      assertInvalid("value", () -> new Reading(null, null, "a", "w", 0, beyond, Map.of()));
    }
    assertThat(Amounts.clamp(Long.MAX_VALUE)).isEqualTo(Amounts.MAX);
    assertThat(Amounts.clamp(Long.MIN_VALUE)).isEqualTo(-Amounts.MAX);
    assertThat(Amounts.clamp(-7)).isEqualTo(-7);
  }

  @Test
  void an_overflow_is_told_as_exact_arithmetic_tells_it() {
    long[] edges = {
      Long.MIN_VALUE, Long.MIN_VALUE + 1, -1, 0, 1, Long.MAX_VALUE - 1, Long.MAX_VALUE
    };
    for (long a : edges) {
      for (long b : edges) {
        boolean overflows = BigInteger.valueOf(a).add(BigInteger.valueOf(b)).bitLength() > 63;
        assertThat(Amounts.overflows(a, b)).as("%d + %d", a, b).isEqualTo(overflows);
      }
    }
  }

  @Test
  void source_and_id_come_together_or_not_at_all() {
    assertInvalid("id", () -> new UsageEvent("o", null, null, "a", "s", "t", 0, 0, 0, Map.of()));
    assertInvalid(
        "source", () -> new UsageEvent(null, "1", null, "a", "s", "t", 0, 0, 0, Map.of()));
  }

  @Test
  void no_organization_is_called_none() {
    assertInvalid(
        "organization", () -> new UsageEvent(null, null, "none", "a", "s", "t", 0, 0, 0, Map.of()));
    assertInvalid("organization", () -> new Reading(null, "none", "a", "w", 0, 0, Map.of()));
  }

  @Test
  void every_name_of_a_command_is_checked() {
    assertInvalid("agent", () -> UsageEvent.of("", "s", 1));
    assertInvalid("service", () -> UsageEvent.of("a", " ", 1));
    assertInvalid("agent", () -> new Command.Settle("", "s"));
    assertInvalid("service", () -> new Command.Settle("a", ""));
    assertInvalid("agent", () -> new Command.SettleAgent("\n"));
    assertInvalid("service", () -> new Command.SettleService("", List.of()));
    assertInvalid("agent", () -> new Command.SettleService("s", List.of("a", "")));
    assertInvalid("agent", () -> new Command.Reset("", "s"));
    assertInvalid("service", () -> new Command.Reset("a", ""));
    assertInvalid("window", () -> new Reading(null, null, "a", "", 0, 0, Map.of()));
    assertInvalid("id", () -> new Reading("", null, "a", "w", 0, 0, Map.of()));
    assertInvalid("type", () -> new Act("", null, Map.of()));
    assertInvalid("service", () -> new Act("t", "", Map.of()));
    assertInvalid(
        "name",
        () -> new Command.PutDocument(DocumentKey.service("t", ""), Map.of(), Set.of(), -1, null));
  }

  @Test
  void attributes_are_bounded_and_sorted() {
    Map<String, String> most = new HashMap<>();
    for (int i = 0; i < 32; i++) {
      most.put("name-" + i, "\u00e9".repeat(256));
    }
    most.put("\uffee", "1");
    most.remove("name-7");
    assertThat(Attributes.require(most)).isEqualTo(most).hasSize(32);
    assertThat(Attributes.require(Map.of("\ud83d\ude00", "2", "\uffee", "1", "a", "")).keySet())
        .containsExactly("a", "\uffee", "\ud83d\ude00");
    most.put("one more", "");
    assertInvalid("attributes", () -> Attributes.require(most));
    assertInvalid("attribute name", () -> Attributes.require(Map.of("x".repeat(65), "")));
    assertInvalid("attribute name", () -> Attributes.require(Map.of("", "")));
    assertInvalid("attributes.a", () -> Attributes.require(Map.of("a", "x".repeat(257))));
    assertInvalid("attributes.a", () -> Attributes.require(Map.of("a", "\u0000")));
    assertThatCode(() -> Attributes.require(Map.of("x".repeat(64), " x")))
        .doesNotThrowAnyException();
  }

  @Test
  void a_request_has_1_to_10_000_commands() {
    assertInvalid("commands", () -> Request.of("t", List.of()));
    assertInvalid("commands", () -> Request.of("t", Collections.nCopies(10_001, USAGE)));
    assertThat(Request.of("t", Collections.nCopies(10_000, USAGE)).commands()).hasSize(10_000);
    assertInvalid("tenant", () -> Request.of("", USAGE));
    assertInvalid(
        "idempotencyKey",
        () -> new Request("t", UUID.randomUUID(), "x".repeat(257), "", false, List.of(USAGE)));
  }

  @Test
  void only_a_long_request_without_key_that_is_not_atomic_may_be_split() {
    UUID token = UUID.randomUUID();
    List<Command> few = Collections.nCopies(1_000, USAGE);
    List<Command> many = Collections.nCopies(1_001, USAGE);
    assertThat(new Request("t", token, null, "", false, few).isSplittable()).isFalse();
    assertThat(new Request("t", token, null, "", false, many).isSplittable()).isTrue();
    assertThat(new Request("t", token, null, "", true, many).isSplittable()).isFalse();
    assertThat(new Request("t", token, "k", "f", false, many).isSplittable()).isFalse();
  }

  @Test
  void a_document_is_changed_by_its_own_tenant_only() {
    DocumentKey key = DocumentKey.service("other", "s");
    assertInvalid(
        "tenant",
        () -> Request.of("t", new Command.PutDocument(key, Map.of(), Set.of(), -1, null)));
    assertInvalid("tenant", () -> Request.of("t", new Command.DeleteDocument(key, -1, null)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"organization", "agent", "service", "type", "source", "id", "attributes.a", "q"})
  void a_filter_names_at_most_a_hundred_of_each(String field) {
    Set<String> hundred = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      hundred.add("name-" + i);
    }
    assertThatCode(() -> filter(field, hundred)).doesNotThrowAnyException();
    Set<String> more = new HashSet<>(hundred);
    more.add("one more");
    assertInvalid(field, () -> filter(field, more));
  }

  @Test
  void a_filter_names_no_more_attributes_than_an_entry_has() {
    Map<String, Set<String>> attributes = new HashMap<>();
    for (int i = 0; i < Attributes.COUNT_MAX; i++) {
      attributes.put("attribute " + i, Set.of("value"));
    }
    assertThatCode(() -> EntryFilter.ALL.withAttributes(attributes)).doesNotThrowAnyException();
    attributes.put("one more", Set.of("value"));
    assertInvalid("attributes", () -> EntryFilter.ALL.withAttributes(attributes));
  }

  private static EntryFilter filter(String field, Set<String> names) {
    EntryFilter all = EntryFilter.ALL;
    return switch (field) {
      case "organization" -> all.withOrganizations(names);
      case "agent" -> all.withAgents(names);
      case "service" -> all.withServices(names);
      case "type" -> all.withTypes(names);
      case "source" -> all.withIds(names, Set.of());
      case "id" -> all.withIds(Set.of(), names);
      case "q" -> all.withWords(new ArrayList<>(names));
      default -> all.withAttributes(Map.of("a", names));
    };
  }

  @Test
  void a_document_s_fields_have_kinds() {
    Document document =
        new Document(
            DocumentKey.service("t", "s"), 1, 1, Map.of("price", "-5", "disabled", "true"));
    assertThat(document.integer("price")).isEqualTo(-5);
    assertThat(document.integer("none")).isZero();
    assertThat(document.flag("disabled")).isTrue();
    assertThat(document.flag("price")).isFalse();
    assertThat(document.field("none")).isNull();
  }

  @Test
  void times_are_microseconds() {
    Instant instant = Instant.parse("2024-02-29T12:34:56.123456789Z");
    assertThat(Times.of(instant)).isEqualTo(1_709_210_096_123_456L);
    assertThat(Times.instant(1_709_210_096_123_456L))
        .isEqualTo(Instant.parse("2024-02-29T12:34:56.123456Z"));
    assertThat(Times.AHEAD_MAX_MICROS).isEqualTo(3_600_000_000L);
  }
}
