package io.tallybook.ledger.storage;

import io.tallybook.ledger.Entry;

/**
 * A place between entries: just after the entry of this time and sequence in the order of a scan.
 *
 * @param time of the entry in microseconds; read only by scans in order of time
 */
public record EntryMark(long time, long sequence) {
  /** The place just after an entry. */
  public static EntryMark of(Entry entry) {
    return new EntryMark(entry.time(), entry.sequence());
  }
}
