package io.tallybook.service.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.restassured.RestAssured;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The description of the API, as the service under test gives it. */
final class Description {
  private static @Nullable Description ofService;

  private final String text;
  private final JsonNode root;
  private final List<Operation> operations = new ArrayList<>();

  private Description(String text) {
    this.text = text;
    try {
      root = new ObjectMapper().readTree(text);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
    root.path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        member -> {
                          if (!member.getKey().equals("parameters")) {
                            operations.add(operation(path, member));
                          }
                        }));
    // The path with fewer parameters is the one that is meant.
    operations.sort(
        Comparator.comparingLong((Operation one) -> one.path.chars().filter(c -> c == '{').count())
            .thenComparing(Operation::name));
  }

  /** That of the service under test, asked once. */
  static synchronized Description get() {
    Description known = ofService;
    if (known == null) {
      try (HttpClient client =
          HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
        known =
            of(
                client
                    .send(
                        HttpRequest.newBuilder(
                                URI.create(
                                    "http://localhost:"
                                        + RestAssured.port
                                        + "/q/openapi?format=json"))
                            .build(),
                        HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
                    .body());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
      ofService = known;
    }
    return known;
  }

  /** One in JSON. */
  static Description of(String text) {
    return new Description(text);
  }

  /** The description in JSON. */
  String text() {
    return text;
  }

  /** The whole of it. */
  JsonNode root() {
    return root;
  }

  /** All operations. */
  List<Operation> operations() {
    return operations;
  }

  /** The operation that answers a request; null where none does. HEAD is answered by GET's. */
  @Nullable Operation find(String method, String path) {
    String described = method.equals("HEAD") ? "GET" : method;
    String bare =
        path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    return operations.stream()
        .filter(one -> one.method.equals(described) && one.pattern.matcher(bare).matches())
        .findFirst()
        .orElse(null);
  }

  /** What a node is, or what its reference points to. */
  JsonNode resolve(JsonNode node) {
    return node.has("$ref") ? root.at(node.path("$ref").asText().substring(1)) : node;
  }

  private Operation operation(
      Map.Entry<String, JsonNode> path, Map.Entry<String, JsonNode> member) {
    Map<String, JsonNode> parameters = new TreeMap<>();
    for (JsonNode node : List.of(path.getValue(), member.getValue())) {
      for (JsonNode one : node.path("parameters")) {
        JsonNode parameter = resolve(one);
        parameters.put(
            parameter.path("in").asText() + " " + parameter.path("name").asText(), parameter);
      }
    }
    Map<Integer, JsonNode> responses = new TreeMap<>();
    member
        .getValue()
        .path("responses")
        .properties()
        .forEach(one -> responses.put(Integer.valueOf(one.getKey()), resolve(one.getValue())));
    return new Operation(
        member.getKey().toUpperCase(Locale.ROOT),
        path.getKey(),
        Pattern.compile(path.getKey().replaceAll("\\{[^}]+}", "[^/]+")),
        member.getValue(),
        parameters,
        responses);
  }

  /**
   * An operation.
   *
   * @param pattern which paths are its own
   * @param node all that is said of it
   * @param parameters by place and name, such as {@code query limit}
   * @param responses by status
   */
  record Operation(
      String method,
      String path,
      Pattern pattern,
      JsonNode node,
      Map<String, JsonNode> parameters,
      Map<Integer, JsonNode> responses) {

    /** Method and path. */
    String name() {
      return method + " " + path;
    }

    /** Whether unknown parameters are refused. */
    boolean refusesUnknownParameters() {
      return node.path("x-unknown-parameters").asText().equals("refused");
    }

    /** What is said of answers with a status. */
    JsonNode response(int status) {
      return responses.getOrDefault(status, MissingNode.getInstance());
    }

    /** What is said of answers with a status and a media type. */
    JsonNode content(int status, String mediaType) {
      return response(status).path("content").path(mediaType);
    }

    /** The media types of answers with a status; an empty one where they have no body. */
    List<String> mediaTypes(int status) {
      List<String> types = new ArrayList<>();
      response(status).path("content").fieldNames().forEachRemaining(types::add);
      return types.isEmpty() ? List.of("") : types;
    }

    /** The name of a parameter, which is its place and its own name. */
    String parameter(String placed) {
      return name() + " " + placed;
    }

    /** The name of an answer. */
    String answer(int status, String mediaType) {
      return (name() + " " + status + " " + mediaType).strip();
    }
  }
}
