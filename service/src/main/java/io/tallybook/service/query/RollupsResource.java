package io.tallybook.service.query;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.service.Api;
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
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Answers sums of usage from maintained views; nothing is added up from entries. */
@Path("/rollups")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.QUESTIONS)
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
  @Operation(summary = "Sums of usage by dimensions and times")
  @Parameter(
      name = "groupBy",
      in = ParameterIn.QUERY,
      description = "Dimensions, repeated or separated by commas; one row for all where absent",
      schema = @Schema(type = SchemaType.ARRAY, implementation = String.class),
      example = "agent,service")
  @Parameter(
      name = "organization",
      in = ParameterIn.QUERY,
      description = "Repeatable; none means personal usage",
      schema = @Schema(type = SchemaType.ARRAY, implementation = String.class, maxItems = 100))
  @Parameter(
      name = "agent",
      in = ParameterIn.QUERY,
      schema = @Schema(type = SchemaType.ARRAY, implementation = String.class, maxItems = 100))
  @Parameter(
      name = "service",
      in = ParameterIn.QUERY,
      schema = @Schema(type = SchemaType.ARRAY, implementation = String.class, maxItems = 100))
  @Parameter(
      name = "type",
      in = ParameterIn.QUERY,
      schema = @Schema(type = SchemaType.ARRAY, implementation = String.class, maxItems = 100))
  @Parameter(
      name = "attributes.NAME",
      in = ParameterIn.QUERY,
      description = "The value of the attribute NAME; repeatable",
      schema = @Schema(type = SchemaType.STRING))
  @Parameter(
      name = "from",
      in = ParameterIn.QUERY,
      description = "Earliest time, inclusive",
      schema = @Schema(type = SchemaType.STRING),
      example = "2026-01-31T12:00:00Z")
  @Parameter(
      name = "to",
      in = ParameterIn.QUERY,
      description = "Latest time, exclusive",
      schema = @Schema(type = SchemaType.STRING),
      example = "2026-02-01")
  @Parameter(
      name = "bucket",
      in = ParameterIn.QUERY,
      schema =
          @Schema(
              type = SchemaType.STRING,
              enumeration = {"none", "hour", "day", "month"},
              defaultValue = "none"))
  @Parameter(
      name = "order",
      in = ParameterIn.QUERY,
      schema =
          @Schema(
              type = SchemaType.STRING,
              enumeration = {"name", "top", "first"},
              defaultValue = "name"))
  @Parameter(
      name = "measure",
      in = ParameterIn.QUERY,
      description = "What the order top goes by",
      schema =
          @Schema(
              type = SchemaType.STRING,
              enumeration = {"units", "cost", "count", "outstanding"},
              defaultValue = "units"))
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      schema =
          @Schema(
              type = SchemaType.INTEGER,
              minimum = "1",
              maximum = "10000",
              defaultValue = "100"))
  @Parameter(
      name = "cursor",
      in = ParameterIn.QUERY,
      description = "Not with the order top",
      schema = @Schema(type = SchemaType.STRING))
  @APIResponse(
      responseCode = "200",
      description =
          "A page of rows; complete, and in CSV the absence of a link to the next, tells whether"
              + " there are no more",
      content = {
        @Content(
            mediaType = "application/json",
            schema = @Schema(implementation = RollupBody.class),
            examples =
                @ExampleObject(
                    name = "by agent",
                    value =
                        "{\"view\":\"by-agent\",\"source\":\"view\",\"currency\":\"USD\","
                            + "\"complete\":true,\"rows\":[{\"agent\":\"alice\",\"count\":1,"
                            + "\"units\":3,\"cost\":1500,\"outstanding\":3}],"
                            + "\"nextCursor\":null}")),
        @Content(
            mediaType = Csv.TYPE,
            schema = @Schema(type = SchemaType.STRING),
            examples =
                @ExampleObject(
                    name = "by agent",
                    value = "agent,count,units,cost,outstanding\nalice,1,3,1500,3\n"))
      })
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
