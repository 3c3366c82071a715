package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
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
    paths.removeIf(path -> !path.startsWith(API + "/") || path.equals(API + "/"));
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
    assertHealth("/q/health/ready", "storage", "Graceful Shutdown");
    assertHealth("/q/health/started", "ledger");
    Response ready = Http.ofFramework("/q/health/ready");
    assertThat(ready.jsonPath().getString("checks.find { it.name == 'storage' }.data.name"))
        .isEqualTo(storage());
  }

  private static void assertHealth(String path, String... checks) {
    Response health = Http.ofFramework(path);
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.jsonPath().getString("status")).isEqualTo("UP");
    assertThat(health.jsonPath().<String>getList("checks.name")).containsExactlyInAnyOrder(checks);
  }

  // ---- Metrics ----------------------------------------------------------------------------------

  @Test
  void metricsCountWhatTheLedgerDoes() {
    String before = Http.ofFramework("/metrics").asString();
    use(unique("agent"), "s", 1);
    get("/agents/x/total");
    get("/entries?source=x&id=y");
    String after = Http.ofFramework("/metrics").asString();
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

  /** A row names a metric of the ledger, or those of the frameworks by what they begin with. */
  @Test
  void everyMetricIsInTheOperatingGuideAndNoOtherOfTheLedger() throws IOException {
    String guide = Files.readString(Path.of("..", "docs", "operating.md"));
    Set<String> rows = new TreeSet<>();
    Set<String> beginnings = new TreeSet<>();
    Pattern.compile(
            "(?m)^\\| `([a-z_]+)(\\*)?(?:\\{[a-z,]+})?` \\| (?:counter|gauge|timer|histogram|)")
        .matcher(guide)
        .results()
        .forEach(row -> (row.group(2) == null ? rows : beginnings).add(row.group(1)));
    Set<String> metrics = new TreeSet<>();
    for (String scrape :
        List.of(Http.ofFramework("/metrics").asString(), get("/metrics").asString())) {
      Pattern.compile("(?m)^# TYPE (\\w+) (\\w+)")
          .matcher(scrape)
          .results()
          .map(type -> nameOf(type.group(1), type.group(2)))
          .filter(name -> beginnings.stream().noneMatch(name::startsWith))
          .forEach(metrics::add);
    }
    assertThat(metrics).isEqualTo(rows);
  }

  private static String nameOf(String family, String kind) {
    if (kind.equals("counter") && !family.endsWith("_total")) {
      return family + "_total";
    }
    return family.replaceFirst("_max$", "");
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

  @ParameterizedTest
  @CsvSource({"/q/openapi, openapi: 3.1", "/q/swagger-ui/, <html"})
  void theDescriptionCanBeReadAndBrowsed(String path, String content) {
    Response response = Http.ofFramework(path);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.asString()).contains(content);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/q/health", "/q/openapi", "/metrics", "/q/swagger-ui/"})
  void whatIsNotTheApiHasTheCommonHeadersToo(String path) {
    Response response = Http.ofFramework(path);
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
