package io.tallybook.service.query;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.service.http.Csv;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.query.QueryBodies.EntryBody;
import io.tallybook.service.query.QueryBodies.EntryCount;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes entries page by page, so that no more than a page of them is in memory. */
final class EntryExport implements Exchange.Export {
  /** One entry a line, and then a line that tells how many there were. */
  static final String NDJSON = "application/x-ndjson";

  /** The first line of CSV; attributes are a JSON object in the last cell. */
  static final String HEADER =
      "sequence,kind,recordedAt,time,source,id,organization,agent,service,type,window,units,cost,"
          + "value,priceStroops,billedStroops,fromSequence,toSequence,bulk,reverses,settledBy,"
          + "attributes";

  private static final byte[] LINE_END = {'\n'};

  private final Function<@Nullable EntryMark, EntryPage> pages;
  private final Function<Object, byte[]> json;
  private final String type;

  /**
   * An export.
   *
   * @param pages the page after a place, of up to {@link EntryQuery#LIMIT_MAX} entries
   * @param json writes a value in JSON
   * @param type {@link #NDJSON}, {@link Exchange#JSON} or {@link Csv#TYPE}
   */
  EntryExport(
      Function<@Nullable EntryMark, EntryPage> pages, Function<Object, byte[]> json, String type) {
    this.pages = pages;
    this.json = json;
    this.type = type;
  }

  @Override
  public long write(OutputStream out) throws IOException {
    if (type.equals(Csv.TYPE)) {
      out.write(new Csv().row(Arrays.asList(HEADER.split(",", -1))).take());
    }
    long count = 0;
    EntryMark after = null;
    do {
      EntryPage page = pages.apply(after);
      for (Entry entry : page.entries()) {
        write(EntryBodies.of(entry), count == 0, out);
        count++;
      }
      after = page.next();
    } while (after != null);
    if (type.equals(NDJSON)) {
      out.write(json.apply(new EntryCount(count)));
      out.write(LINE_END);
    } else if (type.equals(Exchange.JSON)) {
      out.write(bytes(count == 0 ? "[]" : "]"));
    }
    return count;
  }

  private void write(EntryBody entry, boolean isFirst, OutputStream out) throws IOException {
    switch (type) {
      case Csv.TYPE -> out.write(row(entry));
      case Exchange.JSON -> {
        out.write(bytes(isFirst ? "[" : ","));
        out.write(json.apply(entry));
      }
      default -> {
        out.write(json.apply(entry));
        out.write(LINE_END);
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

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
