package io.tallybook.service.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

/** A client of one service. */
final class Client {
  private static final Duration WAIT_MAX = Duration.ofSeconds(60);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(WAIT_MAX).build();
  private final ServiceProcess service;

  Client(ServiceProcess service) {
    this.service = service;
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return getRoot(ServiceProcess.API + path);
  }

  /** Asks at a path that is not the API's. */
  HttpResponse<String> getRoot(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(service.uri(path)).timeout(WAIT_MAX).build(),
        HttpResponse.BodyHandlers.ofString(UTF_8));
  }

  /** Whether requests may be sent there; not where nobody answers. */
  boolean isReady() throws InterruptedException {
    try {
      return getRoot("/q/health/ready").statusCode() == 200;
    } catch (IOException gone) {
      return false;
    }
  }

  HttpResponse<String> post(String path, String type, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(service.uri(ServiceProcess.API + path))
            .timeout(WAIT_MAX)
            .header("Content-Type", type)
            .POST(HttpRequest.BodyPublishers.ofString(body, UTF_8))
            .build(),
        HttpResponse.BodyHandlers.ofString(UTF_8));
  }

  /** Sends one event. */
  HttpResponse<String> record(String source, String id, long units)
      throws IOException, InterruptedException {
    return post("/events", "application/cloudevents+json", event(source, id, units));
  }

  /** Sends events as a stream. */
  HttpResponse<String> record(List<String> events) throws IOException, InterruptedException {
    return post("/events", "application/x-ndjson", String.join("\n", events) + "\n");
  }

  /** An event of ten agents and three services. */
  static String event(String source, String id, long units) {
    return ("{\"specversion\":\"1.0\",\"source\":\"%s\",\"id\":\"%s\",\"type\":\"usage\","
            + "\"subject\":\"agent-%d\",\"data\":{\"service\":\"service-%d\",\"units\":%d}}")
        .formatted(source, id, Math.floorMod(id.hashCode(), 10), units % 3, units);
  }
}
