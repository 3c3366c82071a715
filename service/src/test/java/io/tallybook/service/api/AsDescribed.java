package io.tallybook.service.api;

import static java.util.function.Predicate.not;
import static org.assertj.core.api.Assertions.assertThat;

import com.atlassian.oai.validator.OpenApiInteractionValidator;
import com.atlassian.oai.validator.model.Request;
import com.atlassian.oai.validator.model.SimpleRequest;
import com.atlassian.oai.validator.model.SimpleResponse;
import com.atlassian.oai.validator.report.LevelResolver;
import com.atlassian.oai.validator.report.ValidationReport;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.restassured.filter.Filter;
import io.restassured.filter.FilterContext;
import io.restassured.http.Header;
import io.restassured.response.Response;
import io.restassured.specification.FilterableRequestSpecification;
import io.restassured.specification.FilterableResponseSpecification;
import io.tallybook.service.api.Description.Operation;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Checks every answer against the description of the API: status, type, headers and body, with no
 * header and no member that is not described. A request that was accepted must be one that the
 * description allows, but for what it says is never refused.
 */
final class AsDescribed implements Filter {
  /** Headers that belong to the connection, and those that tell another origin what it may do. */
  private static final Pattern NOT_DESCRIBED =
      Pattern.compile("content-type|content-length|transfer-encoding|connection|access-control-.*");

  /** Anything whose errors are those of paths that are not there. */
  private static final String ANY = "/api/v1/views/none";

  private static final Header CONTENT_TYPE = new Header("Content-Type", "");
  private static final String STREAM = "application/x-ndjson";
  private static final String ATTRIBUTE = "attributes.";
  private static final String OTHER_TYPE = "validation.request.contentType.notAllowed";
  private static final String NO_BODY = "validation.request.body.missing";
  private static final ValidationReport.Level IGNORED = ValidationReport.Level.IGNORE;
  private static @Nullable OpenApiInteractionValidator validator;

  private static synchronized OpenApiInteractionValidator validator(Description description) {
    OpenApiInteractionValidator known = validator;
    if (known == null) {
      known =
          OpenApiInteractionValidator.createForInlineApiSpecification(description.text())
              .withLevelResolver(
                  LevelResolver.create()
                      // Accept chooses among forms, and never leads to an error.
                      .withLevel("validation.request.accept.notAllowed", IGNORED)
                      .withLevel("validation.request.accept.invalid", IGNORED)
                      .build())
              .build();
      validator = known;
    }
    return known;
  }

  @Override
  public Response filter(
      FilterableRequestSpecification request,
      FilterableResponseSpecification expected,
      FilterContext context) {
    Response response = context.next(request, expected);
    String path = URI.create(request.getURI()).getRawPath();
    if (!path.startsWith("/q/") && !path.equals("/metrics")) {
      check(request, path, response);
    }
    return response;
  }

  private static void check(
      FilterableRequestSpecification request, String path, Response response) {
    Description description = Description.get();
    Operation operation = description.find(request.getMethod(), path);
    List<String> faults = new ArrayList<>();
    if (request.getMethod().equals("OPTIONS")) {
      assertThat(response.statusCode()).isEqualTo(204);
      assertThat(response.asByteArray()).isEmpty();
    } else if (operation == null || isNoRoute(response)) {
      assertThat(response.statusCode())
          .as("no operation takes %s %s", request.getMethod(), path)
          .isIn(400, 404);
      if (!request.getMethod().equals("HEAD")) {
        faults.addAll(body(description, ANY, Request.Method.GET, response));
      }
    } else {
      faults.addAll(answer(description, operation, request.getMethod(), response));
      if (response.statusCode() < 400) {
        faults.addAll(request(description, operation, request, path, response));
      }
      if (faults.isEmpty()) {
        note(description, operation, request, response);
      }
    }
    assertThat(faults)
        .as(
            "%s %s was answered %s %s",
            request.getMethod(), request.getURI(), response.statusCode(), excerpt(response))
        .isEmpty();
  }

