package io.tallybook.service.events;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.service.config.LedgerConfig;
import io.tallybook.service.events.EventBodies.EventResult;
import io.tallybook.service.events.EventBodies.EventResults;
import io.tallybook.service.http.ErrorCode;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Json;
import io.tallybook.service.http.MediaType;
import io.tallybook.service.http.Problem;
import jakarta.inject.Singleton;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Takes usage events as CloudEvents 1.0: in binary or structured form, in batches and streams. */
@Path("/events")
@Singleton
@RunOnVirtualThread
public final class EventsResource {
  /** Most events of a batch. */
  static final int BATCH_EVENTS_MAX = Request.COMMANDS_MAX;

  /** Most bytes of a batch. */
  static final int BATCH_BYTES_MAX = 16 * 1024 * 1024;

  private static final String STRUCTURED = "application/cloudevents+json";
  private static final String BATCH = "application/cloudevents-batch+json";
  private static final String STREAM = "application/x-ndjson";
  static final String REJECTED = "Tallybook-Rejected";
  private static final String BODY = "request body";

  private final Ledger ledger;
  private final Exchange exchange;
  private final EventReader reader;

  EventsResource(Ledger ledger, Exchange exchange, LedgerConfig config) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.reader = new EventReader(config.currency());
  }

  @POST
  public Response record() {
    exchange.requireQuery();
    MediaType type = exchange.mediaType();
    if (type.is(STREAM)) {
      if (exchange.query().flag("atomic")) {
        throw Problem.invalid("atomic is for batches; a stream is kept line by line");
      }
      EventStream stream = new EventStream(ledger, exchange.tenant(), reader);
      return many(stream.record(exchange.body()));
    }
    if (type.is(BATCH)) {
      return batch();
    }
    byte[] bytes = exchange.bytes(Exchange.OBJECT_BYTES_MAX);
    if (type.is(STRUCTURED)) {
      return one(json(bytes), reader::structured);
    }
    Map<String, String> headers = exchange.headers();
    boolean isCloudEvents = type.name().startsWith("application/cloudevents");
    if (!isCloudEvents && EventReader.isBinary(headers) && (type.isJson() || bytes.length == 0)) {
      return one(bytes.length == 0 ? null : json(bytes), data -> reader.binary(headers, data));
    }
    throw Exchange.unsupported(
        STRUCTURED + ", " + BATCH + ", " + STREAM + ", or application/json with headers ce-*");
  }

  private static @Nullable Object json(byte[] bytes) {
    return Json.read(Json.text(bytes, bytes.length, BODY), BODY);
  }

  private Response one(@Nullable Object read, Function<@Nullable Object, UsageEvent> toEvent) {
    UsageEvent event;
    try {
      event = toEvent.apply(read);
    } catch (Problem | LedgerException.Rejected refusal) {
      Problem problem = Results.problem(refusal);
      throw withResult(problem, Results.of(null, problem.code(), problem.text()));
    }
    Outcome outcome =
        ledger
            .commit(Request.of(exchange.tenant(), new Command.Record(event)))
            .outcomes()
            .getFirst();
    EventResult result = Results.of(null, outcome);
    if (outcome.refused()) {
      throw withResult(Problem.of(outcome), result);
    }
    return exchange.answer(200, result);
  }

  private static Problem withResult(Problem problem, EventResult result) {
    return new Problem(problem.code(), problem.text(), Map.of("result", result));
  }

  private Response batch() {
    if (!(json(exchange.bytes(BATCH_BYTES_MAX)) instanceof List<?> events)) {
      throw Problem.invalid(BODY + " must be a JSON array of events");
    }
    if (events.size() > BATCH_EVENTS_MAX) {
      throw new Problem(
          ErrorCode.PAYLOAD_TOO_LARGE, BODY + " must be at most " + BATCH_EVENTS_MAX + " events");
    }
    boolean isAtomic = exchange.query().flag("atomic");
    List<Command> commands = new ArrayList<>();
    List<@Nullable EventResult> read = new ArrayList<>();
    for (Object event : events) {
      try {
        commands.add(new Command.Record(reader.structured(event)));
        read.add(null);
      } catch (Problem | LedgerException.Rejected refusal) {
        Problem problem = Results.problem(refusal);
        read.add(Results.of((long) read.size(), problem.code(), problem.text()));
      }
    }
    List<Outcome> outcomes = List.of();
    if (isAtomic && commands.size() < read.size()) {
      Outcome undone =
          Outcome.rejected(
              Reason.CONFLICT, "not recorded, because another event of the batch was refused");
      outcomes = commands.stream().map(command -> undone).toList();
    } else if (!commands.isEmpty()) {
      outcomes =
          ledger
              .commit(
                  new Request(exchange.tenant(), UUID.randomUUID(), null, "", isAtomic, commands))
              .outcomes();
    }
    Results results = Results.of(read, outcomes);
    if (isAtomic && results.refused() > 0) {
      throw refused(results.body(null));
    }
    return many(results.body(null));
  }

  private static Problem refused(EventResults results) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("recorded", results.recorded());
    members.put("duplicates", results.duplicates());
    members.put("conflicts", results.conflicts());
    members.put("rejected", results.rejected());
    members.put("results", results.results());
    return new Problem(
        ErrorCode.CONFLICT, "nothing was recorded, because an event was refused", members);
  }

  private Response many(EventResults results) {
    return exchange.begin(200, results).header(REJECTED, results.rejected()).build();
  }
}
