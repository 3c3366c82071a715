package io.tallybook.service.query;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Csv;
import io.tallybook.service.http.Cursors;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Problem;
import io.tallybook.service.http.Query;
import io.tallybook.service.query.QueryBodies.RollupBody;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Answers sums of usage from maintained views; nothing is added up from entries. */
@Path("/rollups")
@Singleton
@RunOnVirtualThread
public final class RollupsResource {
  private static final List<Dimension> FILTERS =
      List.of(Dimension.ORGANIZATION, Dimension.AGENT, Dimension.SERVICE, Dimension.TYPE);
  private static final String ATTRIBUTE = "attributes.";

  private final Exchange exchange;
  private final Asking asking;

  RollupsResource(Exchange exchange, Asking asking) {
    this.exchange = exchange;
    this.asking = asking;
  }

  @GET
  public Response rollup() {
    RollupQuery asked = asked(exchange.query());
    String form = exchange.preferred(Exchange.JSON, Csv.TYPE);
    return asking.askInForm(
        "rollup",
        form,
        reader -> page(reader.rollup(asked), asked, reader.currency(), form.equals(Csv.TYPE)));
  }

  private RollupQuery asked(Query query) {
    query.only(
        "groupBy",
        "organization",
        "agent",
        "service",
        "type",
        "attributes.NAME",
        "from",
        "to",
        "bucket",
        "order",
        "measure",
        "limit",
        "cursor");
    RollupQuery.Order order =
        RollupQuery.Order.valueOf(
            query.word("order", "name", "top", "first").toUpperCase(Locale.ROOT));
    if (order == RollupQuery.Order.TOP && query.text("cursor") != null) {
      throw Problem.invalid("cursor cannot be used with the order top");
    }
    return new RollupQuery(
        groupBy(query),
        filter(query),
        query.time("from", Long.MIN_VALUE),
        query.time("to", Long.MAX_VALUE),
        Bucket.parse(query.word("bucket", "none", "hour", "day", "month")),
        order,
        RollupQuery.Measure.valueOf(
            query
                .word("measure", "units", "cost", "count", "outstanding")
                .toUpperCase(Locale.ROOT)),
        Cursors.decode(exchange, RollupsResource::readRow),
        (int) query.integer("limit", 100, 1, RollupQuery.LIMIT_MAX));
  }

  private static List<Dimension> groupBy(Query query) {
    List<Dimension> dimensions = new ArrayList<>();
    for (String text : query.texts("groupBy")) {
      for (String name : text.split(",", -1)) {
        dimensions.add(new Dimension(name.strip()));
      }
    }
    return dimensions;
  }

  private static Map<Dimension, Set<String>> filter(Query query) {
    Map<Dimension, Set<String>> filter =
        new TreeMap<>((a, b) -> Names.ORDER.compare(a.name(), b.name()));
    for (Dimension dimension : FILTERS) {
      if (query.has(dimension.name())) {
        filter.put(dimension, query.names(dimension.name()));
      }
    }
    for (String name : query.names()) {
      if (name.startsWith(ATTRIBUTE)) {
        filter.put(new Dimension(name), query.texts(name));
      }
    }
    return filter;
  }

  private Asking.Answer page(Rollup rollup, RollupQuery asked, String currency, boolean asCsv) {
    RollupRow last = asked.order() == RollupQuery.Order.TOP ? null : rollup.next();
    String next = last == null ? null : Cursors.encode(exchange, out -> writeRow(out, last));
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    for (RollupRow row : rollup.rows()) {
      rows.add(row(rollup, asked, row));
    }
    return new Asking.Answer(
        asCsv
            ? csv(rollup, asked, rows)
            : new RollupBody(
                rollup.view(),
                rollup.withIndex() ? "view+index" : "view",
                currency,
                rollup.next() == null,
                rows,
                next),
        next,
        null);
  }

  private static Csv csv(
      Rollup rollup, RollupQuery asked, List<Map<String, @Nullable Object>> rows) {
    List<String> header = new ArrayList<>();
    asked.groupBy().forEach(dimension -> header.add(dimension.name()));
    if (asked.bucket() != Bucket.NONE) {
      header.add("start");
    }
    header.addAll(List.of("count", "units", "cost"));
    if (rollup.hasOutstanding()) {
      header.add("outstanding");
    }
    Csv csv = new Csv().row(header);
    for (Map<String, @Nullable Object> row : rows) {
      header.forEach(name -> csv.cell(row.get(name)));
      csv.end();
    }
    return csv;
  }

  private static Map<String, @Nullable Object> row(
      Rollup rollup, RollupQuery asked, RollupRow row) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    for (int i = 0; i < asked.groupBy().size(); i++) {
      members.put(asked.groupBy().get(i).name(), row.names().get(i));
    }
    if (row.start() != Times.ABSENT) {
      members.put("start", Times.instant(row.start()).toString());
    }
    members.put("count", row.count());
    members.put("units", row.units());
    members.put("cost", row.cost());
    if (rollup.hasOutstanding()) {
      members.put("outstanding", row.outstanding());
    }
    return members;
  }

  /** Writes what tells where a row stands in the orders name and first. */
  private static void writeRow(DataOutputStream out, RollupRow row) throws IOException {
    out.writeByte(row.names().size());
    for (String name : row.names()) {
      out.writeBoolean(name != null);
      if (name != null) {
        out.writeUTF(name);
      }
    }
    out.writeLong(row.start());
    out.writeLong(row.first());
  }

  @SuppressWarnings("NullAway") // compiled, the record's constructor lost that names may be null
  private static RollupRow readRow(DataInputStream in) throws IOException {
    int size = in.readUnsignedByte();
    List<@Nullable String> names = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      names.add(in.readBoolean() ? in.readUTF() : null);
    }
    return new RollupRow(names, in.readLong(), 0, 0, 0, 0, in.readLong());
  }
}
