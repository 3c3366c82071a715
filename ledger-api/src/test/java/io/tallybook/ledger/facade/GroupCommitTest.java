package io.tallybook.ledger.facade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class GroupCommitTest {
  private final FakeStore store = new FakeStore();
  private final List<String> observed = new CopyOnWriteArrayList<>();
  private final LedgerObserver observer =
      new LedgerObserver() {
        @Override
        public void committed(int requests, List<Receipt> receipts, long nanos) {
          observed.add("committed " + requests + " " + receipts.size());
        }

        @Override
        public void failed(LedgerException failure) {
          observed.add("failed " + failure.getClass().getSimpleName());
        }

        @Override
        public void read(String operation, String servedBy, long nanos) {}
      };

  private GroupCommit groupCommit = with(GroupCommitSettings.DEFAULT);

  private GroupCommit with(GroupCommitSettings settings) {
    return new GroupCommit(store, settings, observer, LedgerTracer.NONE);
  }

  private static Request request(String name) {
    return Request.of(name, new Command.Record(UsageEvent.of("a", "s", 1)));
  }

  private static Request request(String name, Command... commands) {
    return Request.of(name, commands);
  }

  private static Command identified() {
    return new Command.Record(new UsageEvent("o", "1", null, "a", "s", "t", 0, 1, 0, Map.of()));
  }

  /** A request on a thread of its own. */
  private final class Caller {
    final AtomicReference<@Nullable Receipt> receipt = new AtomicReference<>();
    final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    final Thread thread;
    volatile boolean wasInterrupted;

    Caller(Request request) {
      thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      receipt.set(groupCommit.commit(request));
                    } catch (Throwable e) {
                      failure.set(e);
                    }
                    wasInterrupted = Thread.currentThread().isInterrupted();
                  });
    }

    /** Goes on when the request waits in the queue. */
    Caller waiting() {
      while (thread.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
      return this;
    }

    Caller ended() {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return this;
    }

    LedgerException.Unavailable unavailable() {
      ended();
      assertThat(receipt.get()).isNull();
      assertThat(failure.get()).isInstanceOf(LedgerException.Unavailable.class);
      return (LedgerException.Unavailable) Objects.requireNonNull(failure.get());
    }

    void answered() {
      ended();
      assertThat(failure.get()).isNull();
      assertThat(receipt.get()).isNotNull();
    }
  }

  private Caller queued(String name) {
    return new Caller(request(name)).waiting();
  }

  @Test
  void a_lone_request_is_committed_at_once_by_its_own_thread() {
    AtomicReference<Thread> by = new AtomicReference<>();
    store.before = group -> by.set(Thread.currentThread());
    assertThat(groupCommit.commit(request("a")).revision()).isEqualTo(1);
    assertThat(groupCommit.commit(request("b")).revision()).isEqualTo(2);
    assertThat(by.get()).isSameAs(Thread.currentThread());
    assertThat(store.names()).containsExactly(List.of("a"), List.of("b"));
    assertThat(observed).containsExactly("committed 1 1", "committed 1 1");
  }

  @Test
  void requests_that_wait_are_committed_together_in_order() {
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    List<Caller> others = List.of(queued("b"), queued("c"), queued("d"));
    gate.open.countDown();
    first.answered();
    others.forEach(Caller::answered);
    assertThat(store.names()).containsExactly(List.of("a"), List.of("b", "c", "d"));
  }

  @Test
  void a_group_is_bounded_in_commands_and_a_longer_request_goes_alone() {
    groupCommit = with(new GroupCommitSettings(3, 0, 100, 30_000));
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    Command[] five = new Command[5];
    java.util.Arrays.setAll(five, i -> new Command.Record(UsageEvent.of("a", "s", i)));
    List<Caller> others =
        List.of(
            queued("b"),
            queued("c"),
            queued("d"),
            queued("e"),
            new Caller(request("long", five)).waiting(),
            queued("f"));
    gate.open.countDown();
    first.answered();
    others.forEach(Caller::answered);
    assertThat(store.names())
        .containsExactly(
            List.of("a"), List.of("b", "c", "d"), List.of("e"), List.of("long"), List.of("f"));
  }

  @Test
  void one_request_that_is_refused_does_not_fail_its_neighbours() {
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    List<Caller> good = List.of(queued("b"), queued("c"));
    Caller bad = queued("poison");
    Caller after = queued("d");
    store.before =
        group -> {
          if (group.stream().anyMatch(request -> request.tenant().equals("poison"))) {
            throw new LedgerException.Rejected(Reason.INVALID_REQUEST, "cannot be");
          }
        };
    gate.open.countDown();
    first.answered();
    good.forEach(Caller::answered);
    after.answered();
    bad.ended();
    assertThat(bad.failure.get())
        .isInstanceOf(LedgerException.Rejected.class)
        .hasMessage("cannot be");
    assertThat(store.names())
        .containsExactly(
            List.of("a"),
            List.of("b", "c", "poison", "d"),
            List.of("b"),
            List.of("c"),
            List.of("poison"),
            List.of("d"));
    assertThat(observed)
        .containsExactly(
            "committed 1 1", "committed 1 1", "committed 1 1", "failed Rejected", "committed 1 1");
  }

  @Test
  void a_lone_request_that_is_refused_is_not_tried_again() {
    store.before =
        group -> {
          throw new LedgerException.Rejected(Reason.INVALID_REQUEST, "cannot be");
        };
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> groupCommit.commit(request("a")));
    assertThat(store.groups).hasSize(1);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "an event with an id, true",
    "an event without, false",
    "a reading with an id, true",
    "a reading without, false",
    "a settlement, false",
    "an event with an id and a settlement, false",
    "a settlement under an idempotency key, true",
  })
  void what_has_an_id_or_a_key_may_be_sent_again_after_an_unknown_outcome(
      String what, boolean safe) {
    Command settle = new Command.Settle("a", "s");
    Request request =
        switch (what) {
          case "an event with an id" -> request("t", identified());
          case "an event without" -> request("t");
          case "a reading with an id" ->
              request("t", new Command.Record(new Reading("1", null, "a", "w", 0, 1, Map.of())));
          case "a reading without" ->
              request("t", new Command.Record(new Reading(null, null, "a", "w", 0, 1, Map.of())));
          case "a settlement" -> request("t", settle);
          case "an event with an id and a settlement" -> request("t", identified(), settle);
          default -> new Request("t", UUID.randomUUID(), "k", "f", false, List.of(settle));
        };
    store.before =
        group -> {
          throw new LedgerException.Unavailable("connection lost", false, null);
        };
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> groupCommit.commit(request))
        .withMessage("connection lost")
        .satisfies(e -> assertThat(e.safeToResend()).isEqualTo(safe));
    store.before =
        group -> {
          throw new LedgerException.Unavailable("no connection", true, null);
        };
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> groupCommit.commit(request))
        .satisfies(e -> assertThat(e.safeToResend()).isTrue());
    assertThat(observed).containsExactly("failed Unavailable", "failed Unavailable");
  }

  @Test
  void an_outage_fails_all_of_a_group_each_by_what_it_carries() {
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    Caller without = queued("b");
    Caller with = new Caller(request("c", identified())).waiting();
    store.before =
        group -> {
          throw new LedgerException.Unavailable("connection lost", false, null);
        };
    gate.open.countDown();
    first.answered();
    assertThat(without.unavailable().safeToResend()).isFalse();
    assertThat(with.unavailable().safeToResend()).isTrue();
    assertThat(store.groups).hasSize(2);
    store.before = group -> {};
    assertThat(groupCommit.commit(request("d")).outcomes()).hasSize(1);
  }

  @Test
  void a_failure_that_the_storage_does_not_know_is_an_unknown_outcome() {
    RuntimeException cause = new IllegalStateException("what?");
    store.before =
        group -> {
          throw cause;
        };
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> groupCommit.commit(request("a")))
        .withCause(cause)
        .satisfies(e -> assertThat(e.safeToResend()).isFalse());
    store.before = group -> {};
    assertThat(groupCommit.commit(request("b")).outcomes()).hasSize(1);
  }

  @Test
  void an_error_ends_its_own_thread_and_answers_the_others() {
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    Caller leader = queued("b");
    Caller other = queued("c");
    store.before =
        group -> {
          throw new StackOverflowError("deep");
        };
    gate.open.countDown();
    first.answered();
    leader.ended();
    assertThat(leader.failure.get()).isInstanceOf(StackOverflowError.class);
    assertThat(other.unavailable().safeToResend()).isFalse();
    store.before = group -> {};
    assertThat(groupCommit.commit(request("d")).outcomes()).hasSize(1);
  }

  @Test
  void one_request_more_than_may_wait_is_turned_away_and_nothing_happened() {
    groupCommit = with(new GroupCommitSettings(100, 0, 2, 30_000));
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    List<Caller> waiting = List.of(queued("b"), queued("c"));
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> groupCommit.commit(request("d")))
        .withMessageContaining("nothing was recorded")
        .satisfies(e -> assertThat(e.safeToResend()).isTrue());
    gate.open.countDown();
    first.answered();
    waiting.forEach(Caller::answered);
    assertThat(store.names()).containsExactly(List.of("a"), List.of("b", "c"));
  }

  @Test
  void a_request_that_is_not_taken_in_time_was_not_recorded() {
    groupCommit = with(new GroupCommitSettings(100, 0, 100, 20));
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    LedgerException.Unavailable failure = new Caller(request("b")).unavailable();
    assertThat(failure).hasMessageContaining("nothing was recorded");
    assertThat(failure.safeToResend()).isTrue();
    gate.open.countDown();
    first.answered();
    assertThat(store.names()).containsExactly(List.of("a"));
  }

  @Test
  void a_request_that_is_not_answered_in_time_has_an_unknown_outcome() {
    groupCommit = with(new GroupCommitSettings(100, 0, 100, 1_500));
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    Caller leader = queued("b");
    Caller without = queued("c");
    Caller with = new Caller(request("d", identified())).waiting();
    FakeStore.Gate second = store.holdNext();
    gate.open.countDown();
    first.answered();
    second.awaitEntered();
    LedgerException.Unavailable failure = without.unavailable();
    assertThat(failure).hasMessageContaining("the outcome is unknown");
    assertThat(failure.safeToResend()).isFalse();
    assertThat(with.unavailable().safeToResend()).isTrue();
    second.open.countDown();
    leader.answered();
    assertThat(store.names()).containsExactly(List.of("a"), List.of("b", "c", "d"));
  }

  @Test
  void a_waiting_request_that_is_interrupted_is_withdrawn() {
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    Caller interrupted = queued("b");
    Caller other = queued("c");
    interrupted.thread.interrupt();
    assertThat(interrupted.unavailable().safeToResend()).isTrue();
    assertThat(interrupted.wasInterrupted).isTrue();
    gate.open.countDown();
    first.answered();
    other.answered();
    assertThat(store.names()).containsExactly(List.of("a"), List.of("c"));
  }

  @Test
  void a_busy_writer_waits_a_little_for_more() {
    groupCommit = with(new GroupCommitSettings(2, 100_000, 100, 30_000));
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    List<Caller> others = List.of(queued("b"), queued("c"));
    gate.open.countDown();
    first.answered();
    others.forEach(Caller::answered);
    // The group of two was full and did not wait; the next request does, in vain, and commits.
    new Caller(request("d")).answered();
    assertThat(store.names()).containsExactly(List.of("a"), List.of("b", "c"), List.of("d"));
  }

  @Test
  void a_writer_that_is_interrupted_while_it_waits_for_more_commits_what_it_has() {
    groupCommit = with(new GroupCommitSettings(2, 100_000, 100, 30_000));
    FakeStore.Gate gate = store.holdNext();
    Caller first = new Caller(request("a"));
    gate.awaitEntered();
    List<Caller> others = List.of(queued("b"), queued("c"));
    gate.open.countDown();
    first.answered();
    others.forEach(Caller::answered);
    Thread.currentThread().interrupt();
    assertThat(groupCommit.commit(request("d")).outcomes()).hasSize(1);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void an_observer_that_fails_holds_up_nobody_else() {
    LedgerObserver failing =
        new LedgerObserver() {
          @Override
          public void committed(int requests, List<Receipt> receipts, long nanos) {}

          @Override
          public void failed(LedgerException failure) {
            throw new IllegalStateException("the observer failed");
          }

          @Override
          public void read(String operation, String servedBy, long nanos) {}
        };
    groupCommit =
        new GroupCommit(
            store, new GroupCommitSettings(100, 0, 100, 1_000), failing, LedgerTracer.NONE);
    store.before =
        group -> {
          store.before = g -> {};
          throw new IllegalStateException("the storage failed");
        };
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> groupCommit.commit(request("a")));
    assertThat(groupCommit.commit(request("b")).outcomes()).hasSize(1);
  }

  @Test
  void the_lead_is_handed_on_and_every_request_is_committed_once() throws Exception {
    groupCommit = with(new GroupCommitSettings(7, 50, 1_000, 30_000));
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    List<String> expected = Collections.synchronizedList(new ArrayList<>());
    for (int t = 0; t < 64; t++) {
      int number = t;
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    for (int i = 0; i < 50; i++) {
                      try {
                        String name = "request-" + number + "-" + i;
                        expected.add(name);
                        assertThat(groupCommit.commit(request(name)).outcomes()).hasSize(1);
                      } catch (Throwable e) {
                        failures.add(e);
                      }
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
    assertThat(store.overlapped).isFalse();
    assertThat(store.names()).allMatch(group -> group.size() <= 7);
    assertThat(store.names().stream().flatMap(List::stream))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 1, 1",
    "100001, 0, 1, 1",
    "1, -1, 1, 1",
    "1, 100001, 1, 1",
    "1, 0, 0, 1",
    "1, 0, 1000001, 1",
    "1, 0, 1, 0",
    "1, 0, 1, 600001",
  })
  void settings_are_bounded(int commands, int linger, int waiting, int millis) {
    assertThatExceptionOfType(LedgerException.Rejected.class)
        .isThrownBy(() -> new GroupCommitSettings(commands, linger, waiting, millis))
        .withMessageContaining("must be between");
    assertThat(new GroupCommitSettings(1, 0, 1, 1).groupCommandsMax()).isEqualTo(1);
    assertThat(TimeUnit.MILLISECONDS.toSeconds(GroupCommitSettings.DEFAULT.waitMillisMax()))
        .isEqualTo(30);
  }
}
