package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what {@link BytesOut} has written. Bytes that are damaged are {@code Unavailable}. */
final class BytesIn {
  private final byte[] bytes;
  private final List<String> names = new ArrayList<>();
  private int at;

  BytesIn(byte[] bytes) {
    this.bytes = bytes;
  }

  boolean isAtEnd() {
    return at == bytes.length;
  }

  int octet() {
    need(1);
    return bytes[at++];
  }

  boolean flag() {
    return octet() != 0;
  }

  long count() {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      int octet = octet();
      value |= (octet & 0x7fL) << shift;
      if (octet >= 0) {
        return value;
      }
    }
    throw damaged();
  }

  /** A count of things of at least one byte each, so that what is left bounds it. */
  int size() {
    long value = count();
    if (value < 0 || value > bytes.length - at) {
      throw damaged();
    }
    return (int) value;
  }

  long number() {
    long value = count();
    return value >>> 1 ^ -(value & 1);
  }

  byte[] octets() {
    int length = size();
    at += length;
    return Arrays.copyOfRange(bytes, at - length, at);
  }

  String text() {
    int length = size();
    at += length;
    return new String(bytes, at - length, length, StandardCharsets.UTF_8);
  }

  BigInteger integer() {
    byte[] value = octets();
    if (value.length == 0) {
      throw damaged();
    }
    return new BigInteger(value);
  }

  @Nullable String name() {
    long number = count();
    if (number == 0) {
      return null;
    }
    if (number == names.size() + 1L) {
      names.add(text());
    } else if (number < 0 || number > names.size()) {
      throw damaged();
    }
    return names.get((int) number - 1);
  }

  String required() {
    String name = name();
    if (name == null) {
      throw damaged();
    }
    return name;
  }

  /** Reads the version in front of a value. */
  void version(int known, String what) {
    int version = octet();
    if (version != known) {
      throw new LedgerException.Unavailable(
          "The grid holds "
              + what
              + " of form "
              + version
              + ", and this version knows form "
              + known
              + "; start the version that wrote it",
          true,
          null);
    }
  }

  private void need(int more) {
    if (more > bytes.length - at) {
      throw damaged();
    }
  }

  static LedgerException.Unavailable damaged() {
    return new LedgerException.Unavailable(
        "A row of the ledger in the grid is damaged", true, null);
  }
}
