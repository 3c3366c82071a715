package io.tallybook.ledger.storage;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.UsageEvent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The entries that a group appends. Each takes the next position of the ledger and the next
 * sequence of its tenant, and has the names and the time of its step.
 */
final class NewEntries {
  private final long lastPosition;
  private final long now;
  private final GroupNames names;
  private final List<Entry> entries = new ArrayList<>();
  private int[] codes = new int[64 * Changes.NAMES_PER_ENTRY];

  /** How many more the storage takes. */
  private long left;

  NewEntries(Head head, long now, GroupNames names, long left) {
    this.lastPosition = head.lastPosition();
    this.now = now;
    this.names = names;
    this.left = left;
  }

  // ---- Appending --------------------------------------------------------------------------------

  boolean hasRoom(int count) {
    return left >= count;
  }

  Entry usage(Step step, UsageEvent event) {
    return append(
        step,
        EntryKind.USAGE,
        event.id(),
        event.units(),
        event.cost(),
        0,
        true,
        0,
        0,
        null,
        event.attributes());
  }

  Entry reading(Step step, Reading reading) {
    return append(
        step,
        EntryKind.READING,
        reading.id(),
        0,
        0,
        reading.value(),
        false,
        0,
        0,
        null,
        reading.attributes());
  }

  /** What states a pair's outstanding units and takes it to 0. */
  Entry settlement(Step step, long units, Entry.Settlement settlement) {
    return append(step, EntryKind.SETTLEMENT, null, units, 0, 0, false, 0, 0, settlement, Map.of());
  }

  /** What takes a pair's outstanding units to 0 without billing them. */
  Entry reset(Step step, long units) {
    return append(step, EntryKind.RESET, null, units, 0, 0, false, 0, 0, null, Map.of());
  }

  /**
   * What takes an entry of usage back.
   *
   * @param settledBy the sequence of the settlement that covered the original, 0 for none
   */
  Entry reversal(Step step, Entry original, boolean billable, long settledBy) {
    return append(
        step,
        EntryKind.REVERSAL,
        null,
        -original.units(),
        -original.cost(),
        0,
        billable,
        original.sequence(),
        settledBy,
        null,
        original.attributes());
  }

  Entry act(Step step, Act act) {
    return append(step, EntryKind.ACT, null, 0, 0, 0, false, 0, 0, null, act.attributes());
  }

  private Entry append(
      Step step,
      EntryKind kind,
      @Nullable String id,
      long units,
      long cost,
      long value,
      boolean billable,
      long reverses,
      long settledBy,
      Entry.@Nullable Settlement settlement,
      Map<String, String> attributes) {
    int[] own = step.codes;
    Entry entry =
        new Entry(
            lastPosition() + 1,
            step.tenant.lastSequence + 1,
            kind,
            now,
            step.time,
            names.name(own[Changes.SOURCE]),
            id,
            names.name(own[Changes.ORGANIZATION]),
            names.name(own[Changes.AGENT]),
            names.name(own[Changes.SERVICE]),
            names.name(own[Changes.TYPE]),
            names.name(own[Changes.WINDOW]),
            units,
            cost,
            value,
            billable,
            reverses,
            settledBy,
            settlement,
            attributes);
    int at = entries.size() * Changes.NAMES_PER_ENTRY;
    if (at == codes.length) {
      codes = Arrays.copyOf(codes, at * 2);
    }
    System.arraycopy(own, 0, codes, at, Changes.NAMES_PER_ENTRY);
    entries.add(entry);
    step.tenant.lastSequence = entry.sequence();
    step.tenant.changed = true;
    left--;
    return entry;
  }

  // ---- Finding ----------------------------------------------------------------------------------

  /** The position of the newest entry of the ledger. */
  long lastPosition() {
    return lastPosition + entries.size();
  }

  /** A new entry of a tenant by its sequence. */
  @Nullable Entry find(WorkingTenant tenant, long sequence) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).sequence() == sequence && isOf(i, tenant)) {
        return entries.get(i);
      }
    }
    return null;
  }

  /** The sequence of the first new settlement of a pair after a sequence; 0 if there is none. */
  long settlementAfter(WorkingTenant tenant, String agent, String service, long after) {
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      if (entry.kind() == EntryKind.SETTLEMENT
          && entry.sequence() > after
          && isOf(i, tenant)
          && agent.equals(entry.agent())
          && service.equals(entry.service())) {
        return entry.sequence();
      }
    }
    return 0;
  }

  private boolean isOf(int entry, WorkingTenant tenant) {
    return codes[entry * Changes.NAMES_PER_ENTRY + Changes.TENANT] == tenant.code;
  }

  // ---- The whole --------------------------------------------------------------------------------

  List<Entry> all() {
    return entries;
  }

  /** The names of all, as {@link Changes#entryNames} has them. */
  int[] codes() {
    return codes;
  }

  int size() {
    return entries.size();
  }

  /** Takes back the newest entries, so that a number of them stays. */
  void cut(int staying) {
    left += entries.size() - staying;
    entries.subList(staying, entries.size()).clear();
  }
}
