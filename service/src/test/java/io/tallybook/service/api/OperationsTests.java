package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Views, indexes, health, metrics, and the description of the API. */
abstract class OperationsTests {
  /** The word of the storage under test. */
  abstract String storage();

  @Test
  void theRootLinksToEveryPathOfTheDescription() {
    Response root = get("/");
    assertThat(root.statusCode()).isEqualTo(200);
    assertThat(root.asString()).startsWith("{\"links\":{\"events\":\"/api/v1/events\",");
    Map<String, String> links = root.jsonPath().getMap("links");
    Set<String> paths =
        new TreeSet<>(get("/openapi.json").jsonPath().<String, Object>getMap("paths").keySet());
    paths.removeIf(path -> path.equals(API) || path.equals(API + "/"));
    assertThat(links.values()).containsExactlyInAnyOrderElementsOf(paths);
    assertThat(get("").asString()).isEqualTo(root.asString());
  }

  @Test
  void viewsAreListedAsDefined() {
    Response views = get("/views");
    assertThat(views.jsonPath().<String>getList("views.name"))
        .containsExactly(
            "total",
            "by-agent",
            "by-service",
            "by-agent-service",
            "by-service-type",
            "daily-by-organization-agent",
            "hourly-by-organization-type",
            "hourly-by-service",
            "latest-by-agent-window",
            "hourly-by-agent-window");
    assertThat(views.jsonPath().<String>getList("views.state")).containsOnly("ready");
  }

  @Test
  void aViewTellsItsDefinitionAndItsSize() {
    use(unique("agent"), "s", 1);
    Response view = get("/views/hourly-by-organization-type");
    JsonPath body = view.jsonPath();
    assertThat(body.getLong("cells")).isPositive();
    assertThat(body.getLong("bytes")).isPositive();
    assertAnswer(
        view,
        200,
        "{\"name\":\"hourly-by-organization-type\",\"source\":\"usage\",\"filter\":{},"
            + "\"groupBy\":[\"organization\",\"type\"],\"bucket\":\"hour\",\"outstanding\":false,"
            + "\"state\":\"ready\",\"progress\":100,\"coversFrom\":null,\"cells\":"
            + body.getLong("cells")
            + ",\"bytes\":"
            + body.getLong("bytes")
            + "}");
    assertProblem(get("/views/mine"), 404, "not_found", "there is no view mine");
  }

  @Test
  void indexesTellTheirSizeAndTheirHits() {
    use(unique("agent"), "s", 1);
    JsonPath before = get("/admin/indexes").jsonPath();
    assertThat(before.getString("storage")).isEqualTo(storage());
    assertThat(before.getLong("entries")).isPositive();
    assertThat(before.getLong("bytes")).isPositive();
    assertThat(before.<String>getList("items.findAll { it.kind == 'index' }.name"))
        .contains("agent", "agent-type", "organization", "service", "type", "time");
    assertThat(before.<String>getList("items.findAll { it.kind == 'view' }.name"))
        .contains("total", "by-agent", "hourly-by-service");
    get("/entries?agent=x");
    get("/rollups?groupBy=service");
    get("/rollups?groupBy=service");
    JsonPath after = get("/admin/indexes").jsonPath();
    assertThat(hits(after, "agent") - hits(before, "agent")).isEqualTo(1);
    assertThat(hits(after, "by-service") - hits(before, "by-service")).isEqualTo(2);
  }

  private static long hits(JsonPath indexes, String name) {
    return indexes.getLong("items.find { it.name == '" + name + "' }.hits");
  }

  // ---- Health -----------------------------------------------------------------------------------

  @Test
  void theServiceLivesIsReadyAndHasStarted() {
    assertHealth("/q/health/live", "service");
    assertHealth("/q/health/ready", "storage");
    assertHealth("/q/health/started", "ledger");
    Response ready = RestAssured.get("/q/health/ready");
    assertThat(ready.jsonPath().getString("checks[0].data.name")).isEqualTo(storage());
  }

