package io.tallybook.service.api;

import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.delete;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Usage by agent and service. */
abstract class UsageTests {
  @Test
  void usageAddsUp() {
    String agent = unique("agent");
    assertAnswer(
        post("/usage", usage(agent, "search", 3)),
        201,
        "{\"agent\":\"" + agent + "\",\"serviceId\":\"search\",\"total\":3}");
    assertAnswer(
        post("/usage", usage(agent, "search", 4)),
        201,
        "{\"agent\":\"" + agent + "\",\"serviceId\":\"search\",\"total\":7}");
    assertAnswer(
        get("/usage/" + agent + "/search"),
        200,
        "{\"agent\":\"" + agent + "\",\"serviceId\":\"search\",\"total\":7}");
  }

  @Test
  void otherMembersAreIgnored() {
    String agent = unique("agent");
    assertAnswer(
        post(
            "/usage",
            "{\"note\":{\"x\":[1]},\"agent\":\""
                + agent
                + "\",\"serviceId\":\"s\",\"requests\":1,\"more\":null}"),
        201,
        "{\"agent\":\"" + agent + "\",\"serviceId\":\"s\",\"total\":1}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| agent is required",
        "{\"agent\":null}| agent is required",
        "{\"agent\":1}| agent must be a string",
        "{\"agent\":\"\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"a b\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"é\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"a\\u0000\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"a\\n\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"\\ud800\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"a::b\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"a\"}| serviceId is required",
        "{\"agent\":\"a\",\"serviceId\":\"/\"}| serviceId must be 1 to 128 characters of A-Z a-z 0-9 . _ -",
        "{\"agent\":\"a\",\"serviceId\":\"s\"}| requests is required",
        "{\"agent\":\"a\",\"serviceId\":\"s\",\"requests\":null}| requests is required"
      })
  void usageThatBreaksARuleIsRefused(String body, String message) {
    assertProblem(post("/usage", body), 400, "invalid_request", message);
  }

  @Test
  void namesInBodiesAreBounded() {
    String agent = unique("a") + "x".repeat(256);
    assertThat(post("/usage", usage(agent.substring(0, 256), "s", 1)).statusCode()).isEqualTo(201);
    assertProblem(
        post("/usage", usage(agent.substring(0, 257), "s", 1)),
        400,
        "invalid_request",
        "agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -");
    assertThat(post("/usage", usage("a", "s".repeat(128), 1)).statusCode()).isEqualTo(201);
    assertProblem(
        post("/usage", usage("a", "s".repeat(129), 1)),
        400,
        "invalid_request",
        "serviceId must be 1 to 128 characters of A-Z a-z 0-9 . _ -");
  }

  @Test
  void aPairThatWasNeverUsedIsAtZero() {
    assertAnswer(
        get("/usage/nobody/nothing"),
        200,
        "{\"agent\":\"nobody\",\"serviceId\":\"nothing\",\"total\":0}");
  }

