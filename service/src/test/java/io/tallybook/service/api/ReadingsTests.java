package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import java.util.Collections;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Readings in and the newest of them out. */
abstract class ReadingsTests {
  private final String agent = unique("agent");
  private final String window = unique("window");

  private static Response send(String... items) {
    return post("/readings", "{\"items\":[" + String.join(",", items) + "]}");
  }

  private String item(String members) {
    return "{\"agent\":\"" + agent + "\"" + members + "}";
  }

  /** Records readings and returns the first one's sequence. */
  private static long record(String... items) {
    Response response = send(items);
    assertThat(response.jsonPath().getInt("recorded"))
        .as(response.asString())
        .isEqualTo(items.length);
    return response.jsonPath().getLong("results[0].sequence");
  }

  private static String latest(
      String agent, String window, String value, @Nullable String time, @Nullable Long at) {
    return "{\"agent\":\""
        + agent
        + "\",\"window\":\""
        + window
        + "\",\"value\":"
        + value
        + ",\"time\":"
        + (time == null ? null : "\"" + time + "\"")
        + ",\"sequence\":"
        + at
        + "}";
  }

  private static String page(String... items) {
    return "{\"items\":[" + String.join(",", items) + "],\"nextCursor\":null}";
  }

  // ---- In ---------------------------------------------------------------------------------------

  @Test
  void aReadingIsKeptAsItWasSent() {
    String id = unique("id");
    Response response =
        send(
            item(
                ",\"id\":\""
                    + id
                    + "\",\"organization\":\"org\",\"window\":\"monthly\",\"time\":"
                    + "\"2026-01-31T13:00:00+01:00\",\"value\":-12.500000,"
                    + "\"attributes\":{\"room\":\"2\",\"n\":1.50,\"on\":true,\"none\":null}"));
    long sequence = response.jsonPath().getLong("results[0].sequence");
    assertAnswer(
        response,
        200,
        "{\"recorded\":1,\"duplicates\":0,\"conflicts\":0,\"rejected\":0,\"results\":"
            + "[{\"index\":0,\"status\":\"recorded\",\"sequence\":"
            + sequence
            + "}]}");
    assertThat(response.header("Tallybook-Rejected")).isEqualTo("0");
    Response entry = get("/entries/" + sequence);
    assertAnswer(
        entry,
        200,
        "{\"sequence\":"
            + sequence
            + ",\"kind\":\"reading\",\"recordedAt\":\""
            + entry.jsonPath().getString("recordedAt")
            + "\",\"time\":\"2026-01-31T12:00:00Z\",\"id\":\""
            + id
            + "\",\"organization\":\"org\",\"agent\":\""
            + agent
            + "\",\"window\":\"monthly\",\"value\":-12.5,"
            + "\"attributes\":{\"n\":\"1.5\",\"on\":\"true\",\"room\":\"2\"}}");
  }

