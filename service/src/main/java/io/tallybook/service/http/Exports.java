package io.tallybook.service.http;

import io.tallybook.ledger.facade.Ledger;
import io.tallybook.service.config.LedgerConfig;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Streams answers of any length, each from one revision and in constant memory.
 *
 * <p>An export is one question of the ledger: all of it is of the revision that it began with,
 * whatever is recorded, settled or taken away while a slow client reads. The header {@code
 * Ledger-Sequence} tells the newest sequence that it counts, and the trailer {@code
 * Tallybook-Count} how many items it has. A failure before the first byte is a problem like any
 * other; after it the connection breaks, so that a part is never taken for the whole.
 *
 * <p>A revision that is read has to be kept, and so an export has a time, {@code
 * ledger.export.seconds-max}. Who writes looks at it with every part; where the client does not
 * read on and the writer waits, the connection is closed under it.
 */
@Singleton
public final class Exports {
  private static final String COUNT = "Tallybook-Count";
  private static final String SEQUENCE = "Ledger-Sequence";

  private final Ledger ledger;
  private final Exchange exchange;
  private final RoutingContext context;
  private final Vertx vertx;
  private final long secondsMax;

  Exports(
      Ledger ledger, Exchange exchange, RoutingContext context, Vertx vertx, LedgerConfig config) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.context = context;
    this.vertx = vertx;
    this.secondsMax = config.export().secondsMax();
  }

  /** The answer that is an export, to which headers can be added. */
  public Response.ResponseBuilder begin(Export export) {
    String tenant = exchange.tenant();
    HttpServerRequest request = context.request();
    boolean packs = exchange.acceptsGzip();
    Response.ResponseBuilder answer =
        Response.ok()
            .type(export.type())
            .header("Vary", "Accept-Encoding")
            .header("Trailer", COUNT);
    if (packs) {
      answer.header("Content-Encoding", "gzip");
    }
    if (request.method().equals(HttpMethod.HEAD)) {
      return answer.header(SEQUENCE, ledger.read(tenant, export.operation(), export::sequence));
    }
    Future<?> end = Gate.end(context);
    StreamingOutput body = out -> stream(export, tenant, request, end, out, packs);
    return answer.entity(body);
  }

  private void stream(
      Export export,
      String tenant,
      HttpServerRequest request,
      Future<?> end,
      OutputStream out,
      boolean packs)
      throws IOException {
    HttpServerResponse response = request.response();
    ExportStream stream = new ExportStream(response, out, packs, secondsMax);
    long timer =
        vertx.setTimer(
            TimeUnit.SECONDS.toMillis(secondsMax),
            late -> {
              if (response.headWritten()) {
                Gate.abort(request, vertx);
              }
            });
    try {
      ledger.read(
          tenant,
          export.operation(),
          reader -> {
            response.putHeader(SEQUENCE, Long.toString(export.sequence(reader)));
            export.write(reader, stream);
            return null;
          });
      stream.end();
      response.putTrailer(COUNT, Long.toString(stream.items()));
    } catch (IOException | RuntimeException failure) {
      if (!response.headWritten()) {
        response.headers().remove(SEQUENCE);
        throw failure;
      }
      Gate.cutOff(request, end, cause(failure, stream));
      throw new IOException("An export was broken off", failure);
    } finally {
      vertx.cancelTimer(timer);
    }
  }

  /** Why an export ends before its end: its time is over, the client has left, or we failed. */
  private static Exception cause(Exception failure, ExportStream stream) {
    if (stream.isLate()) {
      return stream.late();
    }
    return failure instanceof UncheckedIOException
        ? new IOException("The client does not read on", failure)
        : failure;
  }
}
