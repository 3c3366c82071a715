package io.tallybook.service.http;

import io.tallybook.ledger.LedgerException;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/**
 * The body of an export, with the number of its items. What was written is sent with the first item
 * and then with every {@value #ITEMS_PER_PART}th, and each time it is asked whether the export may
 * go on: nobody is told anything for ever, nor after he has left.
 */
public final class ExportStream {
  /** A question of more items looks for a pause after so many. */
  public static final int ITEMS_PER_PART = 1_000;

  private static final int BUFFER_BYTES = 16_384;

  private final HttpServerResponse response;
  private final OutputStream out;
  private final long deadlineNanos;
  private long items;

  /**
   * The body of an answer.
   *
   * @param packs whether it is compressed
   * @param deadlineNanos by {@link System#nanoTime} until when it may last
   */
  ExportStream(HttpServerResponse response, OutputStream out, boolean packs, long deadlineNanos)
      throws IOException {
    this.response = response;
    this.out = packs ? new GZIPOutputStream(out, BUFFER_BYTES, true) : out;
    this.deadlineNanos = deadlineNanos;
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
   * @throws LedgerException.Unavailable if it has lasted too long
   */
  public void part() {
    requireTime();
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
  }

  private void requireTime() {
    if (isLate()) {
      throw new LedgerException.Unavailable(
          "The export lasted longer than it may; ask for less at once", true, null);
    }
  }

  /** Whether the export has lasted too long. */
  boolean isLate() {
    return System.nanoTime() - deadlineNanos > 0;
  }

  /** Writes and sends what is left. */
  void end() throws IOException {
    if (out instanceof GZIPOutputStream gzip) {
      gzip.finish();
    }
    out.flush(); // so that no length is told, which would leave no room for the trailer
  }
}
