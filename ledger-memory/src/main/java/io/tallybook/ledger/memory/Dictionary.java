package io.tallybook.ledger.memory;

import io.tallybook.ledger.Names;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The names of the ledger, numbered from 1 in order of first use; 0 stands for no name. Names are
 * never forgotten.
 *
 * <pre>
 *   slots   hash(name) -> code, linear probing, at most half full
 *   names   code -> name
 * </pre>
 *
 * <p>One writer adds; any thread looks up. A code is put into its slot after its name is in place,
 * by release, so that whoever finds the code finds the name.
 */
final class Dictionary {
  private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(int[].class);

  /** Most names: the slots are twice as many, in the longest array that is a power of two. */
  private static final long NAMES_MAX = (1L << 29) - 1;

  private static final class Table {
    private final int[] slots;
    private final @Nullable String[] names;

    Table(int[] slots, @Nullable String[] names) {
      this.slots = slots;
      this.names = names;
    }
  }

  private volatile Table table = new Table(new int[128], new @Nullable String[64]);
  private int size;
  private long textBytes;

  /** The code of a name; -1 if it was never used, 0 for null. */
  int find(@Nullable String name) {
    if (name == null) {
      return 0;
    }
    Table now = table;
    int mask = now.slots.length - 1;
    for (int slot = Names.hash(name) & mask; ; slot = (slot + 1) & mask) {
      int code = (int) SLOTS.getAcquire(now.slots, slot);
      if (code == 0) {
        return -1;
      }
      if (name.equals(now.names[code])) {
        return code;
      }
    }
  }

  /** The code of a name, a new one if it has none yet. By the writer only. */
  int code(@Nullable String name) {
    int known = find(name);
    if (known >= 0 || name == null) {
      return Math.max(known, 0);
    }
    if (size + 1 == table.names.length) {
      grow();
    }
    size++;
    textBytes += 40 + (isLatin(name) ? 1L : 2L) * name.length();
    table.names[size] = name;
    place(table.slots, name, size);
    return size;
  }

  /** The name of a code; null for 0. */
  @Nullable String name(int code) {
    return table.names[code];
  }

  /** How many more names it takes. */
  long left() {
    return NAMES_MAX - size;
  }

  /** Roughly how much it occupies. */
  long bytes() {
    return 4L * table.slots.length + 4L * table.names.length + textBytes;
  }

  /** Whether a text takes one byte for each character. */
  private static boolean isLatin(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0xff) {
        return false;
      }
    }
    return true;
  }

  private void grow() {
    @Nullable String[] names = Arrays.copyOf(table.names, table.names.length * 2);
    int[] slots = new int[names.length * 2];
    for (int code = 1; code <= size; code++) {
      String name = names[code];
      if (name != null) {
        place(slots, name, code);
      }
    }
    table = new Table(slots, names);
  }

  private static void place(int[] slots, String name, int code) {
    int mask = slots.length - 1;
    int slot = Names.hash(name) & mask;
    while (slots[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    SLOTS.setRelease(slots, slot, code);
  }
}
