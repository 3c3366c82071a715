package io.tallybook.service.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.RestAssured;
import io.restassured.config.DecoderConfig;
import io.restassured.config.EncoderConfig;
import io.restassured.config.HttpClientConfig;
import io.restassured.config.RestAssuredConfig;
import io.restassured.filter.Filter;
import io.restassured.filter.FilterContext;
import io.restassured.response.Response;
import io.restassured.specification.FilterableRequestSpecification;
import io.restassured.specification.FilterableResponseSpecification;
import io.restassured.specification.RequestSpecification;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Requests of tests; whatever is answered must have the headers that all answers have. */
final class Http {
  static final String API = "/api/v1";
  static final String JSON = "application/json";
  static final String PROBLEM = "application/problem+json";

  /** Headers that every answer has, with their values. */
  static final Map<String, String> COMMON_HEADERS =
      Map.of(
          "X-Content-Type-Options", "nosniff",
          "X-Frame-Options", "DENY",
          "Referrer-Policy", "no-referrer",
          "Permissions-Policy", "geolocation=(), camera=(), microphone=()",
          "Content-Security-Policy",
              "default-src 'none'; frame-ancestors 'none'; script-src 'none'",
          "Strict-Transport-Security", "max-age=31536000; includeSubDomains");

  private static final Map<Integer, String> TITLES =
      Map.of(
          400, "Bad Request",
          404, "Not Found",
          409, "Conflict",
          413, "Content Too Large",
          415, "Unsupported Media Type",
          422, "Unprocessable Content",
          429, "Too Many Requests",
          500, "Internal Server Error",
          503, "Service Unavailable");

  /** Sends types as they are given, without a charset of its own, and reads answers as UTF-8. */
  private static final RestAssuredConfig CONFIG =
      RestAssured.config()
          .encoderConfig(
              EncoderConfig.encoderConfig()
                  .appendDefaultContentCharsetToContentTypeIfUndefined(false))
          .httpClient(
              HttpClientConfig.httpClientConfig()
                  .setParam("http.socket.timeout", 60_000)
                  .setParam("http.connection.timeout", 60_000))
          .decoderConfig(
              DecoderConfig.decoderConfig()
                  .defaultContentCharset(StandardCharsets.UTF_8)
                  .noContentDecoders());

  private static final AtomicLong NUMBER = new AtomicLong();
  private static final String RUN = Long.toString(System.nanoTime(), 36);

  private Http() {}

  /** A name that no other test has. */
  static String unique(String prefix) {
    return prefix + "-" + RUN + "-" + NUMBER.incrementAndGet();
  }

  /** A request whose path is sent as it is. */
  static RequestSpecification request() {
    return RestAssured.given()
        .config(CONFIG)
        .urlEncodingEnabled(false)
        .filter(new CommonHeaders())
        .filter(new AsDescribed());
  }

  /** What the framework answers at a path that is not the API's. */
  static Response ofFramework(String path) {
    assertThat(path).matches("/q/.*|/metrics.*");
    return RestAssured.get(path);
  }

  static Response get(String path) {
    return request().get(API + path);
  }

  static Response delete(String path) {
    return request().delete(API + path);
  }

  static Response patch(String path, String json) {
    return request()
        .contentType(JSON)
        .body(json.getBytes(StandardCharsets.UTF_8))
        .patch(API + path);
  }

  static Response put(String path, String json) {
    return request().contentType(JSON).body(json.getBytes(StandardCharsets.UTF_8)).put(API + path);
  }

  static Response post(String path, String json) {
    return request().contentType(JSON).body(json.getBytes(StandardCharsets.UTF_8)).post(API + path);
  }

  static Response post(String path, String type, String body) {
    return post(path, type, body.getBytes(StandardCharsets.UTF_8));
  }

  static Response post(String path, String type, byte[] body) {
    return request().header("Content-Type", type).body(body).post(API + path);
  }

  /** Checks status, type and whole body. */
  static void assertAnswer(Response response, int status, String body) {
    assertThat(response.asString()).isEqualTo(body);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.header("Content-Type")).isEqualTo(JSON);
  }

  /** Checks status, type and whole body of an error. */
  static void assertProblem(Response response, int status, String error, String message) {
    assertProblem(response, status, error, message, "");
  }

  /** Checks an error whose body ends in further members. */
  static void assertProblem(
      Response response, int status, String error, String message, String members) {
    assertThat(response.asString())
        .isEqualTo(problem(status, error, message, response.header("X-Request-Id"), members));
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.header("Content-Type")).isEqualTo(PROBLEM);
  }

  /** The body of an error. */
  static String problem(
      int status, String error, String message, String requestId, String members) {
    String quoted = message.replace("\"", "\\\"");
    return "{\"type\":\"about:blank\",\"title\":\""
        + TITLES.get(status)
        + "\",\"status\":"
        + status
        + ",\"detail\":\""
        + quoted
        + "\",\"error\":\""
        + error
        + "\",\"message\":\""
        + quoted
        + "\",\"requestId\":\""
        + requestId
        + "\""
        + members
        + "}";
  }

  /** Records usage and checks that it was. */
  static void use(String agent, String service, long requests) {
    assertThat(
            post(
                    "/usage",
                    "{\"agent\":\"%s\",\"serviceId\":\"%s\",\"requests\":%d}"
                        .formatted(agent, service, requests))
                .statusCode())
        .isEqualTo(201);
  }

  /** Registers a service and checks that it was. */
  static void register(String service, long price) {
    assertThat(
            post(
                    "/services",
                    "{\"serviceId\":\"%s\",\"priceStroops\":%d}".formatted(service, price))
                .statusCode())
        .isEqualTo(201);
  }

  /** Sends bytes over a connection of their own and returns all that comes back. */
  static String raw(byte[] request) throws IOException {
    try (Socket socket = new Socket("localhost", RestAssured.port)) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(request);
      socket.getOutputStream().flush();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      InputStream in = socket.getInputStream();
      in.transferTo(answer);
      return answer.toString(StandardCharsets.UTF_8);
    }
  }

  private static final class CommonHeaders implements Filter {
    @Override
    public Response filter(
        FilterableRequestSpecification request,
        FilterableResponseSpecification expected,
        FilterContext context) {
      Response response = context.next(request, expected);
      COMMON_HEADERS.forEach(
          (name, value) -> assertThat(response.header(name)).as(name).isEqualTo(value));
      assertThat(response.header("X-Request-Id")).isNotEmpty();
      assertThat(response.header("Server-Timing")).matches("app;dur=\\d+\\.\\d");
      return response;
    }
  }
}