  private static void assertHealth(String path, String check) {
    Response health = RestAssured.get(path);
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.jsonPath().getString("status")).isEqualTo("UP");
    assertThat(health.jsonPath().<String>getList("checks.name")).containsExactly(check);
  }

  // ---- Metrics ----------------------------------------------------------------------------------

  @Test
  void metricsCountWhatTheLedgerDoes() {
    String before = RestAssured.get("/metrics").asString();
    use(unique("agent"), "s", 1);
    get("/agents/x/total");
    get("/entries?source=x&id=y");
    String after = RestAssured.get("/metrics").asString();
    assertThat(value(after, "ledger_commits_total") - value(before, "ledger_commits_total"))
        .isEqualTo(1);
    assertThat(value(after, "ledger_entries") - value(before, "ledger_entries")).isEqualTo(1);
    assertThat(value(after, "ledger_commit_requests_count")).isPositive();
    assertThat(value(after, "ledger_commit_seconds_count")).isPositive();
    assertThat(value(after, "ledger_bytes")).isPositive();
    assertThat(value(after, "ledger_cells")).isPositive();
    assertThat(value(after, "ledger_outcomes_total", "status=\"recorded\"")).isPositive();
    assertThat(value(after, "ledger_hits_total", "index=\"id\"")).isPositive();
    assertThat(
            value(
                after,
                "ledger_read_seconds_count",
                "index=\"by-agent\"",
                "operation=\"agent-total\""))
        .isPositive();
    assertThat(after).contains("# HELP ledger_commits ").contains("jvm_memory_used_bytes");
  }

  private static double value(String scrape, String name, String... tags) {
    return scrape
        .lines()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .filter(line -> List.of(tags).stream().allMatch(line::contains))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  // ---- The description --------------------------------------------------------------------------

  @Test
  void theDescriptionHasEveryOperation() throws IOException {
    JsonNode api = description();
    assertThat(api.path("openapi").asText()).startsWith("3.1.");
    TreeSet<String> operations = new TreeSet<>();
    api.path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation ->
                            operations.add(
                                operation.getKey().toUpperCase(Locale.ROOT)
                                    + " "
                                    + path.getKey())));
    assertThat(operations)
        .containsExactlyInAnyOrder(
            "GET /api/v1",
            "GET /api/v1/admin/indexes",
            "GET /api/v1/agents",
            "GET /api/v1/agents/{agent}/total",
            "GET /api/v1/agents/{agent}/usage",
            "GET /api/v1/billing/total",
            "GET /api/v1/billing/{agent}/{serviceId}",
            "GET /api/v1/entries",
            "GET /api/v1/entries/count",
            "GET /api/v1/entries/export",
            "GET /api/v1/entries/{sequence}",
            "GET /api/v1/events",
            "POST /api/v1/events",
            "GET /api/v1/events/summary",
            "GET /api/v1/health",
            "GET /api/v1/health/ready",
            "GET /api/v1/metrics",
            "GET /api/v1/openapi.json",
            "GET /api/v1/stats",
            "GET /api/v1/version",
            "POST /api/v1/entries/{sequence}/reversal",
            "POST /api/v1/readings",
            "GET /api/v1/readings/latest",
            "GET /api/v1/rollups",
            "GET /api/v1/services",
            "POST /api/v1/services",
            "POST /api/v1/services/bulk",
            "DELETE /api/v1/services/{serviceId}",
            "GET /api/v1/services/{serviceId}",
            "PATCH /api/v1/services/{serviceId}/disabled",
            "POST /api/v1/services/{serviceId}/disable",
            "POST /api/v1/services/{serviceId}/enable",
            "GET /api/v1/services/{serviceId}/metadata",
            "PUT /api/v1/services/{serviceId}/metadata",
            "PATCH /api/v1/services/{serviceId}/price",
            "GET /api/v1/services/{serviceId}/agents",
            "GET /api/v1/services/{serviceId}/agents/top",
            "GET /api/v1/services/{serviceId}/usage",
            "POST /api/v1/settle",
            "POST /api/v1/settle/bulk",
            "POST /api/v1/usage",
            "POST /api/v1/usage/bulk",
            "GET /api/v1/usage/export.csv",
            "GET /api/v1/usage/export.json",
            "DELETE /api/v1/usage/{agent}/{serviceId}",
            "GET /api/v1/usage/{agent}/{serviceId}",
            "GET /api/v1/views",
            "GET /api/v1/views/{name}");
  }

  @Test
  void everyOperationIsDescribedWithExamples() throws IOException {
    List<String> missing = new ArrayList<>();
    description()
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation -> {
                          JsonNode described = operation.getValue();
                          String name = operation.getKey() + " " + path.getKey();
                          if (described.path("summary").asText().isEmpty()) {
                            missing.add(name + " summary");
                          }
                          if (described.path("responses").path("default").isMissingNode()) {
                            missing.add(name + " errors");
                          }
                          missing.addAll(withoutExample(name, described));
                        }));
    assertThat(missing).isEmpty();
  }

  private static List<String> withoutExample(String name, JsonNode operation) {
    List<String> missing = new ArrayList<>();
    List<JsonNode> contents = new ArrayList<>();
    operation
        .path("responses")
        .properties()
        .forEach(
            response -> {
              if (!response.getKey().equals("default") && !response.getKey().equals("204")) {
                contents.add(response.getValue().path("content"));
              }
            });
    if (operation.has("requestBody")) {
      contents.add(operation.path("requestBody").path("content"));
    }
    for (JsonNode content : contents) {
      for (Map.Entry<String, JsonNode> media : content.properties()) {
        if (media.getValue().path("examples").isEmpty()
            || media.getValue().path("schema").isMissingNode()) {
          missing.add(name + " " + media.getKey());
        }
      }
    }
    boolean isEmpty = operation.path("responses").has("204");
    if (contents.isEmpty() != isEmpty || contents.stream().anyMatch(JsonNode::isEmpty)) {
      missing.add(name + " content");
    }
    return missing;
  }

  private static JsonNode description() throws IOException {
    Response response = RestAssured.get("/q/openapi?format=json");
    assertThat(response.statusCode()).isEqualTo(200);
    return new ObjectMapper().readTree(response.asString());
  }

  @ParameterizedTest
  @CsvSource({"/q/openapi, openapi: 3.1", "/q/swagger-ui/, <html"})
  void theDescriptionCanBeReadAndBrowsed(String path, String content) {
    Response response = RestAssured.get(path);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.asString()).contains(content);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/q/health", "/q/openapi", "/metrics", "/q/swagger-ui/"})
  void whatIsNotTheApiHasTheCommonHeadersToo(String path) {
    Response response = RestAssured.get(path);
    Http.COMMON_HEADERS.forEach(
        (name, value) -> {
          if (!name.equals("Content-Security-Policy")) {
            assertThat(response.header(name)).as(name).isEqualTo(value);
          }
        });
    assertThat(response.header("Content-Security-Policy")).contains("frame-ancestors 'none'");
    assertThat(response.header("X-Request-Id")).isNotEmpty();
    assertThat(request().get("/api/v1/views").statusCode()).isEqualTo(200);
  }
}
