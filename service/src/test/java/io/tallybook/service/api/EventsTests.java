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
import io.restassured.specification.RequestSpecification;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Events in: one in binary or structured form, and batches. */
abstract class EventsTests {
  static final String STRUCTURED = "application/cloudevents+json";
  static final String BATCH = "application/cloudevents-batch+json";
  private static final String TYPES =
      "Content-Type must be application/cloudevents+json, application/cloudevents-batch+json,"
          + " application/x-ndjson, or application/json with headers ce-*";

  /** Records an event of some units and checks that it was; returns its sequence. */
  static long record(String service, String agent, String id, long units) {
    Response response =
        post(
            "/events",
            STRUCTURED,
            event(id, agent, "\"service\":\"%s\",\"units\":%d".formatted(service, units)));
    assertThat(response.asString()).startsWith("{\"status\":\"recorded\",\"sequence\":");
    return response.jsonPath().getLong("sequence");
  }

  /**
   * An event of the source {@code /test} and the type {@code usage}, with the members of its data.
   */
  static String event(String id, String agent, String data) {
    return "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/test\",\"type\":\"usage\",\"subject\":\"%s\",\"data\":{%s}}"
        .formatted(id, agent, data);
  }

  // ---- Structured -------------------------------------------------------------------------------

  @Test
  void anEventIsKeptAsItWasSent() {
    String agent = unique("Ägent 😀");
    String id = unique("id/é");
    Response response =
        post(
            "/events",
            STRUCTURED + "; charset=utf-8",
            "{\"specversion\":\"1.0\",\"id\":\""
                + id
                + "\",\"source\":\"https://example.org/x?y=z\",\"type\":\"GET 200\",\"subject\":\""
                + agent
                + "\",\"time\":\"2026-01-31T12:00:00.123456789+02:00\",\"dataschema\":\"x\","
                + "\"datacontenttype\":\"application/json\",\"extension\":\"ignored\",\"data\":{"
                + "\"service\":\"search\",\"units\":-3,\"cost\":1500000,\"organization\":\"acme\","
                + "\"currency\":\"USD\",\"model\":\"m 1\",\"fast\":true,\"size\":1.50e2,"
                + "\"ratio\":0.250,\"none\":null,\"list\":[1],\"object\":{\"a\":1},\"empty\":\"\"}}");
    long sequence = response.jsonPath().getLong("sequence");
    assertAnswer(response, 200, "{\"status\":\"recorded\",\"sequence\":" + sequence + "}");
    Response entry = get("/entries/" + sequence);
    assertAnswer(
        entry,
        200,
        "{\"sequence\":"
            + sequence
            + ",\"kind\":\"usage\",\"recordedAt\":\""
            + entry.path("recordedAt")
            + "\",\"time\":\"2026-01-31T10:00:00.123456Z\",\"source\":\"https://example.org/x?y=z\","
            + "\"id\":\""
            + id
            + "\",\"organization\":\"acme\",\"agent\":\""
            + agent
            + "\",\"service\":\"search\",\"type\":\"GET 200\",\"units\":-3,\"cost\":1500000,"
            + "\"attributes\":{\"empty\":\"\",\"fast\":\"true\",\"model\":\"m 1\",\"ratio\":\"0.25\","
            + "\"size\":\"150\"}}");
  }

  @Test
  void whatIsNotSentHasItsDefault() {
    String agent = unique("agent");
    long sequence =
        post("/events", STRUCTURED, event(unique("id"), agent, "\"service\":\"s\""))
            .jsonPath()
            .getLong("sequence");
    Response entry = get("/entries/" + sequence);
    assertThat(entry.jsonPath().getLong("units")).isEqualTo(1);
    assertThat(entry.jsonPath().getLong("cost")).isZero();
    assertThat(entry.jsonPath().getString("time"))
        .isEqualTo(entry.jsonPath().getString("recordedAt"));
    assertThat(entry.jsonPath().getMap("")).doesNotContainKeys("organization", "attributes");
  }

