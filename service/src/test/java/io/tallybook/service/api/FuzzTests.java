package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Requests that nobody would write by hand: query strings, cursors, headers and bodies that are
 * well-formed ones changed at random. None may fail, hang, or leave a trace when it is refused. The
 * seed is printed; {@code -Dtallybook.fuzz.seed=N} runs the same again.
 */
abstract class FuzzTests {
  private static final long SECONDS_MAX = 15;
  private static final int REQUESTS_MAX = 50_000;
  private static final int BODY_BYTES_MAX = 4_000;
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([1-5][0-9][0-9])[ \r]");

  private static final List<String> PATHS =
      List.of(
          "/entries",
          "/entries/count",
          "/entries/export",
          "/entries/1",
          "/rollups",
          "/readings/latest",
          "/views",
          "/views/by-agent",
          "/agents",
          "/agents/a/usage",
          "/agents/a/total",
          "/services",
          "/services/s",
          "/services/s/agents",
          "/services/s/agents/top",
          "/services/s/usage",
          "/usage/a/s",
          "/billing/a/s",
          "/billing/total",
          "/admin/indexes",
          "/",
          "/nowhere");

  private static final List<String> PARAMETERS =
      List.of(
          "organization",
          "agent",
          "service",
          "type",
          "kind",
          "source",
          "id",
          "from",
          "to",
          "attributes.k",
          "q",
          "minSequence",
          "maxSequence",
          "settlement",
          "order",
          "sort",
          "limit",
          "cursor",
          "explain",
          "groupBy",
          "bucket",
          "measure",
          "window",
          "numbers",
          "atomic");

  private static final List<String> VALUES =
      List.of(
          "",
          "0",
          "1",
          "-1",
          "2.9",
          "1e99",
          "-1e-99",
          "999999999999999999",
          "9223372036854775808",
          "99999999999999999999999999999999",
          "NaN",
          "null",
          "true",
          "string",
          "none",
          "usage",
          "settlement",
          "time",
          "sequence",
          "asc",
          "desc",
          "top",
          "first",
          "name",
          "hour",
          "day",
          "month",
          "units",
          "outstanding",
          "agent",
          "agent,service",
          "agent,type",
          "type,,",
          "attributes.k",
          "attributes.",
          "window",
          "a",
          "s",
          "2026-01-31",
          "2026-02-30",
          "0000-01-01",
          "9999-12-31",
          "-0001-01-01",
          "2026-01-31T12:00:00Z",
          "2026-01-31T12:00:00+18:00",
          "2026-01-31T12:00:00-19:00",
          "2026-01-31T23:59:60Z",
          "9999-12-31T23:59:59.999999999-18:00",
          "%00",
          "%FF",
          "%C3%A9",
          "%F0%9F%98%80",
          "%ED%A0%80",
          "%",
          "%4",
          "%zz",
          "a%20b",
          "%20",
          "+",
          "a%26b",
          "é",
          "::",
          "..%2F..",
          "x".repeat(300));

  private static final List<String> HEADERS =
      List.of(
          "Accept",
          "Accept-Encoding",
          "If-None-Match",
          "X-Request-Id",
          "Origin",
          "Range",
          "traceparent",
          "Authorization",
          "Cookie",
          "Expect",
          "ce-specversion",
          "ce-id",
          "ce-source",
          "ce-type",
          "ce-subject",
          "ce-time",
          "Content-Type");

  private static final List<String> HEADER_VALUES =
      List.of(
          "",
          "*/*",
          "application/json",
          "text/csv;q=0.5, */*;q=0.1",
          "text/csv;q=2;q=;;,/",
          "gzip",
          "gzip;q=0, *",
          "identity",
          "*",
          "W/\"\"",
          "\"a\", W/\"b",
          "null",
          "https://example.org",
          "bytes=0-1",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "00-0-0-0",
          "Bearer x",
          "1.0",
          "\"1\"",
          "%FF",
          "%41",
          "\u00e9\u0001\u007f",
          "x".repeat(250),
          "application/json; charset=utf-16",
          "application/cloudevents+json",
          "application/cloudevents-batch+json; x=y",
          "application/x-ndjson",
          "multipart/form-data; boundary=x",
          "; ;,");

