package io.tallybook.service.events;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.service.events.EventBodies.EventResult;
import io.tallybook.service.events.EventBodies.EventResults;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Members;
import io.tallybook.service.http.Problem;
import jakarta.inject.Singleton;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes readings of gauges. */
@Path("/readings")
@Singleton
@RunOnVirtualThread
public final class ReadingsResource {
  /** Most readings of a request, all of which are one commit. */
  static final int ITEMS_MAX = Request.UNSPLIT_MAX;

  private final Ledger ledger;
  private final Exchange exchange;

  ReadingsResource(Ledger ledger, Exchange exchange) {
    this.ledger = ledger;
    this.exchange = exchange;
  }

  @POST
  public Response record() {
    exchange.requireQuery();
    Members body = exchange.object(EventsResource.BATCH_BYTES_MAX);
    body.only(Set.of("items"));
    List<Command> commands = new ArrayList<>();
    List<@Nullable EventResult> read = new ArrayList<>();
    for (Object item : body.items("items", ITEMS_MAX)) {
      try {
        commands.add(new Command.Record(ReadingReader.read(item)));
        read.add(null);
      } catch (Problem | LedgerException.Rejected refusal) {
        Problem problem = Results.problem(refusal);
        read.add(Results.of((long) read.size(), problem.code(), problem.text()));
      }
    }
    List<Outcome> outcomes =
        commands.isEmpty()
            ? List.of()
            : ledger.commit(Request.of(exchange.tenant(), commands)).outcomes();
    EventResults results = Results.of(read, outcomes).body(null);
    return exchange.begin(200, results).header(EventsResource.REJECTED, results.rejected()).build();
  }
}
