package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.STRUCTURED;
import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums out of views. */
abstract class RollupsTests {
  private static void record(
      String agent, String service, String type, String time, long units, long cost, String more) {
    Response response =
        post(
            "/events",
            STRUCTURED,
            ("{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/rollups\",\"type\":\"%s\","
                    + "\"subject\":\"%s\",\"time\":\"%s\",\"data\":{\"service\":\"%s\",\"units\":%d,"
                    + "\"cost\":%d%s}}")
                .formatted(unique("id"), type, agent, time, service, units, cost, more));
    assertThat(response.statusCode()).as(response.asString()).isEqualTo(200);
  }

  private static String answer(String view, String source, String rows) {
    return "{\"view\":\""
        + view
        + "\",\"source\":\""
        + source
        + "\",\"currency\":\"USD\",\"complete\":true,\"rows\":["
        + rows
        + "],\"nextCursor\":null}";
  }

  @Test
  void usageIsSummedByDimensions() {
    String alice = unique("alice");
    String bob = unique("bob");
    String service = unique("service");
    record(bob, service, "x", "2026-01-01T00:00:00Z", 5, 10, "");
    record(alice, service, "y", "2026-01-01T00:00:00Z", 3, -1, "");
    record(alice, service, "x", "2026-01-02T00:00:00Z", 4, 0, "");
    String aliceRow =
        "{\"agent\":\""
            + alice
            + "\",\"service\":\""
            + service
            + "\",\"count\":2,\"units\":7,\"cost\":-1,\"outstanding\":7}";
    String bobRow =
        "{\"agent\":\""
            + bob
            + "\",\"service\":\""
            + service
            + "\",\"count\":1,\"units\":5,\"cost\":10,\"outstanding\":5}";
    assertAnswer(
        get("/rollups?groupBy=agent,service&service=" + service),
        200,
        answer("by-agent-service", "view", aliceRow + "," + bobRow));
    assertAnswer(
        get("/rollups?groupBy=agent&groupBy=service&order=first&service=" + service),
        200,
        answer("by-agent-service", "view", bobRow + "," + aliceRow));
    assertAnswer(
        get("/rollups?groupBy=service&service=" + service),
        200,
        answer(
            "by-service",
            "view",
            "{\"service\":\""
                + service
                + "\",\"count\":3,\"units\":12,\"cost\":9,\"outstanding\":12}"));
    assertAnswer(
        get("/rollups?service=" + service),
        200,
        answer("by-service", "view", "{\"count\":3,\"units\":12,\"cost\":9,\"outstanding\":12}"));
    assertAnswer(
        get("/rollups?groupBy=type&service=" + service),
        200,
        answer(
            "by-service-type",
            "view",
            "{\"type\":\"x\",\"count\":2,\"units\":9,\"cost\":10},"
                + "{\"type\":\"y\",\"count\":1,\"units\":3,\"cost\":-1}"));
  }

  @Test
  void nothingIsSummedOverNothing() {
    assertAnswer(get("/rollups?groupBy=agent&agent=nobody"), 200, answer("by-agent", "view", ""));
  }

  @Test
  void usageIsSummedByHourDayAndMonth() {
    String service = unique("service");
    record("a", service, "t", "2026-01-31T22:30:00Z", 1, 0, "");
    record("a", service, "t", "2026-01-31T23:59:59.999999Z", 2, 0, "");
    record("a", service, "t", "2026-02-01T00:00:00Z", 4, 0, "");
    String hours =
        "{\"start\":\"2026-01-31T22:00:00Z\",\"count\":1,\"units\":1,\"cost\":0},"
            + "{\"start\":\"2026-01-31T23:00:00Z\",\"count\":1,\"units\":2,\"cost\":0},"
            + "{\"start\":\"2026-02-01T00:00:00Z\",\"count\":1,\"units\":4,\"cost\":0}";
    assertAnswer(
        get("/rollups?bucket=hour&service=" + service),
        200,
        answer("hourly-by-service", "view", hours));
    assertAnswer(
        get("/rollups?bucket=day&service=" + service),
        200,
        answer(
            "hourly-by-service",
            "view",
            "{\"start\":\"2026-01-31T00:00:00Z\",\"count\":2,\"units\":3,\"cost\":0},"
                + "{\"start\":\"2026-02-01T00:00:00Z\",\"count\":1,\"units\":4,\"cost\":0}"));
    assertAnswer(
        get("/rollups?bucket=month&groupBy=service&service=" + service),
        200,
        answer(
            "hourly-by-service",
            "view",
            ("{\"service\":\"S\",\"start\":\"2026-01-01T00:00:00Z\",\"count\":2,\"units\":3,\"cost\":0},"
                    + "{\"service\":\"S\",\"start\":\"2026-02-01T00:00:00Z\",\"count\":1,\"units\":4,"
                    + "\"cost\":0}")
                .replace("\"S\"", "\"" + service + "\"")));
    assertAnswer(
        get("/rollups?from=2026-01-31&to=2026-02-01&service=" + service),
        200,
        answer("hourly-by-service", "view", "{\"count\":2,\"units\":3,\"cost\":0}"));
    assertAnswer(
        get("/rollups?from=2026-01-31T22:45:00Z&to=2026-02-01T00:00:00.000001Z&service=" + service),
        200,
        answer("hourly-by-service", "view+index", "{\"count\":2,\"units\":6,\"cost\":0}"));
  }