  private static final String EVENT =
      "{\"specversion\":\"1.0\",\"id\":\"ID\",\"source\":\"/fuzz\",\"type\":\"usage\","
          + "\"subject\":\"a\",\"time\":\"2026-01-31T12:00:00Z\",\"data\":{\"service\":\"s\","
          + "\"units\":3,\"cost\":-5,\"organization\":\"o\",\"k\":\"v w\",\"n\":1.50}}";

  /** A path, a type and a body that would be taken. */
  private record Write(String path, String type, String body) {}

  private static final List<Write> WRITES =
      List.of(
          new Write("/usage", Http.JSON, "{\"agent\":\"a\",\"serviceId\":\"s\",\"requests\":3}"),
          new Write(
              "/usage/bulk",
              Http.JSON,
              "{\"items\":[{\"agent\":\"a\",\"serviceId\":\"s\",\"requests\":3}]}"),
          new Write("/settle", Http.JSON, "{\"agent\":\"a\",\"serviceId\":\"s\"}"),
          new Write(
              "/services",
              Http.JSON,
              "{\"serviceId\":\"s\",\"priceStroops\":7,\"description\":\"d\",\"owner\":\"o\"}"),
          new Write("/events", EventsTests.STRUCTURED, EVENT),
          new Write("/events", EventsTests.BATCH, "[" + EVENT + "," + EVENT + "]"),
          new Write("/events?atomic=true", EventsTests.BATCH, "[" + EVENT + "]"),
          new Write("/events", "application/x-ndjson", EVENT + "\n" + EVENT + "\n"),
          new Write("/events", Http.JSON, "{\"service\":\"s\",\"units\":3}"),
          new Write(
              "/readings",
              Http.JSON,
              "{\"items\":[{\"id\":\"ID\",\"agent\":\"a\",\"organization\":\"o\",\"window\":\"w\","
                  + "\"time\":\"2026-01-31\",\"value\":12.5,\"attributes\":{\"k\":\"v\"}}]}"),
          new Write("/entries/1/reversal", Http.JSON, "{\"at\":\"now\"}"),
          new Write("/entries/999999999999/reversal", Http.JSON, "{\"at\":\"original\"}"));

  /** What a piece of a body is replaced by. */
  private static final List<String> PIECES =
      List.of(
          "null",
          "true",
          "0",
          "-1",
          "1e400",
          "1e-400",
          "0.0000001",
          "9007199254740992",
          "-9223372036854775809",
          "\"\"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\" \"",
          "\"none\"",
          "\"" + "x".repeat(300) + "\"",
          "[]",
          "{}",
          "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
          "{\"a\":",
          "\"a\":1,",
          ",",
          ":",
          "\"",
          "\\",
          "\n",
          "\u0000",
          "\ufeff",
          "\u00e9");

  private final List<String> cursors = new ArrayList<>();
  private Random random = new Random();

  @Test
  void noRequestFailsHangsOrLeavesATraceWhenItIsRefused() throws IOException {
    long seed = Long.getLong("tallybook.fuzz.seed", System.nanoTime());
    System.out.println("fuzz of seed " + seed);
    random = new Random(seed);
    for (int i = 0; i < 3; i++) {
      use(unique("agent"), "s", 1);
      use("a", unique("service"), 1);
    }
    for (String list :
        new String[] {
          "/entries?limit=1",
          "/entries?limit=1&order=time",
          "/agents?limit=1",
          "/agents/a/usage?limit=1",
          "/rollups?groupBy=agent&limit=1"
        }) {
      cursors.add(get(list).path("nextCursor"));
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_MAX);
    String tag = tag();
    int requests = 0;
    Map<Integer, Integer> answered = new TreeMap<>();
    for (; requests < REQUESTS_MAX && System.nanoTime() < end; requests++) {
      boolean writes = random.nextInt(5) < 3;
      byte[] request = writes ? write() : question();
      String answer = Http.raw(request);
      Matcher status = STATUS.matcher(answer);
      assertThat(status.lookingAt()).as(() -> told(seed, request, answer)).isTrue();
      int code = Integer.parseInt(status.group(1));
      assertThat(code).as(() -> told(seed, request, answer)).isBetween(200, 499);
      answered.merge(code, 1, Integer::sum);
      if (writes) {
        String now = tag();
        if (code >= 400) {
          assertThat(now).as(() -> told(seed, request, answer)).isEqualTo(tag);
        }
        tag = now;
      }
    }
    assertThat(answered).containsKeys(200, 400);
    System.out.println("fuzz of " + requests + " requests, by status " + answered);
  }

