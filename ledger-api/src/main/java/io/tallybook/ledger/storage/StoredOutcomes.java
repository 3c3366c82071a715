package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes as bytes, as storages keep them under idempotency keys.
 *
 * <pre>
 *   version (1 byte) | count (int) | outcomes
 *   outcome   : status, sequence, outstanding, statements, document?, reason?, message?
 *   statement : service, units, price, billed, sequence
 *   document  : tenant, kind, name, revision, ordinal, fields
 * </pre>
 *
 * <p>Numbers are big-endian. A text is its length in bytes (int, -1 for none) and UTF-8. Status and
 * reason are kept by name, an amount as its two's complement with the length in front.
 */
public final class StoredOutcomes {
  private static final int VERSION = 1;

  private StoredOutcomes() {}

  /** The bytes of some outcomes. */
  public static byte[] encode(List<Outcome> outcomes) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 * outcomes.size() + 16);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeInt(outcomes.size());
      for (Outcome outcome : outcomes) {
        write(outcome, out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * The outcomes of some bytes.
   *
   * @throws LedgerException.Unavailable if a newer version wrote them, or they are damaged
   */
  public static List<Outcome> decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readUnsignedByte();
      if (version != VERSION) {
        throw new LedgerException.Unavailable(
            "Outcomes are kept in form "
                + version
                + ", and this version knows form "
                + VERSION
                + "; start the version that wrote them",
            true,
            null);
      }
      int count = in.readInt();
      List<Outcome> outcomes = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        outcomes.add(readOutcome(in));
      }
      return List.copyOf(outcomes);
    } catch (IOException | IllegalArgumentException e) {
      throw new LedgerException.Unavailable("Outcomes that were kept are damaged", true, e);
    }
  }

  private static void write(Outcome outcome, DataOutputStream out) throws IOException {
    text(outcome.status().name(), out);
    out.writeLong(outcome.sequence());
    out.writeLong(outcome.outstanding());
    out.writeInt(outcome.statements().size());
    for (Outcome.Statement statement : outcome.statements()) {
      text(statement.service(), out);
      out.writeLong(statement.units());
      out.writeLong(statement.price());
      bytes(statement.billed().toByteArray(), out);
      out.writeLong(statement.sequence());
    }
    Document document = outcome.document();
    out.writeBoolean(document != null);
    if (document != null) {
      text(document.key().tenant(), out);
      text(document.key().kind(), out);
      text(document.key().name(), out);
      out.writeLong(document.revision());
      out.writeLong(document.ordinal());
      out.writeInt(document.fields().size());
      for (Map.Entry<String, String> field : document.fields().entrySet()) {
        text(field.getKey(), out);
        text(field.getValue(), out);
      }
    }
    Reason reason = outcome.reason();
    text(reason == null ? null : reason.name(), out);
    text(outcome.message(), out);
  }

  private static Outcome readOutcome(DataInputStream in) throws IOException {
    Outcome.Status status = Outcome.Status.valueOf(required(in));
    long sequence = in.readLong();
    long outstanding = in.readLong();
    int count = in.readInt();
    List<Outcome.Statement> statements = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      statements.add(
          new Outcome.Statement(
              required(in),
              in.readLong(),
              in.readLong(),
              new BigInteger(readBytes(in, in.readInt())),
              in.readLong()));
    }
    Document document = in.readBoolean() ? readDocument(in) : null;
    String reason = readText(in);
    return new Outcome(
        status,
        sequence,
        outstanding,
        List.copyOf(statements),
        document,
        reason == null ? null : Reason.valueOf(reason),
        readText(in));
  }

  private static Document readDocument(DataInputStream in) throws IOException {
    DocumentKey key = new DocumentKey(required(in), required(in), required(in));
    long revision = in.readLong();
    long ordinal = in.readLong();
    int count = in.readInt();
    Map<String, String> fields = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      fields.put(required(in), required(in));
    }
    return new Document(key, revision, ordinal, fields);
  }

  private static void text(@Nullable String text, DataOutputStream out) throws IOException {
    if (text == null) {
      out.writeInt(-1);
    } else {
      bytes(text.getBytes(StandardCharsets.UTF_8), out);
    }
  }

  private static void bytes(byte[] bytes, DataOutputStream out) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static @Nullable String readText(DataInputStream in) throws IOException {
    int length = in.readInt();
    return length == -1 ? null : new String(readBytes(in, length), StandardCharsets.UTF_8);
  }

  private static String required(DataInputStream in) throws IOException {
    String text = readText(in);
    if (text == null) {
      throw new IOException("a text is missing");
    }
    return text;
  }

  private static byte[] readBytes(DataInputStream in, int length) throws IOException {
    if (length < 0 || length > in.available()) {
      throw new IOException("a length of " + length + " does not fit");
    }
    return in.readNBytes(length);
  }
}
