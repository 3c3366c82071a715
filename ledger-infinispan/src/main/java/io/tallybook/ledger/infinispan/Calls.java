package io.tallybook.ledger.infinispan;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls of one thread to the grid that are on their way at the same time, a bounded number of them.
 * That thread takes the answers too, so what is done with them needs no locks. It is woken only
 * when half of them have come: to wake a thread costs as much as a call. After a failure nothing
 * more is sent, and the failure is thrown when all calls have ended.
 */
final class Calls {
  /** One call, until it has ended. */
  private static final class Call {
    private final long deadlineNanos;
    private boolean ended;

    Call(long deadlineNanos) {
      this.deadlineNanos = deadlineNanos;
    }
  }

  private final IntSupplier callsMax;
  private final int millisMax;
  private final long untilNanos;
  private final Thread thread = Thread.currentThread();
  private final Queue<Runnable> answers = new ConcurrentLinkedQueue<>();

  /** How many answers have come that are not taken. */
  private final AtomicInteger come = new AtomicInteger();

  /** At how many of them the thread is woken. */
  private volatile int wanted = Integer.MAX_VALUE;

  /** In the order of their sending; those at the front may have ended. */
  private final Deque<Call> calls = new ArrayDeque<>();

  private int onTheirWay;
  private @Nullable RuntimeException failure;

  /**
   * Calls to be made.
   *
   * @param callsMax how many may be on their way at once, as it changes
   * @param millisMax how long each, with what follows from its answer, may take
   */
  Calls(IntSupplier callsMax, int millisMax) {
    this(callsMax, millisMax, System.nanoTime() + Long.MAX_VALUE / 2);
  }

  /** Calls none of which takes beyond some time. */
  Calls(IntSupplier callsMax, int millisMax, long untilNanos) {
    this.callsMax = callsMax;
    this.millisMax = millisMax;
    this.untilNanos = untilNanos;
  }

  /** Until when what starts now may take. */
  long deadlineNanos() {
    long deadline = Grid.deadlineNanos(millisMax);
    return deadline - untilNanos < 0 ? deadline : untilNanos;
  }

  /** Waits until there is room for one more; throws the failure if there was one. */
  void makeRoom() {
    await(callsMax.getAsInt() - 1);
  }

  /** Waits until all calls have ended, and throws the failure if there was one. */
  void end() {
    await(0);
  }

  /** Sends a call unless one has failed. */
  <T extends @Nullable Object> void send(
      long deadlineNanos, Supplier<CompletableFuture<T>> call, Consumer<T> then) {
    if (failure != null) {
      return;
    }
    if (System.nanoTime() - deadlineNanos > 0) {
      fail(GridErrors.unanswered(millisMax, null));
      return;
    }
    CompletableFuture<T> future;
    try {
      future = call.get();
    } catch (RuntimeException e) {
      fail(GridErrors.of(e, millisMax));
      return;
    }
    Call sent = new Call(deadlineNanos);
    calls.addLast(sent);
    onTheirWay++;
    var _ =
        future.whenComplete(
            (answer, error) -> {
              boolean _ = answers.add(() -> take(sent, then, answer, error));
              if (come.incrementAndGet() >= wanted) {
                LockSupport.unpark(thread);
              }
            });
  }

  private <T extends @Nullable Object> void take(
      Call call, Consumer<T> then, T answer, @Nullable Throwable error) {
    call.ended = true;
    onTheirWay--;
    if (error != null) {
      fail(GridErrors.of(error, millisMax));
    } else if (failure == null) {
      try {
        then.accept(answer);
      } catch (RuntimeException e) {
        fail(e);
      }
    }
  }

  private void fail(RuntimeException e) {
    if (failure == null) {
      failure = e;
    }
  }

  private void await(int left) {
    while (onTheirWay > (failure == null ? left : 0)) {
      await();
      for (Runnable answer = answers.poll(); answer != null; answer = answers.poll()) {
        int _ = come.decrementAndGet();
        answer.run();
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Waits until half of what is on its way is answered, or some in the time of the oldest. */
  private void await() {
    int half = (onTheirWay + 1) / 2;
    wanted = half;
    try {
      while (come.get() < half) {
        long left = nanosLeft();
        if (left <= 0) {
          if (come.get() > 0) {
            return;
          }
          throw failure != null ? failure : GridErrors.unanswered(millisMax, null);
        }
        LockSupport.parkNanos(this, left);
        if (Thread.currentThread().isInterrupted()) {
          throw GridErrors.interrupted(new InterruptedException());
        }
      }
    } finally {
      wanted = Integer.MAX_VALUE;
    }
  }

  /** How long the oldest call may still take. */
  private long nanosLeft() {
    Call oldest = calls.peekFirst();
    while (oldest != null && oldest.ended) {
      calls.removeFirst();
      oldest = calls.peekFirst();
    }
    return oldest == null ? 0 : oldest.deadlineNanos - System.nanoTime();
  }
}
