package io.tallybook.service.query;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.service.Api;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Csv;
import io.tallybook.service.http.Cursors;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Exports;
import io.tallybook.service.http.Members;
import io.tallybook.service.http.Problem;
import io.tallybook.service.http.Query;
import io.tallybook.service.query.QueryBodies.Entries;
import io.tallybook.service.query.QueryBodies.EntryBody;
import io.tallybook.service.query.QueryBodies.EntryCount;
import io.tallybook.service.query.QueryBodies.Plan;
import io.tallybook.service.query.QueryBodies.ReversalRequest;
import jakarta.inject.Singleton;
import jakarta.ws.rs.Encoded;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.headers.Header;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/**
 * Lists, counts and exports entries from the index that fits the question best, and reverses them.
 */
@Path("/entries")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.QUESTIONS)
public final class EntriesResource {
  private static final String ENTRY =
      "{\"sequence\":1,\"kind\":\"usage\",\"recordedAt\":\"2026-01-31T12:00:01.5Z\","
          + "\"time\":\"2026-01-31T12:00:00Z\",\"source\":\"/shop\",\"id\":\"1\","
          + "\"agent\":\"alice\",\"service\":\"search\",\"type\":\"usage\",\"units\":3,"
          + "\"cost\":1500}";
  private static final String REVERSAL =
      "{\"sequence\":2,\"kind\":\"reversal\",\"recordedAt\":\"2026-02-01T09:00:00Z\","
          + "\"time\":\"2026-01-31T12:00:00Z\",\"agent\":\"alice\",\"service\":\"search\","
          + "\"type\":\"usage\",\"units\":-3,\"cost\":-1500,\"reverses\":1}";

  private final Ledger ledger;
  private final Exchange exchange;
  private final Asking asking;
  private final Exports exports;

