package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.delete;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Health, version, figures in JSON and as text. */
abstract class StatsTests {
  // ---- Health -----------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "/health,              ok",
    "/health/ready,        ready",
    "/api/v1/health,       ok",
    "/api/v1/health/ready, ready"
  })
  void theServiceIsWell(String path, String status) {
    assertAnswer(request().get(path), 200, "{\"status\":\"" + status + "\"}");
    Response head = request().head(path);
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.asByteArray()).isEmpty();
    assertProblem(request().get(path + "?x=1"), 400, "invalid_request", "unknown parameter: x");
    assertProblem(request().post(path), 404, "not_found", "No route for POST " + path);
  }

  @Test
  void theVersionIsTold() {
    Response version = get("/version");
    assertThat(version.jsonPath().getString("version")).matches("[0-9]+\\.[0-9]+\\.[0-9]+.*");
    assertAnswer(
        version,
        200,
        "{\"name\":\"tallybook\",\"version\":\"" + version.jsonPath().getString("version") + "\"}");
  }

  @Test
  void theDescriptionIsTheSameUnderTheApi() throws IOException {
    Response here = get("/openapi.json");
    assertThat(here.statusCode()).isEqualTo(200);
    assertThat(here.header("Content-Type")).isEqualTo("application/json");
    ObjectMapper json = new ObjectMapper();
    assertThat(json.readTree(here.asString()))
        .isEqualTo(json.readTree(request().get("/q/openapi?format=json").asString()));
  }

  // ---- Stats ------------------------------------------------------------------------------------

  @Test
  void theFiguresFollowWhatHappens() {
    String service = unique("0-service");
    String agent = unique("agent");
    JsonPath before = get("/stats?limit=1").jsonPath();
    register(service, 5);
    use(agent, service, 3);
    use(agent, "other", 4);
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
    use(agent, service, 2);
    delete("/usage/" + agent + "/other");
    EventsTests.record("other", agent, unique("id"), -1);
    JsonPath after = get("/stats?limit=1").jsonPath();
    assertThat(change(before, after, "totalServices")).isEqualTo(1);
    assertThat(change(before, after, "usageKeys")).isEqualTo(2);
    assertThat(change(before, after, "totalRequests")).isEqualTo(1);
    assertThat(change(before, after, "lifetimeRequests")).isEqualTo(9);
    assertThat(change(before, after, "uniqueAgents")).isEqualTo(1);
    assertThat(change(before, after, "settledStroopsTotal")).isEqualTo(15);
    assertThat(change(before, after, "settlementsTotal")).isEqualTo(1);
    assertThat(change(before, after, "servicesBreakdownTotal")).isEqualTo(1);
    assertThat(after.<Object>get("settledStroopsTotal")).isInstanceOf(String.class);
  }

  private static long change(JsonPath before, JsonPath after, String name) {
    return new BigInteger(after.getString(name))
        .subtract(new BigInteger(before.getString(name)))
        .longValueExact();
  }

  @Test
  void servicesAreBrokenDownByName() {
    String prefix = unique("0-a");
    register(prefix + "-c", 3);
    register(prefix + "-B", 2);
    register(prefix + "-a", 1);
    use("someone", prefix + "-a", 7);
    List<Map<String, Object>> rows = new ArrayList<>();
    String cursor = null;
    do {
      Response page = get("/stats?limit=2" + (cursor == null ? "" : "&cursor=" + cursor));
      rows.addAll(page.jsonPath().getList("servicesBreakdown"));
      cursor = page.<@Nullable String>path("nextServicesBreakdownCursor");
      if (cursor != null) {
        assertThat(page.header("Link"))
            .isEqualTo("</api/v1/stats?limit=2&cursor=" + cursor + ">; rel=\"next\"");
      }
    } while (cursor != null);
    assertThat(rows).hasSize(get("/stats").jsonPath().getInt("servicesBreakdownTotal"));
    assertThat(rows.stream().map(row -> String.valueOf(row.get("serviceId")))).isSorted();
    assertThat(rows.stream().filter(row -> String.valueOf(row.get("serviceId")).startsWith(prefix)))
        .containsExactly(
            row(prefix + "-B", 2, 0), row(prefix + "-a", 1, 7), row(prefix + "-c", 3, 0));
  }

  private static Map<String, Object> row(String service, int price, int outstanding) {
    return Map.of(
        "tenantId",
        "public",
        "serviceId",
        service,
        "priceStroops",
        price,
        "requestsOutstanding",
        outstanding);
  }

  @Test
  void theFiguresHaveExactlyTheirMembers() {
    register(unique("service"), 1);
    Response stats = get("/stats?limit=1");
    JsonPath body = stats.jsonPath();
    assertAnswer(
        stats,
        200,
        "{\"totalServices\":%s,\"totalApiKeys\":0,\"totalWebhooks\":0,\"usageKeys\":%s,\"totalRequests\":%s,\"lifetimeRequests\":%s,\"uniqueAgents\":%s,\"settledStroopsTotal\":\"%s\",\"settlementsTotal\":%s,\"paused\":false,\"servicesBreakdown\":[{\"tenantId\":\"public\",\"serviceId\":\"%s\",\"priceStroops\":%s,\"requestsOutstanding\":%s}],\"servicesBreakdownTotal\":%s,\"nextServicesBreakdownCursor\":%s}"
            .formatted(
                body.getString("totalServices"),
                body.getString("usageKeys"),
                number(body, "totalRequests"),
                number(body, "lifetimeRequests"),
                body.getString("uniqueAgents"),
                body.getString("settledStroopsTotal"),
                body.getString("settlementsTotal"),
                body.getString("servicesBreakdown[0].serviceId"),
                body.getString("servicesBreakdown[0].priceStroops"),
                number(body, "servicesBreakdown[0].requestsOutstanding"),
                body.getString("servicesBreakdownTotal"),
                body.get("nextServicesBreakdownCursor") == null
                    ? null
                    : "\"" + body.getString("nextServicesBreakdownCursor") + "\""));
  }

  private static String number(JsonPath body, String name) {
    Object value = body.get(name);
    return value instanceof String text ? "\"" + text + "\"" : String.valueOf(value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/stats", "/metrics"})
  void anUnknownParameterIsRefused(String path) {
    assertProblem(get(path + "?x=1"), 400, "invalid_request", "unknown parameter: x");
  }

  // ---- Metrics ----------------------------------------------------------------------------------

  @Test
  void theFiguresAreTextForPrometheusToo() {
    String service = unique("service");
    String agent = unique("agent");
    register(service, 5);
    use(agent, service, 3);
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
    JsonPath stats = get("/stats").jsonPath();
    Response metrics = request().header("Accept-Encoding", "gzip").get(API + "/metrics");
    assertThat(metrics.statusCode()).isEqualTo(200);
    assertThat(metrics.header("Content-Type"))
        .isEqualTo("text/plain; version=0.0.4; charset=utf-8");
    assertThat(metrics.header("Content-Encoding")).isNull();
    String text = metrics.asString();
    assertMetric(text, "agentpay_services_total", "gauge", stats.getString("totalServices"));
    assertMetric(text, "agentpay_api_keys_total", "gauge", "0");
    assertMetric(text, "agentpay_webhooks_total", "gauge", "0");
    assertMetric(text, "agentpay_usage_keys_total", "gauge", stats.getString("usageKeys"));
    assertThat(text).contains("\n# TYPE agentpay_usage_requests_total gauge\n");
    assertMetric(text, "agentpay_paused", "gauge", "0");
    assertMetric(
        text, "agentpay_requests_recorded_total", "counter", stats.getString("lifetimeRequests"));
    assertMetric(
        text, "agentpay_settled_stroops_total", "counter", stats.getString("settledStroopsTotal"));
    assertMetric(
        text, "agentpay_settlements_total", "counter", stats.getString("settlementsTotal"));
    assertThat(text.lines())
        .allMatch(
            line ->
                line.matches("# (HELP|TYPE) agentpay_[a-z_]+ .+")
                    || line.matches("agentpay_[a-z_]+(\\{[^{}]+})? (-?[0-9.]+)"));
  }

  private static void assertMetric(String text, String name, String type, String value) {
    assertThat(text)
        .contains("# HELP " + name + " ")
        .contains("\n# TYPE " + name + " " + type + "\n" + name + " " + value + "\n");
  }

  @ParameterizedTest
  @CsvSource({
    "GET,    /api/v1/usage/some%20one/s,        /api/v1/usage/:agent/:serviceId,    200",
    "DELETE, /api/v1/usage/nobody/nothing,      /api/v1/usage/:agent/:serviceId,    404",
    "GET,    /api/v1/agents,                    /api/v1/agents,                     200",
    "GET,    /api/v1/services/x/agents/top,     /api/v1/services/:serviceId/agents/top, 200",
    "GET,    /api/v1/events/summary,            /api/v1/events/summary,             200",
    "GET,    /api/v1/usage/export.csv,          /api/v1/usage/export.csv,           200",
    "GET,    /api/v1/version,                   /api/v1/version,                    200",
    "GET,    /health,                           /health,                            200",
    "GET,    /api/v1/nowhere,                   unmatched,                          404",
    "PATCH,  /api/v1/agents,                    unmatched,                          404",
    "GET,    /elsewhere,                        unmatched,                          404",
    "OPTIONS, /api/v1/agents,                   unmatched,                          204"
  })
  void answersAreCountedByRoute(String method, String path, String route, int status) {
    String line =
        "agentpay_http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"}"
            .formatted(method, route, status);
    long before = value(line);
    request().request(method, path);
    assertThat(value(line)).isEqualTo(before + 1);
  }

  @Test
  void aMethodThatNobodyKnowsIsCountedAsOther() {
    String line =
        "agentpay_http_requests_total{method=\"other\",route=\"unmatched\",status=\"404\"}";
    long before = value(line);
    request().request("BREW", API + "/agents");
    assertThat(value(line)).isEqualTo(before + 1);
  }

  @Test
  void errorsAreCountedByTheirCode() {
    String invalid = "agentpay_http_errors_total{type=\"invalid_request\"}";
    String missing = "agentpay_http_errors_total{type=\"not_found\"}";
    long invalidBefore = value(invalid);
    long missingBefore = value(missing);
    post("/usage", "{}");
    get("/services/unregistered");
    get("/nowhere");
    assertThat(value(invalid)).isEqualTo(invalidBefore + 1);
    assertThat(value(missing)).isEqualTo(missingBefore + 2);
  }

  @Test
  void durationsAreCountedInBucketsThatAddUp() {
    String name = "agentpay_http_request_duration_seconds";
    long before = value(name + "_count");
    get("/version");
    Awaitility.await().until(() -> value(name + "_count") > before);
    List<Long> buckets =
        get("/metrics")
            .asString()
            .lines()
            .filter(line -> line.startsWith(name + "_bucket{le=\""))
            .map(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
            .toList();
    assertThat(buckets).hasSize(12).isSorted();
    String text = get("/metrics").asString();
    assertThat(text)
        .contains("# TYPE " + name + " histogram\n")
        .contains(name + "_bucket{le=\"0.005\"} ")
        .contains(name + "_bucket{le=\"10\"} ")
        .containsPattern(
            name
                + "_bucket\\{le=\"\\+Inf\"} (\\d+)\n"
                + name
                + "_sum [\\d.]+\n"
                + name
                + "_count \\1\n");
  }

  private static long value(String name) {
    return get("/metrics")
        .asString()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
        .sum();
  }
}
