package io.tallybook.service.ops;

import io.tallybook.service.config.LedgerLifecycle;
import io.tallybook.service.http.Gate;
import io.tallybook.service.http.Query;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Answers at the root what {@link HealthResource} answers under the API's. */
@Singleton
final class HealthRoutes {
  private static final String HEALTH = "/health";
  private static final String READY = "/health/ready";
  private final LedgerLifecycle lifecycle;

  HealthRoutes(LedgerLifecycle lifecycle) {
    this.lifecycle = lifecycle;
  }

  void routes(@Observes Router router) {
    router
        .route(HEALTH)
        .method(HttpMethod.GET)
        .method(HttpMethod.HEAD)
        .handler(context -> answer(context, HEALTH, "ok"));
    router
        .route(READY)
        .method(HttpMethod.GET)
        .method(HttpMethod.HEAD)
        .blockingHandler(this::ready, false);
  }

  private void ready(RoutingContext context) {
    lifecycle.requireReady();
    answer(context, READY, "ready");
  }

  private static void answer(RoutingContext context, String route, String status) {
    Gate.takenBy(context, route);
    Query.of(context.request().query()).only();
    context
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .end("{\"status\":\"" + status + "\"}");
  }
}
