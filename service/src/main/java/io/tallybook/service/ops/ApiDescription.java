package io.tallybook.service.ops;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import io.tallybook.service.Api;
import io.tallybook.service.http.ErrorCode;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.PathItem;
import org.eclipse.microprofile.openapi.models.Paths;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;

/** Adds to the description of the API what holds for every operation: errors and headers. */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public final class ApiDescription implements OASFilter {
  private static final String ENTRIES = Api.ROOT + "/entries";
  private static final String PROBLEM = "Problem";
  private static final String PROBLEM_EXAMPLE =
      "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
          + "\"detail\":\"agent is required\",\"error\":\"invalid_request\","
          + "\"message\":\"agent is required\",\"requestId\":\"6f0c\"}";

  @Override
  public void filterOpenAPI(OpenAPI api) {
    if (api.getComponents() == null) {
      api.setComponents(OASFactory.createComponents());
    }
    api.getComponents().addSchema(PROBLEM, problem());
    api.getComponents().addResponse(PROBLEM, response());
    if (api.getPaths() != null) {
      shareEntryFilters(api.getPaths());
      for (PathItem path : api.getPaths().getPathItems().values()) {
        path.getOperations()
            .values()
            .forEach(
                operation ->
                    operation
                        .getResponses()
                        .addAPIResponse(
                            "default",
                            OASFactory.createAPIResponse()
                                .ref("#/components/responses/" + PROBLEM)));
      }
    }
  }

  /** Counting and exporting entries take the parameters of listing them, but for those of pages. */
  private static void shareEntryFilters(Paths paths) {
    List<Parameter> listing = paths.getPathItem(ENTRIES).getGET().getParameters();
    for (Parameter parameter : listing) {
      String name = parameter.getName();
      if (!Set.of("limit", "cursor", "explain").contains(name)) {
        paths.getPathItem(ENTRIES + "/export").getGET().addParameter(parameter);
        if (!Set.of("order", "sort").contains(name)) {
          paths.getPathItem(ENTRIES + "/count").getGET().addParameter(parameter);
        }
      }
    }
  }

  private static APIResponse response() {
    return OASFactory.createAPIResponse()
        .description("An error (RFC 9457)")
        .addHeader(
            "X-Request-Id",
            OASFactory.createHeader().description("The request's own, or a new one").schema(text()))
        .content(
            OASFactory.createContent()
                .addMediaType(
                    "application/problem+json",
                    OASFactory.createMediaType()
                        .schema(OASFactory.createSchema().ref("#/components/schemas/" + PROBLEM))
                        .example(PROBLEM_EXAMPLE)));
  }

  private static Schema problem() {
    Schema codes = text();
    Arrays.stream(ErrorCode.values()).forEach(code -> codes.addEnumeration(code.code()));
    return OASFactory.createSchema()
        .addType(Schema.SchemaType.OBJECT)
        .addProperty("type", text())
        .addProperty("title", text())
        .addProperty("status", OASFactory.createSchema().addType(Schema.SchemaType.INTEGER))
        .addProperty("detail", text())
        .addProperty("error", codes)
        .addProperty("message", text())
        .addProperty("requestId", text())
        .required(List.of("type", "title", "status", "detail", "error", "message", "requestId"));
  }

  private static Schema text() {
    return OASFactory.createSchema().addType(Schema.SchemaType.STRING);
  }
}
