package io.tallybook.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An export as it came over a plain connection, read with as little work as possible.
 *
 * @param sequence its header {@code Ledger-Sequence}
 * @param count its trailer {@code Tallybook-Count}
 * @param bytes of the whole answer
 * @param body without the lengths of its chunks; empty where it was not kept
 */
record HttpExport(
    String path,
    long sequence,
    long count,
    long bytes,
    long firstByteNanos,
    long nanos,
    String body) {
  private static final int TAIL_BYTES = 256;
  private static final Pattern SEQUENCE = Pattern.compile("(?i)\r\nLedger-Sequence: ([0-9]+)\r\n");
  private static final Pattern END =
      Pattern.compile("(?i)\r\n0\r\nTallybook-Count: ([0-9]+)\r\n\r\n$");

  /** Is told how many bytes have been read. */
  interface Progress {
    void read(long bytes) throws IOException, InterruptedException;
  }

  /** Reads an export as fast as it comes. */
  static HttpExport read(int port, String path, boolean keepsBody) throws IOException {
    try {
      return read(port, path, keepsBody, bytes -> {});
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads an export and tells its progress, which may take its time. */
  static HttpExport read(int port, String path, boolean keepsBody, Progress progress)
      throws IOException, InterruptedException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(60_000);
      long start = System.nanoTime();
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[1 << 16];
      ByteArrayOutputStream kept = new ByteArrayOutputStream();
      String tail = "";
      long sequence = -1;
      long first = 0;
      long bytes = 0;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (bytes == 0) {
          first = System.nanoTime() - start;
          sequence = number(SEQUENCE, text(buffer, 0, read));
        }
        bytes += read;
        if (keepsBody) {
          kept.write(buffer, 0, read);
        }
        int from = Math.max(0, read - TAIL_BYTES);
        tail = read < TAIL_BYTES ? tail + text(buffer, 0, read) : text(buffer, from, read);
        progress.read(bytes);
      }
      long nanos = System.nanoTime() - start;
      return new HttpExport(
          path, sequence, number(END, tail), bytes, first, nanos, body(kept.toByteArray()));
    }
  }

  private static long number(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IllegalStateException("no " + pattern + " in " + text);
    }
    return Long.parseLong(matcher.group(1));
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  /** The chunks of an answer, one after the other. */
  private static String body(byte[] answer) {
    StringBuilder body = new StringBuilder(answer.length);
    String text = text(answer, 0, answer.length);
    int at = text.indexOf("\r\n\r\n") + 4;
    while (at > 3 && at < text.length()) {
      int end = text.indexOf("\r\n", at);
      int length = Integer.parseInt(text.substring(at, end), 16);
      if (length == 0) {
        break;
      }
      body.append(text, end + 2, end + 2 + length);
      at = end + 2 + length + 2;
    }
    return body.toString();
  }
}
