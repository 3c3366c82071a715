package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.RestAssured;
import io.restassured.response.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every request. */
abstract class CommonRulesTests {
  private static final String USAGE = "{\"agent\":\"%s\",\"serviceId\":\"s\",\"requests\":%s}";

  // ---- Routes -----------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "GET,    /nowhere",
    "GET,    /usage",
    "POST,   /agents",
    "DELETE, /usage/a",
    "PUT,    /services",
    "PATCH,  /entries/1",
    "TRACE,  /usage",
    "GET,    /webhooks",
    "POST,   /admin/reset"
  })
  void aPathOrMethodThatIsNotThereIsSaidSo(String method, String path) {
    assertProblem(
        request().request(method, API + path),
        404,
        "not_found",
        "No route for " + method + " " + API + path);
  }

  @Test
  void pathsOutsideTheApiAreNotThereEither() {
    assertProblem(request().get("/"), 404, "not_found", "No route for GET /");
    assertProblem(request().post("/elsewhere"), 404, "not_found", "No route for POST /elsewhere");
  }

  @Test
  void headIsGetWithoutABody() {
    Response there = request().head(API + "/agents");
    assertThat(there.statusCode()).isEqualTo(200);
    assertThat(there.asByteArray()).isEmpty();
    Response nowhere = request().head(API + "/nowhere");
    assertThat(nowhere.statusCode()).isEqualTo(404);
    assertThat(nowhere.asByteArray()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/agents",
        "/services",
        "/entries",
        "/entries/count",
        "/entries/export",
        "/rollups?groupBy=agent",
        "/readings/latest",
        "/views",
        "/views/by-agent",
        "/admin/indexes",
        "/billing/total",
        "/usage/a/s"
      })
  void headHasTheHeadersOfGet(String path) {
    Response whole = get(path);
    Response head = request().head(API + path);
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.asByteArray()).isEmpty();
    for (String name : new String[] {"Content-Type", "ETag", "Link", "Vary", "Ledger-Sequence"}) {
      assertThat(head.headers().getValues(name))
          .as(name)
          .isEqualTo(whole.headers().getValues(name));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/usage", "/nowhere"})
  void optionsIsAnsweredEverywhere(String path) {
    Response response = request().options(API + path);
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(response.asByteArray()).isEmpty();
  }

  @Test
  void originsAreAllowedNothing() {
    Response response =
        request()
            .header("Origin", "https://example.org")
            .header("Access-Control-Request-Method", "POST")
            .options(API + "/usage");
    assertThat(response.headers().asList())
        .noneMatch(header -> header.getName().startsWith("Access-Control"));
  }

  // ---- Headers ----------------------------------------------------------------------------------

  @Test
  void aRequestIdIsEchoed() {
    Response response = request().header("X-Request-Id", "mine 1").get(API + "/nowhere");
    assertThat(response.header("X-Request-Id")).isEqualTo("mine 1");
    assertProblem(response, 404, "not_found", "No route for GET /api/v1/nowhere");
    String longest = "x".repeat(200);
    assertThat(
            request().header("X-Request-Id", longest).get(API + "/agents").header("X-Request-Id"))
        .isEqualTo(longest);
  }

  @Test
  void aRequestIdThatCannotBeEchoedIsReplaced() {
    String tooLong = "x".repeat(201);
    assertThat(
            request().header("X-Request-Id", tooLong).get(API + "/agents").header("X-Request-Id"))
        .matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    assertThat(request().header("X-Request-Id", "a\tb").get(API + "/agents").header("X-Request-Id"))
        .matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "text/html, application/json;q=0.5"})
  void anErrorIsPlainJsonForWhoNamesThat(String accept) {
    Response response = request().header("Accept", accept).get(API + "/nowhere");
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.header("Content-Type")).isEqualTo("application/json");
    assertThat(response.asString())
        .isEqualTo(
            Http.problem(
                404,
                "not_found",
                "No route for GET /api/v1/nowhere",
                response.header("X-Request-Id"),
                ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"image/png", "text/csv;q=0.1", "nonsense", ""})
  void whatIsAcceptedNeverStopsAnAnswer(String accept) {
    String agent = unique("agent");
    assertAnswer(
        request().header("Accept", accept).get(API + "/agents/" + agent + "/total"),
        200,
        "{\"agent\":\"" + agent + "\",\"total\":0}");
  }

  @Test
  void aLongAnswerIsCompressedOnRequest() throws IOException {
    Response plain = request().header("Accept-Encoding", "identity").get(API + "/views");
    Response packed = request().header("Accept-Encoding", "br, gzip;q=0.5").get(API + "/views");
    assertThat(plain.header("Content-Encoding")).isNull();
    assertThat(plain.header("Vary")).isEqualTo("Accept-Encoding");
    assertThat(packed.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(packed.header("Vary")).isEqualTo("Accept-Encoding");
    byte[] unpacked =
        new GZIPInputStream(new ByteArrayInputStream(packed.asByteArray())).readAllBytes();
    assertThat(new String(unpacked, StandardCharsets.UTF_8)).isEqualTo(plain.asString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip;q=0", "identity", "gzip;q=0.0, deflate"})
  void whoRefusesCompressionGetsNone(String encodings) {
    assertThat(
            request()
                .header("Accept-Encoding", encodings)
                .get(API + "/views")
                .header("Content-Encoding"))
        .isNull();
  }

  @Test
  void aShortAnswerIsNotCompressed() {
    Response response = request().header("Accept-Encoding", "gzip").get(API + "/agents/x/total");
    assertThat(response.header("Content-Encoding")).isNull();
    assertThat(response.header("Vary")).isNull();
  }

  // ---- Bodies -----------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "{\"agent\":",
        "nonsense",
        "{} {}",
        "{\"agent\":'a'}",
        "{\"agent\":NaN}",
        "{,}",
        "{\"agent\":\"a\"",
        " ",
        "{\"requests\":01}",
        "[1,]"
      })
  void malformedJsonIsRefused(String body) {
    assertProblem(post("/usage", body), 400, "invalid_request", "Malformed JSON in request body");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "1", "\"x\"", "null", "true"})
  void aBodyThatIsNoObjectIsRefused(String body) {
    assertProblem(
        post("/usage", body), 400, "invalid_request", "request body must be a JSON object");
  }

  @Test
  void invalidUtf8IsRefused() {
    byte[] body = USAGE.formatted("a", "1").getBytes(StandardCharsets.UTF_8);
    body[10] = (byte) 0xff;
    assertProblem(
        post("/usage", "application/json", body),
        400,
        "invalid_request",
        "request body must be valid UTF-8");
  }

  @Test
  void aBodyNestedTooDeepIsRefused() {
    String open = "{\"a\":".repeat(32);
    assertProblem(
        post("/usage", open + "1" + "}".repeat(32)), 400, "invalid_request", "agent is required");
    assertProblem(
        post("/usage", open + "[1]" + "}".repeat(32)),
        400,
        "invalid_request",
        "request body must be nested at most 32 levels deep");
  }

  @Test
  void aMemberThatIsThereTwiceIsRefused() {
    assertProblem(
        post("/usage", "{\"agent\":\"a\",\"agent\":\"b\"}"),
        400,
        "invalid_request",
        "duplicate member: agent");
  }

  @Test
  void aBodyOfUpTo100KibIsRead() {
    String agent = unique("agent");
    String body = USAGE.formatted(agent, "1");
    assertThat(post("/usage", body + " ".repeat(102_400 - body.length())).statusCode())
        .isEqualTo(201);
  }

  @ParameterizedTest
  @CsvSource({"application/json, 102401", "text/plain, 102401", "application/json, 4000000"})
  void aLongerBodyIsRefusedWhateverItIs(String type, int length) {
    assertProblem(
        post("/usage", type, " ".repeat(length)),
        413,
        "payload_too_large",
        "request body must be at most 102400 bytes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain",
        "application/xml",
        "nonsense",
        "/",
        "application/json; charset=iso-8859-1",
        "application/jsonl"
      })
  void aBodyOfAnotherTypeIsRefused(String type) {
    assertProblem(
        post("/usage", type, "{}"),
        415,
        "unsupported_media_type",
        "Content-Type must be application/json");
  }

  @Test
  void aBodyOfNoTypeIsRefused() throws IOException {
    String answer =
        Http.raw(
            String.join(
                    "\r\n",
                    "POST /api/v1/usage HTTP/1.1",
                    "Host: localhost",
                    "Connection: close",
                    "Content-Length: 2",
                    "",
                    "{}")
                .getBytes(StandardCharsets.UTF_8));
    assertThat(answer).startsWith("HTTP/1.1 415 ").contains("unsupported_media_type");
  }

  @Test
  void noBodyIsAnEmptyObject() {
    assertProblem(request().post(API + "/usage"), 400, "invalid_request", "agent is required");
  }

  @Test
  void parametersOfATypeAreFine() {
    String agent = unique("agent");
    assertThat(
            post("/usage", "Application/JSON; charset=\"UTF-8\"", USAGE.formatted(agent, "1"))
                .statusCode())
        .isEqualTo(201);
  }

  // ---- Numbers ----------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({"5, 5", "5.0, 5", "1e2, 100", "1.5E1, 15", "500e-2, 5", "1000000, 1000000"})
  void anIntegerIsJudgedByItsValue(String written, long value) {
    String agent = unique("agent");
    assertAnswer(
        post("/usage", USAGE.formatted(agent, written)),
        201,
        "{\"agent\":\"" + agent + "\",\"serviceId\":\"s\",\"total\":" + value + "}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5.5",
        "0",
        "-1",
        "1000001",
        "1e400",
        "1e99999999999",
        "1e-99999999999",
        "9223372036854775808",
        "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "\"5\"",
        "true",
        "[5]",
        "{}"
      })
  void whatIsNoIntegerInRangeIsRefusedAndLeavesNoTrace(String written) {
    String agent = unique("agent");
    assertProblem(
        post("/usage", USAGE.formatted(agent, written)),
        400,
        "invalid_request",
        "requests must be an integer between 1 and 1000000");
    assertAnswer(
        get("/agents/" + agent + "/usage"), 200, "{\"agent\":\"" + agent + "\",\"items\":[]}");
  }

  @Test
  void integersThatReadersWouldRoundAreStrings() {
    String service = unique("service");
    String agent = unique("agent");
    for (int i = 0; i < 2; i++) {
      EventsTests.record(service, agent, unique("id"), 9_007_199_254_740_991L);
    }
    assertAnswer(
        get("/rollups?groupBy=agent&agent=" + agent),
        200,
        "{\"view\":\"by-agent\",\"source\":\"view\",\"currency\":\"USD\",\"complete\":true,"
            + "\"rows\":[{\"agent\":\""
            + agent
            + "\",\"count\":2,\"units\":\"18014398509481982\",\"cost\":0,"
            + "\"outstanding\":\"18014398509481982\"}],\"nextCursor\":null}");
    assertAnswer(
        get("/usage/" + agent + "/" + service),
        200,
        "{\"agent\":\""
            + agent
            + "\",\"serviceId\":\""
            + service
            + "\",\"total\":9007199254740991}");
  }

  @Test
  void allNumbersAreStringsOnRequest() {
    String agent = unique("agent");
    use(agent, "s", 3);
    assertAnswer(
        get("/rollups?groupBy=agent&numbers=string&agent=" + agent),
        200,
        "{\"view\":\"by-agent\",\"source\":\"view\",\"currency\":\"USD\",\"complete\":true,"
            + "\"rows\":[{\"agent\":\""
            + agent
            + "\",\"count\":\"1\",\"units\":\"3\",\"cost\":\"0\",\"outstanding\":\"3\"}],"
            + "\"nextCursor\":null}");
    assertAnswer(
        get("/agents/" + agent + "/total?numbers=string"),
        200,
        "{\"agent\":\"" + agent + "\",\"total\":3}");
  }

  // ---- Paths and queries ------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "a%20b, a b",
    "a%2Fb, a/b",
    "%C3%A9, é",
    "%F0%9F%98%80, 😀",
    "a+b, a+b",
    "a:b, a:b",
    "a%25b, a%b",
    "%E6%BC%A2, 漢"
  })
  void namesInPathsArePercentEncoded(String encoded, String name) {
    assertAnswer(
        get("/agents/" + encoded + "/total"), 200, "{\"agent\":\"" + name + "\",\"total\":0}");
  }

  @ParameterizedTest
  @CsvSource({
    "a::b,     must not contain '::'",
    "a%3A%3Ab, must not contain '::'",
    "%FF,      must be percent-encoded UTF-8",
    "%C3,      must be percent-encoded UTF-8",
    "%00,      must not contain control characters",
    "a%7Fb,    must not contain control characters",
    "%20a,     must not begin or end with a space",
    "a%20,     must not begin or end with a space"
  })
  void illFormedNamesInPathsAreRefused(String encoded, String rule) {
    String reason = rule.equals("must not contain ::") ? "must not contain '::'" : rule;
    assertProblem(get("/agents/" + encoded + "/total"), 400, "invalid_request", "agent " + reason);
    assertProblem(
        get("/services/" + encoded + "/usage"), 400, "invalid_request", "serviceId " + reason);
  }

  @Test
  void namesInPathsAreBounded() {
    String longest = "x".repeat(256);
    assertAnswer(
        get("/agents/" + longest + "/total"), 200, "{\"agent\":\"" + longest + "\",\"total\":0}");
    assertProblem(
        get("/agents/" + longest + "x/total"),
        400,
        "invalid_request",
        "agent must be at most 256 characters");
    assertProblem(
        get("/agents/" + "%E6%BC%A2".repeat(171) + "/total"),
        400,
        "invalid_request",
        "agent must be at most 512 bytes of UTF-8");
  }

  @ParameterizedTest
  @CsvSource({
    "/agents/%zz/total,       the path",
    "/agents/%2/total,        the path",
    "/agents/a|b/total,       the path",
    "/nowhere%,               the path",
    "/agents?x=%zz,           the query",
    "/agents?%,               the query",
    "'/agents?x=\"',           the query",
    "/entries?agent=a&id=%f,  the query"
  })
  void aTargetThatIsNoUriIsRefused(String target, String part) throws IOException {
    assertRefused(
        "GET " + API + target + " HTTP/1.1", 400, part + " must be percent-encoded UTF-8");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "GET agents HTTP/1.1;        404; No route for GET agents",
        "GET ftp:agents HTTP/1.1;    404; No route for GET ftp:agents",
        "CONNECT x:80 HTTP/1.1;      404; No route for CONNECT x:80"
      })
  void aTargetOfAnotherFormIsRefused(String line, int status, String message) throws IOException {
    assertRefused(line, status, message);
  }

  /** Sends a request of one line and a host, and checks the error and its headers. */
  private static void assertRefused(String line, int status, String message) throws IOException {
    String answer = raw(line, "Host: localhost");
    assertThat(answer).contains(" " + status + " ");
    Http.COMMON_HEADERS.forEach(
        (name, value) -> assertThat(answer).contains("\r\n" + name + ": " + value + "\r\n"));
    Matcher id = Pattern.compile("\r\nX-Request-Id: ([^\r]+)\r\n").matcher(answer);
    assertThat(id.find()).as(answer).isTrue();
    String error = status == 404 ? "not_found" : "invalid_request";
    assertThat(answer).endsWith("\r\n\r\n" + Http.problem(status, error, message, id.group(1), ""));
  }

  private static String raw(String... lines) throws IOException {
    return Http.raw(
        (String.join("\r\n", lines) + "\r\nConnection: close\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void aRequestWithoutAHostIsRefused() throws IOException {
    assertThat(raw("GET /api/v1/agents HTTP/1.1"))
        .startsWith("HTTP/1.1 400 ")
        .contains("\r\nX-Request-Id: ", "\"message\":\"the request cannot be read\"");
  }

  @Test
  void optionsOfTheWholeServerIsAnswered() throws IOException {
    assertThat(raw("OPTIONS * HTTP/1.1", "Host: localhost"))
        .startsWith("HTTP/1.1 204 ")
        .contains("\r\nX-Request-Id: ");
  }

  @Test
  void aTargetWithSchemeAndHostIsUnderstood() throws IOException {
    assertThat(raw("GET http://localhost/api/v1/agents HTTP/1.1", "Host: localhost"))
        .startsWith("HTTP/1.1 200 ")
        .contains("{\"agents\":[");
  }

  @Test
  void aClientThatAsksFirstIsToldToGoOn() throws IOException {
    String agent = unique("agent");
    byte[] body = USAGE.formatted(agent, "1").getBytes(StandardCharsets.US_ASCII);
    String head =
        String.join(
            "\r\n",
            "POST /api/v1/usage HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            "Content-Type: application/json",
            "Expect: 100-continue",
            "Content-Length: " + body.length,
            "",
            "");
    try (Socket socket = new Socket("localhost", RestAssured.port)) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      String told = "HTTP/1.1 100 Continue\r\n\r\n";
      assertThat(socket.getInputStream().readNBytes(told.length()))
          .asString(StandardCharsets.US_ASCII)
          .isEqualTo(told);
      socket.getOutputStream().write(body);
      assertThat(socket.getInputStream().readAllBytes())
          .asString(StandardCharsets.UTF_8)
          .startsWith("HTTP/1.1 201 ");
    }
  }

  @Test
  void aLongTargetIsRead() {
    assertThat(get("/agents?x=" + "a".repeat(30_000)).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"limit=abc", "limit=", "limit=0", "limit=99999", "limit=7.9", "x=%20+"})
  void integersInQueriesAreForgiven(String query) {
    assertThat(get("/agents?" + query).statusCode()).isEqualTo(200);
  }

  @Test
  void integersInQueriesAreClampedAndTruncated() {
    String agent = unique("agent");
    use(agent, "s1", 1);
    use(agent, "s2", 1);
    use(agent, "s3", 1);
    assertThat(services(agent, "limit=-5")).isEqualTo(1);
    assertThat(services(agent, "limit=2.9")).isEqualTo(2);
    assertThat(services(agent, "limit=2e0")).isEqualTo(2);
    assertThat(services(agent, "limit=1&limit=3")).isEqualTo(1);
    assertThat(services(agent, "limit=99999999999999999999")).isEqualTo(3);
    assertThat(services(agent, "limit=many")).isEqualTo(3);
  }

  private static int services(String agent, String query) {
    return get("/agents/" + agent + "/usage?" + query).jsonPath().getList("items").size();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x=%FF", "%C3=x"})
  void queriesThatAreNoUtf8AreRefused(String query) {
    assertProblem(
        get("/agents?" + query), 400, "invalid_request", "the query must be percent-encoded UTF-8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/entries", "/rollups", "/views", "/admin/indexes", "/entries/1"})
  void unknownParametersOfQuestionsAreRefused(String path) {
    assertProblem(get(path + "?agnet=x"), 400, "invalid_request", "unknown parameter: agnet");
  }

  @Test
  void unknownParametersOfTheOlderFamilyAreIgnored() {
    assertThat(get("/agents?agnet=x").statusCode()).isEqualTo(200);
  }

  // ---- Cursors and tags -------------------------------------------------------------------------

  @Test
  void aCursorIsBoundToItsQuery() {
    String agent = unique("agent");
    use(agent, "s1", 1);
    use(agent, "s2", 1);
    String cursor = get("/agents/" + agent + "/usage?limit=1").path("nextCursor");
    String damagedMessage = "cursor is damaged or belongs to another query";
    assertThat(get("/agents/" + agent + "/usage?limit=5&cursor=" + cursor).statusCode())
        .isEqualTo(200);
    for (String other :
        new String[] {
          "/agents/" + agent + "x/usage?cursor=" + cursor,
          "/agents/" + agent + "/usage?q=x&cursor=" + cursor,
          "/agents?cursor=" + cursor,
          "/agents/" + agent + "/usage?cursor=" + cursor + "A",
          "/agents/" + agent + "/usage?cursor=" + cursor.substring(1),
          "/agents/" + agent + "/usage?cursor=B" + cursor.substring(1),
          "/agents/" + agent + "/usage?cursor=!!!",
          "/agents/" + agent + "/usage?cursor=AAAA",
          "/agents/" + agent + "/usage?cursor=" + "A".repeat(3_000)
        }) {
      assertProblem(get(other), 400, "invalid_request", damagedMessage);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/agents",
        "/agents/a/usage",
        "/services",
        "/services/a/agents",
        "/services/a/agents/top",
        "/entries?limit=1",
        "/entries/count",
        "/readings/latest",
        "/views",
        "/admin/indexes",
        "/rollups"
      })
  void aListIsNotSentAgainToWhoHasIt(String path) {
    Response first = get(path);
    String tag = first.header("ETag");
    assertThat(tag).matches("W/\"[A-Za-z0-9_-]+\"");
    for (String held : new String[] {tag, tag.substring(2), "\"x\", " + tag, "*"}) {
      Response again = request().header("If-None-Match", held).get(API + path);
      assertThat(again.statusCode()).isEqualTo(304);
      assertThat(again.header("ETag")).isEqualTo(tag);
      assertThat(again.asByteArray()).isEmpty();
    }
    assertThat(request().header("If-None-Match", "W/\"x\"").get(API + path).statusCode())
        .isEqualTo(200);
  }

  @Test
  void aTagChangesWithTheLedgerAndWithTheQuery() {
    String agent = unique("agent");
    use(agent, "s", 1);
    String tag = get("/agents/" + agent + "/usage").header("ETag");
    assertThat(get("/agents/" + agent + "/usage").header("ETag")).isEqualTo(tag);
    assertThat(get("/agents/" + agent + "/usage?limit=1").header("ETag")).isNotEqualTo(tag);
    use(agent, "s", 1);
    Response response =
        request().header("If-None-Match", tag).get(API + "/agents/" + agent + "/usage");
    assertAnswer(
        response,
        200,
        "{\"agent\":\"" + agent + "\",\"items\":[{\"serviceId\":\"s\",\"total\":2}]}");
    assertThat(response.header("ETag")).isNotEqualTo(tag);
  }

  @Test
  void aLinkLeadsToTheNextPage() {
    String agent = unique("agent");
    use(agent, "s1", 1);
    use(agent, "s2", 2);
    Response first = get("/agents/" + agent + "/usage?limit=1");
    String link = first.header("Link");
    String path = API + "/agents/" + agent + "/usage";
    assertThat(link)
        .isEqualTo("<" + path + "?limit=1&cursor=" + first.path("nextCursor") + ">; rel=\"next\"");
    Response second = request().get(link.substring(1, link.indexOf('>')));
    assertAnswer(
        second,
        200,
        "{\"agent\":\"" + agent + "\",\"items\":[{\"serviceId\":\"s2\",\"total\":2}]}");
    assertThat(second.header("Link")).isNull();
  }
}
