package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.delete;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.patch;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The log of the newest events. */
abstract class EventLogTests {
  @Test
  void everyKindOfEventHasItsOwnPayload() {
    String service = unique("service");
    String agent = unique("agent");
    register(service, 5);
    use(agent, service, 3);
    use(agent, service, 4);
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
    use(agent, service, 2);
    delete("/usage/" + agent + "/" + service);
    use(agent, service, 1);
    post("/settle/bulk", "{\"agent\":\"" + agent + "\"}");
    post("/services/" + service + "/disable", "");
    patch("/services/" + service + "/disabled", "{\"disabled\":false}");
    patch("/services/" + service + "/price", "{\"priceStroops\":6}");
    post("/services/" + service + "/enable", "");
    delete("/services/" + service);
    JsonPath log = get("/events?limit=10").jsonPath();
    assertThat(log.<String>getList("items.type"))
        .containsExactly(
            "recorded",
            "recorded",
            "settled",
            "recorded",
            "reset",
            "recorded",
            "settled",
            "service.disabled",
            "service.enabled",
            "service.deleted");
    assertThat(log.<Map<String, Object>>getList("items.payload"))
        .containsExactly(
            recorded(agent, service, 3, 3),
            recorded(agent, service, 4, 7),
            Map.of("agent", agent, "serviceId", service, "requests", 7, "billedStroops", 35),
            recorded(agent, service, 2, 2),
            Map.of("agent", agent, "serviceId", service, "clearedTotal", 2),
            recorded(agent, service, 1, 1),
            Map.of(
                "agent",
                agent,
                "serviceId",
                service,
                "requests",
                1,
                "billedStroops",
                5,
                "bulk",
                true),
            Map.of("serviceId", service, "tenantId", "public"),
            Map.of("serviceId", service, "tenantId", "public"),
            Map.of("serviceId", service));
    assertThat(get("/events/summary").jsonPath().<String, Integer>getMap("counts"))
        .containsOnlyKeys(
            "recorded",
            "settled",
            "reset",
            "service.enabled",
            "service.disabled",
            "service.deleted");
  }

  @Test
  void anAnswerHasExactlyItsMembers() {
    String agent = unique("agent");
    long before = System.currentTimeMillis();
    use(agent, "s", 3);
    Response log = get("/events?limit=1");
    long id = log.jsonPath().getLong("items[0].id");
    long ts = log.jsonPath().getLong("items[0].ts");
    assertThat(ts).isBetween(before, System.currentTimeMillis());
    assertThat(id)
        .isEqualTo(get("/entries?agent=" + agent).jsonPath().getLong("items[0].sequence"));
    assertAnswer(
        log,
        200,
        "{\"total\":%d,\"items\":[{\"id\":%d,\"ts\":%d,\"type\":\"recorded\",\"payload\":{\"agent\":\"%s\",\"serviceId\":\"s\",\"requests\":3,\"total\":3}}],\"nextCursor\":%s}"
            .formatted(
                log.jsonPath().getLong("total"),
                id,
                ts,
                agent,
                log.path("nextCursor") == null ? null : "\"" + log.path("nextCursor") + "\""));
    assertThat(log.headers().getValues("Link")).contains("</api/v1/entries>; rel=\"related\"");
    String tag = log.header("ETag");
    assertThat(request().header("If-None-Match", tag).get(API + "/events?limit=1").statusCode())
        .isEqualTo(304);
  }

  @Test
  void totalsAreFoundByWalkingBack() {
    String agent = unique("agent");
    for (long units : new long[] {9_007_199_254_740_991L, 5, -7, 0}) {
      EventsTests.record("s", agent, unique("id"), units);
    }
    JsonPath log = get("/events?limit=4").jsonPath();
    assertThat(log.<Object>getList("items.payload.total"))
        .containsExactly(
            9_007_199_254_740_991L,
            9_007_199_254_740_991L,
            9_007_199_254_740_989L,
            9_007_199_254_740_989L);
    assertThat(log.<Object>getList("items.payload.requests"))
        .containsExactly(9_007_199_254_740_991L, 5, -7, 0);
  }

  @Test
  void aDuplicateIsNoEvent() {
    String agent = unique("agent");
    String id = unique("id");
    EventsTests.record("s", agent, id, 2);
    post(
        "/events",
        EventsTests.STRUCTURED,
        EventsTests.event(id, agent, "\"service\":\"s\",\"units\":2"));
    use(agent, "t", 1);
    assertThat(get("/events?limit=2").jsonPath().<String>getList("items.payload.serviceId"))
        .containsExactly("s", "t");
  }

