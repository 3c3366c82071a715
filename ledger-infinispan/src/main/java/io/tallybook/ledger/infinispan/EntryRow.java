package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Entry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Entries whose sequences follow one another, as the value of a row: their number, and each. */
final class EntryRow {
  private static final int VERSION = 1;

  private EntryRow() {}

  static byte[] write(List<Entry> entries) {
    BytesOut out = new BytesOut(entries.size() * 96).octet(VERSION).count(entries.size());
    entries.forEach(entry -> Values.entry(entry, out));
    return out.toBytes();
  }

  static List<Entry> read(byte[] value) {
    BytesIn in = new BytesIn(value);
    in.version(VERSION, "entries");
    List<Entry> entries = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      entries.add(Values.entry(in));
    }
    return entries;
  }

  /** Reads those of some sequences. */
  static void read(byte[] value, Collection<Long> wanted, Map<Long, Entry> into) {
    for (Entry entry : read(value)) {
      if (wanted.contains(entry.sequence())) {
        into.put(entry.sequence(), entry);
      }
    }
  }
}
