package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.JSON;
import static io.tallybook.service.api.Http.PROBLEM;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.restassured.builder.ResponseBuilder;
import io.restassured.response.Response;
import io.tallybook.service.api.Description.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Provokes, for each operation of the description, the answers that any operation of its kind has,
 * in all forms. Every answer is checked against the description where it arrives.
 */
abstract class DescribedTests {
  private static final int OBJECT_BYTES_MAX = 100 * 1024;
  private static final int READINGS_BYTES_MAX = 16 * 1024 * 1024;
  private static final String NO_SEQUENCE = "999999999999999999";

  private static List<Operation> operations(int status) {
    return Description.get().operations().stream()
        .filter(operation -> operation.responses().containsKey(status))
        .toList();
  }

  /** Sends a request for an error in both forms that it may have. */
  static void assertRefused(Asked asked, int status) {
    for (String form : List.of(PROBLEM, JSON)) {
      Response response = asked.send(form);
      assertThat(response.statusCode()).as("%s %s", asked, response.asString()).isEqualTo(status);
      assertThat(response.header("Content-Type")).isEqualTo(form);
    }
  }

  @Test
  void whatIsMalformedIsRefused() {
    for (Operation operation : operations(400)) {
      Asked asked =
          Asked.example(
              operation,
              Map.of("agent", "a::b", "serviceId", "a::b", "name", "a::b", "sequence", "x"));
      boolean hasName = !asked.path().equals(operation.path());
      boolean hasBody = operation.node().has("requestBody");
      assertRefused(
          hasName ? asked : hasBody ? asked.withBody(asked.type(), "{") : asked.withQuery("q=%FF"),
          400);
    }
  }

  @Test
  void whatIsNotThereIsNotFound() {
    for (Operation operation : operations(404)) {
      String name = unique("nothing");
      Asked asked =
          Asked.example(
              operation,
              Map.of("agent", name, "serviceId", name, "name", name, "sequence", NO_SEQUENCE));
      boolean isNamed = !asked.path().equals(operation.path());
      assertRefused(isNamed ? asked : asked.withQuery("settlement=" + NO_SEQUENCE), 404);
    }
  }

  @Test
  void aBodyThatIsTooLargeIsRefused() {
    for (Operation operation : operations(413)) {
      Asked asked = Asked.example(operation, Map.of());
      int max = asked.path().equals(API + "/readings") ? READINGS_BYTES_MAX : OBJECT_BYTES_MAX;
      assertRefused(asked.withBody(asked.type(), " ".repeat(max + 1)), 413);
    }
  }

  @Test
  void aBodyOfAnotherTypeIsRefused() {
    for (Operation operation : operations(415)) {
      assertRefused(Asked.example(operation, Map.of()).withBody("text/plain", "x"), 415);
    }
  }

  @Test
  void whatTheClientHasIsNotSentAgain() {
    for (Operation operation : operations(304)) {
      Asked asked = Asked.example(operation, Map.of());
      String tag = asked.send("*/*").header("ETag");
      Response again = request().header("If-None-Match", tag).get(asked.path());
      assertThat(again.statusCode()).as(asked.path()).isEqualTo(304);
      assertThat(again.header("ETag")).isEqualTo(tag);
    }
  }

  @Test
  void whatTheLedgerRefusesIsToldInBothForms() {
    String agent = unique("agent");
    String service = unique("service");
    use(agent, service, 1);
    long sequence = sequence();
    Asked reversal =
        Asked.example(operation("reverseEntry"), Map.of("sequence", Long.toString(sequence)));
    assertThat(reversal.send(PROBLEM).statusCode()).isEqualTo(201);
    assertRefused(reversal, 409);

    register(service, 1);
    assertThat(post("/services/" + service + "/disable", "").statusCode()).isEqualTo(200);
    Asked usage = Asked.example(operation("recordUsage"), Map.of());
    assertRefused(usage.withBody(JSON, usage.body().replace("search", service)), 409);

    String id = unique("id");
    String event = EventsTests.event(id, agent, "\"service\":\"s\"");
    assertThat(post("/events", EventsTests.STRUCTURED, event).statusCode()).isEqualTo(200);
    assertRefused(
        Asked.example(operation("recordEvents"), Map.of())
            .withBody(EventsTests.STRUCTURED, event.replace("\"s\"", "\"t\"")),
        409);

    assertRefused(
        Asked.example(operation("rollUp"), Map.of()).withQuery("groupBy=agent,type"), 422);
  }