  @Test
  void theSameAgainIsADuplicateAndAnotherUnderTheSameIdAConflict() {
    String agent = unique("agent");
    String id = unique("id");
    String sent = event(id, agent, "\"service\":\"s\",\"units\":2,\"a\":\"1\",\"b\":\"2\"");
    long sequence = post("/events", STRUCTURED, sent).jsonPath().getLong("sequence");
    assertAnswer(
        post("/events", STRUCTURED, sent),
        200,
        "{\"status\":\"duplicate\",\"sequence\":" + sequence + "}");
    assertAnswer(
        post(
            "/events",
            STRUCTURED,
            event(id, agent, "\"b\":\"2\",\"a\":\"1\",\"units\":2.0,\"service\":\"s\",\"cost\":0")),
        200,
        "{\"status\":\"duplicate\",\"sequence\":" + sequence + "}");
    String message = "another event was recorded under the same id as sequence " + sequence;
    assertProblem(
        post("/events", STRUCTURED, event(id, agent, "\"service\":\"s\",\"units\":3")),
        409,
        "conflict",
        message,
        ",\"result\":{\"status\":\"conflict\",\"sequence\":"
            + sequence
            + ",\"error\":\"conflict\",\"message\":\""
            + message
            + "\"}");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":2}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"specversion\":\"1.0\"| | specversion is required",
        "\"specversion\":\"1.0\"| \"specversion\":\"0.3\"| specversion must be 1.0",
        "\"specversion\":\"1.0\"| \"specversion\":1.0| specversion must be a string",
        "\"id\":\"ID\"| | id is required",
        "\"id\":\"ID\"| \"id\":\"\"| id must not be empty",
        "\"id\":\"ID\"| \"id\":\"a\\u0000b\"| id must not contain control characters",
        "\"source\":\"/test\"| | source is required",
        "\"source\":\"/test\"| \"source\":\" x\"| source must not begin or end with a space",
        "\"type\":\"usage\"| | type is required",
        "\"type\":\"usage\"| \"type\":\"\\ud800\"| type must not contain unpaired surrogates",
        "\"subject\":\"AGENT\"| | subject is required",
        "\"subject\":\"AGENT\"| \"subject\":\"\"| subject must not be empty",
        "\"subject\":\"AGENT\"| \"subject\":\"AGENT\",\"time\":\"yesterday\"| time must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z",
        "\"subject\":\"AGENT\"| \"subject\":\"AGENT\",\"time\":\"2026-01-31T12:00:00\"| time must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z",
        "\"subject\":\"AGENT\"| \"subject\":\"AGENT\",\"time\":\"2026-02-30T12:00:00Z\"| time must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z",
        "\"subject\":\"AGENT\"| \"subject\":\"AGENT\",\"time\":\"1969-12-31T23:59:59Z\"| time must lie between 1970-01-01T00:00:00Z and one hour from now",
        "\"subject\":\"AGENT\"| \"subject\":\"AGENT\",\"datacontenttype\":\"text/xml\"| datacontenttype must be application/json",
        "\"data\":{\"service\":\"s\"}| | data is required",
        "\"data\":{\"service\":\"s\"}| \"data\":null| data is required",
        "\"data\":{\"service\":\"s\"}| \"data\":[]| data must be a JSON object",
        "\"data\":{\"service\":\"s\"}| \"data\":\"x\"| data must be a JSON object",
        "\"data\":{\"service\":\"s\"}| \"data_base64\":\"e30=\"| data must be a JSON object, not data_base64",
        "\"data\":{\"service\":\"s\"}| \"data\":{}| service is required",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":7}| service must be a string",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"units\":1.5}| units must be an integer between -9007199254740991 and 9007199254740991",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"units\":9007199254740992}| units must be an integer between -9007199254740991 and 9007199254740991",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"units\":\"1\"}| units must be an integer between -9007199254740991 and 9007199254740991",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"cost\":-9007199254740992}| cost must be an integer between -9007199254740991 and 9007199254740991",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"organization\":\"none\"}| organization must not be 'none', which stands for no organization",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"currency\":\"EUR\"}| currency must be USD, the ledger's own",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"x\":\"a\\u0007\"}| attributes.x must not contain control characters",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"x\":1e400}| x must have at most 64 digits",
        "\"data\":{\"service\":\"s\"}| \"data\":{\"service\":\"s\",\"\":\"x\"}| attribute name must not be empty"
      })
  void anEventThatBreaksARuleIsRejectedAndLeavesNoTrace(
      String member, String instead, String message) {
    String agent = unique("agent");
    String event =
        "{\"specversion\":\"1.0\",\"id\":\"ID\",\"source\":\"/test\",\"type\":\"usage\","
            + "\"subject\":\"AGENT\",\"data\":{\"service\":\"s\"}}";
    String broken =
        instead == null
            ? event.replace(member + ",", "").replace("," + member, "")
            : event.replace(member, instead);
    assertThat(broken).isNotEqualTo(event);
    assertProblem(
        post("/events", STRUCTURED, broken.replace("AGENT", agent)),
        400,
        "invalid_request",
        message,
        ",\"result\":{\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\""
            + message
            + "\"}");
    assertAnswer(
        get("/entries?source=/test&id=ID"),
        200,
        "{\"items\":[],\"complete\":true,\"nextCursor\":null,\"prevCursor\":null}");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":0}");
  }

  @Test
  void attributesAreBounded() {
    String agent = unique("agent");
    StringBuilder data = new StringBuilder("\"service\":\"s\"");
    for (int i = 0; i < 32; i++) {
      data.append(",\"a%d\":\"x\"".formatted(i));
    }
    assertThat(
            post("/events", STRUCTURED, event(unique("id"), agent, data.toString())).statusCode())
        .isEqualTo(200);
    assertRejected(data + ",\"more\":1", "attributes must be at most 32");
    assertRejected(
        "\"service\":\"s\",\"" + "n".repeat(65) + "\":1",
        "attribute name must be at most 64 characters");
    assertRejected(
        "\"service\":\"s\",\"n\":\"" + "v".repeat(257) + "\"",
        "attributes.n must be at most 256 characters");
  }

  private static void assertRejected(String data, String message) {
    assertProblem(
        post("/events", STRUCTURED, event(unique("id"), "a", data)),
        400,
        "invalid_request",
        message,
        ",\"result\":{\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\""
            + message
            + "\"}");
  }

  @Test
  void anEventMayLieAnHourAheadAndNoMore() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    String event =
        "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/test\",\"type\":\"t\",\"subject\":\"a\",\"time\":\"%s\",\"data\":{\"service\":\"s\"}}";
    assertThat(
            post("/events", STRUCTURED, event.formatted(unique("id"), now.plusSeconds(3_590)))
                .statusCode())
        .isEqualTo(200);
    String message = "time must lie between 1970-01-01T00:00:00Z and one hour from now";
    assertProblem(
        post("/events", STRUCTURED, event.formatted(unique("id"), now.plusSeconds(3_700))),
        400,
        "invalid_request",
        message,
        ",\"result\":{\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\""
            + message
            + "\"}");
  }

  @Test
  void aSumThatWouldOverflowIsRejected() {
    // 1,025 times 2^53 − 1 is more than 2^63 − 1, so the agent's sum gives out before the total
    // does
    // only if the total is smaller: costs are used by no other test at this size.
    String agent = unique("agent");
    String service = unique("service");
    List<String> events =
        new ArrayList<>(
            Collections.nCopies(
                1_025, "\"service\":\"" + service + "\",\"cost\":9007199254740991"));
    for (int i = 0; i < events.size(); i++) {
      events.set(i, event(unique("id"), agent, events.get(i)));
    }
    Response response = post("/events", BATCH, "[" + String.join(",", events) + "]");
    assertThat(response.jsonPath().getLong("recorded")).isLessThanOrEqualTo(1_024);
    assertThat(response.jsonPath().getString("results[1024].error")).isEqualTo("sum_overflow");
    // And back again, for the others.
    long back = response.jsonPath().getLong("recorded");
    List<String> inverse = new ArrayList<>();
    for (int i = 0; i < back; i++) {
      inverse.add(
          event(unique("id"), agent, "\"service\":\"" + service + "\",\"cost\":-9007199254740991"));
    }
    assertThat(
            post("/events", BATCH, "[" + String.join(",", inverse) + "]")
                .jsonPath()
                .getLong("recorded"))
        .isEqualTo(back);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "", "nonsense", "{\"id\":}"})
  void aStructuredEventThatIsNoJsonIsMalformed(String body) {
    assertProblem(
        post("/events", STRUCTURED, body),
        400,
        "invalid_request",
        "Malformed JSON in request body");
  }

  @Test
  void aStructuredEventIsOneObject() {
    String message = "event must be a JSON object";
    assertProblem(
        post("/events", STRUCTURED, "[]"),
        400,
        "invalid_request",
        message,
        ",\"result\":{\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\""
            + message
            + "\"}");
    assertProblem(
        post("/events", STRUCTURED, " ".repeat(102_401)),
        413,
        "payload_too_large",
        "request body must be at most 102400 bytes");
  }

  // ---- Binary -----------------------------------------------------------------------------------

  @Test
  void anEventInHeadersIsTheSameAsInOneObject() {
    String agent = unique("ägent");
    String id = unique("id 1");
    Response response =
        binary(id)
            .header("ce-subject", "%C3%A4" + agent.substring(1))
            .header("CE-Time", "2026-01-31T12:00:00Z")
            .header("ce-extension", "ignored")
            .body("{\"service\":\"s\",\"units\":2}")
            .post(API + "/events");
    long sequence = response.jsonPath().getLong("sequence");
    assertAnswer(response, 200, "{\"status\":\"recorded\",\"sequence\":" + sequence + "}");
    assertAnswer(
        post(
            "/events",
            STRUCTURED,
            event(id, agent, "\"service\":\"s\",\"units\":2")
                .replace("\"data\"", "\"time\":\"2026-01-31T12:00:00Z\",\"data\"")),
        200,
        "{\"status\":\"duplicate\",\"sequence\":" + sequence + "}");
  }

  @Test
  void quotedHeadersAreRead() {
    String id = unique("id");
    Response response =
        binary(id)
            .header("ce-subject", "\"a \\\"b\\\"\"")
            .body("{\"service\":\"s\"}")
            .post(API + "/events");
    assertThat(get("/entries/" + response.path("sequence")).jsonPath().getString("agent"))
        .isEqualTo("a \"b\"");
  }

  @Test
  void anEventInHeadersHasItsRulesToo() {
    assertBinaryRejected(binary(unique("id")).body("{\"service\":\"s\"}"), "subject is required");
    assertBinaryRejected(
        binary(unique("id")).header("ce-subject", "%FF").body("{\"service\":\"s\"}"),
        "ce-subject must be percent-encoded UTF-8");
    assertBinaryRejected(
        binary(unique("id")).header("ce-subject", "%00").body("{\"service\":\"s\"}"),
        "subject must not contain control characters");
    assertBinaryRejected(
        request().contentType("application/json").header("ce-id", "1").body("{\"service\":\"s\"}"),
        "specversion is required");
    assertBinaryRejected(
        binary(unique("id")).header("ce-subject", "a").body("[]"), "data must be a JSON object");
    assertBinaryRejected(binary(unique("id")).header("ce-subject", "a"), "data is required");
    assertProblem(
        binary(unique("id")).header("ce-subject", "a").body("{").post(API + "/events"),
        400,
        "invalid_request",
        "Malformed JSON in request body");
  }

  private static void assertBinaryRejected(RequestSpecification request, String message) {
    assertProblem(
        request.post(API + "/events"),
        400,
        "invalid_request",
        message,
        ",\"result\":{\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\""
            + message
            + "\"}");
  }

  private static RequestSpecification binary(String id) {
    return request()
        .contentType("application/json")
        .header("ce-specversion", "1.0")
        .header("ce-id", id)
        .header("ce-source", "/test")
        .header("ce-type", "usage");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "text/plain",
        "application/cloudevents+xml",
        "application/cloudevents",
        "application/cloudevents-batch+xml",
        "application/cloudevents+json; charset=latin1"
      })
  void eventsOfAnotherTypeAreRefused(String type) {
    assertProblem(
        post("/events", type, event(unique("id"), "a", "\"service\":\"s\"")),
        415,
        "unsupported_media_type",
        TYPES);
  }

  @Test
  void anEventInHeadersNeedsJson() {
    assertProblem(
        request()
            .header("Content-Type", "text/plain")
            .header("ce-id", "1")
            .body("x")
            .post(API + "/events"),
        415,
        "unsupported_media_type",
        TYPES);
  }

  // ---- Batches ----------------------------------------------------------------------------------

  @Test
  void aBatchTellsTheFateOfEachEvent() {
    String agent = unique("agent");
    String id = unique("id");
    long before = record("s", agent, unique("id"), 1);
    Response response =
        post(
            "/events",
            BATCH + ";charset=UTF-8",
            "["
                + String.join(
                    ",",
                    event(id, agent, "\"service\":\"s\",\"units\":5"),
                    event(id, agent, "\"service\":\"s\",\"units\":5"),
                    event(id, agent, "\"service\":\"s\",\"units\":6"),
                    "{}",
                    "7",
                    event(unique("id"), agent, "\"service\":\"t\",\"units\":1"))
                + "]");
    long first = before + 1;
    assertAnswer(
        response,
        200,
        "{\"recorded\":2,\"duplicates\":1,\"conflicts\":1,\"rejected\":2,\"results\":["
            + "{\"index\":0,\"status\":\"recorded\",\"sequence\":"
            + first
            + "},{\"index\":1,\"status\":\"duplicate\",\"sequence\":"
            + first
            + "},{\"index\":2,\"status\":\"conflict\",\"sequence\":"
            + first
            + ",\"error\":\"conflict\",\"message\":\"another event was recorded under the same id as"
            + " sequence "
            + first
            + "\"},{\"index\":3,\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":"
            + "\"specversion is required\"},{\"index\":4,\"status\":\"rejected\",\"error\":"
            + "\"invalid_request\",\"message\":\"event must be a JSON object\"},"
            + "{\"index\":5,\"status\":\"recorded\",\"sequence\":"
            + (first + 1)
            + "}]}");
    assertThat(response.header("Tallybook-Rejected")).isEqualTo("2");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":7}");
  }

  @Test
  void anEmptyBatchIsNothing() {
    Response response = post("/events", BATCH, "[]");
    assertAnswer(
        response,
        200,
        "{\"recorded\":0,\"duplicates\":0,\"conflicts\":0,\"rejected\":0,\"results\":[]}");
    assertThat(response.header("Tallybook-Rejected")).isEqualTo("0");
  }

  @Test
  void aMalformedBatchRecordsNothing() {
    String agent = unique("agent");
    assertProblem(
        post("/events", BATCH, "[" + event(unique("id"), agent, "\"service\":\"s\"") + ",{"),
        400,
        "invalid_request",
        "Malformed JSON in request body");
    assertProblem(
        post("/events", BATCH, "{}"),
        400,
        "invalid_request",
        "request body must be a JSON array of events");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":0}");
  }

  @Test
  void aBatchIsOfTenThousandEventsAtMost() {
    String agent = unique("agent");
    String prefix = unique("id");
    List<String> events = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      events.add(event(prefix + "-" + i, agent, "\"service\":\"s\""));
    }
    Response response = post("/events", BATCH, "[" + String.join(",", events) + "]");
    assertThat(response.jsonPath().getLong("recorded")).isEqualTo(10_000);
    assertThat(response.jsonPath().getList("results")).hasSize(10_000);
    events.add(event(unique("id"), agent, "\"service\":\"s\""));
    assertProblem(
        post("/events", BATCH, "[" + String.join(",", events) + "]"),
        413,
        "payload_too_large",
        "request body must be at most 10000 events");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":10000}");
  }

  @Test
  void aBatchIsOf16MibAtMost() {
    byte[] spaces = " ".repeat(16 * 1024 * 1024 + 1).getBytes(StandardCharsets.UTF_8);
    assertProblem(
        post("/events", BATCH, spaces),
        413,
        "payload_too_large",
        "request body must be at most 16777216 bytes");
  }

  @Test
  void anAtomicBatchIsKeptWholeOrNotAtAll() {
    String agent = unique("agent");
    String id = unique("id");
    String good = event(id, agent, "\"service\":\"s\",\"units\":5");
    String other = event(id, agent, "\"service\":\"s\",\"units\":6");
    Response unreadable = post("/events?atomic=true", BATCH, "[" + good + ",{}]");
    assertProblem(
        unreadable,
        409,
        "conflict",
        "nothing was recorded, because an event was refused",
        ",\"recorded\":0,\"duplicates\":0,\"conflicts\":0,\"rejected\":2,\"results\":["
            + "{\"index\":0,\"status\":\"rejected\",\"error\":\"conflict\",\"message\":\"not recorded,"
            + " because another event of the batch was refused\"},{\"index\":1,\"status\":"
            + "\"rejected\",\"error\":\"invalid_request\",\"message\":\"specversion is required\"}]");
    Response conflicting = post("/events?atomic=true", BATCH, "[" + good + "," + other + "]");
    assertThat(conflicting.statusCode()).isEqualTo(409);
    assertThat(conflicting.jsonPath().getLong("recorded")).isZero();
    assertThat(conflicting.jsonPath().getLong("conflicts")).isEqualTo(1);
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":0}");
    assertThat(post("/events?atomic=true", BATCH, "[" + good + "]").jsonPath().getLong("recorded"))
        .isEqualTo(1);
  }

  @Test
  void anAtomicBatchIsOneCommitInWhichRepeatsAreNoRefusals() {
    String agent = unique("agent");
    List<String> events = new ArrayList<>();
    for (int i = 0; i < 2_500; i++) {
      events.add(event(unique("id"), agent, "\"service\":\"s\""));
    }
    Response whole = post("/events?atomic=true", BATCH, "[" + String.join(",", events) + "]");
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(whole.header("Tallybook-Rejected")).isEqualTo("0");
    assertThat(whole.jsonPath().getLong("recorded")).isEqualTo(2_500);
    long first = whole.jsonPath().getLong("results[0].sequence");
    assertThat(get("/entries/" + first).jsonPath().getString("recordedAt"))
        .isEqualTo(get("/entries/" + (first + 2_499)).jsonPath().getString("recordedAt"));
    String fresh = event(unique("id"), agent, "\"service\":\"s\"");
    Response again =
        post("/events?atomic=true", BATCH, "[" + events.getFirst() + "," + fresh + "]");
    assertThat(again.statusCode()).isEqualTo(200);
    assertThat(again.jsonPath().getLong("duplicates")).isEqualTo(1);
    assertThat(again.jsonPath().getLong("recorded")).isEqualTo(1);
  }

  @Test
  void anAtomicBatchIsUndoneByALateConflict() {
    String agent = unique("agent");
    String known = unique("id");
    long first =
        post("/events", STRUCTURED, event(known, agent, "\"service\":\"s\",\"units\":1"))
            .jsonPath()
            .getLong("sequence");
    List<String> events = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      events.add(event(unique("id"), agent, "\"service\":\"s\""));
    }
    events.add(event(known, agent, "\"service\":\"s\",\"units\":2"));
    Response response = post("/events?atomic=true", BATCH, "[" + String.join(",", events) + "]");
    assertThat(response.statusCode()).isEqualTo(409);
    assertThat(response.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(response.jsonPath().getString("error")).isEqualTo("conflict");
    assertThat(response.jsonPath().getLong("recorded")).isZero();
    assertThat(response.jsonPath().getLong("conflicts")).isEqualTo(1);
    assertThat(response.jsonPath().getLong("rejected")).isEqualTo(1_500);
    assertThat(response.jsonPath().getList("results")).hasSize(1_501);
    assertThat(response.jsonPath().getLong("results[1500].sequence")).isEqualTo(first);
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":1}");
    assertAnswer(get("/entries/count?agent=" + agent), 200, "{\"count\":1}");
  }

  @Test
  void aStreamIsNotAtomic() {
    String agent = unique("agent");
    assertProblem(
        post(
            "/events?atomic=true",
            "application/x-ndjson",
            event(unique("id"), agent, "\"service\":\"s\"")),
        400,
        "invalid_request",
        "atomic is for batches; a stream is kept line by line");
    assertAnswer(get("/entries/count?agent=" + agent), 200, "{\"count\":0}");
  }
}
