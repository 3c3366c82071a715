package io.tallybook.service.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.LedgerTracer;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The spans of the ledger, under those of the requests over HTTP.
 *
 * <pre>
 *   POST /usage                        POST /usage
 *   └─ ledger commit                   └─ ledger commit       waited, and was joined
 *      └─ storage commit ─ ─ ─ ─ link ─ ─ ─ ─ ┘
 *
 *   GET /rollups
 *   └─ storage read
 * </pre>
 *
 * <p>A commit of the storage is under the request whose thread leads, and linked to those that are
 * joined in it.
 */
final class LedgerTracing implements LedgerTracer {
  private final Tracer tracer;
  private final Map<Request, SpanContext> committing =
      Collections.synchronizedMap(new IdentityHashMap<>());

  LedgerTracing(Tracer tracer) {
    this.tracer = tracer;
  }

  @Override
  public Receipt commit(Request request, Supplier<Receipt> work) {
    Span span =
        tracer
            .spanBuilder("ledger commit")
            .setAttribute("ledger.commands", request.commands().size())
            .startSpan();
    committing.put(request, span.getSpanContext());
    try {
      return run(span, work);
    } finally {
      committing.remove(request);
    }
  }

  @Override
  public List<Receipt> store(List<Request> group, Supplier<List<Receipt>> work) {
    SpanBuilder span =
        tracer.spanBuilder("storage commit").setAttribute("ledger.requests", group.size());
    SpanContext leader = Span.current().getSpanContext();
    for (Request request : group) {
      SpanContext joined = committing.get(request);
      if (joined != null && !joined.equals(leader)) {
        span.addLink(joined);
      }
    }
    return run(span.startSpan(), work);
  }

  @Override
  public <T extends @Nullable Object> T read(String operation, Supplier<T> work) {
    return run(
        tracer.spanBuilder("storage read").setAttribute("ledger.operation", operation).startSpan(),
        work);
  }

  private static <T extends @Nullable Object> T run(Span span, Supplier<T> work) {
    try (Scope _ = span.makeCurrent()) {
      return work.get();
    } catch (RuntimeException | Error e) {
      span.recordException(e);
      if (!(e instanceof LedgerException.Rejected)) { // which is the caller's affair
        span.setStatus(StatusCode.ERROR);
      }
      throw e;
    } finally {
      span.end();
    }
  }
}