  @Test
  void bulkKeepsTheGoodItems() {
    String agent = unique("agent");
    assertAnswer(
        post(
            "/usage/bulk",
            "{\"items\":["
                + usage(agent, "s", 1)
                + ","
                + usage(agent, "s", 0)
                + ",null,"
                + usage(agent, "t", 5)
                + ",\"x\","
                + usage(agent, "s", 2)
                + "]}"),
        201,
        "{\"results\":[{\"index\":0,\"ok\":true,\"total\":1},"
            + "{\"index\":1,\"ok\":false,\"error\":\"invalid_item\"},"
            + "{\"index\":2,\"ok\":false,\"error\":\"invalid_item\"},"
            + "{\"index\":3,\"ok\":true,\"total\":5},"
            + "{\"index\":4,\"ok\":false,\"error\":\"invalid_item\"},"
            + "{\"index\":5,\"ok\":true,\"total\":3}]}");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":8}");
  }

  @Test
  void bulkOfBadItemsOnlyRecordsNothing() {
    assertAnswer(
        post("/usage/bulk", "{\"items\":[{}]}"),
        201,
        "{\"results\":[{\"index\":0,\"ok\":false,\"error\":\"invalid_item\"}]}");
  }

  @Test
  void bulkTakesUpTo100Items() {
    String agent = unique("agent");
    List<String> items = new ArrayList<>(Collections.nCopies(100, usage(agent, "s", 1)));
    Response response = post("/usage/bulk", "{\"items\":[" + String.join(",", items) + "]}");
    assertThat(response.statusCode()).isEqualTo(201);
    assertThat(response.jsonPath().getLong("results[99].total")).isEqualTo(100);
    items.add(items.getFirst());
    assertProblem(
        post("/usage/bulk", "{\"items\":[" + String.join(",", items) + "]}"),
        400,
        "invalid_request",
        "items must be 1-100 entries");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":100}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"items\":[]}", "{\"items\":{}}", "{\"items\":null}"})
  void bulkNeedsItems(String body) {
    assertProblem(post("/usage/bulk", body), 400, "invalid_request", "items must be 1-100 entries");
  }

  @Test
  void bulkTakesNoOtherMember() {
    assertProblem(
        post("/usage/bulk", "{\"items\":[{}],\"more\":1}"),
        400,
        "invalid_request",
        "unexpected field: more");
  }

  // ---- Reset ------------------------------------------------------------------------------------

  @Test
  void aResetClearsAPairAndBillsNothing() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 5);
    use(agent, service, 3);
    use(agent, "other", 1);
    String cleared =
        "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\",\"clearedTotal\":%d}";
    assertAnswer(delete("/usage/" + agent + "/" + service), 200, cleared.formatted(3));
    assertAnswer(delete("/usage/" + agent + "/" + service), 200, cleared.formatted(0));
    assertThat(get("/entries?kind=settlement&agent=" + agent).jsonPath().getList("items"))
        .isEmpty();
    assertAnswer(
        get("/agents/" + agent + "/usage"),
        200,
        "{\"agent\":\""
            + agent
            + "\",\"items\":[{\"serviceId\":\""
            + service
            + "\",\"total\":0},{\"serviceId\":\"other\",\"total\":1}]}");
    assertThat(get("/entries?kind=reset&agent=" + agent).jsonPath().<Integer>getList("items.units"))
        .containsExactly(3, 0);
  }

  @Test
  void aResetTakesADebtAway() {
    String service = unique("service");
    EventsTests.record(service, "debtor-" + service, unique("id"), -4);
    assertAnswer(
        delete("/usage/debtor-" + service + "/" + service),
        200,
        "{\"agent\":\"debtor-"
            + service
            + "\",\"serviceId\":\""
            + service
            + "\",\"clearedTotal\":-4}");
  }

  @Test
  void aPairThatWasNeverUsedCannotBeReset() {
    String agent = unique("agent");
    assertProblem(
        delete("/usage/" + agent + "/s"),
        404,
        "not_found",
        "agent " + agent + " has never used service s");
    assertAnswer(
        get("/agents/" + agent + "/usage"), 200, "{\"agent\":\"" + agent + "\",\"items\":[]}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a::b/s| agent must not contain '::'",
        "a/s%3A%3At| serviceId must not contain '::'",
        "a%ff/s| agent must be percent-encoded UTF-8"
      })
  void aResetNeedsAPairThatCanBe(String path, String message) {
    assertProblem(delete("/usage/" + path), 400, "invalid_request", message);
  }

  @Test
  void aPairOfAnyNameCanBeReset() {
    String service = unique("service");
    EventsTests.record(service, "é/ü", unique("id"), 7);
    assertAnswer(
        delete("/usage/%C3%A9%2F%C3%BC/" + service),
        200,
        "{\"agent\":\"é/ü\",\"serviceId\":\"" + service + "\",\"clearedTotal\":7}");
  }

  // ---- Agents -----------------------------------------------------------------------------------

  @Test
  void anAgentIsListedByServiceInOrderOfFirstAppearance() {
    String agent = unique("agent");
    use(agent, "s2", 1);
    use(agent, "s1", 5);
    use(agent, "s2", 2);
    use(agent, "s3", 1);
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"s1\"}");
    assertAnswer(
        get("/agents/" + agent + "/usage"),
        200,
        "{\"agent\":\""
            + agent
            + "\",\"items\":[{\"serviceId\":\"s2\",\"total\":3},{\"serviceId\":\"s1\",\"total\":0},"
            + "{\"serviceId\":\"s3\",\"total\":1}]}");
    Response first = get("/agents/" + agent + "/usage?limit=2");
    String cursor = first.path("nextCursor");
    assertAnswer(
        first,
        200,
        "{\"agent\":\""
            + agent
            + "\",\"items\":[{\"serviceId\":\"s2\",\"total\":3},{\"serviceId\":\"s1\",\"total\":0}],"
            + "\"nextCursor\":\""
            + cursor
            + "\"}");
    assertAnswer(
        get("/agents/" + agent + "/usage?limit=2&cursor=" + cursor),
        200,
        "{\"agent\":\"" + agent + "\",\"items\":[{\"serviceId\":\"s3\",\"total\":1}]}");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":4}");
  }

  @Test
  void anAgentThatUsedNothingHasNothing() {
    assertAnswer(get("/agents/nobody/usage"), 200, "{\"agent\":\"nobody\",\"items\":[]}");
    assertAnswer(get("/agents/nobody/total"), 200, "{\"agent\":\"nobody\",\"total\":0}");
  }

  @Test
  void agentsAreListedInOrderOfFirstAppearanceAndPageByPage() {
    List<String> mine = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      mine.add(unique("z" + (9 - i)));
      use(mine.getLast(), "s", 1);
    }
    use(mine.getFirst(), "other", 1);
    post("/settle", "{\"agent\":\"" + mine.get(1) + "\",\"serviceId\":\"s\"}");
    List<String> all = new ArrayList<>();
    String cursor = null;
    do {
      Response page = get("/agents?limit=1000" + (cursor == null ? "" : "&cursor=" + cursor));
      all.addAll(page.jsonPath().getList("agents"));
      cursor = nextCursor(page);
    } while (cursor != null);
    assertThat(all).doesNotHaveDuplicates().endsWith(mine.toArray(String[]::new));
    assertThat(get("/agents?limit=2").jsonPath().getList("agents")).isEqualTo(all.subList(0, 2));
  }

  @Test
  void aPageOfAgentsTellsWhereTheNextBegins() {
    use(unique("agent"), "s", 1);
    use(unique("agent"), "s", 1);
    Response first = get("/agents?limit=1");
    assertAnswer(
        first,
        200,
        "{\"agents\":[\""
            + first.jsonPath().getString("agents[0]")
            + "\"],\"nextCursor\":\""
            + first.path("nextCursor")
            + "\"}");
  }

  private static @Nullable String nextCursor(Response page) {
    return page.path("nextCursor");
  }

  // ---- Services ---------------------------------------------------------------------------------

  @Test
  void aServiceIsSummedOverItsAgents() {
    String service = unique("service");
    String alice = unique("alice");
    String bob = unique("bob");
    String carol = unique("carol");
    use(bob, service, 5);
    use(alice, service, 3);
    use(carol, service, 5);
    use(unique("settled"), service, 7);
    String settled = "settled-" + service;
    use(settled, service, 2);
    post("/settle", "{\"agent\":\"" + settled + "\",\"serviceId\":\"" + service + "\"}");
    assertAnswer(
        get("/services/" + service + "/usage"),
        200,
        "{\"serviceId\":\"" + service + "\",\"total\":20,\"agents\":4}");
    Response agents = get("/services/" + service + "/agents");
    assertThat(agents.jsonPath().<String>getList("items.agent"))
        .hasSize(4)
        .startsWith(bob, alice, carol)
        .doesNotContain(settled);
    assertAnswer(
        get("/services/" + service + "/agents/top?limit=3"),
        200,
        "{\"serviceId\":\""
            + service
            + "\",\"items\":[{\"agent\":\""
            + agents.jsonPath().getString("items[3].agent")
            + "\",\"total\":7},{\"agent\":\""
            + bob
            + "\",\"total\":5},{\"agent\":\""
            + carol
            + "\",\"total\":5}]}");
    String cursor = get("/services/" + service + "/agents?limit=3").path("nextCursor");
    assertAnswer(
        get("/services/" + service + "/agents?limit=3&cursor=" + cursor),
        200,
        "{\"serviceId\":\""
            + service
            + "\",\"items\":[{\"agent\":\""
            + agents.jsonPath().getString("items[3].agent")
            + "\",\"total\":7}]}");
  }

  @Test
  void negativeAmountsAreListedButNotAtTheTop() {
    String service = unique("service");
    EventsTests.record(service, "debtor", unique("id"), -4);
    assertAnswer(
        get("/services/" + service + "/agents"),
        200,
        "{\"serviceId\":\"" + service + "\",\"items\":[{\"agent\":\"debtor\",\"total\":-4}]}");
    assertAnswer(
        get("/services/" + service + "/agents/top"),
        200,
        "{\"serviceId\":\"" + service + "\",\"items\":[]}");
    assertAnswer(
        get("/services/" + service + "/usage"),
        200,
        "{\"serviceId\":\"" + service + "\",\"total\":-4,\"agents\":0}");
  }

  @Test
  void aServiceThatNobodyUsedHasNothing() {
    assertAnswer(
        get("/services/unused/usage"), 200, "{\"serviceId\":\"unused\",\"total\":0,\"agents\":0}");
    assertAnswer(get("/services/unused/agents"), 200, "{\"serviceId\":\"unused\",\"items\":[]}");
    assertAnswer(
        get("/services/unused/agents/top"), 200, "{\"serviceId\":\"unused\",\"items\":[]}");
  }

  @Test
  void topListsTenUnlessToldOtherwise() {
    String service = unique("service");
    StringBuilder items = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      items.append(i == 0 ? "" : ",").append(usage("a" + (100 + i), service, i + 1));
    }
    post("/usage/bulk", "{\"items\":[" + items + "]}");
    assertThat(
            get("/services/" + service + "/agents/top").jsonPath().<String>getList("items.agent"))
        .hasSize(10)
        .startsWith("a111", "a110", "a109");
    assertThat(
            get("/services/" + service + "/agents/top?limit=1000")
                .jsonPath()
                .<String>getList("items.agent"))
        .hasSize(12);
  }

  @Test
  void aRegisteredServiceThatNobodyUsedHasNothingEither() {
    String service = unique("service");
    register(service, 5);
    assertAnswer(
        get("/services/" + service + "/usage"),
        200,
        "{\"serviceId\":\"" + service + "\",\"total\":0,\"agents\":0}");
  }

  private static String usage(String agent, String service, long requests) {
    return "{\"agent\":\"%s\",\"serviceId\":\"%s\",\"requests\":%d}"
        .formatted(agent, service, requests);
  }
}
