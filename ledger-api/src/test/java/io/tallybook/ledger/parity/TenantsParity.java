package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.event;
import static io.tallybook.ledger.parity.Book.record;
import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.RollupQuery;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tenants, of which none sees another. */
@SuppressWarnings("MemberName") // sentences
abstract class TenantsParity extends ParityTopic {
  TenantsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_tenant_sees_nothing_of_another() {
    Histories.run(book, 31, 15);
    book.look(
        "stranger",
        reader -> {
          assertThat(reader.tenant()).isEqualTo(Tenant.unknown("stranger"));
          assertThat(reader.total()).isNull();
          assertThat(reader.agent("a")).isNull();
          assertThat(reader.pair("a", "s")).isNull();
          assertThat(reader.entry(1)).isNull();
          assertThat(reader.agents(0, 10).items()).isEmpty();
          assertThat(reader.topOfService("s", 10)).isEmpty();
          assertThat(reader.registrations(0, 10).items()).isEmpty();
          assertThat(reader.rollup(RollupQuery.by(Dimension.AGENT)).rows()).isEmpty();
          for (EntryFilter filter :
              List.of(
                  all(),
                  all().withAgents(Set.of("a")),
                  all().withServices(Set.of("s")),
                  all().withTypes(Set.of("usage")),
                  all().withOrganizations(Set.of("none")),
                  all().withIds(Set.of("source-0", "source-1"), Set.of("id-1", "id-2", "id-3")),
                  all().withTimes(0, Long.MAX_VALUE))) {
            assertThat(reader.entries(new EntryQuery(filter, false, false, null, 10)).entries())
                .isEmpty();
          }
        });
  }

  @Test
  final void tenants_may_use_the_same_names_and_ids() {
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      requests.add(
          Request.of(
              "tenant \ud83d\ude00 " + i,
              record(event("1", "a", "s", i)),
              usage("b", "s", 1),
              new Command.Settle("a", "s"),
              record(new Reading("1", null, "a", "w", NONE, i, Map.of()))));
    }
    book.group(requests);
    book.group(requests.reversed());
    assertThat(
            book.ledger
                .<Cell>read("tenant \ud83d\ude00 7", "", r -> Objects.requireNonNull(r.total()))
                .units())
        .isEqualTo(9);
  }

  @Test
  final void a_tenant_s_record_keeps_its_numbers() {
    book.price("s", 3);
    book.commit(usage("a", "s", 5), usage("a", "z", -2), usage("b", "s", 0), usage("b", "z", 7));
    book.settle("a", "s");
    book.settle("a", "z");
    book.reverse(4);
    assertThat(tenant())
        .isEqualTo(new Tenant(book.tenant, 5, 7, 2, 2, 4, 0, 12, 2, BigInteger.valueOf(15)));
  }

  @Test
  final void a_tenant_s_revision_counts_its_own_commits() {
    book.use("a", "s", 1);
    long revision = tenant().revision();
    book.group(Request.of("other", usage("a", "s", 1)));
    assertThat(tenant().revision()).isEqualTo(revision);
    book.group(
        book.request(usage("a", "s", 1)),
        Request.of("other", usage("a", "s", 1)),
        book.request(usage("a", "s", 1)));
    assertThat(tenant().revision()).isEqualTo(revision + 1);
    book.price("s", 1);
    assertThat(tenant().revision()).isEqualTo(revision + 2);
    book.settle("never", "used");
    book.group(book.keyed("k", "f", new Command.Settle("never", "used")));
    assertThat(tenant().revision()).isEqualTo(revision + 2);
  }
}
