package io.tallybook.service.http;

import io.netty.channel.ChannelFuture;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.tallybook.ledger.LedgerException;
import io.tallybook.service.Api;
import io.tallybook.service.config.LedgerConfig;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.impl.HttpServerRequestInternal;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/**
 * What happens to every request first and last: it gets an id, its answer gets the headers that all
 * answers have, and what no resource takes is answered here.
 *
 * <p>Requests for the API keep {@code Accept} and {@code Content-Type} here rather than among their
 * headers, because the framework would answer 406 and 415 by rules of its own.
 */
@Singleton
public final class Gate {
  /** The name of the request's id in log lines. */
  public static final String REQUEST_ID = "requestId";

  private static final Logger LOG = Logger.getLogger(Gate.class);
  private static final String ACCEPT = "tallybook.accept";
  private static final String CONTENT_TYPE = "tallybook.contentType";
  private static final String BODY = "tallybook.body";
  private static final String ERROR = "tallybook.error";
  private static final String ROUTE = "tallybook.route";
  private static final String END = "tallybook.end";
  private static final Pattern PARAMETER = Pattern.compile("\\{([^}:]+)[^}]*}");
  private static final Set<HttpMethod> BODILESS =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
  private static final Pattern REQUEST_ID_FORM = Pattern.compile("[\\x20-\\x7e]{1,200}");

  /** Cross-origin rules are applied at 300: before what is answered here, after the headers. */
  private static final int FIRST = 1_000;

  private static final int AFTER_CORS = 150;

  /** How long is waited for the end of an answer that is cut off, and then for its connection's. */
  private static final int CLOSE_SECONDS_MAX = 10;

  private static final String PAGE_POLICY =
      "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
          + " img-src 'self' data:; frame-ancestors 'none'";
  private static final String POLICY =
      "default-src 'none'; frame-ancestors 'none'; script-src 'none'";

  /** The code by which HTTP/2 says that a stream broke off (RFC 9113, 7). */
  private static final long INTERNAL_ERROR = 2;

  private final HttpCounts counts;
  private final boolean isCors;
  private final Set<String> origins;

  /** The gate, with the origins from which browsers may ask. */
  Gate(
      HttpCounts counts,
      @ConfigProperty(name = "quarkus.http.cors.enabled", defaultValue = "false") boolean isCors,
      @ConfigProperty(name = LedgerConfig.CORS_ORIGINS) Optional<List<String>> origins) {
    this.counts = counts;
    this.isCors = isCors;
    this.origins = Set.copyOf(origins.orElse(List.of()));
  }

  void filters(@Observes Filters filters) {
    filters.register(this::begin, FIRST);
    filters.register(Gate::answerOptions, AFTER_CORS);
  }

  void routes(@Observes Router router) {
    router.route().order(Integer.MAX_VALUE - 1).handler(Gate::answerNoRoute);
    router.route().order(Integer.MIN_VALUE + 1).failureHandler(this::answerFailure);
  }

  private void begin(RoutingContext context) {
    prepare(context);
    Problem problem = illFormed(context.request().uri());
    if (problem != null) {
      answer(context, problem);
      return;
    }
    context.next();
    if (context.get(BODY) instanceof BodyStream body) {
      // The framework would drop a request whose connection breaks before its resource is called.
      context.response().closeHandler(null);
      body.listen();
    }
  }

  /** What is wrong with a target that is no URI; null if nothing is. */
  private static @Nullable Problem illFormed(String target) {
    try {
      URI ignored = new URI(target);
      return null;
    } catch (URISyntaxException e) {
      int query = target.indexOf('?');
      String part = query >= 0 && e.getIndex() > query ? "the query" : "the path";
      return Problem.invalid(part + " must be percent-encoded UTF-8");
    }
  }

