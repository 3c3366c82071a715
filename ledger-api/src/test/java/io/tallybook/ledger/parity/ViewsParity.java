package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupQuery.Measure;
import io.tallybook.ledger.view.RollupQuery.Order;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Views from their definition to their deletion. */
@SuppressWarnings("MemberName") // sentences
abstract class ViewsParity extends ParityTopic {
  ViewsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void every_ledger_starts_with_the_built_in_views() {
    assertThat(book.read(LedgerReader::views)).isEqualTo(ViewDefinition.builtIn());
  }

  @Test
  final void starting_again_changes_nothing() {
    long revision = book.revision();
    book.ledger.start();
    assertThat(book.revision()).isEqualTo(revision);
  }

  @Test
  final void views_put_before_any_entry_are_kept_like_the_built_in_ones() {
    Histories.defineViews(book);
    Histories.run(book, 5, 25);
    Dimension region = new Dimension("attributes.region");
    Dimension agent = Dimension.AGENT;
    Map<String, RollupQuery> questions =
        Map.of(
            "daily-by-region", RollupQuery.by(region).in(Bucket.DAY),
            "monthly-by-service-region",
                RollupQuery.by(Dimension.SERVICE).where(region, "us", "eu west").in(Bucket.MONTH),
            "usage-by-agent-hour",
                RollupQuery.by(agent).where(Dimension.TYPE, "usage").in(Bucket.HOUR),
            "personal-by-agent", RollupQuery.by(agent).where(Dimension.ORGANIZATION, "none"),
            "us-by-agent", RollupQuery.by(agent).where(region, "us"));
    questions.forEach(
        (view, query) -> {
          for (Order order : Order.values()) {
            RollupQuery asked = query.ordered(order, Measure.COST);
            Rollup rollup = book.rollup(asked);
            assertThat(rollup.view()).isEqualTo(view);
            assertThat(rollup.rows())
                .as("%s", asked)
                .isNotEmpty()
                .isEqualTo(book.model.rollup(book.tenant, asked, false));
          }
        });
    RollupQuery ragged =
        RollupQuery.by(region).between(TestClock.START - 3 * HOUR, TestClock.START + 1);
    Rollup rollup = book.rollup(ragged);
    assertThat(rollup.view()).isEqualTo("daily-by-region");
    assertThat(rollup.withIndex()).isTrue();
    assertThat(rollup.rows()).isEqualTo(book.model.rollup(book.tenant, ragged, false));
  }

  @Test
  final void a_second_view_of_outstanding_amounts_counts_no_agent_twice() {
    book.group(
        Request.of(
            "system",
            Book.definition(outstanding("z-agents", Dimension.AGENT)),
            Book.definition(outstanding("z-services", Dimension.SERVICE)),
            Book.definition(outstanding("z-pairs", Dimension.AGENT, Dimension.SERVICE)),
            Book.definition(outstanding("z-turned", Dimension.SERVICE, Dimension.AGENT))));
    book.commit(
        usage("a", "s", 1),
        usage("b", "s", 2),
        usage("a", "z", 4),
        new Command.SettleAgent("a"),
        new Command.Reverse(1, Command.Reverse.At.NOW),
        new Command.Reset("b", "s"));
    assertThat(tenant().agents()).isEqualTo(2);
    assertThat(tenant().services()).isEqualTo(2);
    assertThat(tenant().pairs()).isEqualTo(3);
    book.commit(usage("c", "s", 5), usage("b", "s", 7), usage("a", "z", 3), usage("d", "s", 7));
  }

  private static ViewDefinition outstanding(String name, Dimension... groupBy) {
    return new ViewDefinition(
        name,
        ViewDefinition.Source.USAGE,
        Map.of(),
        List.of(groupBy),
        Bucket.NONE,
        true,
        ViewDefinition.State.READY,
        0,
        Long.MIN_VALUE);
  }

