package io.tallybook.service.http;

import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;

/**
 * The body of an export, with the number of its items. What was written is sent with the first item
 * and then with every {@value #ITEMS_PER_PART}th. Each time the export ends if it has lasted too
 * long or the client has left.
 */
public final class ExportStream {
  private static final int ITEMS_PER_PART = 1_000;

  private static final int BUFFER_BYTES = 16_384;

  private final HttpServerResponse response;
  private final OutputStream out;
  private final long secondsMax;
  private final long beginNanos = System.nanoTime();
  private long items;

  /**
   * The body of an answer.
   *
   * @param packs whether it is compressed
   * @param secondsMax how long it may last
   */
  ExportStream(HttpServerResponse response, OutputStream out, boolean packs, long secondsMax)
      throws IOException {
    this.response = response;
    this.out = packs ? new GZIPOutputStream(out, BUFFER_BYTES, true) : out;
    this.secondsMax = secondsMax;
  }

  /** Writes a text in UTF-8. */
  public void text(String text) {
    bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a value in JSON, its numbers as numbers. */
  public void json(Object value) {
    bytes(Json.write(value, false));
  }

  /** Writes bytes as they are. */
  public void bytes(byte[] bytes) {
    try {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Counts an item that was written. */
  public void item() {
    items++;
    if (items == 1 || items % ITEMS_PER_PART == 0) {
      part();
    }
  }

  /** How many items were written. */
  public long items() {
    return items;
  }

  /**
   * Sends what was written so far, unless the export has to end here.
   *
   * @throws Problem if it has lasted too long
   */
  @SuppressWarnings("ThreadPriorityCheck") // a virtual thread is never put aside by its scheduler
  public void part() {
    if (isLate()) {
      throw late();
    }
    if (response.closed()) {
      throw new UncheckedIOException(new IOException("The connection was closed"));
    }
    if (items > 0) {
      try {
        out.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    Thread.yield(); // other requests may wait for a processor
  }

  /** Whether the export has lasted too long. */
  boolean isLate() {
    return System.nanoTime() - beginNanos >= TimeUnit.SECONDS.toNanos(secondsMax);
  }

  /** What is answered, or logged, where it has. */
  Problem late() {
    return new Problem(
        ErrorCode.UNAVAILABLE,
        "the export lasted longer than " + secondsMax + " seconds; ask for less at once",
        Map.of("safeToResend", true));
  }

  /** Writes and sends what is left. */
  void end() throws IOException {
    if (out instanceof GZIPOutputStream gzip) {
      gzip.finish();
    }
    out.flush(); // so that no length is told, which would leave no room for the trailer
  }
}
