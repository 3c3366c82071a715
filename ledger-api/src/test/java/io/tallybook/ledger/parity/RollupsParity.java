package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.at;
import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupQuery.Measure;
import io.tallybook.ledger.view.RollupQuery.Order;
import io.tallybook.ledger.view.RollupRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Questions for sums: groups, filters, buckets, orders, pages. */
@SuppressWarnings("MemberName") // sentences
abstract class RollupsParity extends ParityTopic {
  RollupsParity(Book.Opener opener) {
    super(opener);
  }

  /** The end of a leap February, a month's end and a year's end. */
  private void history() {
    List<Command> commands = new ArrayList<>();
    Random random = new Random(7);
    List<Instant> days =
        List.of(
            Instant.parse("2023-12-31T22:30:00Z"),
            Instant.parse("2024-01-01T00:00:00Z"),
            Instant.parse("2024-01-31T23:59:59.999999Z"),
            Instant.parse("2024-02-28T23:00:00Z"),
            Instant.parse("2024-02-29T00:00:00Z"),
            Instant.parse("2024-02-29T11:11:11Z"));
    for (int i = 0; i < 120; i++) {
      long time = Times.of(days.get(i % days.size())) + random.nextLong(HOUR * (i % 3) + 1);
      commands.add(
          record(
              new UsageEvent(
                  null,
                  null,
                  i % 4 == 0 ? null : "org-" + i % 3,
                  "agent-" + random.nextInt(7),
                  "service-" + random.nextInt(3),
                  i % 5 == 0 ? "event.sent" : "event.received",
                  Math.min(time, TestClock.START),
                  random.nextInt(100) - 10,
                  random.nextInt(100),
                  Map.of())));
    }
    book.group(Request.of(book.tenant, commands));
    book.commit(
        new Command.Settle("agent-1", "service-1"),
        new Command.Reverse(3, Command.Reverse.At.NOW),
        new Command.Reverse(4, Command.Reverse.At.ORIGINAL));
  }

  @ParameterizedTest(name = "by {0} where {1} in {2}: {3}")
  @CsvSource({
    "'',                       '',                     none,  total",
    "agent,                    '',                     none,  by-agent",
    "service,                  '',                     none,  by-service",
    "'',                       agent,                  none,  by-agent",
    "'agent,service',          '',                     none,  by-agent-service",
    "'service,agent',          '',                     none,  by-agent-service",
    "agent,                    service,                none,  by-agent-service",
    "type,                     '',                     none,  by-service-type",
    "'',                       type,                   none,  by-service-type",
    "organization,             '',                     none,  daily-by-organization-agent",
    "organization,             agent,                  none,  daily-by-organization-agent",
    "organization,             type,                   none,  hourly-by-organization-type",
    "'',                       '',                     hour,  hourly-by-service",
    "'',                       '',                     day,   hourly-by-service",
    "agent,                    '',                     month, daily-by-organization-agent",
    "type,                     '',                     day,   hourly-by-organization-type",
    "organization,             '',                     hour,  hourly-by-organization-type",
    "organization,             '',                     day,   daily-by-organization-agent",
    "service,                  '',                     month, hourly-by-service",
  })
  final void a_question_is_served_by_the_smallest_view(
      String groupBy, String where, String bucket, String view) {
    history();
    RollupQuery query =
        RollupQuery.by(
                Arrays.stream(groupBy.split(",", -1))
                    .filter(name -> !name.isEmpty())
                    .map(Dimension::new)
                    .toArray(Dimension[]::new))
            .in(Bucket.parse(bucket));
    for (String name : where.split(",", -1)) {
      if (!name.isEmpty()) {
        query = query.where(new Dimension(name), "agent-1", "service-1", "event.sent", "org-1");
      }
    }
    Rollup rollup = book.rollup(query);
    assertThat(rollup.view()).isEqualTo(view);
    assertThat(rollup.withIndex()).isFalse();
    assertThat(rollup.rows())
        .isEqualTo(book.model.rollup(book.tenant, query, rollup.hasOutstanding()));
  }

