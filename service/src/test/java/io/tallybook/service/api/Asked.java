package io.tallybook.service.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.tallybook.service.api.Description.Operation;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * A request made from the description of an operation: its examples, where nothing else is said.
 *
 * @param path with its parameters filled in
 * @param query without the question mark; empty for none
 * @param type the type of the body; empty for no body
 */
record Asked(Operation operation, String path, String query, String type, String body) {

  /** The request that the examples make, with some of the path's parameters. */
  static Asked example(Operation operation, Map<String, String> parameters) {
    Description description = Description.get();
    String path = operation.path();
    for (Map.Entry<String, JsonNode> one : operation.parameters().entrySet()) {
      String name = one.getValue().path("name").asText();
      if (one.getKey().startsWith("path ")) {
        String value = parameters.getOrDefault(name, one.getValue().path("example").asText());
        path = path.replace("{" + name + "}", value);
      }
    }
    Optional<Map.Entry<String, JsonNode>> content =
        description
            .resolve(operation.node().path("requestBody"))
            .path("content")
            .properties()
            .stream()
            .findFirst();
    return new Asked(
        operation,
        path,
        "",
        content.map(Map.Entry::getKey).orElse(""),
        content
            .map(c -> c.getValue().path("examples").elements().next().path("value").toString())
            .orElse(""));
  }

  /** The same with another query. */
  Asked withQuery(String other) {
    return new Asked(operation, path, other, type, body);
  }

  /** The same with another body. */
  Asked withBody(String otherType, String other) {
    return new Asked(operation, path, query, otherType, other);
  }

  /** Sends it to who accepts a type. */
  Response send(String accept) {
    RequestSpecification request = Http.request().header("Accept", accept);
    if (!type.isEmpty()) {
      request.header("Content-Type", type).body(body.getBytes(StandardCharsets.UTF_8));
    }
    return request.request(operation.method(), query.isEmpty() ? path : path + "?" + query);
  }
}