  /** Notes what of the description was seen: the answer, its headers and members, parameters. */
  private static void note(
      Description description,
      Operation operation,
      FilterableRequestSpecification request,
      Response response) {
    int status = response.statusCode();
    String answer = operation.answer(status, type(response));
    Set<String> seen = new TreeSet<>(Set.of(answer));
    operation
        .response(status)
        .path("headers")
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (response.headers().hasHeaderWithName(name)) {
                seen.add(operation.answer(status, "header " + name));
              }
            });
    JsonNode content = operation.content(status, type(response));
    if (type(response).endsWith("json") && !request.getMethod().equals("HEAD")) {
      try {
        JsonNode body = new ObjectMapper().readTree(unpacked(response));
        seen.addAll(DescribedMembers.in(description, answer, content.path("schema"), body));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (status < 400) {
      query(request)
          .keySet()
          .forEach(
              name ->
                  seen.add(
                      operation.parameter(
                          "query " + (name.startsWith(ATTRIBUTE) ? "attributes" : name))));
      operation.parameters().values().stream()
          .filter(parameter -> parameter.path("in").asText().equals("header"))
          .map(parameter -> parameter.path("name").asText())
          .filter(request.getHeaders()::hasHeaderWithName)
          .forEach(name -> seen.add(operation.parameter("header " + name)));
    }
    Seen.note(description, seen);
  }

  private static boolean isNoRoute(Response response) {
    return response.statusCode() == 404 && response.asString().contains("\"No route for ");
  }

  private static String excerpt(Response response) {
    String text = response.asString();
    return text.length() > 2_000 ? text.substring(0, 2_000) + "..." : text;
  }

  // ---- The answer -------------------------------------------------------------------------------

  /** What is wrong with an answer to an operation. */
  static List<String> answer(
      Description description, Operation operation, String method, Response response) {
    JsonNode described = operation.responses().get(response.statusCode());
    if (described == null) {
      return List.of("status " + response.statusCode() + " is not described");
    }
    List<String> faults = new ArrayList<>(undescribedHeaders(described, response));
    if (!method.equals("HEAD")) { // which may lack what is found while the content is made
      faults.addAll(missingHeaders(description, described, response));
      if (!described.has("content")) {
        assertThat(response.asByteArray()).isEmpty();
      }
      faults.addAll(
          body(
              description, operation.path(), Request.Method.valueOf(operation.method()), response));
      faults.addAll(text(described, response));
    }
    return faults;
  }

  private static List<String> undescribedHeaders(JsonNode described, Response response) {
    Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    described.path("headers").fieldNames().forEachRemaining(names::add);
    return response.headers().asList().stream()
        .map(Header::getName)
        .filter(name -> !NOT_DESCRIBED.matcher(name.toLowerCase(Locale.ROOT)).matches())
        .filter(not(names::contains))
        .map(name -> "header " + name + " is not described")
        .toList();
  }

  private static List<String> missingHeaders(
      Description description, JsonNode described, Response response) {
    return described.path("headers").properties().stream()
        .filter(header -> response.header(header.getKey()) == null)
        .filter(header -> description.resolve(header.getValue()).path("required").asBoolean())
        .map(header -> "header " + header.getKey() + " is missing")
        .toList();
  }

  /** What the validator finds wrong with type, headers and a body in JSON. */
  private static List<String> body(
      Description description, String path, Request.Method method, Response response) {
    SimpleResponse.Builder told = SimpleResponse.Builder.status(response.statusCode());
    for (Header header : response.headers()) {
      if (!header.hasSameNameAs(CONTENT_TYPE)) {
        told.withHeader(header.getName(), header.getValue());
      }
    }
    if (type(response).equals(STREAM)) {
      told.withContentType("application/json").withBody(array(response));
    } else if (!type(response).isEmpty()) {
      told.withContentType(response.contentType()).withBody(unpacked(response));
    }
    return messages(
        validator(description).validateResponse(path, method, told.build()).getMessages().stream());
  }

  /**
   * The lines of an answer but for the last, which counts them, as the array that they could be.
   */
  private static String array(Response response) {
    List<String> lines = new String(unpacked(response), StandardCharsets.UTF_8).lines().toList();
    return "[" + String.join(",", lines.subList(0, Math.max(lines.size() - 1, 0))) + "]";
  }

  /** What is wrong with an example of an answer. */
  static List<String> example(Operation operation, int status, String type, JsonNode example) {
    Description description = Description.get();
    SimpleResponse.Builder told = SimpleResponse.Builder.status(status);
    return messages(
        validator(description)
            .validateResponse(
                operation.path(),
                Request.Method.valueOf(operation.method()),
                told.withContentType(type)
                    .withBody(example.isTextual() ? example.asText() : example.toString())
                    .build())
            .getMessages()
            .stream()
            .filter(message -> !message.getKey().equals("validation.response.header.missing")));
  }

  /** What is wrong with a body that is text. */
  private static List<String> text(JsonNode described, Response response) {
    String pattern =
        described.path("content").path(type(response)).path("schema").path("pattern").asText();
    String text = new String(unpacked(response), StandardCharsets.UTF_8);
    return pattern.isEmpty() || Pattern.compile(pattern).matcher(text).find()
        ? List.of()
        : List.of("the text does not have the form " + pattern);
  }

  private static String type(Response response) {
    String type = response.contentType();
    return type == null ? "" : type.split(";", -1)[0].strip();
  }

  private static byte[] unpacked(Response response) {
    byte[] bytes = response.asByteArray();
    if (!"gzip".equals(response.header("Content-Encoding")) || bytes.length == 0) {
      return bytes;
    }
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- The request ------------------------------------------------------------------------------

  private static List<String> request(
      Description description,
      Operation operation,
      FilterableRequestSpecification request,
      String path,
      Response response) {
    List<String> faults = new ArrayList<>();
    SimpleRequest.Builder asked = new SimpleRequest.Builder(operation.method(), path);
    byte[] body = bytes(request.getBody());
    for (Header header : request.getHeaders()) {
      if (body.length > 0 || !header.hasSameNameAs(CONTENT_TYPE)) {
        asked.withHeader(header.getName(), header.getValue());
      }
    }
    query(request)
        .forEach(
            (name, values) -> {
              JsonNode parameter = parameter(operation, name);
              JsonNode schema = description.resolve(parameter.path("schema"));
              if (parameter.isMissingNode()) {
                if (operation.refusesUnknownParameters() && !name.equals("numbers")) {
                  faults.add("parameter " + name + " is not described");
                }
              } else if (schema.path("type").asText().equals("array")) {
                faults.addAll(several(description, name, schema, values));
              } else if (!parameter.path("x-lenient").asBoolean() && !name.startsWith(ATTRIBUTE)) {
                asked.withQueryParam(name, values.getFirst());
              }
            });
    boolean isStream = String.valueOf(request.getContentType()).startsWith(STREAM);
    boolean isJudged = !isStream && !isRefusedInPart(response);
    if (body.length > 0 && isJudged) {
      asked.withBody(body);
    }
    Set<String> ignored = new TreeSet<>();
    if (!isJudged) {
      ignored.add(NO_BODY);
    }
    if (body.length == 0) {
      ignored.add(OTHER_TYPE);
    }
    faults.addAll(
        messages(
            validator(description).validateRequest(asked.build()).getMessages().stream()
                .filter(message -> !ignored.contains(message.getKey()))));
    return faults;
  }

  /** What is said of a parameter of the query; of those of attributes once for all. */
  private static JsonNode parameter(Operation operation, String name) {
    String described = name.startsWith(ATTRIBUTE) ? "attributes" : name;
    return operation.parameters().getOrDefault("query " + described, MissingNode.getInstance());
  }

  /**
   * What is wrong with the values of a parameter that may be repeated, which the validator skips.
   */
  private static List<String> several(
      Description description, String name, JsonNode schema, List<String> values) {
    JsonNode one = description.resolve(schema.path("items"));
    List<String> words = new ArrayList<>();
    one.path("enum").forEach(word -> words.add(word.asText()));
    boolean isFit =
        Set.copyOf(values).size() <= schema.path("maxItems").asInt(Integer.MAX_VALUE)
            && values.stream()
                .allMatch(
                    value ->
                        value.codePointCount(0, value.length())
                                <= one.path("maxLength").asInt(Integer.MAX_VALUE)
                            && (words.isEmpty() || words.contains(value)));
    return isFit ? List.of() : List.of("parameter " + name + " has values that are not described");
  }

  /** Whether the answer tells that items of the request are bad ones. */
  private static boolean isRefusedInPart(Response response) {
    String rejected = response.header("Tallybook-Rejected");
    return (rejected != null && !rejected.equals("0"))
        || response.asString().contains("\"ok\":false");
  }

  private static Map<String, List<String>> query(FilterableRequestSpecification request) {
    Map<String, List<String>> query = new LinkedHashMap<>();
    String raw = URI.create(request.getURI()).getRawQuery();
    if (raw != null) {
      Stream.of(raw.split("&", -1))
          .filter(not(String::isEmpty))
          .forEach(
              pair -> {
                String[] parts = pair.split("=", 2);
                String value = parts.length == 1 ? "" : decode(parts[1]);
                if (!value.isEmpty()) { // an empty one counts as absent
                  query.computeIfAbsent(decode(parts[0]), n -> new ArrayList<>()).add(value);
                }
              });
    }
    return query;
  }

  private static String decode(String encoded) {
    return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(@Nullable Object body) {
    return switch (body) {
      case null -> new byte[0];
      case byte[] bytes -> bytes;
      default -> body.toString().getBytes(StandardCharsets.UTF_8);
    };
  }

  private static List<String> messages(Stream<ValidationReport.Message> messages) {
    return messages
        .filter(message -> message.getLevel() == ValidationReport.Level.ERROR)
        .map(
            message ->
                message.getKey()
                    + ": "
                    + message.getMessage()
                    + " "
                    + message
                        .getContext()
                        .flatMap(ValidationReport.MessageContext::getPointers)
                        .map(ValidationReport.MessageContext.Pointers::getInstance)
                        .orElse(""))
        .toList();
  }
}
