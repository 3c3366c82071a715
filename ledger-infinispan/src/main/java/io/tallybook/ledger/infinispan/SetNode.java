package io.tallybook.ledger.infinispan;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node of a {@linkplain SortedSets sorted set} and how it is written. A node stands for a prefix
 * of keys, counted in nibbles (halves of bytes), which its row does not repeat: where it is {@code
 * depth} nibbles long, the first {@code depth / 2} bytes of each key are left out.
 *
 * <pre>
 *   dead    0
 *   leaf    1 | count | common | key length | payload length | item ...
 *             common          what the rest of all keys begins with: length, bytes
 *             key length      of what comes behind it, plus 1; 0 if they differ
 *             payload length  plus 1; 0 if they differ
 *             item            [length] rest of the key | [length] payload; lengths if they differ
 *   inner   2 | nibbles | path | payload | children | id ...
 *             nibbles         how long the path to the children is, with the prefix
 *             path            its bytes, without the first depth / 2; the last may be a half
 *             payload         of the item whose key is the path: length plus 1, bytes; 0 for none
 *             children        two bytes: bit n for the nibble n
 *             id              eight bytes for each bit that is set
 * </pre>
 *
 * <p>Lengths and counts are in bytes of seven bits, the lowest first, with the eighth set but for
 * the last.
 */
sealed interface SetNode {
  /** More items are not put in a leaf. */
  int ITEMS_MAX = 256;

  /** A leaf of several items does not get longer. */
  int BYTES_MAX = 4096;

  /** How the node is written whose prefix has so many nibbles. */
  byte[] encode(int depth);

  /** Reads a node; the first nibbles of {@code prefix}, as many as {@code depth}, are its own. */
  static SetNode decode(byte[] value, byte[] prefix, int depth) {
    ByteBuffer in = ByteBuffer.wrap(value);
    byte kind = in.get();
    return switch (kind) {
      case 0 -> new Dead();
      case 1 -> Leaf.decode(in, prefix, depth / 2);
      case 2 -> Inner.decode(in, prefix, depth / 2);
      default -> throw new IllegalStateException("a node of the unknown kind " + kind);
    };
  }

  /** The nibble of a key at an index. */
  static int nibble(byte[] key, int index) {
    return (index & 1) == 0 ? (key[index >> 1] & 0xf0) >> 4 : key[index >> 1] & 0xf;
  }

  /** How many nibbles two keys have in common at their beginnings, of so many each. */
  static int common(byte[] a, int nibblesOfA, byte[] b, int nibblesOfB) {
    int most = Math.min(nibblesOfA, nibblesOfB);
    int bytes = Arrays.mismatch(a, 0, most / 2, b, 0, most / 2);
    int nibbles = 2 * (bytes < 0 ? most / 2 : bytes);
    return nibbles < most && nibble(a, nibbles) == nibble(b, nibbles) ? nibbles + 1 : nibbles;
  }

  /** What is left of a node that had no item any more. It stays so. */
  record Dead() implements SetNode {
    @Override
    public byte[] encode(int depth) {
      return new byte[1];
    }
  }

  /**
   * Items themselves.
   *
   * @param items in the order of their keys
   */
  record Leaf(List<SortedSets.Item> items) implements SetNode {
    /** Whether a leaf may be like this. */
    boolean fits(int depth) {
      return items.size() <= 1 || (items.size() <= ITEMS_MAX && encode(depth).length <= BYTES_MAX);
    }

    @Override
    public byte[] encode(int depth) {
      int skipped = depth / 2;
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(1);
      writeCount(out, items.size());
      if (items.isEmpty()) {
        return out.toByteArray();
      }
      byte[] first = items.getFirst().key();
      byte[] last = items.getLast().key();
      int mismatch = Arrays.mismatch(first, last);
      int common = mismatch < 0 ? first.length : mismatch;
      writeCount(out, common - skipped);
      out.write(first, skipped, common - skipped);
      boolean sameKey = true;
      boolean samePayload = true;
      int payload = items.getFirst().payload().length;
      for (SortedSets.Item item : items) {
        sameKey &= item.key().length == first.length;
        samePayload &= item.payload().length == payload;
      }
      writeCount(out, sameKey ? first.length - common + 1 : 0);
      writeCount(out, samePayload ? payload + 1 : 0);
      for (SortedSets.Item item : items) {
        if (!sameKey) {
          writeCount(out, item.key().length - common);
        }
        out.write(item.key(), common, item.key().length - common);
        if (!samePayload) {
          writeCount(out, item.payload().length);
        }
        out.writeBytes(item.payload());
      }
      return out.toByteArray();
    }

