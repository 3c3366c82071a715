package io.tallybook.service.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which members a schema describes, and which of them bodies have. A member is named after the
 * shared schema that it belongs to, or else after where it stands.
 */
final class DescribedMembers {
  private final Description description;
  private final Set<String> visited = new HashSet<>();
  private final Set<String> found = new TreeSet<>();

  private DescribedMembers(Description description) {
    this.description = description;
  }

  /** All that the schema of a body has. */
  static Set<String> of(Description description, String place, JsonNode schema) {
    DescribedMembers members = new DescribedMembers(description);
    members.describe(place, schema);
    return members.found;
  }

  /** Those that a body has. */
  static Set<String> in(Description description, String place, JsonNode schema, JsonNode body) {
    DescribedMembers members = new DescribedMembers(description);
    members.see(place, schema, body);
    return members.found;
  }

  private void describe(String place, JsonNode node) {
    String name = name(place, node);
    if (node.has("$ref") && !visited.add(name)) {
      return;
    }
    JsonNode schema = description.resolve(node);
    schema.path("oneOf").forEach(one -> describe(name, one));
    if (schema.has("items")) {
      describe(name + "[]", schema.path("items"));
    }
    schema
        .path("properties")
        .properties()
        .forEach(
            member -> {
              found.add(name + "." + member.getKey());
              describe(name + "." + member.getKey(), member.getValue());
            });
  }

  private void see(String place, JsonNode node, JsonNode body) {
    String name = name(place, node);
    JsonNode schema = description.resolve(node);
    for (JsonNode one : schema.path("oneOf")) {
      boolean fits = true;
      for (JsonNode required : description.resolve(one).path("required")) {
        fits &= body.has(required.asText());
      }
      if (fits) {
        see(name, one, body);
      }
    }
    if (body.isArray()) {
      body.forEach(item -> see(name + "[]", schema.path("items"), item));
    }
    body.properties()
        .forEach(
            member -> {
              JsonNode described = schema.path("properties").path(member.getKey());
              if (!described.isMissingNode()) {
                found.add(name + "." + member.getKey());
                see(name + "." + member.getKey(), described, member.getValue());
              }
            });
  }

  private static String name(String place, JsonNode node) {
    String ref = node.path("$ref").asText();
    return ref.isEmpty() ? place : ref.substring(ref.lastIndexOf('/') + 1);
  }
}
