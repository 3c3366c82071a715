package io.tallybook.service;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;
import org.eclipse.microprofile.openapi.annotations.OpenAPIDefinition;
import org.eclipse.microprofile.openapi.annotations.info.Info;
import org.eclipse.microprofile.openapi.annotations.info.License;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/**
 * The API. Its resources run on virtual threads, or on worker threads where {@code
 * quarkus.virtual-threads.enabled} is false; that setting is the one switch.
 */
@ApplicationPath(Api.ROOT)
@OpenAPIDefinition(
    info =
        @Info(
            title = "Tallybook",
            version = "1",
            description = "A usage ledger: every event kept, every sum up to date.",
            license = @License(name = "Apache-2.0", identifier = "Apache-2.0")),
    tags = {
      @Tag(name = Api.EVENTS, description = "Usage events in, as CloudEvents"),
      @Tag(name = Api.QUESTIONS, description = "Entries and rollups out"),
      @Tag(name = Api.USAGE, description = "Usage by agent and service"),
      @Tag(name = Api.SERVICES, description = "Services and their prices"),
      @Tag(name = Api.BILLING, description = "Settlement and billing"),
      @Tag(name = Api.OPERATIONS, description = "For operators")
    })
public class Api extends Application {
  /** Where every path begins. */
  public static final String ROOT = "/api/v1";

  public static final String EVENTS = "events";
  public static final String QUESTIONS = "questions";
  public static final String USAGE = "usage";
  public static final String SERVICES = "services";
  public static final String BILLING = "billing";
  public static final String OPERATIONS = "operations";
}