  /** Differs after every commit. */
  private static String tag() {
    return get("/agents?limit=1").header("ETag");
  }

  private static String told(long seed, byte[] request, String answer) {
    return "seed " + seed + "\n" + new String(request, ISO_8859_1) + "\n----\n" + answer;
  }

  // ---- Requests ---------------------------------------------------------------------------------

  private byte[] question() {
    String method = random.nextInt(10) == 0 ? one(List.of("HEAD", "OPTIONS", "PUT", "FOO")) : "GET";
    String path = one(PATHS);
    if (random.nextInt(8) == 0) {
      path = path.replaceAll("/[a1s](?=/|$)", "/" + Matcher.quoteReplacement(one(VALUES)));
    }
    StringBuilder query = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      String name = random.nextInt(20) == 0 ? one(VALUES) : one(PARAMETERS);
      query.append(query.isEmpty() ? '?' : '&').append(name).append('=');
      query.append(name.equals("cursor") ? cursor() : one(VALUES));
    }
    if (random.nextInt(30) == 0) {
      query.append(one(List.of("&&", "&=", "?", "=&=", "&cursor")));
    }
    return request(method, path + query, null, new byte[0]);
  }

  private byte[] write() {
    Write write = one(WRITES);
    String id = unique("fuzz");
    byte[] body = write.body.replace("ID", id).getBytes(UTF_8);
    for (int i = random.nextInt(4); i > 0; i--) {
      body = changed(body);
    }
    String type = random.nextInt(8) == 0 ? one(HEADER_VALUES) : write.type;
    String path = random.nextInt(12) == 0 ? one(PATHS) : write.path;
    return request(random.nextInt(20) == 0 ? "PATCH" : "POST", path, type, body);
  }

  private byte[] request(String method, String target, @Nullable String type, byte[] body) {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(API).append(target).append(" HTTP/1.1\r\n");
    head.append("Host: localhost\r\nConnection: close\r\n");
    if (type != null) {
      head.append("Content-Type: ").append(type).append("\r\n");
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      head.append(one(HEADERS)).append(": ").append(one(HEADER_VALUES)).append("\r\n");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(head.append("\r\n").toString().getBytes(UTF_8));
    bytes.writeBytes(body);
    return bytes.toByteArray();
  }

  /** A cursor that was told, or one much like it. */
  private String cursor() {
    String cursor = one(cursors);
    int at = random.nextInt(cursor.length());
    return switch (random.nextInt(5)) {
      case 0 -> cursor;
      case 1 -> cursor.substring(0, at);
      case 2 -> cursor.substring(0, at) + (char) ('A' + random.nextInt(26)) + cursor.substring(at);
      case 3 -> cursor + cursor;
      default -> one(VALUES);
    };
  }

  // ---- Bodies -----------------------------------------------------------------------------------

  private byte[] changed(byte[] body) {
    if (body.length == 0 || body.length > BODY_BYTES_MAX) {
      return one(PIECES).getBytes(UTF_8);
    }
    int from = random.nextInt(body.length);
    int to = Math.min(body.length, from + 1 + random.nextInt(12));
    return switch (random.nextInt(6)) {
      case 0 -> spliced(body, from, from + 1, new byte[] {(byte) random.nextInt(256)});
      case 1 -> spliced(body, from, to, new byte[0]);
      case 2 -> spliced(body, from, from, one(PIECES).getBytes(UTF_8));
      case 3 -> spliced(body, from, body.length, new byte[0]);
      case 4 -> spliced(body, to, to, Arrays.copyOfRange(body, from, to));
      default -> valueReplaced(body);
    };
  }

  private byte[] valueReplaced(byte[] body) {
    Matcher value =
        Pattern.compile(":(\"[^\"]*\"|-?[0-9.]+)").matcher(new String(body, ISO_8859_1));
    List<int[]> places = new ArrayList<>();
    while (value.find()) {
      places.add(new int[] {value.start(1), value.end(1)});
    }
    if (places.isEmpty()) {
      return body;
    }
    int[] place = places.get(random.nextInt(places.size()));
    return spliced(body, place[0], place[1], one(PIECES).getBytes(UTF_8));
  }

  private static byte[] spliced(byte[] body, int from, int to, byte[] piece) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(body, 0, from);
    bytes.writeBytes(piece);
    bytes.write(body, to, body.length - to);
    return bytes.toByteArray();
  }

  private <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }
}
