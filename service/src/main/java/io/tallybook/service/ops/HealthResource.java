package io.tallybook.service.ops;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import io.quarkus.smallrye.openapi.runtime.OpenApiDocumentService;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.openapi.runtime.io.Format;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.service.Api;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.ops.OpsBodies.Health;
import io.tallybook.service.ops.OpsBodies.Version;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Tells whether the service is well, which one it is, and what it can do. */
@Path("/")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.OPERATIONS)
public final class HealthResource {
  private final Ledger ledger;
  private final Exchange exchange;
  private final OpenApiDocumentService documents;
  private final Version version;

  HealthResource(
      Ledger ledger,
      Exchange exchange,
      OpenApiDocumentService documents,
      @ConfigProperty(name = "quarkus.application.name") String name,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.documents = documents;
    this.version = new Version(name, version);
  }

  @GET
  @Path("/health")
  @Operation(summary = "Tells that the service lives; also at /health")
  @APIResponse(
      responseCode = "200",
      description = "It does",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Health.class),
              examples = @ExampleObject(name = "ok", value = "{\"status\":\"ok\"}")))
  public Response health() {
    exchange.query().only();
    return exchange.plain(200, new Health("ok"));
  }

  @GET
  @Path("/health/ready")
  @Operation(
      summary =
          "Tells whether the storage can be used, and else answers 503; also at /health/ready")
  @APIResponse(
      responseCode = "200",
      description = "It can",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Health.class),
              examples = @ExampleObject(name = "ready", value = "{\"status\":\"ready\"}")))
  public Response ready() {
    exchange.query().only();
    ledger.check();
    return exchange.plain(200, new Health("ready"));
  }

  @GET
  @Path("/version")
  @Operation(summary = "Tells what is running")
  @APIResponse(
      responseCode = "200",
      description = "Its name and version",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Version.class),
              examples =
                  @ExampleObject(
                      name = "version",
                      value = "{\"name\":\"tallybook\",\"version\":\"0.1.0\"}")))
  public Response version() {
    return exchange.plain(200, version);
  }

  @GET
  @Path("/openapi.json")
  @Operation(summary = "Describes the API")
  @APIResponse(
      responseCode = "200",
      description = "This description",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(type = SchemaType.OBJECT),
              examples = @ExampleObject(name = "beginning", value = "{\"openapi\":\"3.1.0\"}")))
  public Response description() {
    return exchange
        .packed(200, documents.getDocument(OpenApiFilter.DEFAULT_DOCUMENT_NAME, Format.JSON))
        .build();
  }
}