    private static Leaf decode(ByteBuffer in, byte[] prefix, int skipped) {
      int count = readCount(in);
      if (count == 0) {
        return new Leaf(List.of());
      }
      int common = skipped + readCount(in);
      byte[] begin = Arrays.copyOf(prefix, common);
      in.get(begin, skipped, common - skipped);
      int sameKey = readCount(in);
      int samePayload = readCount(in);
      List<SortedSets.Item> items = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        int rest = sameKey == 0 ? readCount(in) : sameKey - 1;
        byte[] key = Arrays.copyOf(begin, common + rest);
        in.get(key, common, rest);
        byte[] payload = new byte[samePayload == 0 ? readCount(in) : samePayload - 1];
        in.get(payload);
        items.add(new SortedSets.Item(key, payload));
      }
      return new Leaf(items);
    }
  }

  /**
   * The way to other nodes, all of whose keys begin with a path.
   *
   * @param path what leads to the children; the low half of its last byte is 0 if it is not used
   * @param nibbles how many of the path count
   * @param payload of the item whose key is the path; null if there is none
   * @param children the ids of the nodes for the path and one nibble more, 0 for none
   */
  @SuppressWarnings("ArrayRecordComponent") // compared with nothing
  record Inner(byte[] path, int nibbles, byte @Nullable [] payload, long[] children)
      implements SetNode {
    boolean isEmpty() {
      if (payload != null) {
        return false;
      }
      for (long child : children) {
        if (child != 0) {
          return false;
        }
      }
      return true;
    }

    boolean samePath(Inner other) {
      return nibbles == other.nibbles && Arrays.equals(path, other.path);
    }

    /** The first nibbles of a key as a path. */
    static byte[] path(byte[] key, int nibbles) {
      byte[] path = Arrays.copyOf(key, (nibbles + 1) / 2);
      if ((nibbles & 1) != 0) {
        path[nibbles / 2] &= (byte) 0xf0;
      }
      return path;
    }

    @Override
    public byte[] encode(int depth) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(2);
      writeCount(out, nibbles);
      out.write(path, depth / 2, path.length - depth / 2);
      writeCount(out, payload == null ? 0 : payload.length + 1);
      if (payload != null) {
        out.writeBytes(payload);
      }
      ByteBuffer ids = ByteBuffer.allocate(2 + children.length * Long.BYTES);
      int bits = 0;
      ids.position(2);
      for (int i = 0; i < children.length; i++) {
        if (children[i] != 0) {
          bits |= 1 << i;
          ids.putLong(children[i]);
        }
      }
      ids.putShort(0, (short) bits);
      out.write(ids.array(), 0, ids.position());
      return out.toByteArray();
    }

    private static Inner decode(ByteBuffer in, byte[] prefix, int skipped) {
      int nibbles = readCount(in);
      byte[] path = Arrays.copyOf(prefix, (nibbles + 1) / 2);
      in.get(path, skipped, path.length - skipped);
      int length = readCount(in);
      byte[] payload = null;
      if (length > 0) {
        payload = new byte[length - 1];
        in.get(payload);
      }
      int bits = in.getShort() & 0xffff;
      long[] children = new long[16];
      for (int i = 0; i < children.length; i++) {
        if ((bits >> i & 1) != 0) {
          children[i] = in.getLong();
        }
      }
      return new Inner(path, nibbles, payload, children);
    }
  }

  private static void writeCount(ByteArrayOutputStream out, int count) {
    int rest = count;
    while (rest > 0x7f) {
      out.write(rest | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }

  private static int readCount(ByteBuffer in) {
    int count = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      count |= (next & 0x7f) << shift;
      if (next >= 0) {
        return count;
      }
    }
  }
}
