package io.tallybook.ledger.facade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LedgerTest {
  private final FakeStore store = new FakeStore();
  private final Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE);

  private static List<Command> commands(int count, boolean identified) {
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      commands.add(
          new Command.Record(
              identified
                  ? new UsageEvent("o", "id-" + i, null, "a", "s", "t", 0, i, 0, Map.of())
                  : UsageEvent.of("a", "s", i)));
    }
    return commands;
  }

  @Test
  void a_long_request_is_committed_in_pieces_in_order() {
    List<Command> commands = commands(2_001, false);
    Receipt receipt = ledger.commit(Request.of("t", commands));
    assertThat(store.groups)
        .extracting(group -> group.getFirst().commands())
        .containsExactly(
            commands.subList(0, 1_000),
            commands.subList(1_000, 2_000),
            commands.subList(2_000, 2_001));
    assertThat(receipt.outcomes()).hasSize(2_001);
    assertThat(receipt.revision()).isEqualTo(3);
  }

  @Test
  void an_atomic_request_and_one_with_a_key_are_never_split() {
    List<Command> commands = commands(1_500, false);
    UUID token = UUID.randomUUID();
    Receipt atomic = ledger.commit(new Request("t", token, null, "", true, commands));
    Receipt keyed = ledger.commit(new Request("t", token, "k", "f", false, commands));
    assertThat(atomic.outcomes()).hasSameSizeAs(keyed.outcomes());
    assertThat(store.groups).hasSize(2);
  }

  @ParameterizedTest(name = "identified: {0}")
  @ValueSource(booleans = {true, false})
  void a_failure_after_the_first_piece_never_says_that_nothing_happened(boolean identified) {
    for (LedgerException failure :
        List.of(
            new LedgerException.Rejected(Reason.INVALID_REQUEST, "nothing was recorded"),
            new LedgerException.Unavailable("nothing was recorded", true, null),
            new LedgerException.Unavailable("connection lost", false, null))) {
      store.groups.clear();
      store.before =
          group -> {
            if (store.groups.size() == 2) {
              throw failure;
            }
          };
      assertThatExceptionOfType(LedgerException.Unavailable.class)
          .isThrownBy(() -> ledger.commit(Request.of("t", commands(2_500, identified))))
          .withMessageStartingWith("The first 1000 commands were committed.")
          .satisfies(e -> assertThat(e.safeToResend()).isEqualTo(identified));
      assertThat(store.groups).hasSize(2);
    }
  }

  @Test
  void a_failure_of_the_first_piece_is_told_as_it_is() {
    LedgerException failure = new LedgerException.Unavailable("no connection", true, null);
    store.before =
        group -> {
          throw failure;
        };
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> ledger.commit(Request.of("t", commands(2_500, false))))
        .isSameAs(failure);
  }

  @Test
  void a_page_has_1_to_1_000_entries() {
    for (int limit : new int[] {-1, 0, 1_001}) {
      assertThatExceptionOfType(LedgerException.Rejected.class)
          .isThrownBy(() -> new EntryQuery(EntryFilter.ALL, false, false, null, limit))
          .satisfies(e -> assertThat(e.field()).isEqualTo("limit"));
    }
    assertThat(new EntryQuery(EntryFilter.ALL, false, false, null, 1_000).limit()).isEqualTo(1_000);
  }

  @Test
  void an_observer_that_observes_nothing_does_nothing() {
    LedgerObserver.NONE.committed(1, Collections.emptyList(), 1);
    LedgerObserver.NONE.failed(new LedgerException.Rejected(Reason.CONFLICT, "x"));
    LedgerObserver.NONE.read("x", "y", 1);
    assertThat(ledger.storage()).isEqualTo("fake");
  }
}
