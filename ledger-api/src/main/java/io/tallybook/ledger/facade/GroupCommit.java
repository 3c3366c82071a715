package io.tallybook.ledger.facade;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.storage.LedgerStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Joins the requests that wait at the same time into one commit, so that a storage has one writer
 * per process and a hot key is no convoy of locks.
 *
 * <p>There is no thread of its own. The request that finds nobody committing leads: it takes the
 * queue from its head, which is itself, commits the group, and passes the lead to the request that
 * is then at the head. So each request leads at most one commit, and a lone one is committed at
 * once by its own thread.
 *
 * <pre>
 *   queue   [ r4 r5 r6 | r7 ... ]         r4 leads, takes r4 to r6 (bounded in commands)
 *   storage [ r1 r2 r3 ]                  one commit at a time
 *   then    r4..r6 answered, r7 leads
 * </pre>
 */
final class GroupCommit {
  private final LedgerStore store;
  private final GroupCommitSettings settings;
  private final LedgerObserver observer;
  private final LedgerTracer tracer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
  private boolean leading;
  private boolean busy;

  GroupCommit(
      LedgerStore store,
      GroupCommitSettings settings,
      LedgerObserver observer,
      LedgerTracer tracer) {
    this.store = store;
    this.settings = settings;
    this.observer = observer;
    this.tracer = tracer;
  }

  /** Commits a request together with those that wait beside it. */
  Receipt commit(Request request) {
    return tracer.commit(request, () -> waitForCommit(request));
  }

  private Receipt waitForCommit(Request request) {
    Waiting mine = new Waiting(request);
    lock.lock();
    try {
      if (queue.size() >= settings.waitingRequestsMax()) {
        throw new LedgerException.Unavailable(
            "More than "
                + settings.waitingRequestsMax()
                + " requests wait for the storage; nothing was recorded, send it again later",
            true,
            null);
      }
      queue.addLast(mine);
      arrived.signal();
      if (leading) {
        await(mine);
      } else {
        leading = true;
        mine.leads = true;
      }
    } finally {
      lock.unlock();
    }
    if (mine.leads) {
      lead();
    }
    return mine.result();
  }

  /** Waits, under the lock, until the request is answered or leads. */
  private void await(Waiting mine) {
    long nanos = TimeUnit.MILLISECONDS.toNanos(settings.waitMillisMax());
    boolean interrupted = false;
    while (!mine.leads && !mine.isAnswered()) {
      try {
        nanos = mine.turn.awaitNanos(nanos);
      } catch (InterruptedException e) {
        interrupted = true;
        break;
      }
      if (nanos <= 0) {
        break;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!mine.leads && !mine.isAnswered()) {
      boolean waiting = queue.remove(mine);
      mine.failure =
          new LedgerException.Unavailable(
              waiting
                  ? "The storage did not take the request in time; nothing was recorded"
                  : "The storage did not answer in time; the outcome is unknown",
              waiting || isRepeatable(mine.request),
              null);
    }
  }

  private void lead() {
    List<Waiting> group = take();
    try {
      commit(group);
    } finally {
      try {
        List<Waiting> unanswered = group.stream().filter(w -> !w.isAnswered()).toList();
        if (!unanswered.isEmpty()) {
          // Only an error of the machine itself leaves some behind; nobody may wait for it.
          fail(unanswered, unknown(null));
        }
      } finally {
        passOn(group);
      }
    }
  }

  /** Wakes the group, which is answered, and whoever leads next. */
  private void passOn(List<Waiting> group) {
    lock.lock();
    try {
      busy = group.size() > 1 || !queue.isEmpty();
      Waiting next = queue.peekFirst();
      if (next == null) {
        leading = false;
      } else {
        next.leads = true;
        next.turn.signal();
      }
      group.forEach(waiting -> waiting.turn.signal());
    } finally {
      lock.unlock();
    }
  }

  private List<Waiting> take() {
    List<Waiting> group = new ArrayList<>();
    lock.lock();
    try {
      if (busy) {
        linger();
      }
      int commands = 0;
      for (Waiting next = queue.peekFirst(); next != null; next = queue.peekFirst()) {
        commands += next.request.commands().size();
        if (!group.isEmpty() && commands > settings.groupCommandsMax()) {
          break;
        }
        group.add(queue.removeFirst());
      }
    } finally {
      lock.unlock();
    }
    return group;
  }

  /** When there were several at once just now, waits a little for more to come. */
  private void linger() {
    long nanos = TimeUnit.MICROSECONDS.toNanos(settings.lingerMicros());
    while (nanos > 0 && waitingCommands() < settings.groupCommandsMax()) {
      try {
        nanos = arrived.awaitNanos(nanos);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private int waitingCommands() {
    int commands = 0;
    for (Waiting waiting : queue) {
      commands += waiting.request.commands().size();
    }
    return commands;
  }

  private void commit(List<Waiting> group) {
    long start = System.nanoTime();
    try {
      List<Request> requests = group.stream().map(w -> w.request).toList();
      List<Receipt> receipts = tracer.store(requests, () -> store.commit(requests));
      for (int i = 0; i < receipts.size(); i++) {
        group.get(i).receipt = receipts.get(i);
      }
      observer.committed(group.size(), receipts, System.nanoTime() - start);
    } catch (LedgerException.Rejected rejected) {
      // Nothing happened, and one of them is the reason: the others must not suffer for it.
      if (group.size() > 1) {
        group.forEach(waiting -> commit(List.of(waiting)));
      } else {
        fail(group, rejected);
      }
    } catch (LedgerException.Unavailable unavailable) {
      fail(group, unavailable);
    } catch (RuntimeException | Error e) {
      fail(group, unknown(e));
      if (e instanceof Error error) {
        throw error;
      }
    }
  }

  private static LedgerException.Unavailable unknown(@Nullable Throwable cause) {
    return new LedgerException.Unavailable(
        "The storage failed in a way that it does not know; the outcome is unknown", false, cause);
  }

  private void fail(List<Waiting> group, LedgerException failure) {
    for (Waiting waiting : group) {
      waiting.failure =
          failure instanceof LedgerException.Unavailable unavailable
                  && !unavailable.safeToResend()
                  && isRepeatable(waiting.request)
              ? new LedgerException.Unavailable(
                  String.valueOf(unavailable.getMessage()), true, unavailable)
              : failure;
    }
    observer.failed(failure);
  }

  /** Whether sending a request again counts nothing twice. */
  static boolean isRepeatable(Request request) {
    return request.idempotencyKey() != null
        || request.commands().stream()
            .allMatch(
                command ->
                    command instanceof Command.Record(Submission submission)
                        && switch (submission) {
                          case UsageEvent event -> event.id() != null;
                          case Reading reading -> reading.id() != null;
                        });
  }

  /** A request in the queue or in the group. Its fields change under the lock, or by its leader. */
  private final class Waiting {
    final Request request;
    final Condition turn = lock.newCondition();
    boolean leads;
    volatile @Nullable Receipt receipt;
    volatile @Nullable LedgerException failure;

    Waiting(Request request) {
      this.request = request;
    }

    boolean isAnswered() {
      return receipt != null || failure != null;
    }

    Receipt result() {
      Receipt answer = receipt;
      if (answer != null) {
        return answer;
      }
      LedgerException why = failure;
      if (why != null) {
        throw why;
      }
      throw new IllegalStateException("neither answered nor failed");
    }
  }
}
