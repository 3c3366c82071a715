package io.tallybook.service.ops;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import io.tallybook.service.http.ErrorCode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.Components;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem;
import org.eclipse.microprofile.openapi.models.headers.Header;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.MediaType;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;

/**
 * Completes the description of the API, which is written in the files of {@code META-INF/openapi},
 * with what follows from rules: the headers of every answer, and an answer for each status of the
 * errors that an operation names.
 *
 * <p>An operation names its errors in {@code x-errors}: codes, or a code with the further members
 * that the error may have there, in lists of any depth. {@code components/schemas/ProblemMembers}
 * describes the members, and {@code components/examples/ProblemDetails} tells what each code may be
 * about.
 */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public final class ApiDescription implements OASFilter {
  private static final String ERRORS = "x-errors";
  private static final String MEMBERS = "ProblemMembers";
  private static final String DETAILS = "ProblemDetails";
  private static final List<String> REQUIRED =
      List.of("type", "title", "status", "detail", "error", "message", "requestId");

  /** Headers that every answer has. */
  private static final List<String> EVERYWHERE =
      List.of(
          "X-Request-Id",
          "Server-Timing",
          "X-Content-Type-Options",
          "X-Frame-Options",
          "Referrer-Policy",
          "Permissions-Policy",
          "Content-Security-Policy",
          "Strict-Transport-Security");

  /** Headers that an answer with a body may have. */
  private static final List<String> WITH_BODY = List.of("Content-Encoding", "Vary");

  @Override
  public void filterOpenAPI(OpenAPI api) {
    Components components = api.getComponents();
    Map<String, Schema> members =
        Objects.requireNonNull(components.getSchemas().get(MEMBERS), MEMBERS).getProperties();
    Map<?, ?> details =
        (Map<?, ?>)
            Objects.requireNonNull(components.getExamples().get(DETAILS), DETAILS).getValue();
    components.getResponses().values().forEach(ApiDescription::addHeaders);
    for (PathItem path : api.getPaths().getPathItems().values()) {
      for (Operation operation : path.getOperations().values()) {
        operation.getResponses().getAPIResponses().values().forEach(ApiDescription::addHeaders);
        addErrors(operation, components, details, members);
      }
    }
    components.removeSchema(MEMBERS);
    components.removeExample(DETAILS);
  }

  private static void addHeaders(APIResponse response) {
    if (response.getRef() == null) {
      EVERYWHERE.forEach(name -> addHeader(response, name));
      if (response.getContent() != null) {
        WITH_BODY.forEach(name -> addHeader(response, name));
      }
    }
  }

  private static void addHeader(APIResponse response, String name) {
    Header header = OASFactory.createHeader().ref("#/components/headers/" + name);
    response.addHeader(name, header);
  }

  private static void addErrors(
      Operation operation, Components components, Map<?, ?> details, Map<String, Schema> members) {
    Map<ErrorCode, Set<String>> errors = new TreeMap<>();
    collect(
        Objects.requireNonNull(
            operation.getExtensions().get(ERRORS),
            () -> operation.getOperationId() + " has no " + ERRORS),
        errors);
    operation.removeExtension(ERRORS);
    errors.put(ErrorCode.INTERNAL_ERROR, new TreeSet<>(List.of("method", "path")));
    Map<Integer, Map<ErrorCode, Set<String>>> byStatus = new TreeMap<>();
    errors.forEach(
        (code, more) ->
            byStatus.computeIfAbsent(code.status(), s -> new TreeMap<>()).put(code, more));
    byStatus.forEach(
        (status, codes) -> {
          String name = name(codes);
          if (!components.getResponses().containsKey(name)) {
            components.addSchema(name, schema(status, codes, members));
            components.addResponse(name, response(codes, name, details, members));
          }
          operation
              .getResponses()
              .addAPIResponse(
                  status.toString(),
                  OASFactory.createAPIResponse().ref("#/components/responses/" + name));
        });
  }

  /** Reads codes, and maps of codes to further members, from lists of any depth. */
  private static void collect(Object named, Map<ErrorCode, Set<String>> errors) {
    switch (named) {
      case Collection<?> several -> several.forEach(one -> collect(one, errors));
      case Map<?, ?> withMembers ->
          withMembers.forEach(
              (code, more) ->
                  ((Collection<?>) more)
                      .forEach(member -> add(code, errors).add(String.valueOf(member))));
      default -> add(named, errors);
    }
  }

  private static Set<String> add(Object name, Map<ErrorCode, Set<String>> errors) {
    ErrorCode code = ErrorCode.valueOf(name.toString().toUpperCase(Locale.ROOT));
    return errors.computeIfAbsent(
        code, c -> new TreeSet<>(c == ErrorCode.UNAVAILABLE ? List.of("safeToResend") : List.of()));
  }

  /** A name that is the same for the same: codes, each followed by its further members. */
  private static String name(Map<ErrorCode, Set<String>> codes) {
    List<String> parts = new ArrayList<>();
    codes.forEach(
        (code, more) -> {
          parts.add(code.code());
          parts.addAll(more);
        });
    return String.join(".", parts);
  }

  private static Schema schema(
      int status, Map<ErrorCode, Set<String>> codes, Map<String, Schema> members) {
    List<String> names = codes.keySet().stream().map(ErrorCode::code).toList();
    Schema schema = OASFactory.createSchema().addType(SchemaType.OBJECT);
    for (String member : REQUIRED) {
      schema.addRequired(member);
      schema.addProperty(
          member,
          switch (member) {
            case "status" ->
                OASFactory.createSchema().addType(SchemaType.INTEGER).addEnumeration(status);
            case "error" ->
                OASFactory.createSchema()
                    .addType(SchemaType.STRING)
                    .enumeration(new ArrayList<>(names));
            default -> members.get(member);
          });
    }
    codes.values().stream()
        .flatMap(Set::stream)
        .forEach(member -> schema.addProperty(member, members.get(member)));
    return schema;
  }

  private static APIResponse response(
      Map<ErrorCode, Set<String>> codes,
      String schema,
      Map<?, ?> details,
      Map<String, Schema> members) {
    Content content = OASFactory.createContent();
    for (String type : List.of("application/problem+json", "application/json")) {
      MediaType media =
          OASFactory.createMediaType()
              .schema(OASFactory.createSchema().ref("#/components/schemas/" + schema));
      codes.forEach(
          (code, more) ->
              media.addExample(
                  code.code(),
                  OASFactory.createExample().value(example(code, more, details, members))));
      content.addMediaType(type, media);
    }
    APIResponse response =
        OASFactory.createAPIResponse()
            .description(
                "An error (RFC 9457): "
                    + String.join(" or ", codes.keySet().stream().map(ErrorCode::code).toList()))
            .content(content);
    EVERYWHERE.forEach(name -> addHeader(response, name));
    if (codes.keySet().stream().allMatch(ErrorCode::isRetryable)) {
      addHeader(response, "Retry-After");
    }
    return response;
  }

  /** An error with what it is about, and those of its further members that have an example. */
  private static Map<String, Object> example(
      ErrorCode code, Set<String> more, Map<?, ?> details, Map<String, Schema> members) {
    Object detail =
        Objects.requireNonNull(details.get(code.code()), () -> DETAILS + " has no " + code.code());
    Map<String, Object> example = new LinkedHashMap<>();
    example.put("type", "about:blank");
    example.put("title", code.title());
    example.put("status", code.status());
    example.put("detail", detail);
    example.put("error", code.code());
    example.put("message", detail);
    example.put("requestId", "6f0c");
    for (String member : more) {
      Schema described = Objects.requireNonNull(members.get(member), member);
      List<Object> values = described.getExamples();
      if (values != null) {
        example.put(member, values.getFirst());
      }
    }
    return example;
  }
}
