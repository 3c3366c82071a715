package io.tallybook.service.http;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request, for one thread that may wait.
 *
 * <p>It listens from the moment the request arrives and keeps a bounded part of the body; while
 * that is full the sender is held back. When the connection breaks, what had arrived is read first
 * and the break is told after it: the framework's own stream tells the break at once, and whole
 * lines of a stream that had arrived would be lost.
 */
final class BodyStream extends InputStream {
  /** Most bytes that are kept before the sender is held back. */
  private static final int QUEUED_BYTES_MAX = 256 * 1024;

  /** How long is waited for the sender at most. */
  private static final long WAIT_SECONDS_MAX = 60;

  private final HttpServerRequest request;
  private final Context eventLoop;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final ArrayDeque<Buffer> queue = new ArrayDeque<>();
  private int queuedBytes;
  private int at;
  private boolean isPaused;
  private boolean isEnded;
  private boolean isDiscarded;
  private boolean isContinued;
  private @Nullable Throwable failure;

  /** Called by the event loop when the request arrives. */
  BodyStream(HttpServerRequest request) {
    this.request = request;
    this.eventLoop = Objects.requireNonNull(Vertx.currentContext(), "not on an event loop");
    this.isContinued = !"100-continue".equalsIgnoreCase(request.getHeader("Expect"));
    request.exceptionHandler(this::broke);
    request.endHandler(end -> ended());
    request.handler(this::arrived);
  }

  /** Called by the event loop when the request has been passed on, which held the body back. */
  void listen() {
    request.resume();
  }

  private void arrived(Buffer buffer) {
    lock.lock();
    try {
      if (isDiscarded) {
        return;
      }
      queue.addLast(buffer);
      queuedBytes += buffer.length();
      if (queuedBytes >= QUEUED_BYTES_MAX) {
        isPaused = true;
        request.pause();
      }
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  private void ended() {
    lock.lock();
    try {
      isEnded = true;
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  private void broke(Throwable cause) {
    lock.lock();
    try {
      failure = cause;
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Forgets what was not read, and lets go what is still to come. */
  void discard() {
    lock.lock();
    try {
      isDiscarded = true;
      queue.clear();
      letGo();
    } finally {
      lock.unlock();
    }
  }

  private void letGo() {
    if (isPaused) {
      isPaused = false;
      eventLoop.runOnContext(now -> request.resume());
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (length == 0) {
      return 0;
    }
    lock.lock();
    try {
      if (!await()) {
        return -1;
      }
      Buffer first = queue.getFirst();
      int count = Math.min(length, first.length() - at);
      first.getBytes(at, at + count, bytes, offset);
      at += count;
      if (at == first.length()) {
        queue.removeFirst();
        queuedBytes -= at;
        at = 0;
        if (queuedBytes <= QUEUED_BYTES_MAX / 2) {
          letGo();
        }
      }
      return count;
    } finally {
      lock.unlock();
    }
  }

  /** Waits, under the lock, until there is something to read; false at the end. */
  private boolean await() throws IOException {
    long nanos = TimeUnit.SECONDS.toNanos(WAIT_SECONDS_MAX);
    while (queue.isEmpty()) {
      if (failure != null) {
        throw new IOException("The connection broke", failure);
      }
      if (isEnded) {
        return false;
      }
      if (!isContinued) {
        isContinued = true;
        eventLoop.runOnContext(now -> request.response().writeContinue());
      }
      if (nanos <= 0) {
        throw new IOException("Nothing arrived for " + WAIT_SECONDS_MAX + " seconds");
      }
      try {
        nanos = arrived.awaitNanos(nanos);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("Interrupted while waiting for the body", e);
      }
    }
    return true;
  }
}
