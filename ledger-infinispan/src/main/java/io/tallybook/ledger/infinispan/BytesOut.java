package io.tallybook.ledger.infinispan;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes the compact form of rows and commits.
 *
 * <pre>
 *   count    7 bits a byte, the lowest first, the high bit on all but the last
 *   number   a count of zigzag: 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
 *   text     count of bytes, UTF-8
 *   name     0 for none; its number among the names of the value, from 1; a new one has the next
 *            number and its text behind it
 * </pre>
 */
final class BytesOut {
  private byte[] bytes;
  private int size;
  private final Map<String, Integer> names = new HashMap<>();

  BytesOut() {
    this(128);
  }

  BytesOut(int capacity) {
    this.bytes = new byte[capacity];
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  BytesOut octet(int value) {
    room(1);
    bytes[size++] = (byte) value;
    return this;
  }

  BytesOut flag(boolean value) {
    return octet(value ? 1 : 0);
  }

  BytesOut count(long value) {
    room(10);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
    return this;
  }

  BytesOut number(long value) {
    return count(value << 1 ^ value >> 63);
  }

  BytesOut octets(byte[] value) {
    return count(value.length).raw(value);
  }

  BytesOut raw(byte[] value) {
    room(value.length);
    System.arraycopy(value, 0, bytes, size, value.length);
    size += value.length;
    return this;
  }

  BytesOut text(String value) {
    return octets(value.getBytes(StandardCharsets.UTF_8));
  }

  BytesOut integer(BigInteger value) {
    return octets(value.toByteArray());
  }

  BytesOut name(@Nullable String name) {
    if (name == null) {
      return count(0);
    }
    Integer known = names.putIfAbsent(name, names.size() + 1);
    return known == null ? count(names.size()).text(name) : count(known);
  }

  private void room(int more) {
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(size + more, bytes.length * 2));
    }
  }
}
