package io.tallybook.service.http;

import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.function.ToLongBiFunction;
import java.util.function.ToLongFunction;

/**
 * Streams answers of any length from one revision, in constant memory.
 *
 * <p>The header {@code Ledger-Sequence} tells the newest sequence of the revision. An answer that
 * is sent in chunks ends with the trailer {@code Tallybook-Count}, the number of its items; where
 * it is missing the answer was cut off. A failure after the first byte breaks the connection.
 */
@Singleton
public final class Exports {
  private static final String COUNT = "Tallybook-Count";
  private static final String SEQUENCE = "Ledger-Sequence";

  private final Ledger ledger;
  private final Exchange exchange;
  private final RoutingContext context;

  Exports(Ledger ledger, Exchange exchange, RoutingContext context) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.context = context;
  }

  /**
   * An answer that is saved as a file.
   *
   * @param operation what is asked, for metrics
   * @param content writes the answer and tells how many items it has
   */
  public Response export(
      String operation,
      String type,
      String fileName,
      ToLongBiFunction<LedgerReader, ExportStream> content) {
    String tenant = exchange.tenant();
    boolean packs = exchange.acceptsGzip();
    HttpServerRequest request = context.request();
    StreamingOutput output =
        out -> write(request, out, packs, stream -> copy(tenant, operation, stream, content));
    return Response.ok(output)
        .type(type)
        .header("Content-Disposition", "attachment; filename=" + fileName)
        .header("Trailer", COUNT)
        .build();
  }

  private long copy(
      String tenant,
      String operation,
      ExportStream stream,
      ToLongBiFunction<LedgerReader, ExportStream> content) {
    return ledger.read(
        tenant,
        operation,
        reader -> {
          stream.header(SEQUENCE, Long.toString(reader.lastSequence()));
          return content.applyAsLong(reader, stream);
        });
  }

  private static void write(
      HttpServerRequest request,
      OutputStream out,
      boolean packs,
      ToLongFunction<ExportStream> content)
      throws IOException {
    HttpServerResponse response = request.response();
    ExportStream stream = new ExportStream(response, out, packs);
    try {
      long count = content.applyAsLong(stream);
      stream.end();
      response.putTrailer(COUNT, Long.toString(count));
    } catch (UncheckedIOException broken) {
      throw new IOException("The client does not read on", broken);
    } catch (RuntimeException failure) {
      if (response.headWritten()) {
        Gate.cutOff(request, failure);
        throw new IOException("An export was broken off", failure);
      }
      throw failure;
    }
  }
}
