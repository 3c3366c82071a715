package io.tallybook.ledger.infinispan;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Which row: a byte that says of what kind it is, and what names it among those. Keys are ordered
 * by their bytes, unsigned.
 */
final class RowKey implements Comparable<RowKey> {
  private final byte[] bytes;

  /** Keeps the array, which the caller must not change. */
  RowKey(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The key that consists of this one and some bytes behind it. */
  RowKey with(byte[] rest) {
    byte[] joined = Arrays.copyOf(bytes, bytes.length + rest.length);
    System.arraycopy(rest, 0, joined, bytes.length, rest.length);
    return new RowKey(joined);
  }

  /** What is behind another key that this one begins with. */
  byte[] behind(RowKey prefix) {
    return Arrays.copyOfRange(bytes, prefix.bytes.length, bytes.length);
  }

  /** The first key after all those that begin with this one. */
  RowKey afterAll() {
    int last = bytes.length - 1;
    while (bytes[last] == -1) {
      last--;
    }
    byte[] next = Arrays.copyOf(bytes, last + 1);
    next[last]++;
    return new RowKey(next);
  }

  /** The bytes themselves, not to be changed. */
  byte[] bytes() {
    return bytes;
  }

  @Override
  public int compareTo(RowKey other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RowKey key && Arrays.equals(bytes, key.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
