package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.STRUCTURED;
import static io.tallybook.service.api.EventsTests.event;
import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.JSON;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Entries taken back. */
abstract class ReversalTests {
  private final String agent = unique("agent");
  private final String service = unique("service");

  /** Records usage of 3 units at a cost of 1500 in January and returns its sequence. */
  private long record() {
    Response response =
        post(
            "/events",
            STRUCTURED,
            event(
                    unique("id"),
                    agent,
                    "\"service\":\"" + service + "\",\"units\":3,\"cost\":1500,\"k\":\"v\"")
                .replace("\"specversion\"", "\"time\":\"2026-01-31T12:00:00Z\",\"specversion\""));
    assertThat(response.statusCode()).as(response.asString()).isEqualTo(200);
    return response.jsonPath().getLong("sequence");
  }

  private Response reverse(long sequence, String body) {
    return post("/entries/" + sequence + "/reversal", body);
  }

  private long newest(String kind) {
    return get("/entries?sort=desc&limit=1&agent=" + agent + "&kind=" + kind)
        .jsonPath()
        .getLong("items[0].sequence");
  }

  private void assertTotal(long total) {
    assertAnswer(
        get("/usage/" + agent + "/" + service),
        200,
        "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\",\"total\":" + total + "}");
  }

  private String body(long sequence, String recordedAt, String time, long original, String more) {
    return "{\"sequence\":"
        + sequence
        + ",\"kind\":\"reversal\",\"recordedAt\":\""
        + recordedAt
        + "\",\"time\":\""
        + time
        + "\",\"agent\":\""
        + agent
        + "\",\"service\":\""
        + service
        + "\",\"type\":\"usage\",\"units\":-3,\"cost\":-1500,\"reverses\":"
        + original
        + more
        + ",\"attributes\":{\"k\":\"v\"}}";
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"at\":null}", "{\"at\":\"original\"}"})
  void anEntryIsTakenBackAtItsOwnTime(String asked) {
    long original = record();
    assertTotal(3);
    Response response = reverse(original, asked);
    long reversal = response.jsonPath().getLong("sequence");
    assertAnswer(
        response,
        201,
        body(
            reversal,
            response.jsonPath().getString("recordedAt"),
            "2026-01-31T12:00:00Z",
            original,
            ""));
    assertThat(response.header("Location")).isEqualTo(API + "/entries/" + reversal);
    assertAnswer(request().get(response.header("Location")), 200, response.asString());
    assertTotal(0);
  }

  @Test
  void anEntryIsTakenBackNow() {
    long original = record();
    Response response = reverse(original, "{\"at\":\"now\"}");
    String now = response.jsonPath().getString("recordedAt");
    assertAnswer(
        response, 201, body(response.jsonPath().getLong("sequence"), now, now, original, ""));
    assertThat(now).isGreaterThan("2026-02");
  }

  @Test
  void noBodyMeansTheOriginalsTime() {
    Response response = request().post(API + "/entries/" + record() + "/reversal");
    assertThat(response.statusCode()).isEqualTo(201);
    assertThat(response.jsonPath().getString("time")).isEqualTo("2026-01-31T12:00:00Z");
  }

  @Test
  void aReversalNamesTheSettlementThatHadCoveredTheOriginal() {
    register(service, 7);
    long original = record();
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
    long settlement = newest("settlement");
    Response response = reverse(original, "{}");
    assertAnswer(
        response,
        201,
        body(
            response.jsonPath().getLong("sequence"),
            response.jsonPath().getString("recordedAt"),
            "2026-01-31T12:00:00Z",
            original,
            ",\"settledBy\":" + settlement));
    assertTotal(-3);
    assertAnswer(
        post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}"),
        200,
        "{\"agent\":\""
            + agent
            + "\",\"serviceId\":\""
            + service
            + "\",\"requests\":-3,\"priceStroops\":7,\"billedStroops\":-21}");
  }

  @Test
  void anEntryIsTakenBackOnce() {
    long original = record();
    long first = reverse(original, "{}").jsonPath().getLong("sequence");
    assertProblem(
        reverse(original, "{\"at\":\"now\"}"),
        409,
        "conflict",
        "entry " + original + " was reversed by entry " + first,
        ",\"sequence\":" + first);
    assertTotal(0);
  }

  @Test
  void onlyUsageIsTakenBack() {
    long original = record();
    long reversal = reverse(original, "{}").jsonPath().getLong("sequence");
    assertProblem(
        reverse(reversal, "{}"),
        409,
        "conflict",
        "entry " + reversal + " is of kind reversal; only usage can be reversed",
        ",\"sequence\":" + reversal);
    use(agent, service, 1);
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
    long settlement = newest("settlement");
    assertProblem(
        reverse(settlement, "{}"),
        409,
        "conflict",
        "entry " + settlement + " is of kind settlement; only usage can be reversed",
        ",\"sequence\":" + settlement);
  }

  @ParameterizedTest
  @CsvSource({
    "999999999999999999, 404, not_found, there is no entry 999999999999999999",
    "0, 404, not_found, there is no entry 0",
    "x, 400, invalid_request, sequence must be an integer of at most 18 digits",
    "-1, 400, invalid_request, sequence must be an integer of at most 18 digits"
  })
  void whatIsNotThereCannotBeTakenBack(String sequence, int status, String error, String message) {
    assertProblem(post("/entries/" + sequence + "/reversal", "{}"), status, error, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"at\":\"later\"} | at must be one of original, now",
        "{\"at\":1}         | at must be a string",
        "{\"when\":\"now\"} | unexpected field: when",
        "[]                 | request body must be a JSON object",
        "{                  | Malformed JSON in request body"
      })
  void aBodyThatBreaksARuleIsRefusedAndLeavesNoTrace(String body, String message) {
    long original = record();
    assertProblem(reverse(original, body), 400, "invalid_request", message);
    assertTotal(3);
  }

  @Test
  void aBodyIsLookedAtBeforeTheEntry() {
    assertProblem(
        post("/entries/0/reversal", JSON, " ".repeat(102_401)),
        413,
        "payload_too_large",
        "request body must be at most 102400 bytes");
    assertProblem(
        post("/entries/0/reversal", "text/plain", "{}"),
        415,
        "unsupported_media_type",
        "Content-Type must be application/json");
  }
}