  private static Operation operation(String id) {
    return Description.get().operations().stream()
        .filter(operation -> operation.node().path("operationId").asText().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aRequestWhoseQueryCannotBeReadChangesNothing() {
    for (Operation operation : Description.get().operations()) {
      if (operation.method().equals("POST")) {
        long before = sequence();
        Response response =
            Asked.example(operation, Map.of("serviceId", unique("service")))
                .withQuery("q=%FF")
                .send(PROBLEM);
        if (response.statusCode() == 400) {
          assertThat(sequence()).as(operation.name()).isEqualTo(before);
        }
      }
    }
  }

  /** The newest sequence. */
  private static long sequence() {
    return Long.parseLong(get("/entries/export?id=none").header("Ledger-Sequence"));
  }

  @Test
  void everyParameterOfAQueryIsTaken() {
    register("x", 1);
    use("alice", "search", 1);
    assertThat(post("/settle", "{\"agent\":\"alice\",\"serviceId\":\"search\"}").statusCode())
        .isEqualTo(200);
    String settlement = Long.toString(sequence());
    for (Operation operation : Description.get().operations()) {
      operation
          .parameters()
          .forEach(
              (placed, parameter) -> {
                if (placed.startsWith("query ") && !placed.equals("query cursor")) {
                  use("alice", "search", 1);
                  Map<String, String> path =
                      Map.of("serviceId", "x", "sequence", Long.toString(sequence()));
                  String pair =
                      placed.equals("query settlement")
                          ? "settlement=" + settlement
                          : pair(parameter);
                  assertThat(
                          Asked.example(operation, path).withQuery(pair).send("*/*").statusCode())
                      .as("%s %s", operation.name(), pair)
                      .isIn(200, 201, 422);
                }
              });
    }
  }

  /** A parameter with a value that it may have. */
  private static String pair(JsonNode parameter) {
    String name = parameter.path("name").asText();
    JsonNode example = parameter.path("example");
    if (example.isObject()) {
      Map.Entry<String, JsonNode> first = example.properties().iterator().next();
      return first.getKey() + "=" + first.getValue().asText();
    }
    JsonNode schema = Description.get().resolve(parameter.path("schema"));
    JsonNode one = schema.has("items") ? Description.get().resolve(schema.path("items")) : schema;
    return name
        + "="
        + Stream.of(
                example.isArray() ? example.path(0) : example,
                one.path("enum").path(0),
                one.path("default"),
                one.path("minimum"))
            .filter(JsonNode::isValueNode)
            .findFirst()
            .map(JsonNode::asText)
            .orElse(one.path("type").asText().equals("integer") ? "1" : "true");
  }

  @Test
  void whatIsNotDescribedIsAFault() {
    Operation total = operation("getAgentTotal");
    Response whole = get("/agents/alice/total");
    assertThat(AsDescribed.answer(Description.get(), total, "GET", whole)).isEmpty();
    ResponseBuilder changed = new ResponseBuilder();
    assertFault(total, changed.clone(whole).setStatusCode(418).build(), "status 418");
    assertFault(total, changed.clone(whole).setHeader("X-New", "1").build(), "header X-New is not");
    assertFault(
        total,
        changed.clone(whole).setContentType("text/plain").build(),
        "validation.response.contentType.notAllowed");
    for (String body :
        List.of(
            "{\"agent\":\"alice\"}",
            "{\"agent\":\"alice\",\"total\":\"0\"}",
            "{\"agent\":null,\"total\":0}",
            "{\"agent\":\"alice\",\"total\":0,\"more\":0}",
            "{\"agent\":\"alice\",\"total\":9007199254740992}")) {
      assertFault(
          total, changed.clone(whole).setBody(body).build(), "validation.response.body.schema");
    }
    assertFault(
        operation("listAgents"),
        changed.clone(whole).setBody("{\"agents\":[],\"nextCursor\":null}").build(),
        "header ETag is missing");
  }

  private static void assertFault(Operation operation, Response response, String fault) {
    assertThat(AsDescribed.answer(Description.get(), operation, "GET", response))
        .anyMatch(found -> found.startsWith(fault));
  }

  // ---- The description itself -------------------------------------------------------------------

  @Test
  void everyRouteIsDescribedAndNothingElse() {
    TreeSet<String> described = new TreeSet<>();
    Description.get().operations().forEach(operation -> described.add(operation.name()));
    TreeSet<String> routes = new TreeSet<>(Routes.all());
    routes.addAll(List.of("GET /health", "GET /health/ready")); // taken at the root
    assertThat(described).isEqualTo(routes);
  }

  @Test
  void everyOperationIsDescribedWhole() {
    List<String> missing = new ArrayList<>();
    TreeSet<String> ids = new TreeSet<>();
    for (Operation operation : Description.get().operations()) {
      JsonNode node = operation.node();
      if (!ids.add(node.path("operationId").asText())) {
        missing.add(operation.name() + " operationId");
      }
      for (String member : List.of("operationId", "summary", "tags")) {
        if (node.path(member).isMissingNode()) {
          missing.add(operation.name() + " " + member);
        }
      }
      Stream.concat(
              Stream.of(Description.get().resolve(node.path("requestBody"))),
              operation.responses().entrySet().stream().map(Map.Entry::getValue))
          .flatMap(body -> body.path("content").properties().stream())
          .filter(content -> content.getValue().path("examples").isEmpty())
          .forEach(content -> missing.add(operation.name() + " example of " + content.getKey()));
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void theExamplesAreAsDescribed() {
    for (Operation operation : Description.get().operations()) {
      operation
          .responses()
          .forEach(
              (status, response) ->
                  response
                      .path("content")
                      .properties()
                      .forEach(
                          content ->
                              content
                                  .getValue()
                                  .path("examples")
                                  .forEach(
                                      example ->
                                          assertThat(
                                                  AsDescribed.example(
                                                      operation,
                                                      status,
                                                      content.getKey(),
                                                      example.path("value")))
                                              .as("%s %s %s", operation.name(), status, example)
                                              .isEmpty())));
    }
  }
}