  @Test
  final void a_view_put_on_entries_has_to_be_built_first() {
    book.use("a", "s", 1);
    ViewDefinition view = ViewDefinition.of("late", Bucket.NONE, Dimension.AGENT, Dimension.TYPE);
    Outcome outcome =
        book.group(Request.of("system", Book.definition(view))).getFirst().outcomes().getFirst();
    ViewDefinition building = view.in(ViewDefinition.State.BUILDING, 1);
    assertThat(book.read(LedgerReader::views).getLast()).isEqualTo(building);
    assertThat(Objects.requireNonNull(outcome.document()).fields()).isEqualTo(building.fields());
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> book.rollup(RollupQuery.by(Dimension.AGENT, Dimension.TYPE)))
        .extracting(LedgerException.Rejected::reason)
        .isEqualTo(Reason.VIEW_BUILDING);
    book.commit(usage("a", "s", 2), usage("b", "s", 4));
  }

  @Test
  final void a_view_put_in_one_group_with_entries_has_to_be_built_first() {
    Request before = Request.of("system", Book.definition(ViewDefinition.of("x", Bucket.DAY)));
    Request after =
        new Request(
            "system",
            UUID.randomUUID(),
            "k",
            "f",
            false,
            List.of(Book.definition(ViewDefinition.of("y", Bucket.DAY, Dimension.TYPE))));
    book.group(before, book.request(usage("a", "s", 1), usage("a", "s", 2)), after);
    book.use("a", "s", 4);
    assertThat(book.group(after).getFirst().replayed()).isTrue();
    assertThat(book.read(LedgerReader::views))
        .filteredOn(view -> view.state() == ViewDefinition.State.BUILDING)
        .extracting(ViewDefinition::fence)
        .containsExactly(2L, 2L);
  }

  @Test
  final void a_view_tells_of_no_time_before_the_one_that_it_covers() {
    ViewDefinition view =
        new ViewDefinition(
            "recent",
            ViewDefinition.Source.USAGE,
            Map.of(),
            List.of(Dimension.AGENT, Dimension.TYPE),
            Bucket.HOUR,
            false,
            ViewDefinition.State.READY,
            0,
            5 * HOUR);
    book.group(Request.of("system", Book.definition(view)));
    book.commit(record(at(5 * HOUR, "a", "s", 1)), record(at(7 * HOUR + 1, "a", "s", 2)));
    RollupQuery query = RollupQuery.by(Dimension.AGENT, Dimension.TYPE);
    assertThat(book.rollup(query.between(5 * HOUR, 7 * HOUR + 1)).rows())
        .containsExactly(new RollupRow(List.of("a", "usage"), NONE, 1, 1, 0, 0, 1));
    for (RollupQuery earlier : List.of(query, query.between(5 * HOUR - 1, 9 * HOUR))) {
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> book.rollup(earlier))
          .withMessageContaining("1970-01-01T05:00:00Z")
          .extracting(LedgerException.Rejected::reason)
          .isEqualTo(Reason.RANGE_NOT_AVAILABLE);
    }
  }

  @Test
  final void a_definition_that_cannot_be_read_is_refused() {
    Outcome outcome =
        book.ledger
            .commit(
                Request.of(
                    "system",
                    new Command.PutDocument(
                        DocumentKey.view("odd"),
                        Map.of("format", "1", "source", "NOTHING"),
                        Set.of(),
                        Command.PutDocument.ABSENT,
                        null)))
            .outcomes()
            .getFirst();
    assertThat(outcome.reason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(outcome.message()).startsWith("the definition cannot be read: ");
    book.use("a", "s", 1);
  }

  @Test
  final void a_view_of_outstanding_amounts_is_defined_before_the_first_entry_or_not_at_all() {
    book.leaveModel();
    Request late = Request.of("system", Book.definition(outstanding("late", Dimension.AGENT)));
    List<Receipt> receipts = book.store.commit(List.of(book.request(usage("a", "s", 1)), late));
    for (Receipt receipt : List.of(receipts.getLast(), book.ledger.commit(late))) {
      Outcome outcome = receipt.outcomes().getFirst();
      assertRefused(outcome, Reason.CONFLICT);
      assertThat(outcome.message())
          .isEqualTo("a view with outstanding amounts can only be defined before the first entry");
    }
    book.ledger.commit(book.request(new Command.Settle("a", "s")));
    Audit.recompute(book);
  }

  @Test
  final void a_ledger_has_a_bounded_number_of_views() {
    List<Command> definitions = new ArrayList<>();
    for (int i = ViewDefinition.builtIn().size(); i < ViewDefinition.VIEWS_MAX; i++) {
      definitions.add(Book.definition(ViewDefinition.of("view-" + i, Bucket.DAY, Dimension.TYPE)));
    }
    book.group(Request.of("system", definitions));
    Outcome outcome =
        book.ledger
            .commit(
                Request.of(
                    "system",
                    Book.definition(ViewDefinition.of("more", Bucket.DAY, Dimension.TYPE))))
            .outcomes()
            .getFirst();
    assertThat(outcome.message()).isEqualTo("a ledger has at most 64 views");
    book.use("a", "s", 1);
  }

  @Test
  final void a_view_is_of_no_other_tenant_than_the_system_s() {
    book.use("a", "s", 1);
    ViewDefinition total = ViewDefinition.builtIn().getFirst();
    DocumentKey key = new DocumentKey(book.tenant, DocumentKey.VIEW, total.name());
    Outcome outcome =
        book.ledger
            .commit(book.request(new Command.PutDocument(key, total.fields(), Set.of(), -1, null)))
            .outcomes()
            .getFirst();
    assertRefused(outcome, Reason.INVALID_REQUEST);
    assertThat(outcome.message()).isEqualTo("views are of the tenant system only");
    book.use("a", "s", 2);
  }

  @Test
  final void built_in_views_cannot_be_deleted() {
    book.use("a", "s", 1);
    for (ViewDefinition view : ViewDefinition.builtIn()) {
      DocumentKey key = DocumentKey.view(view.name());
      Outcome outcome =
          book.ledger
              .commit(Request.of("system", new Command.DeleteDocument(key, -1, null)))
              .outcomes()
              .getFirst();
      assertRefused(outcome, Reason.CONFLICT);
      assertThat(outcome.message())
          .isEqualTo("view " + view.name() + " is built in and cannot be deleted");
    }
    assertThat(book.read(LedgerReader::views)).isEqualTo(ViewDefinition.builtIn());
    book.settle("a", "s");
  }

  @Test
  final void what_a_view_counts_cannot_change() {
    book.use("a", "s", 1);
    Map<String, String> changes =
        Map.of(
            "source", "READINGS",
            "filter.type", "usage",
            "groupBy.1", "organization",
            "bucket", "hour");
    changes.forEach(
        (field, value) -> {
          Outcome outcome =
              book.ledger
                  .commit(
                      Request.of(
                          "system",
                          new Command.PutDocument(
                              DocumentKey.view("by-service-type"),
                              Map.of(field, value),
                              Set.of(),
                              Command.PutDocument.ANY,
                              null)))
                  .outcomes()
                  .getFirst();
          assertRefused(outcome, Reason.CONFLICT);
          assertThat(outcome.message())
              .isEqualTo("what view by-service-type counts cannot change; define another view");
        });
    assertThat(book.read(LedgerReader::views)).isEqualTo(ViewDefinition.builtIn());
    book.use("a", "s", 2);
  }

  @Test
  final void a_view_that_is_deleted_covers_nothing() {
    book.group(
        Request.of(
            "system",
            Book.definition(
                ViewDefinition.of("extra", Bucket.NONE, Dimension.AGENT, Dimension.TYPE))));
    RollupQuery query = RollupQuery.by(Dimension.AGENT, Dimension.TYPE);
    assertThat(book.rollup(query).view()).isEqualTo("extra");
    book.group(
        Request.of("system", new Command.DeleteDocument(DocumentKey.view("extra"), -1, null)));
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> book.rollup(query))
        .extracting(LedgerException.Rejected::reason)
        .isEqualTo(Reason.NO_COVERING_VIEW);
    book.use("a", "s", 1);
  }
}
