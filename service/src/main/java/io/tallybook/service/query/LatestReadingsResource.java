package io.tallybook.service.query;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Cursors;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Query;
import io.tallybook.service.query.QueryBodies.LatestReading;
import io.tallybook.service.query.QueryBodies.LatestReadings;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** Tells the newest readings from the view that keeps them. */
@Path("/readings/latest")
@Singleton
@RunOnVirtualThread
public final class LatestReadingsResource {
  private final Exchange exchange;
  private final Asking asking;

  LatestReadingsResource(Exchange exchange, Asking asking) {
    this.exchange = exchange;
    this.asking = asking;
  }

  @GET
  public Response latest() {
    Query query = exchange.query();
    query.only("window", "agent", "limit", "cursor");
    Set<String> named = query.names("window");
    Set<String> windows = named.isEmpty() ? Set.of(Reading.DEFAULT_WINDOW) : named;
    Set<String> agents = query.names("agent");
    int limit = (int) query.integer("limit", 100, 1, 1_000);
    Mark given = Cursors.decode(exchange, Mark::read);
    Mark after = given == null ? Mark.FIRST : given;
    return asking.askWithNumbers(
        "readings-latest",
        reader ->
            page(
                agents.isEmpty()
                    ? all(reader, windows, after, limit + 1)
                    : only(reader, agents, windows, after, limit + 1),
                limit));
  }

  /** An agent and a window, in the order of the list. */
  private record Mark(String agent, String window) {
    static final Mark FIRST = new Mark("", "");
    static final Comparator<Mark> ORDER =
        Comparator.comparing(Mark::agent, Names.ORDER).thenComparing(Mark::window, Names.ORDER);

    static Mark read(DataInputStream in) throws IOException {
      return new Mark(in.readUTF(), in.readUTF());
    }
  }

  private static List<LatestReading> all(
      LedgerReader reader, Set<String> windows, Mark after, int max) {
    return reader.readings(windows, after.agent, after.window, max).stream()
        .map(cell -> body(String.valueOf(cell.name(0)), String.valueOf(cell.name(1)), cell))
        .toList();
  }

  private static List<LatestReading> only(
      LedgerReader reader, Set<String> agents, Set<String> windows, Mark after, int max) {
    List<Mark> marks = new ArrayList<>();
    for (String agent : agents) {
      for (String window : windows) {
        marks.add(new Mark(agent, window));
      }
    }
    return marks.stream()
        .filter(mark -> Mark.ORDER.compare(mark, after) > 0)
        .sorted(Mark.ORDER)
        .limit(max)
        .map(mark -> reading(reader, mark))
        .toList();
  }

  private static LatestReading reading(LedgerReader reader, Mark mark) {
    Cell cell = reader.reading(mark.agent, mark.window);
    return cell == null
        ? new LatestReading(mark.agent, mark.window, null, null, null)
        : body(mark.agent, mark.window, cell);
  }

  private static LatestReading body(String agent, String window, Cell cell) {
    return new LatestReading(
        agent,
        window,
        EntryBodies.decimal(cell.value(CellShape.LAST)),
        Times.instant(cell.value(CellShape.LAST_TIME)).toString(),
        cell.value(CellShape.LAST_SEQUENCE));
  }

  /** A page of what was found, one more than the limit at most. */
  private Asking.Answer page(List<LatestReading> found, int limit) {
    boolean hasMore = found.size() > limit;
    List<LatestReading> items = hasMore ? found.subList(0, limit) : found;
    String next =
        !hasMore
            ? null
            : Cursors.encode(
                exchange,
                out -> {
                  out.writeUTF(items.getLast().agent());
                  out.writeUTF(items.getLast().window());
                });
    return new Asking.Answer(new LatestReadings(items, next), next, null);
  }
}