  /** Gives a request its id and its answer the headers that all answers have. */
  private void prepare(RoutingContext context) {
    long start = System.nanoTime();
    String given = context.request().getHeader("X-Request-Id");
    String id =
        given != null && REQUEST_ID_FORM.matcher(given).matches()
            ? given
            : UUID.randomUUID().toString();
    context.put(REQUEST_ID, id);
    MDC.put(REQUEST_ID, id);
    String path = String.valueOf(context.request().path());
    if (path.startsWith(Api.ROOT)) {
      MultiMap headers = context.request().headers();
      context.put(ACCEPT, String.join(",", headers.getAll(HttpHeaders.ACCEPT)));
      context.put(CONTENT_TYPE, headers.get(HttpHeaders.CONTENT_TYPE));
      headers.remove(HttpHeaders.ACCEPT);
      headers.remove(HttpHeaders.CONTENT_TYPE);
      if (!BODILESS.contains(context.request().method())) {
        BodyStream body = new BodyStream(context.request());
        context.put(BODY, body);
        context.addEndHandler(
            end -> {
              if (end.succeeded()) { // not where the connection broke: what arrived is read then
                body.discard();
              }
            });
      }
    }
    CompletableFuture<Void> answered = new CompletableFuture<>();
    context.put(END, answered);
    context.addEndHandler(
        end -> {
          if (isCounted(path)) {
            counts.ended(System.nanoTime() - start);
          }
          answered.complete(null);
        });
    boolean isPage = path.startsWith("/q/") && !path.startsWith("/q/openapi");
    context.addHeadersEndHandler(
        end -> {
          if (isCounted(path)) {
            count(context);
          }
          double millis = (System.nanoTime() - start) / 1e6;
          context
              .response()
              .putHeader("X-Request-Id", id)
              .putHeader("Server-Timing", String.format(Locale.ROOT, "app;dur=%.1f", millis))
              .putHeader("X-Content-Type-Options", "nosniff")
              .putHeader("X-Frame-Options", "DENY")
              .putHeader("Referrer-Policy", "no-referrer")
              .putHeader("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
              .putHeader("Content-Security-Policy", isPage ? PAGE_POLICY : POLICY)
              .putHeader("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
          finishCors(context);
        });
    dropUnknownOrigin(context.request());
  }

  /** Whether a request is one of the API's clients, rather than of its operators. */
  private static boolean isCounted(String path) {
    return !path.startsWith("/q/") && !path.equals("/metrics");
  }

  private void count(RoutingContext context) {
    counts.answered(
        context.request().method().name(), route(context), context.response().getStatusCode());
    if (context.get(ERROR) instanceof String code) {
      counts.failed(code);
    }
  }

  /** The pattern of the path that a resource took the request by. */
  private static String route(RoutingContext context) {
    if (context.get(ROUTE) instanceof String own) {
      return own;
    }
    Object template =
        context.request() instanceof HttpServerRequestInternal request
            ? request.context().getLocal("UrlPathTemplate")
            : null;
    if (!(template instanceof String pattern)) {
      return HttpCounts.UNMATCHED;
    }
    String colons = PARAMETER.matcher(pattern).replaceAll(":$1");
    return colons.startsWith(Api.ROOT) ? colons : Api.ROOT + colons;
  }

  /** Says which route takes a request that is not for a resource. */
  public static void takenBy(RoutingContext context, String route) {
    context.put(ROUTE, route);
  }

  /** Notes the error that a request is answered with. */
  static void note(RoutingContext context, Problem problem) {
    context.put(ERROR, problem.code().code());
  }

  /**
   * Takes a request of an origin that is not on the list for one of no origin: it is answered
   * without a word of other origins, and the browser keeps the answer from the page. The framework
   * would refuse it with an empty 403, a client that is no browser too.
   */
  private void dropUnknownOrigin(HttpServerRequest request) {
    String origin = request.getHeader(HttpHeaders.ORIGIN);
    if (isCors && origin != null && !origins.contains(origin)) {
      request.headers().remove(HttpHeaders.ORIGIN);
    }
  }

  /** Adds what the framework leaves out of answers that depend on the origin. */
  private void finishCors(RoutingContext context) {
    HttpServerResponse response = context.response();
    if (isCors) {
      response.headers().add(HttpHeaders.VARY, "Origin");
      if (context.request().method().equals(HttpMethod.OPTIONS)) {
        response.setStatusCode(204).headers().remove(HttpHeaders.CONTENT_LENGTH);
      }
    }
  }

  private static void answerOptions(RoutingContext context) {
    if (context.request().method().equals(HttpMethod.OPTIONS)) {
      context.response().setStatusCode(204).end();
    } else {
      context.next();
    }
  }

  private static void answerNoRoute(RoutingContext context) {
    answer(context, noRoute(context));
  }

  private void answerFailure(RoutingContext context) {
    if (context.response().headWritten()) {
      breakOff(context.request());
      return;
    }
    if (context.get(REQUEST_ID) == null) { // refused before any route, for its target or its host
      prepare(context);
    }
    if (context.statusCode() == 404 && context.request().method().equals(HttpMethod.OPTIONS)) {
      answerOptions(context); // of the server as a whole
      return;
    }
    if (context.failure() instanceof Problem problem) {
      answer(context, problem);
      return;
    }
    if (context.failure() instanceof LedgerException exception) {
      LOG.warnf(exception, "%s", exception.getMessage());
      answer(context, Problem.of(exception));
      return;
    }
    int status = context.failure() instanceof HttpException http ? http.getStatusCode() : 0;
    status = status == 0 ? context.statusCode() : status;
    Problem problem =
        switch (status) {
          case 400 -> Problem.invalid("the request cannot be read");
          case 404, 405 -> noRoute(context);
          case 413 -> new Problem(ErrorCode.PAYLOAD_TOO_LARGE, "the request is too large");
          default -> internal(context, context.failure());
        };
    answer(context, problem);
  }

  /** The answer to a path or a method that is not there. */
  static Problem noRoute(RoutingContext context) {
    return Problem.notFound(
        "No route for " + context.request().method().name() + " " + context.request().path());
  }

  /** The answer to a failure of our own; its cause goes into the log alone. */
  static Problem internal(RoutingContext context, @Nullable Throwable cause) {
    String method = context.request().method().name();
    String path = String.valueOf(context.request().path());
    LOG.errorf(cause, "%s %s failed", method, path);
    return ProblemBody.internal(method, path);
  }

  /**
   * Breaks off an answer of which a part was sent already, so that nobody takes it for whole, and
   * waits for its end. What is written before that would end the answer well; and HTTP/1.1's own
   * {@code reset}, which the framework calls next, would keep the end from being told: the request
   * would be under way for as long as the service runs.
   */
  static void cutOff(HttpServerRequest request, Future<?> end, Exception cause) {
    if (cause instanceof IOException) { // the other side has left
      LOG.debugf(cause, "Nobody reads the answer to %s %s", request.method(), request.path());
    } else {
      LOG.warnf(cause, "The answer to %s %s was cut off", request.method(), request.path());
    }
    breakOff(request);
    if (!awaitEnd(end)) {
      LOG.debugf("Nothing is read of the answer to %s %s", request.method(), request.path());
      closeUnread(request);
      boolean ignored = awaitEnd(end);
    }
  }

  /** Ends an answer alone where its connection may have others, and else with its connection. */
  private static void breakOff(HttpServerRequest request) {
    if (request.version() == HttpVersion.HTTP_2) {
      request.response().reset(INTERNAL_ERROR);
    } else {
      request.connection().close();
    }
  }

  /** Waits for the end of an answer; false if it has not come in its time. */
  private static boolean awaitEnd(Future<?> end) {
    try {
      Object ignored = end.get(CLOSE_SECONDS_MAX, TimeUnit.SECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  /**
   * Ends an answer that nobody reads on. Of a connection with other answers it ends this one alone,
   * unless nothing at all is read from it.
   */
  static void abort(HttpServerRequest request, Vertx vertx) {
    if (request.version() != HttpVersion.HTTP_2) {
      closeUnread(request);
      return;
    }
    request.response().reset(INTERNAL_ERROR);
    long ignored =
        vertx.setTimer(
            TimeUnit.SECONDS.toMillis(CLOSE_SECONDS_MAX),
            passed -> {
              if (!request.response().closed()) {
                closeUnread(request);
              }
            });
  }

  /** Closes a connection; by its own method it would wait until all that was written is read. */
  private static void closeUnread(HttpServerRequest request) {
    if (request.connection() instanceof ConnectionBase connection) {
      ChannelFuture ignored = connection.channelHandlerContext().close();
    }
  }

  private static void answer(RoutingContext context, Problem problem) {
    note(context, problem);
    ProblemBody body = ProblemBody.of(problem, requestId(context), accept(context));
    body.headers().forEach(context.response()::putHeader);
    context
        .response()
        .setStatusCode(problem.code().status())
        .putHeader(HttpHeaders.CONTENT_TYPE, body.mediaType())
        .end(Buffer.buffer(body.bytes()));
  }

  /** The id of a request. */
  static String requestId(RoutingContext context) {
    String id = context.get(REQUEST_ID);
    return id == null ? "" : id;
  }

  /** What a request accepts; empty for anything. */
  static String accept(RoutingContext context) {
    String accept = context.get(ACCEPT);
    return accept == null
        ? String.join(",", context.request().headers().getAll(HttpHeaders.ACCEPT))
        : accept;
  }

  /** The end of a request's answer, when it comes: sent, or broken off. */
  static Future<?> end(RoutingContext context) {
    return Objects.requireNonNull(context.<CompletableFuture<Void>>get(END));
  }

  /** The body of a request. */
  static InputStream body(RoutingContext context) {
    InputStream body = context.get(BODY);
    return body == null ? InputStream.nullInputStream() : body;
  }

  /** The type of a request's body, as it was sent. */
  static @Nullable String contentType(RoutingContext context) {
    return context.get(CONTENT_TYPE);
  }
}
