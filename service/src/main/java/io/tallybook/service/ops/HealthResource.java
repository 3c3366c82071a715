package io.tallybook.service.ops;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import io.quarkus.smallrye.openapi.runtime.OpenApiDocumentService;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.openapi.runtime.io.Format;
import io.tallybook.service.config.LedgerLifecycle;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.ops.OpsBodies.Health;
import io.tallybook.service.ops.OpsBodies.Version;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Tells whether the service is well, which one it is, and what it can do. */
@Path("/")
@Singleton
@RunOnVirtualThread
public final class HealthResource {
  private final LedgerLifecycle lifecycle;
  private final Exchange exchange;
  private final OpenApiDocumentService documents;
  private final Version version;

  HealthResource(
      LedgerLifecycle lifecycle,
      Exchange exchange,
      OpenApiDocumentService documents,
      @ConfigProperty(name = "quarkus.application.name") String name,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.lifecycle = lifecycle;
    this.exchange = exchange;
    this.documents = documents;
    this.version = new Version(name, version);
  }

  @GET
  @Path("/health")
  public Response health() {
    exchange.query().only();
    return exchange.plain(200, new Health("ok"));
  }

  @GET
  @Path("/health/ready")
  public Response ready() {
    exchange.query().only();
    lifecycle.requireReady();
    return exchange.plain(200, new Health("ready"));
  }

  @GET
  @Path("/version")
  public Response version() {
    return exchange.plain(200, version);
  }

  @GET
  @Path("/openapi.json")
  public Response description() {
    return exchange
        .packed(200, documents.getDocument(OpenApiFilter.DEFAULT_DOCUMENT_NAME, Format.JSON))
        .build();
  }
}
