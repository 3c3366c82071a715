package io.tallybook.ledger.storage;

import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.UsageEvent;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Turns what makes two commands the same into numbers: an identity of 128 bits over tenant, source
 * and id, and a fingerprint of 64 bits over everything else that was sent. Both are keyed by the
 * ledger, so that nobody can make two that collide. Not for use by two threads at once.
 *
 * <p>The message of an identity is its domain (usage, reading, reversal) and then each text with
 * its length in front, so that no two identities have the same message.
 */
public final class Identities {
  private static final int USAGE = 1;
  private static final int READING = 2;
  private static final int REVERSAL = 3;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final long key0;
  private final long key1;
  private final SipHash hash = new SipHash();
  private byte[] message = new byte[256];
  private int length;
  private long high;

  public Identities(long key0, long key1) {
    this.key0 = key0;
    this.key1 = key1;
  }

  /**
   * Computes the identity of a submission that has an id; read it by {@link #high}, {@link #low}.
   */
  void ofSubmission(String tenant, Submission submission) {
    switch (submission) {
      case UsageEvent event -> begin(USAGE, tenant).text(event.source()).text(event.id());
      case Reading reading -> begin(READING, tenant).text(reading.id());
    }
    end();
  }

  /** Computes the identity of a usage event from its names. */
  public void ofUsage(String tenant, String source, String id) {
    begin(USAGE, tenant).text(source).text(id).end();
  }

  /** Computes the identity of the one reversal that an entry can have. */
  void ofReversal(String tenant, long sequence) {
    begin(REVERSAL, tenant).number(sequence).end();
  }

  /** First half of the newest identity. */
  public long high() {
    return high;
  }

  /** Second half of the newest identity. */
  public long low() {
    return hash.second();
  }

  /** Computes the fingerprint of what was sent, with a missing time kept as missing. */
  long fingerprint(Submission submission) {
    length = 0;
    switch (submission) {
      case UsageEvent event -> {
        text(event.organization()).text(event.agent()).text(event.service()).text(event.type());
        number(event.time()).number(event.units()).number(event.cost());
        event.attributes().forEach((name, value) -> text(name).text(value));
      }
      case Reading reading -> {
        text(reading.organization()).text(reading.agent()).text(reading.window());
        number(reading.time()).number(reading.value());
        reading.attributes().forEach((name, value) -> text(name).text(value));
      }
    }
    return hash.hash(key0, key1, message, length);
  }

  private Identities begin(int domain, String tenant) {
    length = 0;
    room(1);
    message[length++] = (byte) domain;
    return text(tenant);
  }

  private void end() {
    high = hash.hash(key0, key1, message, length);
  }

  private Identities text(@Nullable String text) {
    if (text == null) {
      return number(-1);
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    number(bytes.length);
    room(bytes.length);
    System.arraycopy(bytes, 0, message, length, bytes.length);
    length += bytes.length;
    return this;
  }

  private Identities number(long number) {
    room(8);
    LONGS.set(message, length, number);
    length += 8;
    return this;
  }

  /** Makes room for bytes, and for the 8 more that the hash may look at. */
  private void room(int bytes) {
    if (length + bytes + 8 > message.length) {
      message = Arrays.copyOf(message, Math.max(message.length * 2, length + bytes + 8));
    }
  }
}