  EntriesResource(Ledger ledger, Exchange exchange, Asking asking, Exports exports) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.asking = asking;
    this.exports = exports;
  }

  @GET
  @Operation(summary = "Lists entries")
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
      name = "kind",
      in = ParameterIn.QUERY,
      schema =
          @Schema(
              type = SchemaType.ARRAY,
              implementation = String.class,
              enumeration = {"usage", "reading", "settlement", "reset", "reversal", "act"}))
  @Parameter(
      name = "source",
      in = ParameterIn.QUERY,
      schema = @Schema(type = SchemaType.ARRAY, implementation = String.class, maxItems = 100))
  @Parameter(
      name = "id",
      in = ParameterIn.QUERY,
      schema = @Schema(type = SchemaType.ARRAY, implementation = String.class, maxItems = 100))
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
      name = "attributes.NAME",
      in = ParameterIn.QUERY,
      description = "The value of the attribute NAME; repeatable",
      schema = @Schema(type = SchemaType.STRING))
  @Parameter(
      name = "q",
      in = ParameterIn.QUERY,
      description = "Whole words in values of attributes, in any case",
      schema = @Schema(type = SchemaType.STRING))
  @Parameter(
      name = "minSequence",
      in = ParameterIn.QUERY,
      schema = @Schema(type = SchemaType.INTEGER, minimum = "1"))
  @Parameter(
      name = "maxSequence",
      in = ParameterIn.QUERY,
      schema = @Schema(type = SchemaType.INTEGER, minimum = "1"))
  @Parameter(
      name = "settlement",
      in = ParameterIn.QUERY,
      description = "The sequence of a settlement: only what it covered",
      schema = @Schema(type = SchemaType.INTEGER, minimum = "1"))
  @Parameter(
      name = "order",
      in = ParameterIn.QUERY,
      schema =
          @Schema(
              type = SchemaType.STRING,
              enumeration = {"sequence", "time"},
              defaultValue = "sequence"))
  @Parameter(
      name = "sort",
      in = ParameterIn.QUERY,
      schema =
          @Schema(
              type = SchemaType.STRING,
              enumeration = {"asc", "desc"},
              defaultValue = "asc"))
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      schema =
          @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "1000", defaultValue = "100"))
  @Parameter(name = "cursor", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.STRING))
  @Parameter(
      name = "explain",
      in = ParameterIn.QUERY,
      description = "Whether the answer tells its plan",
      schema = @Schema(type = SchemaType.BOOLEAN, defaultValue = "false"))
  @APIResponse(
      responseCode = "200",
      description = "A page of entries",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Entries.class),
              examples =
                  @ExampleObject(
                      name = "one",
                      value =
                          "{\"items\":["
                              + ENTRY
                              + "],\"complete\":true,\"nextCursor\":null,\"prevCursor\":null}")))
  public Response entries() {
    Query query = exchange.query();
    EntryQuestion question = EntryQuestion.of(query, "order", "sort", "limit", "cursor", "explain");
    int limit = (int) query.integer("limit", 100, 1, EntryQuery.LIMIT_MAX);
    Place given = Cursors.decode(exchange, Place::read);
    boolean back = given != null && given.back;
    EntryMark after = given == null ? null : given.mark;
    return asking.askWithNumbers(
        "entries", reader -> page(question.page(reader, back, after, limit), given, query));
  }

  /**
   * A place in a list and the direction in which to go on from it.
   *
   * @param back against the order of the list
   */
  private record Place(boolean back, EntryMark mark) {
    static Place read(DataInputStream in) throws IOException {
      return new Place(in.readBoolean(), new EntryMark(in.readLong(), in.readLong()));
    }
  }

  private Asking.Answer page(EntryPage page, @Nullable Place given, Query query) {
    List<Entry> items = new ArrayList<>(page.entries());
    boolean back = given != null && given.back;
    EntryMark first = items.isEmpty() ? null : EntryMark.of(items.getFirst());
    if (back) {
      Collections.reverse(items);
    }
    // On the way it came from there is something if it came from anywhere.
    EntryMark behind = given == null ? null : first == null ? given.mark : first;
    String next = cursor(false, back ? behind : page.next());
    String previous = cursor(true, back ? page.next() : behind);
    return new Asking.Answer(
        new Entries(
            items.stream().map(EntryBodies::of).toList(),
            page.complete(),
            next,
            previous,
            query.flag("explain") ? new Plan(page.index().label(), page.looked()) : null),
        next,
        previous);
  }

  private @Nullable String cursor(boolean back, @Nullable EntryMark mark) {
    return mark == null
        ? null
        : Cursors.encode(
            exchange,
            out -> {
              out.writeBoolean(back);
              out.writeLong(mark.time());
              out.writeLong(mark.sequence());
            });
  }

  @GET
  @Path("/{sequence}")
  @Operation(summary = "Tells of an entry")
  @APIResponse(
      responseCode = "200",
      description = "The entry",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = EntryBody.class),
              examples = @ExampleObject(name = "usage", value = ENTRY)))
  public Response entry(@Encoded @PathParam("sequence") String sequence) {
    exchange.query().only();
    long number = EntryQuestion.sequence("sequence", sequence);
    return exchange.answer(200, asking.read("entry", reader -> entry(reader, number)));
  }

  private static EntryBody entry(LedgerReader reader, long sequence) {
    Entry entry = reader.entry(sequence);
    if (entry == null) {
      throw Problem.notFound("there is no entry " + sequence);
    }
    return EntryBodies.of(entry);
  }

  @GET
  @Path("/count")
  @Operation(
      summary = "Counts entries",
      description = "At most 10,000,000 entries are looked at; beyond that, range_too_ragged.")
  @APIResponse(
      responseCode = "200",
      description = "How many entries the filters let through",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = EntryCount.class),
              examples = @ExampleObject(name = "two", value = "{\"count\":2}")))
  public Response count() {
    EntryQuestion question = EntryQuestion.of(exchange.query());
    return asking.askWithNumbers(
        "entries-count", reader -> Asking.Answer.of(new EntryCount(question.count(reader))));
  }

  @GET
  @Path("/export")
  @Operation(
      summary = "Exports entries as NDJSON, a JSON array or CSV",
      description =
          "Everything that the filters let through at one revision. The next export begins at"
              + " minSequence = Ledger-Sequence + 1. The trailer Tallybook-Count tells how many"
              + " entries there are, and so does the last line of NDJSON; an export without it was"
              + " cut off.")
  @APIResponse(
      responseCode = "200",
      description = "The entries, in the form that Accept likes best",
      headers = {
        @Header(
            name = "Ledger-Sequence",
            description = "The newest sequence at the revision of the export, or maxSequence",
            schema = @Schema(type = SchemaType.INTEGER)),
        @Header(
            name = "Trailer",
            description = "The name of the trailer that tells how many entries there are",
            schema = @Schema(type = SchemaType.STRING, enumeration = "Tallybook-Count"))
      },
      content = {
        @Content(
            mediaType = EntryExport.NDJSON,
            schema = @Schema(type = SchemaType.STRING),
            examples = @ExampleObject(name = "one", value = ENTRY + "\n{\"count\":1}\n")),
        @Content(
            mediaType = Exchange.JSON,
            schema = @Schema(type = SchemaType.ARRAY, implementation = EntryBody.class),
            examples = @ExampleObject(name = "one", value = "[" + ENTRY + "]")),
        @Content(
            mediaType = Csv.TYPE,
            schema = @Schema(type = SchemaType.STRING),
            examples =
                @ExampleObject(
                    name = "one",
                    value =
                        EntryExport.HEADER
                            + "\n1,usage,2026-01-31T12:00:01.5Z,2026-01-31T12:00:00Z,/shop,1,,"
                            + "alice,search,usage,,3,1500,,,,,,,,,\n"))
      })
  public Response export() {
    EntryQuestion question = EntryQuestion.of(exchange.query(), "order", "sort");
    String type = exchange.preferred(EntryExport.NDJSON, Exchange.JSON, Csv.TYPE);
    return exports
        .begin(new EntryExport(question, type, exchange.jsonWriter()))
        .header("Vary", "Accept")
        .build();
  }

  @POST
  @Path("/{sequence}/reversal")
  @Operation(
      summary = "Takes back a usage entry, once",
      description =
          "The reversal repeats the entry with its amounts negated. Where a settlement had covered"
              + " the entry, settledBy names it, and the pair's next settlement takes the units"
              + " off. An entry that was reversed already, or is no usage, is a conflict with the"
              + " sequence of the first reversal, or of the entry.")
  @RequestBody(
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ReversalRequest.class),
              examples = @ExampleObject(name = "now", value = "{\"at\":\"now\"}")))
  @APIResponse(
      responseCode = "201",
      description = "The reversal",
      headers =
          @Header(
              name = "Location",
              description = "Where the reversal is",
              schema = @Schema(type = SchemaType.STRING)),
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = EntryBody.class),
              examples = @ExampleObject(name = "reversal", value = REVERSAL)))
  public Response reverse(@Encoded @PathParam("sequence") String sequence) {
    Members body = exchange.object();
    exchange.query().only();
    long number = EntryQuestion.sequence("sequence", sequence);
    body.only(Set.of("at"));
    Outcome outcome =
        ledger
            .commit(Request.of(exchange.tenant(), new Command.Reverse(number, at(body.text("at")))))
            .outcomes()
            .getFirst();
    if (outcome.status() == Outcome.Status.CONFLICT) {
      Problem conflict = Problem.of(outcome);
      throw new Problem(conflict.code(), conflict.text(), Map.of("sequence", outcome.sequence()));
    }
    if (outcome.refused()) {
      throw Problem.of(outcome);
    }
    return exchange
        .begin(201, asking.read("entry", reader -> entry(reader, outcome.sequence())))
        .header("Location", Api.ROOT + "/entries/" + outcome.sequence())
        .build();
  }

  private static Command.Reverse.At at(@Nullable String text) {
    return switch (text) {
      case null -> Command.Reverse.At.ORIGINAL;
      case "original" -> Command.Reverse.At.ORIGINAL;
      case "now" -> Command.Reverse.At.NOW;
      default -> throw Problem.invalid("at must be one of original, now");
    };
  }
}
