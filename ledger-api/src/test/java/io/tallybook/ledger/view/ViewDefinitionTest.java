package io.tallybook.ledger.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.view.RollupQuery.Measure;
import io.tallybook.ledger.view.RollupQuery.Order;
import io.tallybook.ledger.view.ViewDefinition.Source;
import io.tallybook.ledger.view.ViewDefinition.State;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ViewDefinitionTest {
  static Stream<ViewDefinition> definitions() {
    ViewDefinition all =
        new ViewDefinition(
            "v",
            Source.READINGS,
            Map.of(Dimension.WINDOW, "w", new Dimension("attributes.\u00fc.x"), " v "),
            List.of(Dimension.AGENT, new Dimension("attributes.region"), Dimension.ORGANIZATION),
            Bucket.MONTH,
            false,
            State.BUILDING,
            42,
            17);
    return Stream.concat(
        ViewDefinition.builtIn().stream(), Stream.of(all, all.in(State.FAILED, 43)));
  }

  private static Document document(ViewDefinition view, Map<String, String> fields) {
    return new Document(DocumentKey.view(view.name()), 1, 1, fields);
  }

  @ParameterizedTest
  @MethodSource("definitions")
  void a_definition_comes_back_from_its_document(ViewDefinition view) {
    assertThat(ViewDefinition.of(document(view, view.fields()))).isEqualTo(view);
  }

  @Test
  void a_definition_of_a_newer_format_is_not_understood() {
    ViewDefinition view = ViewDefinition.builtIn().getFirst();
    Map<String, String> fields = new HashMap<>(view.fields());
    fields.put("format", "2");
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> ViewDefinition.of(document(view, fields)))
        .withMessageContaining("newer version");
    fields.put("format", "1");
    fields.remove("bucket");
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> ViewDefinition.of(document(view, fields)))
        .withMessageContaining("has no bucket");
  }

  @Test
  void a_ledger_without_its_own_views_is_damaged() {
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> ViewCatalog.pairs(List.of()))
        .withMessageContaining("PAIR");
  }

  @Test
  void a_definition_is_parsed_once_for_a_revision() {
    ViewCatalog catalog = new ViewCatalog();
    List<Document> documents =
        ViewDefinition.builtIn().stream().map(view -> document(view, view.fields())).toList();
    List<ViewDefinition> views = catalog.views(5, () -> documents);
    assertThat(views).isEqualTo(ViewDefinition.builtIn());
    assertThat(catalog.views(5, List::of)).isSameAs(views);
    assertThat(catalog.views(4, List::of)).isEmpty();
    assertThat(catalog.views(5, List::of)).isSameAs(views);
    assertThat(catalog.views(6, List::of)).isEmpty();
  }

  @Test
  void shapes_follow_from_definitions() {
    assertThat(ViewDefinition.builtIn())
        .extracting(ViewDefinition::shape)
        .containsExactly(
            CellShape.OUTSTANDING,
            CellShape.OUTSTANDING,
            CellShape.SERVICE,
            CellShape.PAIR,
            CellShape.USAGE,
            CellShape.USAGE,
            CellShape.USAGE,
            CellShape.USAGE,
            CellShape.READING,
            CellShape.READING);
  }

  private static void assertInvalid(String field, ThrowingCallable made) {
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(made)
        .satisfies(
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST);
              assertThat(e.field()).isEqualTo(field);
            });
  }

  @Test
  void a_definition_is_bounded() {
    Dimension[] seven = new Dimension[7];
    for (int i = 0; i < 7; i++) {
      seven[i] = new Dimension("attributes.a" + i);
    }
    assertInvalid("groupBy", () -> ViewDefinition.of("v", Bucket.DAY, seven));
    assertInvalid(
        "groupBy", () -> ViewDefinition.of("v", Bucket.DAY, Dimension.AGENT, Dimension.AGENT));
    assertInvalid("name", () -> ViewDefinition.of("x".repeat(65), Bucket.DAY));
    assertInvalid("name", () -> ViewDefinition.of("", Bucket.DAY));
  }

  @Test
  void outstanding_amounts_are_of_all_usage_and_of_now() {
    assertInvalid("outstanding", () -> outstanding(Source.READINGS, Map.of(), Bucket.NONE));
    assertInvalid("outstanding", () -> outstanding(Source.USAGE, Map.of(), Bucket.DAY));
    assertInvalid(
        "outstanding", () -> outstanding(Source.USAGE, Map.of(Dimension.AGENT, "a"), Bucket.NONE));
    assertInvalid(
        "outstanding", () -> outstanding(Source.USAGE, Map.of(), Bucket.NONE, Dimension.TYPE));
    assertThat(
            outstanding(Source.USAGE, Map.of(), Bucket.NONE, Dimension.SERVICE, Dimension.AGENT)
                .shape())
        .isEqualTo(CellShape.OUTSTANDING);
  }

  private static ViewDefinition outstanding(
      Source source, Map<Dimension, String> filter, Bucket bucket, Dimension... groupBy) {
    return new ViewDefinition(
        "v", source, filter, List.of(groupBy), bucket, true, State.READY, 0, Long.MIN_VALUE);
  }

  @Test
  void a_dimension_is_known_or_an_attribute() {
    assertThat(new Dimension("attributes.a.b").attribute()).isEqualTo("a.b");
    assertThat(Dimension.AGENT.attribute()).isNull();
    assertThat(Dimension.AGENT).hasToString("agent");
    assertInvalid("dimension", () -> new Dimension("colour"));
    assertInvalid("attributes.", () -> new Dimension("attributes."));
    assertInvalid(
        "attributes." + "x".repeat(65), () -> new Dimension("attributes." + "x".repeat(65)));
  }

  @Test
  void a_question_is_bounded() {
    RollupQuery query = RollupQuery.by(Dimension.AGENT);
    assertInvalid("groupBy", () -> RollupQuery.by(Dimension.AGENT, Dimension.AGENT));
    assertInvalid("agent", () -> query.where(Dimension.AGENT));
    Set<String> names = new HashSet<>();
    for (int i = 0; i <= EntryFilter.NAMES_MAX; i++) {
      names.add("name-" + i);
    }
    assertInvalid("agent", () -> query.where(Dimension.AGENT, names.toArray(String[]::new)));
    assertInvalid("window", () -> RollupQuery.by(Dimension.WINDOW));
    assertInvalid("window", () -> query.where(Dimension.WINDOW, "w"));
    assertInvalid("from", () -> query.between(5, 5));
    assertInvalid("from", () -> query.between(6, 5));
    assertInvalid("limit", () -> query.page(null, 0));
    assertInvalid("limit", () -> query.page(null, RollupQuery.LIMIT_MAX + 1));
    RollupQuery outstanding = query.ordered(Order.TOP, Measure.OUTSTANDING);
    assertInvalid("measure", () -> outstanding.between(0, 5));
    assertInvalid("measure", () -> outstanding.between(0, Long.MAX_VALUE));
    assertInvalid("measure", () -> outstanding.in(Bucket.DAY));
    RollupRow row = new RollupRow(List.of("a"), 0, 1, 2, 3, 4, 5);
    assertInvalid("cursor", () -> outstanding.page(row, 10));
    assertThat(Stream.of(Measure.values()).map(row::value)).containsExactly(2L, 3L, 1L, 4L);
  }

  @Test
  void a_view_is_chosen_by_fewest_dimensions_then_coarsest_bucket_then_name() {
    List<ViewDefinition> views =
        List.of(
            ViewDefinition.of("wide", Bucket.NONE, Dimension.AGENT, Dimension.TYPE),
            ViewDefinition.of("hours", Bucket.HOUR, Dimension.AGENT),
            ViewDefinition.of("months", Bucket.MONTH, Dimension.AGENT),
            ViewDefinition.of("b-days", Bucket.DAY, Dimension.AGENT),
            ViewDefinition.of("a-days", Bucket.DAY, Dimension.AGENT),
            ViewDefinition.of("0-days", Bucket.DAY, Dimension.AGENT).in(State.BUILDING, 9));
    RollupQuery byAgent = RollupQuery.by(Dimension.AGENT);
    assertThat(ViewPlanner.choose(views, byAgent).name()).isEqualTo("months");
    assertThat(ViewPlanner.choose(views, byAgent.in(Bucket.DAY)).name()).isEqualTo("a-days");
    assertThat(ViewPlanner.choose(views, byAgent.in(Bucket.HOUR)).name()).isEqualTo("hours");
    assertThat(ViewPlanner.choose(views, byAgent.between(1, 2)).name()).isEqualTo("months");
    assertThat(ViewPlanner.choose(views, byAgent.where(Dimension.TYPE, "t")).name())
        .isEqualTo("wide");
    assertThat(ViewPlanner.finer(views, byAgent.between(1, 2), views.get(2)))
        .extracting(ViewDefinition::name)
        .containsExactly("a-days", "hours");
    assertThat(ViewPlanner.finer(views, byAgent.between(1, 2), views.get(1))).isEmpty();
  }

  @Test
  void a_question_that_only_a_failed_view_covers_is_refused() {
    List<ViewDefinition> views =
        List.of(ViewDefinition.of("v", Bucket.DAY, Dimension.AGENT).in(State.FAILED, 9));
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> ViewPlanner.choose(views, RollupQuery.by(Dimension.AGENT)))
        .withMessage("view v covers the question and is still failed")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.VIEW_BUILDING));
  }

  @Test
  void a_refusal_names_the_nearest_views_and_the_one_that_would_do() {
    RollupQuery query = RollupQuery.by(Dimension.TYPE, Dimension.AGENT).between(0, 5);
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> ViewPlanner.choose(ViewDefinition.builtIn(), query))
        .withMessage(
            "no view covers this question; nearest are by-agent, by-agent-service, by-service-type;"
                + " a view grouped by [agent, type] with bucket day would cover it");
  }

  @Test
  void cells_are_equal_by_all_that_they_hold() {
    Cell cell = new Cell(List.of("a"), 5, new long[] {1, 2, 3, 4});
    assertThat(cell)
        .isEqualTo(new Cell(List.of("a"), 5, new long[] {1, 2, 3, 4}))
        .hasSameHashCodeAs(new Cell(List.of("a"), 5, new long[] {1, 2, 3, 4}))
        .isNotEqualTo(new Cell(List.of("b"), 5, new long[] {1, 2, 3, 4}))
        .isNotEqualTo(new Cell(List.of("a"), 6, new long[] {1, 2, 3, 4}))
        .isNotEqualTo(new Cell(List.of("a"), 5, new long[] {1, 2, 3, 5}))
        .isNotEqualTo("a")
        .hasToString("[a]@5[1, 2, 3, 4]");
  }
}
