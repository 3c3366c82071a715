package io.tallybook.service.query;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.service.http.Csv;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Export;
import io.tallybook.service.http.ExportStream;
import io.tallybook.service.query.QueryBodies.EntryBody;
import io.tallybook.service.query.QueryBodies.EntryCount;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/**
 * Writes the entries that a question asks for. They are read page by page, all of one revision, so
 * that no more than a page of them is in memory.
 *
 * @param type {@link #NDJSON}, {@link Exchange#JSON} or {@link Csv#TYPE}
 * @param json writes a value in JSON
 */
record EntryExport(EntryQuestion question, String type, Function<Object, byte[]> json)
    implements Export {
  /** One entry a line, and then a line that tells how many there were. */
  static final String NDJSON = "application/x-ndjson";

  /** The first line of CSV; attributes are a JSON object in the last cell. */
  static final String HEADER =
      "sequence,kind,recordedAt,time,source,id,organization,agent,service,type,window,units,cost,"
          + "value,priceStroops,billedStroops,fromSequence,toSequence,bulk,reverses,settledBy,"
          + "attributes";

  @Override
  public String operation() {
    return "entries-export";
  }

  @Override
  public long sequence(LedgerReader reader) {
    question.page(reader, false, null, 1);
    return Math.min(question.filter().maxSequence(), reader.lastSequence());
  }

  @Override
  public void write(LedgerReader reader, ExportStream out) {
    if (type.equals(Csv.TYPE)) {
      out.text(HEADER + "\n");
    }
    EntryMark after = null;
    do {
      EntryPage page = question.page(reader, false, after, EntryQuery.LIMIT_MAX);
      for (Entry entry : page.entries()) {
        write(EntryBodies.of(entry), out);
        out.item();
      }
      out.part();
      after = page.next();
    } while (after != null);
    if (type.equals(NDJSON)) {
      out.bytes(json.apply(new EntryCount(out.items())));
      out.text("\n");
    } else if (type.equals(Exchange.JSON)) {
      out.text(out.items() == 0 ? "[]" : "]");
    }
  }

  private void write(EntryBody entry, ExportStream out) {
    switch (type) {
      case Csv.TYPE -> out.bytes(row(entry));
      case Exchange.JSON -> {
        out.text(out.items() == 0 ? "[" : ",");
        out.bytes(json.apply(entry));
      }
      default -> {
        out.bytes(json.apply(entry));
        out.text("\n");
      }
    }
  }

  private byte[] row(EntryBody entry) {
    return new Csv()
        .cell(entry.sequence())
        .cell(entry.kind())
        .cell(entry.recordedAt())
        .cell(entry.time())
        .cell(entry.source())
        .cell(entry.id())
        .cell(entry.organization())
        .cell(entry.agent())
        .cell(entry.service())
        .cell(entry.type())
        .cell(entry.window())
        .cell(entry.units())
        .cell(entry.cost())
        .cell(entry.value())
        .cell(entry.priceStroops())
        .cell(entry.billedStroops())
        .cell(entry.fromSequence())
        .cell(entry.toSequence())
        .cell(entry.bulk())
        .cell(entry.reverses())
        .cell(entry.settledBy())
        .cell(
            entry.attributes() == null
                ? null
                : new String(json.apply(entry.attributes()), StandardCharsets.UTF_8))
        .end()
        .take();
  }
}
