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
import org.jspecify.annotations.Nullable;

/**
 * Lists, counts and exports entries from the index that fits the question best, and reverses them.
 */
@Path("/entries")
@Singleton
@RunOnVirtualThread
public final class EntriesResource {

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
  public Response count() {
    EntryQuestion question = EntryQuestion.of(exchange.query());
    return asking.askWithNumbers(
        "entries-count", reader -> Asking.Answer.of(new EntryCount(question.count(reader))));
  }

  @GET
  @Path("/export")
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