  @Test
  void personalUsageIsTheOrganizationNone() {
    String agent = unique("agent");
    String org = unique("org");
    record(agent, "s", "t", "2026-01-01T00:00:00Z", 1, 0, "");
    record(agent, "s", "t", "2026-01-01T00:00:00Z", 2, 0, ",\"organization\":\"" + org + "\"");
    assertAnswer(
        get("/rollups?groupBy=organization&bucket=day&agent=" + agent),
        200,
        answer(
            "daily-by-organization-agent",
            "view",
            "{\"organization\":null,\"start\":\"2026-01-01T00:00:00Z\",\"count\":1,\"units\":1,"
                + "\"cost\":0},{\"organization\":\""
                + org
                + "\",\"start\":\"2026-01-01T00:00:00Z\",\"count\":1,\"units\":2,\"cost\":0}"));
    assertAnswer(
        get("/rollups?organization=none&bucket=day&agent=" + agent),
        200,
        answer(
            "daily-by-organization-agent",
            "view",
            "{\"start\":\"2026-01-01T00:00:00Z\",\"count\":1,\"units\":1,\"cost\":0}"));
  }

  @Test
  void theTopComesByMeasureAndThenByName() {
    String service = unique("service");
    record("a", service, "t", "2026-01-01T00:00:00Z", 5, 1, "");
    record("b", service, "t", "2026-01-01T00:00:00Z", 5, 2, "");
    record("c", service, "t", "2026-01-01T00:00:00Z", 9, 0, "");
    record("c", service, "t", "2026-01-01T00:00:00Z", -8, 0, "");
    assertThat(top(service, "")).containsExactly("a", "b", "c");
    assertThat(top(service, "&measure=cost")).containsExactly("b", "a", "c");
    assertThat(top(service, "&measure=count")).containsExactly("c", "a", "b");
    assertThat(top(service, "&measure=outstanding")).containsExactly("a", "b", "c");
    assertThat(top(service, "&measure=outstanding&limit=2")).containsExactly("a", "b");
    Response cut = get("/rollups?groupBy=agent&order=top&limit=1&service=" + service);
    assertAnswer(
        cut,
        200,
        "{\"view\":\"by-agent-service\",\"source\":\"view\",\"currency\":\"USD\","
            + "\"complete\":false,\"rows\":[{\"agent\":\"a\",\"count\":1,\"units\":5,\"cost\":1,"
            + "\"outstanding\":5}],\"nextCursor\":null}");
  }

  private static List<String> top(String service, String query) {
    return get("/rollups?groupBy=agent&order=top&service=" + service + query)
        .jsonPath()
        .getList("rows.agent");
  }

  @ParameterizedTest
  @CsvSource({"name", "first"})
  void rowsComePageByPage(String order) {
    String service = unique("service");
    for (String agent : new String[] {"d", "b", "é", "a", "c"}) {
      use(agent.equals("é") ? "e" : agent, service, 1);
    }
    String query = "/rollups?groupBy=agent&order=" + order + "&service=" + service;
    List<String> all = get(query).jsonPath().getList("rows.agent");
    assertThat(all)
        .isEqualTo(
            order.equals("name")
                ? List.of("a", "b", "c", "d", "e")
                : List.of("d", "b", "e", "a", "c"));
    List<String> seen = new ArrayList<>();
    Response page = get(query + "&limit=2");
    while (true) {
      seen.addAll(page.jsonPath().getList("rows.agent"));
      String next = page.path("nextCursor");
      assertThat(page.jsonPath().getBoolean("complete")).isEqualTo(next == null);
      if (next == null) {
        assertThat(page.header("Link")).isNull();
        break;
      }
      assertThat(page.header("Link")).endsWith("&cursor=" + next + ">; rel=\"next\"");
      page = get(query + "&limit=2&cursor=" + next);
    }
    assertThat(seen).isEqualTo(all);
  }

