package io.tallybook.ledger.infinispan;

import static io.tallybook.ledger.infinispan.Ledgers.TENANT;
import static io.tallybook.ledger.infinispan.Ledgers.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Writers that send events with ids, each of them until it is acknowledged, and what was
 * acknowledged to them.
 */
final class Load implements AutoCloseable {
  private static final int COMMANDS_MAX = 20;
  private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** Between requests: servers that share values anew must find time for it beside the load. */
  private static final long NEXT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final Duration STOP_MAX = Duration.ofMinutes(2);

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Future<Boolean>> writers = new ArrayList<>();
  private final AtomicInteger commits = new AtomicInteger();
  private final AtomicInteger failures = new AtomicInteger();
  private volatile boolean isOver;

  /** What was acknowledged: the sequence of each id. */
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();

  /** Begins with so many writers for each ledger. */
  Load(List<Ledger> ledgers, int writersEach, Random random) {
    for (int i = 0; i < ledgers.size() * writersEach; i++) {
      Ledger ledger = ledgers.get(i % ledgers.size());
      String name = "writer-" + i + "-";
      Random own = new Random(random.nextLong());
      writers.add(threads.submit(() -> write(ledger, name, own)));
    }
  }

  /** How many requests were not answered until now. */
  int failures() {
    return failures.get();
  }

  /** Waits until so many more requests are acknowledged. */
  void awaitCommits(String after, int more, Duration max) {
    int until = commits.get() + more;
    await(after)
        .atMost(max)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> commits.get() >= until || writers.stream().anyMatch(Future::isDone));
    assertThat(writers).as("writers").noneMatch(Future::isDone);
  }

  private boolean write(Ledger ledger, String name, Random random) {
    int number = 0;
    while (!isOver) {
      List<String> ids = new ArrayList<>();
      int count = 1 + random.nextInt(COMMANDS_MAX);
      for (int i = 0; i < count; i++) {
        ids.add(name + number++);
      }
      while (!sent(ledger, ids)) {
        if (threads.isShutdown()) {
          return false;
        }
        LockSupport.parkNanos(AGAIN_NANOS);
      }
      LockSupport.parkNanos(NEXT_NANOS);
    }
    return true;
  }

  private boolean sent(Ledger ledger, List<String> ids) {
    try {
      acknowledge(ids, send(ledger, ids));
      commits.incrementAndGet();
      return true;
    } catch (LedgerException.Unavailable e) {
      assertThat(e.safeToResend()).isTrue();
      failures.incrementAndGet();
      return false;
    }
  }

  private static List<Outcome> send(Ledger ledger, List<String> ids) {
    List<Command> commands =
        ids.stream()
            .map(id -> event(id, "agent-" + id.hashCode() % 50, "service-" + id.hashCode() % 5))
            .toList();
    return ledger.commit(Request.of(TENANT, commands)).outcomes();
  }

  private void acknowledge(List<String> ids, List<Outcome> outcomes) {
    for (int i = 0; i < ids.size(); i++) {
      assertThat(outcomes.get(i).status()).isIn(Status.RECORDED, Status.DUPLICATE);
      acknowledged.put(ids.get(i), outcomes.get(i).sequence());
    }
  }

  /** Waits until each writer has had its last request acknowledged. */
  void stop() throws Exception {
    isOver = true;
    for (Future<Boolean> writer : writers) {
      assertThat(writer.get(STOP_MAX.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    }
  }

  /** Sends all that was acknowledged again: each is where it was, and there is nothing else. */
  void compare(Node node, String what) {
    List<String> ids = List.copyOf(acknowledged.keySet());
    for (int from = 0; from < ids.size(); from += Request.UNSPLIT_MAX) {
      List<String> some = ids.subList(from, Math.min(from + Request.UNSPLIT_MAX, ids.size()));
      List<Outcome> outcomes = send(node.ledger(), some);
      for (int i = 0; i < some.size(); i++) {
        assertThat(outcomes.get(i).status()).as(what).isEqualTo(Status.DUPLICATE);
        assertThat(outcomes.get(i).sequence())
            .as("%s, %s", some.get(i), what)
            .isEqualTo(acknowledged.get(some.get(i)));
      }
    }
    assertThat(node.lastSequence()).as(what).isEqualTo(acknowledged.size());
    node.audit();
  }

  /** Ends the writers, acknowledged or not. */
  @Override
  public void close() {
    isOver = true;
    threads.close();
  }
}
