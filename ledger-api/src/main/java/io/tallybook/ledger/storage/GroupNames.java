package io.tallybook.ledger.storage;

import io.tallybook.ledger.Names;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The names that one group uses, numbered from 1 in order of first use; 0 stands for no name. The
 * numbers mean nothing outside the group: a storage maps them to its own, once for each name.
 *
 * <p>Open addressing with linear probing over a table at most half full.
 */
public final class GroupNames {
  private @Nullable String[] names = new @Nullable String[64];
  private int[] slots = new int[128];
  private int size;

  /** How many names there are; their codes are 1 to this number. */
  public int size() {
    return size;
  }

  /** The name of a code; null for 0. */
  public @Nullable String name(int code) {
    return names[code];
  }

  /** The code of a name, a new one if it has none yet; 0 for null. */
  int code(@Nullable String name) {
    if (name == null) {
      return 0;
    }
    int mask = slots.length - 1;
    int slot = Names.hash(name) & mask;
    for (int code = slots[slot]; code != 0; code = slots[slot]) {
      if (name.equals(names[code])) {
        return code;
      }
      slot = (slot + 1) & mask;
    }
    if (++size == names.length) {
      names = Arrays.copyOf(names, size * 2);
      slots = new int[size * 4];
      for (int code = 1; code < size; code++) {
        place(code);
      }
    }
    names[size] = name;
    place(size);
    return size;
  }

  private void place(int code) {
    int mask = slots.length - 1;
    int slot = Names.hash(name(code)) & mask;
    while (slots[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    slots[slot] = code;
  }
}
