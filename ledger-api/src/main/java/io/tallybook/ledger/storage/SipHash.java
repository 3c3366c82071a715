package io.tallybook.ledger.storage;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash-2-4 with 128 bits of output: a keyed hash for short messages whose collisions nobody can
 * find without the key (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
 */
final class SipHash {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private long second;

  /**
   * Hashes the first bytes of an array; returns the first half and keeps the second.
   *
   * @param message longer than {@code length} by 8 bytes at least, whatever stands there
   */
  long hash(long key0, long key1, byte[] message, int length) {
    long a = key0 ^ 0x736f6d6570736575L;
    long b = key1 ^ 0x646f72616e646f6dL ^ 0xee;
    long c = key0 ^ 0x6c7967656e657261L;
    long d = key1 ^ 0x7465646279746573L;
    long high = 0;
    int whole = length & ~7;
    // The message in blocks of 8 bytes, the last one with its length; then twice the end, which
    // mixes
    // without a block. Each step is two rounds for a block and four for an end.
    for (int at = 0; at <= whole + 16; at += 8) {
      long block = 0;
      int rounds = 2;
      if (at < whole) {
        block = (long) LONGS.get(message, at);
      } else if (at == whole) {
        block = last(message, length);
      } else if (at == whole + 8) {
        c ^= 0xee;
        rounds = 4;
      } else {
        high = a ^ b ^ c ^ d;
        b ^= 0xdd;
        rounds = 4;
      }
      d ^= block;
      for (int i = 0; i < rounds; i++) {
        a += b;
        b = Long.rotateLeft(b, 13) ^ a;
        a = Long.rotateLeft(a, 32);
        c += d;
        d = Long.rotateLeft(d, 16) ^ c;
        a += d;
        d = Long.rotateLeft(d, 21) ^ a;
        c += b;
        b = Long.rotateLeft(b, 17) ^ c;
        c = Long.rotateLeft(c, 32);
      }
      a ^= block;
    }
    second = a ^ b ^ c ^ d;
    return high;
  }

  /** The second half of the newest hash. */
  long second() {
    return second;
  }

  /** What is left behind the whole blocks, with the length in the last byte. */
  private static long last(byte[] message, int length) {
    long block = (long) LONGS.get(message, length & ~7);
    return (block & ((1L << ((length & 7) << 3)) - 1)) | ((long) length << 56);
  }
}