  @Test
  void thePagesGoBackInTimeAndEachIsInOrder() {
    String agent = unique("agent");
    for (int i = 1; i <= 7; i++) {
      use(agent, "s" + i, i);
    }
    List<String> pages = new ArrayList<>();
    Response page = get("/events?type=recorded&limit=3");
    long total = page.jsonPath().getLong("total");
    for (int i = 0; i < 2; i++) {
      pages.add(String.join(" ", page.jsonPath().<String>getList("items.payload.serviceId")));
      String cursor = page.path("nextCursor");
      assertThat(page.headers().getValues("Link"))
          .contains("</api/v1/events?type=recorded&limit=3&cursor=" + cursor + ">; rel=\"next\"");
      page = get("/events?type=recorded&limit=3&cursor=" + cursor);
      assertThat(page.jsonPath().getLong("total")).isEqualTo(total);
    }
    assertThat(pages).containsExactly("s5 s6 s7", "s2 s3 s4");
    String cursor = get("/events?type=recorded&limit=3").path("nextCursor");
    assertProblem(
        get("/events?type=settled&limit=3&cursor=" + cursor),
        400,
        "invalid_request",
        "cursor is damaged or belongs to another query");
  }

  @Test
  void eventsAreFilteredByTypeAndTime() {
    String agent = unique("agent");
    use(agent, "s", 1);
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"s\"}");
    JsonPath settled = get("/events?type=settled&limit=1").jsonPath();
    assertThat(settled.getString("items[0].payload.agent")).isEqualTo(agent);
    long ts = settled.getLong("items[0].ts");
    JsonPath since = get("/events?type=settled&since=" + ts).jsonPath();
    assertThat(since.<Long>getList("items.ts", Long.class)).allMatch(time -> time >= ts);
    assertThat(since.<String>getList("items.payload.agent")).contains(agent);
    assertThat(since.getInt("total")).isEqualTo(since.getList("items").size());
    String none = "{\"total\":0,\"items\":[],\"nextCursor\":null}";
    assertAnswer(get("/events?since=" + (System.currentTimeMillis() + 60_000)), 200, none);
    assertAnswer(get("/events?type=unknown"), 200, none);
    assertThat(get("/events?since=x&limit=1").jsonPath().getList("items")).hasSize(1);
  }

  @Test
  void theNewestTenThousandAreKept() {
    String agent = unique("agent");
    BillingTests.recordPairs(10_000, i -> EventsTests.event("", agent, "\"service\":\"s\""));
    use(agent, "s", 5);
    JsonPath log = get("/events?limit=20000").jsonPath();
    assertThat(log.getInt("total")).isEqualTo(10_000);
    assertThat(log.getList("items")).hasSize(10_000);
    assertThat(log.<@Nullable String>get("nextCursor")).isNull();
    assertThat(log.getInt("items[0].payload.total")).isEqualTo(2);
    assertThat(log.getInt("items[9998].payload.total")).isEqualTo(10_000);
    assertThat(log.getInt("items[9999].payload.total")).isEqualTo(10_005);
    assertAnswer(get("/events/summary"), 200, "{\"counts\":{\"recorded\":10000},\"total\":10000}");
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"s\"}");
    assertAnswer(
        get("/events/summary"),
        200,
        "{\"counts\":{\"recorded\":9999,\"settled\":1},\"total\":10000}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/events?agent=x", "/events/summary?type=recorded"})
  void anUnknownParameterIsRefused(String path) {
    assertProblem(
        get(path),
        400,
        "invalid_request",
        "unknown parameter: " + path.substring(path.indexOf('?') + 1, path.indexOf('=')));
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "-3, 1", "2.9, 2"})
  void aLimitIsBroughtIntoItsBounds(String limit, int size) {
    use(unique("agent"), "s", 1);
    use(unique("agent"), "s", 1);
    assertThat(get("/events?limit=" + limit).jsonPath().getList("items")).hasSize(size);
  }

  private static Map<String, Object> recorded(
      String agent, String service, int requests, int total) {
    return Map.of("agent", agent, "serviceId", service, "requests", requests, "total", total);
  }
}