  @Test
  void whatWasSettledIsNoLongerOutstanding() {
    String agent = unique("agent");
    use(agent, "s", 3);
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"s\"}");
    use(agent, "s", 4);
    assertAnswer(
        get("/rollups?groupBy=agent&agent=" + agent),
        200,
        answer(
            "by-agent",
            "view",
            "{\"agent\":\"" + agent + "\",\"count\":2,\"units\":7,\"cost\":0,\"outstanding\":4}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "groupBy=x| unknown dimension: x; there are organization, agent, service, type, window and attributes.NAME",
        "groupBy=| unknown dimension: ; there are organization, agent, service, type, window and attributes.NAME",
        "groupBy=agent,agent| groupBy must not name a dimension twice",
        "groupBy=window| usage has no window; readings have",
        "bucket=week| bucket must be one of none, hour, day, month",
        "order=x| order must be one of name, top, first",
        "measure=x| measure must be one of units, cost, count, outstanding",
        "measure=outstanding&from=2026-01-01| outstanding amounts have no range and no bucket: they are of now",
        "measure=outstanding&bucket=day| outstanding amounts have no range and no bucket: they are of now",
        "from=2026-01-02&to=2026-01-01| from must be before to",
        "order=top&cursor=x| cursor cannot be used with the order top",
        "cursor=x| cursor is damaged or belongs to another query",
        "agent=%0A| agent must not contain control characters",
        "window=primary| unknown parameter: window"
      })
  void aQuestionThatBreaksARuleIsRefused(String query, String message) {
    assertProblem(get("/rollups?" + query), 400, "invalid_request", message);
  }

  @Test
  void aQuestionThatNoViewCoversIsRefusedWithTheNearest() {
    assertProblem(
        get("/rollups?groupBy=agent,type"),
        422,
        "no_covering_view",
        "no view covers this question; nearest are by-agent, by-agent-service, by-service-type; a"
            + " view grouped by [agent, type] with bucket none would cover it");
    assertThat(get("/rollups?groupBy=attributes.model").statusCode()).isEqualTo(422);
    assertThat(get("/rollups?attributes.model=x").statusCode()).isEqualTo(422);
  }

  // ---- CSV --------------------------------------------------------------------------------------

  private static Response csv(String query) {
    return request().header("Accept", "text/csv").get(API + "/rollups?" + query);
  }

  private static void assertCsv(String query, String body) {
    Response response = csv(query);
    assertThat(response.asString()).isEqualTo(body);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.header("Content-Type")).startsWith("text/csv");
    assertThat(response.headers().getValues("Vary")).contains("Accept");
  }

  @Test
  void rowsComeAsCsvOnRequest() {
    String agent = unique("agent");
    String service = unique("a, \\\"b\\\"");
    String quoted = "\"" + service.replace("\\\"", "\"\"") + "\"";
    String type = unique("-type");
    record(
        agent,
        service,
        type,
        "2026-01-01T05:00:00Z",
        -5,
        10,
        ",\"organization\":\"" + agent + "\"");
    record(agent, service, "usage", "2026-01-01T06:00:00Z", 3, 1, "");
    String mine = "&agent=" + agent;
    assertCsv(
        "groupBy=agent" + mine, "agent,count,units,cost,outstanding\n" + agent + ",2,-2,11,-2\n");
    assertCsv(
        "groupBy=agent,service" + mine,
        "agent,service,count,units,cost,outstanding\n" + agent + "," + quoted + ",2,-2,11,-2\n");
    assertCsv(
        "groupBy=type&bucket=hour&organization=" + agent,
        "type,start,count,units,cost\n'" + type + ",2026-01-01T05:00:00Z,1,-5,10\n");
    assertCsv(
        "groupBy=organization,agent&bucket=day" + mine,
        "organization,agent,start,count,units,cost\n,"
            + agent
            + ",2026-01-01T00:00:00Z,1,3,1\n"
            + agent
            + ","
            + agent
            + ",2026-01-01T00:00:00Z,1,-5,10\n");
    assertCsv("groupBy=agent&agent=" + agent + "x", "agent,count,units,cost,outstanding\n");
  }

  @Test
  void aLinkLeadsToTheNextRowsInCsv() {
    String agent = unique("agent");
    use(agent, "s1", 1);
    use(agent, "s2", 2);
    Response first = csv("groupBy=service&limit=1&agent=" + agent);
    assertThat(first.asString()).isEqualTo("service,count,units,cost,outstanding\ns1,1,1,0,1\n");
    String link = first.header("Link");
    assertThat(link).endsWith(">; rel=\"next\"");
    Response second =
        request().header("Accept", "text/csv").get(link.substring(1, link.indexOf('>')));
    assertThat(second.asString()).isEqualTo("service,count,units,cost,outstanding\ns2,1,2,0,2\n");
    assertThat(second.header("Link")).isNull();
  }

  @Test
  void eachFormHasATagOfItsOwn() {
    String query = "groupBy=agent&agent=" + unique("agent");
    String json = get("/rollups?" + query).header("ETag");
    String csv = csv(query).header("ETag");
    assertThat(csv).isNotEqualTo(json);
    assertThat(
            request()
                .header("Accept", "text/csv")
                .header("If-None-Match", json)
                .get(API + "/rollups?" + query)
                .statusCode())
        .isEqualTo(200);
    Response held =
        request()
            .header("Accept", "text/csv")
            .header("If-None-Match", csv)
            .get(API + "/rollups?" + query);
    assertThat(held.statusCode()).isEqualTo(304);
    assertThat(held.header("Vary")).isEqualTo("Accept");
  }
}