  @ParameterizedTest(name = "by {0} where {1} in {2}")
  @CsvSource({
    "'agent,type',                '',           none",
    "agent,                       type,         none",
    "agent,                       '',           hour",
    "'service,organization',      '',           none",
    "'agent,service',             '',           day",
    "attributes.region,           '',           none",
    "'',                          attributes.x, none",
    "'organization,agent,type',   '',           none",
  })
  final void a_question_that_no_view_covers_is_refused(
      String groupBy, String where, String bucket) {
    history();
    RollupQuery query =
        RollupQuery.by(
                Arrays.stream(groupBy.split(",", -1))
                    .filter(name -> !name.isEmpty())
                    .map(Dimension::new)
                    .toArray(Dimension[]::new))
            .in(Bucket.parse(bucket));
    RollupQuery asked = where.isEmpty() ? query : query.where(new Dimension(where), "x");
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> book.rollup(asked))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NO_COVERING_VIEW))
        .withMessageContaining("nearest are")
        .withMessageContaining("would cover it");
  }

  @Test
  final void outstanding_needs_a_view_that_keeps_it() {
    history();
    RollupQuery query = RollupQuery.by(Dimension.TYPE).ordered(Order.TOP, Measure.OUTSTANDING);
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> book.rollup(query))
        .extracting(LedgerException.Rejected::reason)
        .isEqualTo(Reason.NO_COVERING_VIEW);
  }

  @Test
  final void the_ends_of_a_range_are_exact() {
    history();
    List<Long> times = book.entries(all()).stream().map(Entry::time).distinct().sorted().toList();
    List<Long> ends = new ArrayList<>();
    for (int i = 0; i < times.size(); i += 9) {
      ends.addAll(List.of(times.get(i), times.get(i) + 1));
    }
    ends.add(Bucket.MONTH.start(TestClock.START));
    ends.add(Bucket.MONTH.next(TestClock.START));
    List<RollupQuery> questions =
        List.of(
            RollupQuery.by(),
            RollupQuery.by(Dimension.AGENT),
            RollupQuery.by(Dimension.SERVICE).in(Bucket.DAY),
            RollupQuery.by(Dimension.TYPE).where(Dimension.ORGANIZATION, "none", "org-1"),
            RollupQuery.by(Dimension.ORGANIZATION).in(Bucket.MONTH));
    for (long from : ends) {
      for (long to : ends) {
        for (RollupQuery question : from < to ? questions : List.<RollupQuery>of()) {
          RollupQuery query = question.between(from, to);
          assertThat(book.rollup(query).rows())
              .as("%s", query)
              .isEqualTo(book.model.rollup(book.tenant, query, false));
        }
      }
    }
  }

  @Test
  final void a_range_after_everything_is_empty() {
    history();
    for (Bucket bucket : Bucket.values()) {
      RollupQuery query = RollupQuery.by(Dimension.SERVICE).in(bucket);
      assertThat(book.rollup(query.between(Long.MAX_VALUE - 5, Long.MAX_VALUE)).rows()).isEmpty();
      assertThat(book.rollup(query.between(Long.MIN_VALUE + 1, Long.MIN_VALUE + 5)).rows())
          .isEmpty();
      RollupQuery everything = query.between(Long.MIN_VALUE + 1, Long.MAX_VALUE - 1);
      assertThat(book.rollup(everything).rows())
          .isEqualTo(book.model.rollup(book.tenant, everything, false));
    }
  }

  @Test
  final void whole_buckets_need_no_entries() {
    history();
    long day = Bucket.DAY.start(TestClock.START);
    RollupQuery byAgent = RollupQuery.by(Dimension.AGENT);
    assertThat(book.rollup(byAgent.between(day - DAY, day)).withIndex()).isFalse();
    assertThat(book.rollup(byAgent.between(day - HOUR, day)).withIndex()).isTrue();
    assertThat(book.rollup(RollupQuery.by().between(day - HOUR, day)).withIndex()).isFalse();
    assertThat(book.rollup(RollupQuery.by().between(day - 1, day)).withIndex()).isTrue();
    assertThat(book.rollup(byAgent.between(NONE, day)).withIndex()).isFalse();
    assertThat(book.rollup(byAgent.between(day, Long.MAX_VALUE)).withIndex()).isFalse();
    assertThat(book.rollup(byAgent.between(NONE, day).in(Bucket.MONTH)).view())
        .isEqualTo("daily-by-organization-agent");
  }

  @Test
  final void months_have_their_own_lengths() {
    for (String time :
        List.of(
            "2024-01-31T23:59:59.999999Z",
            "2024-02-01T00:00:00Z",
            "2024-02-29T12:00:00Z",
            "2023-02-28T23:59:59.999999Z",
            "2023-03-01T00:00:00Z",
            "1970-01-01T00:00:00Z")) {
      book.one(record(at(Times.of(Instant.parse(time)), "a", "s", 1)));
    }
    assertThat(
            book.rollup(RollupQuery.by().in(Bucket.MONTH)).rows().stream()
                .map(row -> Times.instant(row.start()) + " " + row.count()))
        .containsExactly(
            "1970-01-01T00:00:00Z 1",
            "2023-02-01T00:00:00Z 1",
            "2023-03-01T00:00:00Z 1",
            "2024-01-01T00:00:00Z 1",
            "2024-02-01T00:00:00Z 2");
  }

  @Test
  final void the_kept_order_of_a_service_agrees_with_the_sorted_one() {
    history();
    RollupQuery top =
        RollupQuery.by(Dimension.AGENT)
            .where(Dimension.SERVICE, "service-1")
            .ordered(Order.TOP, Measure.OUTSTANDING);
    List<RollupRow> all = book.rollup(top).rows();
    assertThat(all).isEqualTo(book.model.rollup(book.tenant, top, true));
    for (int limit = 1; limit <= all.size(); limit++) {
      Rollup page = book.rollup(top.page(null, limit));
      assertThat(page.rows()).isEqualTo(all.subList(0, limit));
      assertThat(page.next() == null).isEqualTo(limit == all.size());
    }
  }

  @Test
  final void pages_miss_and_repeat_nothing_while_others_write() {
    history();
    for (Order order : List.of(Order.NAME, Order.FIRST)) {
      RollupQuery query =
          RollupQuery.by(Dimension.AGENT, Dimension.SERVICE).ordered(order, Measure.UNITS);
      List<List<String>> before = namesOf(book.rollup(query).rows());
      List<List<String>> paged = new ArrayList<>();
      RollupRow after = null;
      int page = 0;
      do {
        Rollup rollup = book.rollup(query.page(after, 4));
        paged.addAll(namesOf(rollup.rows()));
        after = rollup.next();
        page++;
        book.commit(
            usage("aa-" + order + page, "s", 1),
            usage("agent-1", "service-1", page),
            usage("agent-3\u00fc" + order + page, "s", 1));
      } while (after != null && page < 100);
      assertThat(paged).doesNotHaveDuplicates().containsAll(before);
      List<List<String>> old = new ArrayList<>(paged);
      old.retainAll(before);
      assertThat(old).isEqualTo(before);
    }
  }

  private static List<List<String>> namesOf(List<RollupRow> rows) {
    List<List<String>> names = new ArrayList<>();
    rows.forEach(row -> names.add(row.names().stream().map(String::valueOf).toList()));
    return names;
  }

  @Test
  final void sums_may_pass_beyond_64_bits_on_the_way_to_a_sum_that_does_not() {
    book.leaveModel();
    UsageEvent more = new UsageEvent(null, null, null, "a", "s", "t", 0, 0, MAX, Map.of());
    UsageEvent less = new UsageEvent(null, null, null, "a", "z", "u", 0, 0, -MAX, Map.of());
    UsageEvent elsewhere = new UsageEvent(null, null, null, "a", "y", "t", HOUR, 0, MAX, Map.of());
    book.unmodelled(List.of(record(more), record(elsewhere), record(less)));
    for (UsageEvent event : List.of(more, less, elsewhere)) {
      book.unmodelled(Collections.nCopies(1_023, record(event)));
    }
    // By type: t has 2 * (2^63 - 1024).
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> book.rollup(RollupQuery.by(Dimension.TYPE)))
        .extracting(LedgerException.Rejected::reason)
        .isEqualTo(Reason.SUM_OVERFLOW);
    RollupRow total = book.rollup(RollupQuery.by().between(0, 2 * HOUR)).rows().getFirst();
    assertThat(total.cost()).isEqualTo(1_024 * MAX);
    RollupRow month = book.rollup(RollupQuery.by().in(Bucket.MONTH)).rows().getFirst();
    assertThat(month.cost()).isEqualTo(1_024 * MAX);
  }
}
