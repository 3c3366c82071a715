package io.tallybook.ledger.infinispan;

/**
 * Non-negative numbers as short byte strings whose order, unsigned, is that of the numbers, or the
 * opposite one. No string is the beginning of another, so that more may follow it in a key.
 *
 * <pre>
 *   ascending    count of bytes that matter, 0..8 | those, the greatest first
 *   descending   the same, each bit turned
 *
 *   0 is 00, 1 is 01 01, 255 is 01 ff, 256 is 02 01 00
 * </pre>
 *
 * <p>Numbers that differ in their last byte only have all the rest in common.
 */
final class OrderedLongs {
  private OrderedLongs() {}

  /** What sorts as the number does. */
  static byte[] ascending(long number) {
    return encode(number, 0);
  }

  /** What sorts from the greatest number to the smallest. */
  static byte[] descending(long number) {
    return encode(number, 0xff);
  }

  /** The number that begins at an offset, whichever way it sorts. */
  static long decode(byte[] bytes, int offset) {
    int turned = bytes[offset] < 0 ? 0xff : 0;
    long number = 0;
    for (int i = 1; i < width(bytes, offset); i++) {
      number = number << 8 | ((bytes[offset + i] & 0xff) ^ turned);
    }
    return number;
  }

  /** How many bytes the number that begins at an offset takes, 1 to 9. */
  static int width(byte[] bytes, int offset) {
    return 1 + (bytes[offset] < 0 ? ~bytes[offset] : bytes[offset]);
  }

  private static byte[] encode(long number, int turned) {
    if (number < 0) {
      throw new IllegalArgumentException("negative: " + number);
    }
    int count = (Long.SIZE - Long.numberOfLeadingZeros(number) + 7) / 8;
    byte[] bytes = new byte[1 + count];
    bytes[0] = (byte) (count ^ turned);
    for (int i = count; i > 0; i--) {
      bytes[i] = (byte) (number ^ turned);
      number >>>= 8;
    }
    return bytes;
  }
}
