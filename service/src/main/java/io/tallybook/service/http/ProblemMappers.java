package io.tallybook.service.http;

import io.tallybook.ledger.LedgerException;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Turns whatever a resource throws into the answer that it stands for. */
@Singleton
public final class ProblemMappers {
  private static final Logger LOG = Logger.getLogger(ProblemMappers.class);

  private final RoutingContext context;

  ProblemMappers(RoutingContext context) {
    this.context = context;
  }

  @ServerExceptionMapper
  Response problem(Problem problem) {
    return answer(problem);
  }

  @ServerExceptionMapper
  Response ledger(LedgerException exception) {
    if (exception instanceof LedgerException.Unavailable) {
      LOG.warnf(exception, "%s", exception.getMessage());
    }
    return answer(Problem.of(exception));
  }

  @ServerExceptionMapper
  Response framework(WebApplicationException exception) {
    int status = exception.getResponse().getStatus();
    if (status == 404 || status == 405) {
      return answer(Gate.noRoute(context));
    }
    if (status == 413) {
      return answer(new Problem(ErrorCode.PAYLOAD_TOO_LARGE, "the request is too large"));
    }
    if (status < 500) {
      return answer(Problem.invalid("the request cannot be read"));
    }
    return answer(Gate.internal(context, exception));
  }

  @ServerExceptionMapper
  Response other(Throwable failure) {
    if (context.response().headWritten() || context.response().closed()) {
      return Response.serverError().build(); // nobody is there to read it
    }
    return answer(Gate.internal(context, failure));
  }

  private Response answer(Problem problem) {
    Gate.note(context, problem);
    ProblemBody body = ProblemBody.of(problem, Gate.requestId(context), Gate.accept(context));
    Response.ResponseBuilder response =
        Response.status(problem.code().status()).type(body.mediaType()).entity(body.bytes());
    body.headers().forEach(response::header);
    return response.build();
  }
}
