package io.tallybook.service.events;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.service.events.EventBodies.EventResult;
import io.tallybook.service.events.EventBodies.EventResults;
import io.tallybook.service.http.ErrorCode;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Json;
import io.tallybook.service.http.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Records a stream of events, one a line, of any length in bounded memory: lines are gathered up to
 * a number of events or of bytes, committed, told of, and forgotten.
 *
 * <p>When the stream breaks off, the whole lines before the break are committed, and the cut one is
 * not looked at.
 */
final class EventStream {
  /** Most bytes of lines that are gathered before they are committed. */
  private static final long GATHERED_BYTES_MAX = 1024L * 1024;

  private final Ledger ledger;
  private final String tenant;
  private final EventReader reader;
  private final Results results = new Results(true);
  private final List<@Nullable EventResult> gathered = new ArrayList<>();
  private final List<Long> gatheredIndexes = new ArrayList<>();
  private final List<Command> commands = new ArrayList<>();
  private long gatheredBytes;
  private long lines;
  private long linesCommitted;

  EventStream(Ledger ledger, String tenant, EventReader reader) {
    this.ledger = ledger;
    this.tenant = tenant;
    this.reader = reader;
  }

  /**
   * Records a stream.
   *
   * @throws Problem if it breaks off, or the storage does not answer
   */
  EventResults record(InputStream body) {
    Lines in = new Lines(body);
    try {
      while (in.next()) {
        gather(in);
        if (commands.size() == Request.UNSPLIT_MAX || gatheredBytes >= GATHERED_BYTES_MAX) {
          commit();
        }
      }
    } catch (IOException brokenOff) {
      commit();
      throw Exchange.brokenOff();
    }
    commit();
    return results.body(linesCommitted);
  }

  private void gather(Lines in) {
    long index = lines++;
    gatheredBytes += in.length();
    if (in.isBlank()) {
      return;
    }
    gatheredIndexes.add(index);
    try {
      if (in.isTooLong()) {
        throw new Problem(
            ErrorCode.PAYLOAD_TOO_LARGE, "line must be at most " + Lines.LINE_BYTES_MAX + " bytes");
      }
      String text = Json.text(in.bytes(), in.length(), "line");
      commands.add(new Command.Record(reader.structured(Json.read(text, "line"))));
      gathered.add(null);
    } catch (Problem | LedgerException.Rejected refusal) {
      Problem problem = Results.problem(refusal);
      gathered.add(Results.of(index, problem.code(), problem.text()));
    }
  }

  private void commit() {
    try {
      List<Outcome> outcomes =
          commands.isEmpty() ? List.of() : ledger.commit(Request.of(tenant, commands)).outcomes();
      int next = 0;
      for (int i = 0; i < gathered.size(); i++) {
        EventResult refused = gathered.get(i);
        results.add(
            refused == null ? Results.of(gatheredIndexes.get(i), outcomes.get(next++)) : refused);
      }
    } catch (LedgerException.Unavailable unavailable) {
      Map<String, Object> members = new LinkedHashMap<>();
      members.put("lines", linesCommitted);
      throw Problem.unavailable(unavailable, members);
    }
    linesCommitted = lines;
    gathered.clear();
    gatheredIndexes.clear();
    commands.clear();
    gatheredBytes = 0;
  }
}
