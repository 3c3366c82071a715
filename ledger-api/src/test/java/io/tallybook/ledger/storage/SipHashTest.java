package io.tallybook.ledger.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the vectors of the reference implementation: key 00 to 0f, message 00, 01, 02, ... */
final class SipHashTest {
  private static final long KEY0 = 0x0706050403020100L;
  private static final long KEY1 = 0x0f0e0d0c0b0a0908L;

  private final SipHash hash = new SipHash();

  private String hash(byte[] message, int length) {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(hash.hash(KEY0, KEY1, message, length)).putLong(hash.second());
    return HexFormat.of().formatHex(bytes.array());
  }

  @ParameterizedTest(name = "{0} bytes")
  @CsvSource({
    "0, a3817f04ba25a8e66df67214c7550293",
    "1, da87c1d86b99af44347659119b22fc45",
    "2, 8177228da4a45dc7fca38bdef60affe4",
    "3, 9c70b60c5267a94e5f33b6b02985ed51",
    "4, f88164c12d9c8faf7d0f6e7c7bcd5579",
    "5, 1368875980776f8854527a07690e9627",
    "6, 14eeca338b208613485ea0308fd7a15e",
    "7, a1f1ebbed8dbc153c0b84aa61ff08239",
    "8, 3b62a9ba6258f5610f83e264f31497b4",
    "9, 264499060ad9baabc47f8b02bb6d71ed",
  })
  void a_hash_is_that_of_the_reference(int length, String expected) {
    byte[] message = new byte[length + 8];
    for (int i = 0; i < length; i++) {
      message[i] = (byte) i;
    }
    assertThat(hash(message, length)).isEqualTo(expected);
  }

  @Test
  void what_stands_after_the_message_does_not_matter() {
    for (int length = 0; length < 40; length++) {
      byte[] zeros = new byte[64];
      byte[] ones = new byte[64];
      Arrays.fill(ones, length, 64, (byte) -1);
      assertThat(hash(ones, length)).as("%d bytes", length).isEqualTo(hash(zeros, length));
    }
  }

  @Test
  void every_byte_and_the_length_matter() {
    Set<String> hashes = new HashSet<>();
    for (int length = 0; length < 40; length++) {
      hashes.add(hash(new byte[64], length));
      for (int i = 0; i < length; i++) {
        byte[] message = new byte[64];
        message[i] = (byte) 0x80;
        hashes.add(hash(message, length));
      }
    }
    assertThat(hashes).hasSize(40 + 39 * 40 / 2);
  }
}
