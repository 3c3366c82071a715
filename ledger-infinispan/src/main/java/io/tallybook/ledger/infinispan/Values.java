package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.storage.StoredOutcomes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values of rows, and the parts of commits, as bytes. */
final class Values {
  private static final int HAS_SETTLEMENT = 1;
  private static final int BILLABLE = 2;
  private static final int BULK = 4;
  private static final int HAS_REVERSAL = 8;
  private static final int HAS_VALUE = 16;

  private Values() {}

  // ---- Entries ----------------------------------------------------------------------------------

  static void entry(Entry entry, BytesOut out) {
    Entry.Settlement settlement = entry.settlement();
    boolean isReversal = entry.reverses() != 0 || entry.settledBy() != 0;
    out.octet(entry.kind().code());
    out.octet(
        (settlement == null ? 0 : HAS_SETTLEMENT)
            | (entry.billable() ? BILLABLE : 0)
            | (settlement != null && settlement.bulk() ? BULK : 0)
            | (isReversal ? HAS_REVERSAL : 0)
            | (entry.value() == 0 ? 0 : HAS_VALUE));
    out.count(entry.position()).count(entry.sequence()).count(entry.recordedAt());
    out.number(entry.recordedAt() - entry.time());
    out.name(entry.source());
    String id = entry.id();
    out.flag(id != null);
    if (id != null) {
      out.text(id);
    }
    out.name(entry.organization()).name(entry.agent()).name(entry.service());
    out.name(entry.type()).name(entry.window());
    out.number(entry.units()).number(entry.cost());
    if (entry.value() != 0) {
      out.number(entry.value());
    }
    if (isReversal) {
      out.count(entry.reverses()).count(entry.settledBy());
    }
    if (settlement != null) {
      out.count(settlement.price()).integer(settlement.billed());
      out.count(settlement.fromSequence()).count(settlement.toSequence());
    }
    texts(entry.attributes(), out);
  }

  static Entry entry(BytesIn in) {
    EntryKind kind = EntryKind.of(in.octet());
    int flags = in.octet();
    long position = in.count();
    long sequence = in.count();
    long recordedAt = in.count();
    long time = recordedAt - in.number();
    String source = in.name();
    String id = in.flag() ? in.text() : null;
    String organization = in.name();
    String agent = in.name();
    String service = in.name();
    String type = in.name();
    String window = in.name();
    long units = in.number();
    long cost = in.number();
    long value = (flags & HAS_VALUE) == 0 ? 0 : in.number();
    boolean isReversal = (flags & HAS_REVERSAL) != 0;
    long reverses = isReversal ? in.count() : 0;
    long settledBy = isReversal ? in.count() : 0;
    Entry.Settlement settlement =
        (flags & HAS_SETTLEMENT) == 0
            ? null
            : new Entry.Settlement(
                in.count(), in.integer(), in.count(), in.count(), (flags & BULK) != 0);
    return new Entry(
        position,
        sequence,
        kind,
        recordedAt,
        time,
        source,
        id,
        organization,
        agent,
        service,
        type,
        window,
        units,
        cost,
        value,
        (flags & BILLABLE) != 0,
        reverses,
        settledBy,
        settlement,
        texts(in));
  }

  // ---- Tenants ----------------------------------------------------------------------------------

  static void tenant(Tenant tenant, BytesOut out) {
    out.name(tenant.name()).count(tenant.revision()).count(tenant.lastSequence());
    out.count(tenant.agents()).count(tenant.services()).count(tenant.pairs());
    out.count(tenant.pairsAboveZero()).count(tenant.lifetimeUnits()).count(tenant.settlements());
    out.integer(tenant.settledAmount());
  }

  static Tenant tenant(BytesIn in) {
    return new Tenant(
        in.required(),
        in.count(),
        in.count(),
        in.count(),
        in.count(),
        in.count(),
        in.count(),
        in.count(),
        in.count(),
        in.integer());
  }

  // ---- Cells ------------------------------------------------------------------------------------

  /** Columns as they are. */
  static void columns(long[] columns, BytesOut out) {
    out.count(columns.length);
    for (long column : columns) {
      out.number(column);
    }
  }

  static long[] columns(BytesIn in) {
    long[] columns = new long[in.size()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = in.number();
    }
    return columns;
  }

  /** The place of a cell among those of its view and tenant: its names and its start. */
  static void place(List<@Nullable String> names, long start, BytesOut out) {
    out.octet(names.size());
    for (String name : names) {
      out.flag(name != null);
      if (name != null) {
        out.text(name);
      }
    }
    start(start, out);
  }

  static List<@Nullable String> names(BytesIn in) {
    int count = in.octet();
    List<@Nullable String> names = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      names.add(in.flag() ? in.text() : null);
    }
    return Collections.unmodifiableList(names);
  }

  /** The start of a bucket: most views have none. */
  static void start(long start, BytesOut out) {
    out.flag(start != Long.MIN_VALUE);
    if (start != Long.MIN_VALUE) {
      out.number(start);
    }
  }

  static long start(BytesIn in) {
    return in.flag() ? in.number() : Long.MIN_VALUE;
  }

  // ---- Documents --------------------------------------------------------------------------------

  static void documentKey(DocumentKey key, BytesOut out) {
    out.name(key.tenant()).name(key.kind()).name(key.name());
  }

  static DocumentKey documentKey(BytesIn in) {
    return new DocumentKey(in.required(), in.required(), in.required());
  }

  /** What a document is beside its key; null for one that is not there. */
  static void document(@Nullable Document document, BytesOut out) {
    out.flag(document != null);
    if (document != null) {
      out.count(document.revision()).count(document.ordinal());
      texts(document.fields(), out);
    }
  }

  static @Nullable Document document(DocumentKey key, BytesIn in) {
    return in.flag() ? new Document(key, in.count(), in.count(), texts(in)) : null;
  }

  // ---- Answers ----------------------------------------------------------------------------------

  static void answer(IdempotencyRecord answer, BytesOut out) {
    out.name(answer.key().tenant()).text(answer.key().key()).text(answer.fingerprint());
    out.count(answer.recordedAt()).octets(StoredOutcomes.encode(answer.outcomes()));
  }

  static IdempotencyRecord answer(BytesIn in) {
    return new IdempotencyRecord(
        new IdempotencyKey(in.required(), in.text()),
        in.text(),
        in.count(),
        StoredOutcomes.decode(in.octets()));
  }

  // ---- Texts ------------------------------------------------------------------------------------

  private static void texts(Map<String, String> texts, BytesOut out) {
    out.count(texts.size());
    texts.forEach((name, text) -> out.name(name).text(text));
  }

  private static Map<String, String> texts(BytesIn in) {
    int count = in.size();
    if (count == 0) {
      return Map.of();
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      texts.put(in.required(), in.text());
    }
    return Collections.unmodifiableMap(texts);
  }
}
