package io.tallybook.ledger.infinispan;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls of one thread to the grid that are on their way at the same time, a bounded number of them.
 * That thread takes the answers too, so what is done with them needs no locks. After a failure
 * nothing more is sent, and the failure is thrown when all calls have ended.
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

  private final int callsMax;
  private final int millisMax;
  private final BlockingQueue<Runnable> answers = new LinkedBlockingQueue<>();

  /** In the order of their sending; those at the front may have ended. */
  private final Deque<Call> calls = new ArrayDeque<>();

  private int onTheirWay;
  private @Nullable RuntimeException failure;

  /** Each call, with what follows from its answer, may take so many milliseconds. */
  Calls(int callsMax, int millisMax) {
    this.callsMax = callsMax;
    this.millisMax = millisMax;
  }

  /** Until when what starts now may take. */
  long deadlineNanos() {
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millisMax);
  }

  /** Waits until there is room for one more; throws the failure if there was one. */
  void makeRoom() {
    await(callsMax - 1);
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
      Runnable answer;
      try {
        answer = answers.poll(Math.max(0, nanosLeft()), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw GridErrors.interrupted(e);
      }
      if (answer == null) {
        throw failure != null ? failure : GridErrors.unanswered(millisMax, null);
      }
      answer.run();
    }
    if (failure != null) {
      throw failure;
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
