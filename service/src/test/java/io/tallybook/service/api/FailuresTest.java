package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.BATCH;
import static io.tallybook.service.api.EventsTests.event;
import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jboss.logmanager.ExtLogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is answered when the storage fails. */
@QuarkusTest
@TestProfile(FailuresTest.Profile.class)
class FailuresTest {
  /** Chooses the storage that fails. */
  public static class Profile implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("ledger.storage", UnreliableStore.NAME, "ledger.export.seconds-max", "3");
    }
  }

  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final List<String> EXPORTS =
      List.of("/usage/export.json", "/usage/export.csv", "/entries/export");
  private static final String USAGE = "{\"agent\":\"a\",\"serviceId\":\"s\",\"requests\":1}";

  @AfterEach
  void mend() {
    UnreliableStore.mend();
  }

  private static void fail(Supplier<RuntimeException> failure) {
    UnreliableStore.failure = failure;
  }

  @Test
  void aFailureOfOurOwnTellsNothingButWhatWasAsked() {
    fail(() -> new IllegalStateException("secret cause"));
    Response response = get("/agents?limit=3");
    assertProblem(
        response,
        500,
        "internal_error",
        "The service failed; the log says why",
        ",\"method\":\"GET\",\"path\":\"/api/v1/agents\"");
    assertThat(response.header("Retry-After")).isNull();
  }

  @Test
  void theServiceLivesButIsNotReady() {
    fail(() -> UnreliableStore.unavailable(true));
    for (String path : List.of("/health/ready", API + "/health/ready")) {
      Response response = request().get(path);
      assertProblem(
          response,
          503,
          "unavailable",
          "The storage does not answer; sending this again counts nothing twice",
          ",\"safeToResend\":true");
      assertThat(response.header("Retry-After")).isEqualTo("1");
    }
    assertThat(request().get("/health").statusCode()).isEqualTo(200);
    assertThat(get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void anExportThatCannotBeginIsAnError() {
    fail(() -> UnreliableStore.unavailable(true));
    for (String path : EXPORTS) {
      Response response = get(path);
      assertProblem(
          response,
          503,
          "unavailable",
          "The storage does not answer; sending this again counts nothing twice",
          ",\"safeToResend\":true");
      assertThat(response.header("Content-Disposition")).isNull();
      assertThat(response.header("Ledger-Sequence")).isNull();
    }
  }

  @Test
  void anExportThatIsBrokenOffDoesNotEnd() throws IOException {
    UnreliableStore.COMMITS_LEFT.set(100);
    String agent = unique("agent");
    BillingTests.recordPairs(2_000, i -> event("", agent, "\"service\":\"s" + i + "\""));
    UnreliableStore.failureAfterReads = () -> UnreliableStore.unavailable(true);
    for (String path : EXPORTS) {
      String answer = "";
      try {
        answer =
            Http.raw(("GET " + API + path + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(US_ASCII));
      } catch (SocketException reset) {
        assertThat(reset).hasMessageContaining("reset");
      }
      assertThat(answer).doesNotContain("\r\n0\r\n", "Tallybook-Count: ", "unavailable", "secret");
    }
  }

  @Test
  void theLogOfAFailureHasTheRequestId() {
    List<ExtLogRecord> records = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            ExtLogRecord kept = ExtLogRecord.wrap(record);
            kept.copyAll();
            records.add(kept);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("io.tallybook.service");
    logger.addHandler(handler);
    try {
      fail(() -> new IllegalStateException("secret cause"));
      request().header("X-Request-Id", "find me").get(API + "/agents");
    } finally {
      logger.removeHandler(handler);
    }
    assertThat(records)
        .singleElement()
        .satisfies(
            record -> {
              assertThat(record.getMdc("requestId")).isEqualTo("find me");
              assertThat(String.format(record.getMessage(), record.getParameters()))
                  .isEqualTo("GET /api/v1/agents failed");
              assertThat(record.getThrown()).hasMessage("secret cause");
            });
  }

  @Test
  void aStorageThatDoesNotAnswerIsSaidSo() {
    fail(() -> UnreliableStore.unavailable(true));
    Response read = get("/agents");
    assertProblem(
        read,
        503,
        "unavailable",
        "The storage does not answer; sending this again counts nothing twice",
        ",\"safeToResend\":true");
    assertThat(read.header("Retry-After")).isEqualTo("1");
  }

  @Test
  void anUnknownOutcomeIsNotSafeToSendAgain() {
    fail(() -> UnreliableStore.unavailable(false));
    Response response = post("/usage", USAGE);
    assertProblem(
        response,
        503,
        "unavailable",
        "The storage did not answer; whether this took effect is unknown",
        ",\"safeToResend\":false");
    assertThat(response.header("Retry-After")).isEqualTo("1");
  }

  @Test
  void anUnknownOutcomeOfEventsWithIdsIsSafeToSendAgain() {
    fail(() -> UnreliableStore.unavailable(false));
    assertProblem(
        post("/events", BATCH, "[" + event(unique("id"), "a", "\"service\":\"s\"") + "]"),
        503,
        "unavailable",
        "The storage does not answer; sending this again counts nothing twice",
        ",\"safeToResend\":true");
  }

  @Test
  void aStreamTellsHowFarItGot() {
    String prefix = unique("id");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 2_500; i++) {
      lines.append(event(prefix + "-" + i, prefix, "\"service\":\"s\"")).append('\n');
    }
    UnreliableStore.COMMITS_LEFT.set(2);
    fail(() -> UnreliableStore.unavailable(true));
    assertProblem(
        post("/events", StreamTests.STREAM, lines.toString()),
        503,
        "unavailable",
        "The storage does not answer; sending this again counts nothing twice",
        ",\"safeToResend\":true,\"lines\":2000");
    mend();
    Response again = post("/events", StreamTests.STREAM, lines.toString());
    assertThat(again.jsonPath().getLong("duplicates")).isEqualTo(2_000);
    assertThat(again.jsonPath().getLong("recorded")).isEqualTo(500);
  }

  @Test
  void aFailureThatTheStorageDoesNotKnowIsAnUnknownOutcome() {
    fail(() -> new IllegalStateException("secret cause"));
    assertProblem(
        post("/settle", "{\"agent\":\"a\",\"serviceId\":\"s\"}"),
        503,
        "unavailable",
        "The storage did not answer; whether this took effect is unknown",
        ",\"safeToResend\":false");
  }

  @Test
  void healthTellsAStorageThatCannotBeUsed() {
    fail(() -> UnreliableStore.unavailable(true));
    Response ready = Http.ofFramework("/q/health/ready");
    assertThat(ready.statusCode()).isEqualTo(503);
    assertThat(ready.jsonPath().getString("status")).isEqualTo("DOWN");
    assertThat(ready.asString()).doesNotContain("secret");
    assertThat(Http.ofFramework("/q/health/live").statusCode()).isEqualTo(200);
    assertThat(Http.ofFramework("/q/health/started").statusCode()).isEqualTo(200);
    mend();
    assertThat(Http.ofFramework("/q/health/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void failuresAreCounted() {
    fail(() -> UnreliableStore.unavailable(true));
    post("/usage", USAGE);
    assertThat(Http.ofFramework("/metrics").asString())
        .containsPattern("ledger_failures_total\\{kind=\"unavailable\",[^}]*} [1-9]");
  }

  @Test
  void anExportThatIsNotReadOnIsCutOffInItsTime() throws IOException, InterruptedException {
    fillBuffers();
    try (Socket socket = new Socket()) {
      socket.setReceiveBufferSize(4_096);
      socket.connect(new InetSocketAddress("localhost", RestAssured.port));
      socket
          .getOutputStream()
          .write(("GET " + API + "/entries/export HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(US_ASCII));
      await().atMost(WAIT).untilAtomic(UnreliableStore.READS_OPEN, equalTo(1));
      await().atMost(WAIT).untilAtomic(UnreliableStore.READS_OPEN, equalTo(0));
      String answer = "";
      try {
        answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      } catch (SocketException reset) {
        assertThat(reset).hasMessageContaining("reset");
      }
      assertThat(answer).doesNotContain("Tallybook-Count: ", "{\"count\":", "\r\n0\r\n");
    }
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://localhost:" + RestAssured.port + API + "/entries/export"))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<InputStream> answer = client.send(request, BodyHandlers.ofInputStream());
      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(answer.statusCode()).isEqualTo(200);
      try (InputStream body = answer.body()) {
        await().atMost(WAIT).untilAtomic(UnreliableStore.READS_OPEN, equalTo(0));
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
      }
    }
  }

  /** Records 60 MB, more than fits into all buffers between the service and a client. */
  private static void fillBuffers() {
    UnreliableStore.COMMITS_LEFT.set(100);
    String text = "x".repeat(250);
    String attributes =
        IntStream.range(0, 30)
            .mapToObj(i -> ",\"k" + i + "\":\"" + text + "\"")
            .collect(Collectors.joining());
    for (int i = 0; i < 75; i++) {
      String events =
          IntStream.range(0, 100)
              .mapToObj(n -> event(unique("id"), "slow", "\"service\":\"s\"" + attributes))
              .collect(Collectors.joining(",", "[", "]"));
      assertThat(post("/events", BATCH, events).jsonPath().getInt("recorded")).isEqualTo(100);
    }
  }
}
