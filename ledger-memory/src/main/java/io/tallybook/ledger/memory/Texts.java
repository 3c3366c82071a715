package io.tallybook.ledger.memory;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Texts in UTF-8, one after the other in pages of bytes, each behind its length in two bytes.
 * Addresses are given to the writer when it adds a text; they are never 0.
 *
 * <p>Append-only: a reader that has an address from a published entry finds the text there.
 */
final class Texts {
  private static final int PAGE_BITS = 16;
  private static final int PAGE = 1 << PAGE_BITS;

  private volatile byte[][] pages = {new byte[PAGE]};
  private long end = 1;

  /** Adds a text of at most 65,535 bytes; returns its address. */
  long add(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    long address = end;
    put((byte) (bytes.length >>> 8));
    put((byte) bytes.length);
    int offset = (int) end & (PAGE - 1);
    if (offset != 0 && offset + bytes.length <= PAGE) {
      System.arraycopy(bytes, 0, pages[(int) (end >>> PAGE_BITS)], offset, bytes.length);
      end += bytes.length;
    } else {
      for (byte b : bytes) {
        put(b);
      }
    }
    return address;
  }

  /** The text at an address. */
  String get(long address) {
    byte[][] now = pages;
    byte[] bytes = new byte[lengthAt(now, address)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = at(now, address + 2 + i);
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** The address behind the text at an address. */
  long after(long address) {
    return address + 2 + lengthAt(pages, address);
  }

  /** How much it occupies. */
  long bytes() {
    return (long) pages.length * PAGE;
  }

  private static int lengthAt(byte[][] pages, long address) {
    return (at(pages, address) & 0xff) << 8 | (at(pages, address + 1) & 0xff);
  }

  private static byte at(byte[][] pages, long address) {
    return pages[(int) (address >>> PAGE_BITS)][(int) address & (PAGE - 1)];
  }

  private void put(byte b) {
    int page = (int) (end >>> PAGE_BITS);
    if (page == pages.length) {
      byte[][] more = Arrays.copyOf(pages, page + 1);
      more[page] = new byte[PAGE];
      pages = more;
    }
    pages[page][(int) end & (PAGE - 1)] = b;
    end++;
  }
}
