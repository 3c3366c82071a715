package io.tallybook.service.http;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Cursors: marks in a list, opaque and bound to their query.
 *
 * <pre>
 *   base64url( version 1 byte | check 8 bytes | mark )
 *   check = first bytes of SHA-256( version | query | mark )
 * </pre>
 */
public final class Cursors {
  private static final byte VERSION = 1;
  private static final int CHECK_BYTES = 8;
  private static final int CURSOR_CHARS_MAX = 8_192;

  private Cursors() {}

  /** Writes a mark. */
  @FunctionalInterface
  public interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  /** Reads a mark. */
  @FunctionalInterface
  public interface Reader<T> {
    T read(DataInputStream in) throws IOException;
  }

  /** The cursor of a mark in the list that an exchange asks for. */
  public static String encode(Exchange exchange, Writer mark) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      mark.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] body = bytes.toByteArray();
    byte[] cursor = new byte[1 + CHECK_BYTES + body.length];
    cursor[0] = VERSION;
    System.arraycopy(check(exchange, body), 0, cursor, 1, CHECK_BYTES);
    System.arraycopy(body, 0, cursor, 1 + CHECK_BYTES, body.length);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(cursor);
  }

  /** The mark of the cursor that an exchange was given; null where it was given none. */
  public static <T> @Nullable T decode(Exchange exchange, Reader<T> mark) {
    String text = exchange.query().text("cursor");
    if (text == null) {
      return null;
    }
    try {
      byte[] cursor =
          text.length() > CURSOR_CHARS_MAX ? new byte[0] : Base64.getUrlDecoder().decode(text);
      if (cursor.length > CHECK_BYTES && cursor[0] == VERSION) {
        byte[] body = Arrays.copyOfRange(cursor, 1 + CHECK_BYTES, cursor.length);
        byte[] given = Arrays.copyOfRange(cursor, 1, 1 + CHECK_BYTES);
        if (MessageDigest.isEqual(given, check(exchange, body))) {
          return mark.read(new DataInputStream(new ByteArrayInputStream(body)));
        }
      }
    } catch (IllegalArgumentException | IOException e) {
      throw damaged();
    }
    throw damaged();
  }

  /** The cursor of a mark that is a number; null for 0, which stands for the end. */
  public static @Nullable String ofNumber(Exchange exchange, long mark) {
    return mark == 0 ? null : encode(exchange, out -> out.writeLong(mark));
  }

  /** The number that is the mark of the given cursor; 0 where none was given. */
  public static long number(Exchange exchange) {
    Long mark = decode(exchange, DataInputStream::readLong);
    return mark == null ? 0 : mark;
  }

  /** The value of a header that links to another page of the list. */
  public static String link(Exchange exchange, String cursor, String relation) {
    return "<"
        + exchange.path()
        + "?"
        + exchange.query().withCursor(cursor)
        + ">; rel=\""
        + relation
        + "\"";
  }

  private static Problem damaged() {
    return Problem.invalid("cursor is damaged or belongs to another query");
  }

  private static byte[] check(Exchange exchange, byte[] body) {
    MessageDigest digest = sha256();
    digest.update(VERSION);
    digest.update(exchange.scope());
    digest.update((byte) 0);
    digest.update(body);
    return Arrays.copyOf(digest.digest(), CHECK_BYTES);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}
