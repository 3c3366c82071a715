package io.tallybook.service.usage;

import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.view.Cell;
import io.tallybook.service.usage.UsageBodies.LogItem;
import io.tallybook.service.usage.UsageBodies.LogPayload;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The newest events of a tenant, as existing clients know them, read off the ledger's entries.
 *
 * <p>Entries do not keep what a pair had outstanding after them. That is found by walking back from
 * what it has outstanding now: what an entry added is taken off again, and what it took is added.
 */
final class EventLog {
  /** Most events that are kept. */
  static final int EVENTS_MAX = 10_000;

  static final String RECORDED = "recorded";
  static final String SETTLED = "settled";
  static final String RESET = "reset";

  /** All types in the order of a summary. */
  static final List<String> TYPES =
      List.of(
          RECORDED, SETTLED, RESET, ServiceActs.ENABLED, ServiceActs.DISABLED, ServiceActs.DELETED);

  /** Most entries that are looked at: where few of them are events, fewer events are kept. */
  private static final long LOOKED_MAX = 1_000_000;

  private static final EntryFilter FILTER =
      EntryFilter.ALL.withKinds(
          Set.of(
              EntryKind.USAGE,
              EntryKind.SETTLEMENT,
              EntryKind.RESET,
              EntryKind.REVERSAL,
              EntryKind.ACT));

  private final LedgerReader reader;
  private final Map<Pair, Long> outstanding = new HashMap<>();

  private record Pair(String agent, String service) {
    @Override // as Dimension tells
    public boolean equals(@Nullable Object other) {
      return other instanceof Pair that && agent.equals(that.agent) && service.equals(that.service);
    }

    @Override
    public int hashCode() {
      return 31 * agent.hashCode() + service.hashCode();
    }
  }

  private EventLog(LedgerReader reader) {
    this.reader = reader;
  }

  /** The newest events, the newest first. */
  static List<LogItem> newest(LedgerReader reader) {
    return new EventLog(reader).read();
  }

  private List<LogItem> read() {
    List<LogItem> found = new ArrayList<>();
    EntryMark after = null;
    long looked = 0;
    do {
      EntryPage page =
          reader.entries(new EntryQuery(FILTER, false, true, after, EntryQuery.LIMIT_MAX));
      for (Entry entry : page.entries()) {
        LogItem item = item(entry);
        if (item != null && found.size() < EVENTS_MAX) {
          found.add(item);
        }
      }
      looked += page.looked();
      after = page.next();
    } while (after != null && found.size() < EVENTS_MAX && looked < LOOKED_MAX);
    return found;
  }

  /** What an entry is in the log, or null where it is not in it. Goes one entry back in time. */
  private @Nullable LogItem item(Entry entry) {
    String agent = entry.agent();
    String service = entry.service();
    if (entry.kind() == EntryKind.ACT) {
      return service == null ? null : act(entry, service);
    }
    if (agent == null || service == null) {
      return null;
    }
    Pair pair = new Pair(agent, service);
    long after = outstanding.computeIfAbsent(pair, this::now);
    boolean closes = entry.kind() == EntryKind.SETTLEMENT || entry.kind() == EntryKind.RESET;
    long added = closes ? -entry.units() : entry.billable() ? entry.units() : 0;
    outstanding.put(pair, after - added);
    return switch (entry.kind()) {
      case USAGE ->
          of(
              entry,
              RECORDED,
              new LogPayload(
                  agent, service, entry.units(), Amounts.clamp(after), null, null, null, null));
      case SETTLEMENT -> settled(entry, agent, service);
      case RESET ->
          of(
              entry,
              RESET,
              new LogPayload(
                  agent, service, null, null, null, null, Amounts.clamp(entry.units()), null));
      default -> null;
    };
  }

  private static @Nullable LogItem settled(Entry entry, String agent, String service) {
    Entry.Settlement settlement = entry.settlement();
    return settlement == null
        ? null
        : of(
            entry,
            SETTLED,
            new LogPayload(
                agent,
                service,
                entry.units(),
                null,
                settlement.billed(),
                settlement.bulk() ? true : null,
                null,
                null));
  }

  private @Nullable LogItem act(Entry entry, String service) {
    String type = entry.type();
    if (type == null || !TYPES.contains(type)) {
      return null;
    }
    String tenant = type.equals(ServiceActs.DELETED) ? null : reader.tenant().name();
    return of(entry, type, new LogPayload(null, service, null, null, null, null, null, tenant));
  }

  private static LogItem of(Entry entry, String type, LogPayload payload) {
    return new LogItem(entry.sequence(), entry.recordedAt() / 1_000, type, payload);
  }

  private long now(Pair pair) {
    Cell cell = reader.pair(pair.agent, pair.service);
    return cell == null ? 0 : cell.outstanding();
  }
}