  @Test
  void aReadingIsOfThePrimaryWindowNow() {
    long sequence = record(item(",\"value\":1"));
    Response entry = get("/entries/" + sequence);
    assertThat(entry.jsonPath().getString("window")).isEqualTo("primary");
    assertThat(entry.jsonPath().getString("time"))
        .isEqualTo(entry.jsonPath().getString("recordedAt"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, 0",
    "12.5, 12.5",
    "0.000001, 0.000001",
    "-0.000001, -0.000001",
    "1.0000000000, 1",
    "1e-6, 0.000001",
    "1.25E2, 125",
    "123456789.123456, 123456789.123456",
    "9007199254.740991, 9007199254.740991",
    "-9007199254.740991, -9007199254.740991",
    "0.1, 0.1",
    "0.3, 0.3"
  })
  void aValueIsExact(String sent, String told) {
    long sequence = record(item(",\"time\":\"2026-01-31T12:00:00Z\",\"value\":" + sent));
    assertAnswer(
        get("/readings/latest?agent=" + agent),
        200,
        page(latest(agent, "primary", told, "2026-01-31T12:00:00Z", sequence)));
    assertThat(get("/readings/latest?numbers=string&agent=" + agent).asString())
        .contains("\"value\":\"" + told + "\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0000001",
        "1.1234567",
        "9007199254.740992",
        "-9007199254.740992",
        "1e10",
        "1e400",
        "1e-400",
        "1e99999999999",
        "\"1\"",
        "true",
        "[1]",
        "{}"
      })
  void whatIsNoDecimalOfSixPlacesInRangeIsRejected(String value) {
    assertAnswer(
        send(item(",\"value\":" + value)),
        200,
        "{\"recorded\":0,\"duplicates\":0,\"conflicts\":0,\"rejected\":1,\"results\":[{\"index\":0,"
            + "\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\"value must be a"
            + " number between -9007199254.740991 and 9007199254.740991 with at most 6 decimal"
            + " places\"}]}");
    assertAnswer(get("/entries/count?agent=" + agent), 200, "{\"count\":0}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1                                | item must be a JSON object",
        "{}                               | agent is required",
        "{\"agent\":1}                    | agent must be a string",
        "{\"agent\":\"\",\"value\":1}     | agent must not be empty",
        "{\"agent\":\"a\"}                | value is required",
        "{\"agent\":\"a\",\"value\":null} | value is required",
        "{\"agent\":\"a\",\"windw\":\"w\",\"value\":1} | unexpected field: windw",
        "{\"agent\":\"a\",\"window\":\"\",\"value\":1} | window must not be empty",
        "{\"agent\":\"a\",\"window\":1,\"value\":1}    | window must be a string",
        "{\"agent\":\"a\",\"id\":\" x\",\"value\":1}   | id must not begin or end with a space",
        "{\"agent\":\"a\",\"organization\":\"none\",\"value\":1} | organization must not be 'none', which stands for no organization",
        "{\"agent\":\"a\",\"time\":\"soon\",\"value\":1} | time must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z",
        "{\"agent\":\"a\",\"value\":1,\"attributes\":1} | attributes must be a JSON object",
        "{\"agent\":\"a\",\"value\":1,\"attributes\":{\"k\":[]}} | attributes.k must be a string, a number or a boolean",
        "{\"agent\":\"a\",\"value\":1,\"attributes\":{\"k\":1e99}} | attributes.k must have at most 64 digits"
      })
  void oneThatBreaksARuleIsRejectedAndTheOthersAreKept(String item, String message) {
    Response response = send(item, item(",\"value\":1"));
    assertAnswer(
        response,
        200,
        "{\"recorded\":1,\"duplicates\":0,\"conflicts\":0,\"rejected\":1,\"results\":[{\"index\":0,"
            + "\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\""
            + message
            + "\"},{\"index\":1,\"status\":\"recorded\",\"sequence\":"
            + response.jsonPath().getLong("results[1].sequence")
            + "}]}");
    assertThat(response.header("Tallybook-Rejected")).isEqualTo("1");
  }

  @Test
  void oneWithAnIdIsRecordedOnce() {
    String id = unique("id");
    String reading = item(",\"id\":\"" + id + "\",\"value\":1");
    long sequence = record(reading);
    assertAnswer(
        send(reading, item(",\"id\":\"" + id + "\",\"value\":2")),
        200,
        "{\"recorded\":0,\"duplicates\":1,\"conflicts\":1,\"rejected\":0,\"results\":[{\"index\":0,"
            + "\"status\":\"duplicate\",\"sequence\":"
            + sequence
            + "},{\"index\":1,\"status\":\"conflict\",\"sequence\":"
            + sequence
            + ",\"error\":\"conflict\",\"message\":\"another event was recorded under the same id as"
            + " sequence "
            + sequence
            + "\"}]}");
    assertAnswer(get("/entries/count?agent=" + agent), 200, "{\"count\":1}");
  }

  @Test
  void oneWithoutAnIdIsRecordedEveryTime() {
    String reading = item(",\"time\":\"2026-01-31T12:00:00Z\",\"value\":1");
    record(reading, reading);
    record(reading);
    assertAnswer(get("/entries/count?agent=" + agent), 200, "{\"count\":3}");
  }

  @Test
  void aRequestIsOneCommit() {
    String[] items = Collections.nCopies(1_000, item(",\"value\":1")).toArray(String[]::new);
    long first = record(items);
    Response one = get("/entries/" + first);
    Response last = get("/entries/" + (first + 999));
    assertThat(last.jsonPath().getString("agent")).isEqualTo(agent);
    assertThat(last.jsonPath().getString("recordedAt"))
        .isEqualTo(one.jsonPath().getString("recordedAt"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                          | items must be 1-1000 entries",
        "{\"items\":[]}              | items must be 1-1000 entries",
        "{\"items\":{}}              | items must be 1-1000 entries",
        "{\"items\":[{}],\"more\":1} | unexpected field: more",
        "[]                          | request body must be a JSON object",
        "{                           | Malformed JSON in request body"
      })
  void anEnvelopeThatBreaksARuleIsRefused(String body, String message) {
    assertProblem(post("/readings", body), 400, "invalid_request", message);
  }

  @Test
  void anEnvelopeIsBounded() {
    String[] items = Collections.nCopies(1_001, item(",\"value\":1")).toArray(String[]::new);
    assertProblem(send(items), 400, "invalid_request", "items must be 1-1000 entries");
    assertProblem(
        post("/readings", " ".repeat(16 * 1024 * 1024 + 1)),
        413,
        "payload_too_large",
        "request body must be at most 16777216 bytes");
    assertProblem(
        post("/readings", "text/plain", "{}"),
        415,
        "unsupported_media_type",
        "Content-Type must be application/json");
  }

  @Test
  void readingsAreNoUsage() {
    record(item(",\"value\":1"));
    assertAnswer(
        get("/agents/" + agent + "/usage"), 200, "{\"agent\":\"" + agent + "\",\"items\":[]}");
  }

  // ---- The newest -------------------------------------------------------------------------------

  @Test
  void theNewestIsTheOneOfTheLatestTime() {
    String at = ",\"window\":\"" + window + "\",\"time\":\"2026-01-0%d\",\"value\":%d";
    record(item(at.formatted(1, 1)));
    long second = record(item(at.formatted(3, 2)));
    record(item(at.formatted(2, 3)));
    assertAnswer(
        get("/readings/latest?window=" + window),
        200,
        page(latest(agent, window, "2", "2026-01-03T00:00:00Z", second)));
    long again = record(item(at.formatted(3, 4)));
    assertAnswer(
        get("/readings/latest?window=" + window),
        200,
        page(latest(agent, window, "4", "2026-01-03T00:00:00Z", again)));
  }

  @Test
  void theNewestAreListedByAgentAndThenByWindow() {
    String other = window + "x";
    String time = ",\"time\":\"2026-01-01\",\"value\":1,\"window\":\"";
    String at = "2026-01-01T00:00:00Z";
    String[] agents = {agent + "b", agent + "a", agent + "\uD83D\uDE00", agent + "\uFFFD"};
    for (String name : agents) {
      record("{\"agent\":\"" + name + "\"" + time + window + "\"}");
    }
    long first = record("{\"agent\":\"" + agents[1] + "\"" + time + other + "\"}");
    String query = "/readings/latest?window=" + other + "&window=" + window;
    String[] items = {
      latest(agents[1], window, "1", at, first - 3),
      latest(agents[1], other, "1", at, first),
      latest(agents[0], window, "1", at, first - 4),
      latest(agents[3], window, "1", at, first - 1),
      latest(agents[2], window, "1", at, first - 2)
    };
    assertAnswer(get(query), 200, page(items));
    Response page = get(query + "&limit=2");
    String seen = "";
    while (true) {
      String body = page.asString();
      seen += body.substring("{\"items\":[".length(), body.lastIndexOf("],")) + ",";
      String next = page.path("nextCursor");
      if (next == null) {
        assertThat(page.header("Link")).isNull();
        break;
      }
      String link = page.header("Link");
      assertThat(link).isEqualTo("<" + API + query + "&limit=2&cursor=" + next + ">; rel=\"next\"");
      page = request().get(link.substring(1, link.indexOf('>')));
    }
    assertThat(seen).isEqualTo(String.join(",", items) + ",");
  }

  @Test
  void namedAgentsWithoutAReadingAreListedWithNull() {
    long sequence = record(item(",\"time\":\"2026-01-01\",\"value\":0.5"));
    String query = "/readings/latest?agent=" + agent + "z&agent=" + agent;
    String mine = latest(agent, "primary", "0.5", "2026-01-01T00:00:00Z", sequence);
    String none = latest(agent + "z", "primary", "null", null, null);
    assertAnswer(get(query), 200, page(mine, none));
    Response first = get(query + "&limit=1");
    String next = first.path("nextCursor");
    assertAnswer(first, 200, "{\"items\":[" + mine + "],\"nextCursor\":\"" + next + "\"}");
    assertAnswer(get(query + "&limit=1&cursor=" + next), 200, page(none));
    assertAnswer(
        get("/readings/latest?agent=" + agent + "&window=secondary&window=primary"),
        200,
        page(mine, latest(agent, "secondary", "null", null, null)));
  }

  @Test
  void theNewestAreNotSentAgainToWhoHasThem() {
    String path = "/readings/latest?agent=" + agent;
    String tag = get(path).header("ETag");
    Response again = request().header("If-None-Match", tag).get(API + path);
    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.asByteArray()).isEmpty();
    record(item(",\"value\":1"));
    assertThat(request().header("If-None-Match", tag).get(API + path).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "windw=x, unknown parameter: windw",
    "window=, window must not be empty",
    "agent=%00, agent must not contain control characters",
    "cursor=x, cursor is damaged or belongs to another query"
  })
  void aQuestionThatBreaksARuleIsRefused(String query, String message) {
    assertProblem(get("/readings/latest?" + query), 400, "invalid_request", message);
  }
}
