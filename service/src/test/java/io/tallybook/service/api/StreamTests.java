package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.event;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.unique;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import org.junit.jupiter.api.Test;

/** Events in as a stream of lines. */
abstract class StreamTests {
  static final String STREAM = "application/x-ndjson";

  @Test
  void aStreamTellsOnlyWhatWasRefused() {
    String agent = unique("agent");
    String id = unique("id");
    String line = event(id, agent, "\"service\":\"s\",\"units\":2");
    Response response =
        post(
            "/events",
            STREAM + "; charset=utf-8",
            line
                + "\r\n\n  \n"
                + line
                + "\n{bad\n"
                + event(id, agent, "\"service\":\"s\",\"units\":3")
                + "\n[]\n"
                + event(unique("id"), agent, "\"service\":\"s\""));
    long sequence = get("/entries?source=/test&id=" + id).jsonPath().getLong("items[0].sequence");
    assertAnswer(
        response,
        200,
        "{\"recorded\":2,\"duplicates\":1,\"conflicts\":1,\"rejected\":2,\"results\":["
            + "{\"index\":4,\"status\":\"rejected\",\"error\":\"invalid_request\","
            + "\"message\":\"Malformed JSON in line\"},"
            + "{\"index\":5,\"status\":\"conflict\",\"sequence\":"
            + sequence
            + ",\"error\":\"conflict\",\"message\":\"another event was recorded under the same id as"
            + " sequence "
            + sequence
            + "\"},{\"index\":6,\"status\":\"rejected\",\"error\":\"invalid_request\","
            + "\"message\":\"event must be a JSON object\"}],\"lines\":8}");
    assertThat(response.header("Tallybook-Rejected")).isEqualTo("2");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":3}");
  }

  @Test
  void aStreamWithoutLinesIsNothing() {
    assertAnswer(
        post("/events", STREAM, ""),
        200,
        "{\"recorded\":0,\"duplicates\":0,\"conflicts\":0,\"rejected\":0,\"results\":[],"
            + "\"lines\":0}");
  }

  @Test
  void aBadLineIsARejectionOfThatLine() {
    String agent = unique("agent");
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(new byte[] {'"', (byte) 0xff, '"', '\n'});
    body.writeBytes(("\"" + "x".repeat(102_400) + "\"\n").getBytes(UTF_8));
    body.writeBytes(("[".repeat(40) + "\n").getBytes(UTF_8));
    body.writeBytes("{\"id\":1,\"id\":2}\n".getBytes(UTF_8));
    body.writeBytes((event(unique("id"), agent, "\"service\":\"s\"") + "\n").getBytes(UTF_8));
    assertAnswer(
        post("/events", STREAM, body.toByteArray()),
        200,
        "{\"recorded\":1,\"duplicates\":0,\"conflicts\":0,\"rejected\":4,\"results\":["
            + "{\"index\":0,\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\"line"
            + " must be valid UTF-8\"},"
            + "{\"index\":1,\"status\":\"rejected\",\"error\":\"payload_too_large\",\"message\":\"line"
            + " must be at most 102400 bytes\"},"
            + "{\"index\":2,\"status\":\"rejected\",\"error\":\"invalid_request\",\"message\":\"line"
            + " must be nested at most 32 levels deep\"},"
            + "{\"index\":3,\"status\":\"rejected\",\"error\":\"invalid_request\","
            + "\"message\":\"duplicate member: id\"}],\"lines\":5}");
  }

  @Test
  void noMoreThanAThousandResultsAreTold() {
    Response response = post("/events", STREAM, "x\n".repeat(1_001));
    JsonPath body = response.jsonPath();
    assertThat(body.getLong("rejected")).isEqualTo(1_001);
    assertThat(body.getList("results")).hasSize(1_000);
    assertThat(body.getBoolean("resultsTruncated")).isTrue();
    assertThat(body.getLong("lines")).isEqualTo(1_001);
    assertThat(response.header("Tallybook-Rejected")).isEqualTo("1001");
    assertThat(post("/events", STREAM, "x\n".repeat(1_000)).jsonPath().getMap(""))
        .doesNotContainKey("resultsTruncated");
  }

  @Test
  void aStreamMayBeLongerThanAnyBatch() {
    String agent = unique("agent");
    String prefix = unique("id");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 25_000; i++) {
      lines.append(event(prefix + "-" + i, agent, "\"service\":\"s\"")).append('\n');
    }
    assertAnswer(
        post("/events", STREAM, lines.toString()),
        200,
        "{\"recorded\":25000,\"duplicates\":0,\"conflicts\":0,\"rejected\":0,\"results\":[],"
            + "\"lines\":25000}");
    assertAnswer(
        post("/events", STREAM, lines.toString()),
        200,
        "{\"recorded\":0,\"duplicates\":25000,\"conflicts\":0,\"rejected\":0,\"results\":[],"
            + "\"lines\":25000}");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":25000}");
  }

  @Test
  void aChunkedStreamThatBreaksOffLeavesItsWholeLines() throws IOException {
    String agent = unique("agent");
    breakOff(agent, "Transfer-Encoding: chunked", true);
  }

  @Test
  void aStreamShorterThanItSaidLeavesItsWholeLines() throws IOException {
    String agent = unique("agent");
    breakOff(agent, "Content-Length: 100000", false);
  }

  private static void breakOff(String agent, String header, boolean isChunked) throws IOException {
    String whole =
        event(unique("id"), agent, "\"service\":\"s\",\"units\":1")
            + "\n"
            + event(unique("id"), agent, "\"service\":\"s\",\"units\":2")
            + "\n";
    // What is cut off would be an event of its own, had the line an end.
    String cutId = unique("id");
    String cut = event(cutId, agent, "\"service\":\"s\",\"units\":4");
    try (Socket socket = new Socket("localhost", RestAssured.port)) {
      OutputStream out = socket.getOutputStream();
      out.write(head("/events", STREAM, header));
      byte[] body = (whole + cut).getBytes(UTF_8);
      if (isChunked) {
        out.write((Integer.toHexString(body.length) + "\r\n").getBytes(UTF_8));
      }
      out.write(body);
      out.flush();
    }
    await()
        .untilAsserted(
            () ->
                assertAnswer(
                    get("/agents/" + agent + "/total"),
                    200,
                    "{\"agent\":\"" + agent + "\",\"total\":3}"));
    assertAnswer(
        get("/entries?source=/test&id=" + cutId),
        200,
        "{\"items\":[],\"complete\":true,\"nextCursor\":null,\"prevCursor\":null}");
    assertAnswer(
        post("/events", STREAM, whole + cut + "\n"),
        200,
        "{\"recorded\":1,\"duplicates\":2,\"conflicts\":0,\"rejected\":0,\"results\":[],"
            + "\"lines\":3}");
  }

  @Test
  void linesAreCommittedWhileTheStreamGoesOn() throws IOException {
    String agent = unique("agent");
    String prefix = unique("id");
    try (Socket socket = new Socket("localhost", RestAssured.port)) {
      OutputStream out = socket.getOutputStream();
      out.write(head("/events", STREAM, "Content-Length: 10000000"));
      for (int i = 0; i < 1_500; i++) {
        out.write((event(prefix + "-" + i, agent, "\"service\":\"s\"") + "\n").getBytes(UTF_8));
      }
      out.flush();
      await()
          .untilAsserted(
              () ->
                  assertAnswer(
                      get("/agents/" + agent + "/total"),
                      200,
                      "{\"agent\":\"" + agent + "\",\"total\":1000}"));
    }
    await()
        .untilAsserted(
            () ->
                assertAnswer(
                    get("/agents/" + agent + "/total"),
                    200,
                    "{\"agent\":\"" + agent + "\",\"total\":1500}"));
  }

  @Test
  void anObjectThatBreaksOffLeavesNoTrace() throws IOException {
    String agent = unique("agent");
    String body = "{\"agent\":\"" + agent + "\",\"serviceId\":\"s\",\"requests\":1}";
    try (Socket socket = new Socket("localhost", RestAssured.port)) {
      OutputStream out = socket.getOutputStream();
      out.write(head("/usage", "application/json", "Content-Length: 500"));
      out.write(body.getBytes(UTF_8));
      out.flush();
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes(); // until the service has given up
    }
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":0}");
  }

  private static byte[] head(String path, String type, String length) {
    return String.join(
            "\r\n",
            "POST /api/v1" + path + " HTTP/1.1",
            "Host: localhost",
            "Content-Type: " + type,
            length,
            "",
            "")
        .getBytes(UTF_8);
  }
}
