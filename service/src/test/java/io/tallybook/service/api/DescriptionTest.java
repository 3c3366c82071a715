package io.tallybook.service.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tallybook.service.api.Description.Operation;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Judges the whole run: every answer that the description of the API has must have been seen, with
 * every header and member, and every parameter. It starts no service, and Quarkus runs such classes
 * after all that do.
 */
class DescriptionTest {
  /** What the memory of a process cannot be brought to answer, by how it begins. */
  private static final Set<String> UNPROVOKED =
      Set.of(
          "GET /api/v1/rollups 409", // a view that is being built; no view can be defined yet
          "GET /api/v1/rollups query attributes", // likewise
          "view_building.",
          "GET /api/v1/entries/count 422", // more than 10,000,000 entries
          "range_too_ragged.");

  /** Headers that depend on how long an answer is. */
  private static final Set<String> BY_LENGTH = Set.of("Vary", "Content-Encoding");

  @Test
  void everythingThatIsDescribedWasSeen() {
    Set<String> texts = Seen.descriptions();
    assertThat(texts).as("the descriptions of all services of this run").hasSize(1);
    Description description = Description.of(texts.iterator().next());
    Set<String> missing = new TreeSet<>();
    for (Operation operation : description.operations()) {
      boolean isQuestion =
          operation.method().equals("GET") && operation.responses().containsKey(503);
      for (int status : operation.responses().keySet()) {
        // Only a read fails in a way of our own: of a write that does the outcome is unknown.
        if (status != 500 || isQuestion) {
          missing.addAll(answers(description, operation, status));
        }
      }
      operation.parameters().keySet().stream()
          .filter(placed -> !placed.startsWith("path "))
          .map(operation::parameter)
          .forEach(missing::add);
    }
    missing.removeIf(part -> UNPROVOKED.stream().anyMatch(part::startsWith));
    missing.removeAll(Seen.parts());
    assertThat(missing).as("described, and seen by no test").isEmpty();
  }

  private static Set<String> answers(Description description, Operation operation, int status) {
    Set<String> parts = new TreeSet<>();
    for (String type : operation.mediaTypes(status)) {
      String answer = operation.answer(status, type);
      parts.add(answer);
      JsonNode schema = operation.content(status, type).path("schema");
      parts.addAll(DescribedMembers.of(description, answer, schema));
    }
    operation
        .response(status)
        .path("headers")
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!BY_LENGTH.contains(name)) {
                parts.add(operation.answer(status, "header " + name));
              }
            });
    return parts;
  }
}
