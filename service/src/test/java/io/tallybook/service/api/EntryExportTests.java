package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.BATCH;
import static io.tallybook.service.api.EventsTests.STRUCTURED;
import static io.tallybook.service.api.EventsTests.event;
import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Entries counted, exported, and those of a settlement. */
abstract class EntryExportTests {
  private static final String NDJSON = "application/x-ndjson";
  private static final String HEADER =
      "sequence,kind,recordedAt,time,source,id,organization,agent,service,type,window,units,cost,"
          + "value,priceStroops,billedStroops,fromSequence,toSequence,bulk,reverses,settledBy,"
          + "attributes\n";

  private final String agent = unique("agent");
  private final String service = unique("service");

  private static Response export(String query, String accept) {
    return request().header("Accept", accept).get(API + "/entries/export?" + query);
  }

  private void fill(int entries) {
    List<String> events = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      events.add(event(unique("id"), agent, "\"service\":\"" + service + "\",\"units\":" + i));
    }
    Response response = post("/events", BATCH, "[" + String.join(",", events) + "]");
    assertThat(response.jsonPath().getInt("recorded")).isEqualTo(entries);
  }

  private String pair() {
    return "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}";
  }

  private List<Long> sequences(String query) {
    Response response = get("/entries?" + query);
    assertThat(response.statusCode()).as(response.asString()).isEqualTo(200);
    return response.jsonPath().getList("items.sequence", Long.class);
  }

  /** The entries of a list as they stand in its body. */
  private static String items(Response list) {
    String body = list.asString();
    return body.substring("{\"items\":[".length(), body.indexOf("],\"complete\""));
  }

  // ---- Settlements ------------------------------------------------------------------------------

  @Test
  void whatASettlementCoveredIsListedCountedAndExported() {
    register(service, 7);
    use(agent, service, 3);
    use(agent, unique("other"), 5);
    use(unique("other"), service, 5);
    use(agent, service, 4);
    List<Long> all = sequences("agent=" + agent + "&service=" + service);
    assertThat(post("/settle", pair()).jsonPath().getLong("requests")).isEqualTo(7);
    use(agent, service, 9);
    long settlement = sequences("agent=" + agent + "&kind=settlement").getFirst();
    String query = "settlement=" + settlement;
    assertThat(sequences(query)).isEqualTo(all);
    assertThat(sequences(query + "&limit=1&sort=desc")).isEqualTo(all.subList(1, 2));
    assertThat(sequences(query + "&order=time&service=" + service)).isEqualTo(all);
    assertThat(sequences(query + "&service=x")).isEmpty();
    assertThat(sequences(query + "&kind=settlement")).isEmpty();
    Response first = get("/entries?limit=1&" + query);
    assertThat(sequences("limit=1&" + query + "&cursor=" + first.<String>path("nextCursor")))
        .isEqualTo(all.subList(1, 2));
    assertAnswer(get("/entries/count?" + query), 200, "{\"count\":2}");
    assertThat(export(query, NDJSON).asString().lines()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/entries", "/entries/count", "/entries/export"})
  void aSettlementThatIsNotThereIsSaidSo(String path) {
    use(agent, service, 1);
    long usage = sequences("agent=" + agent).getFirst();
    assertProblem(
        get(path + "?settlement=" + usage), 404, "not_found", "there is no settlement " + usage);
    assertProblem(get(path + "?settlement=0"), 404, "not_found", "there is no settlement 0");
    assertProblem(
        get(path + "?settlement=x"),
        400,
        "invalid_request",
        "settlement must be an integer of at most 18 digits");
  }

  // ---- Counts -----------------------------------------------------------------------------------

  @Test
  void entriesAreCounted() {
    String query = "/entries/count?agent=" + agent;
    assertAnswer(get(query), 200, "{\"count\":0}");
    fill(2_003);
    assertAnswer(get(query), 200, "{\"count\":2003}");
    assertAnswer(get(query + "&numbers=string"), 200, "{\"count\":\"2003\"}");
    assertAnswer(get(query + "&kind=reading"), 200, "{\"count\":0}");
    assertAnswer(get(query + "&from=2000-01-01"), 200, "{\"count\":2003}");
    assertAnswer(get(query + "&q=nowhere"), 200, "{\"count\":0}");
  }

  @Test
  void aCountIsNotSentAgainToWhoHasIt() {
    String path = "/entries/count?agent=" + agent;
    String tag = get(path).header("ETag");
    assertThat(request().header("If-None-Match", tag).get(API + path).statusCode()).isEqualTo(304);
    use(agent, service, 1);
    assertAnswer(request().header("If-None-Match", tag).get(API + path), 200, "{\"count\":1}");
  }

  @ParameterizedTest
  @CsvSource({
    "/entries/count?limit=1, unknown parameter: limit",
    "/entries/count?order=time, unknown parameter: order",
    "/entries/export?limit=1, unknown parameter: limit",
    "/entries/export?cursor=x, unknown parameter: cursor",
    "/entries/export?kind=x, 'kind must be one of usage, reading, settlement, reset, reversal, act'"
  })
  void aQuestionThatBreaksARuleIsRefused(String path, String message) {
    assertProblem(get(path), 400, "invalid_request", message);
  }

  // ---- Exports ----------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                                              | application/x-ndjson",
        "*/*                                           | application/x-ndjson",
        "image/png                                     | application/x-ndjson",
        "nonsense;;q=x,                                | application/x-ndjson",
        "application/json                              | application/json",
        "text/*                                        | text/csv",
        "TEXT/CSV; charset=utf-8                       | text/csv",
        "text/csv;q=0.5, application/json;q=0.8        | application/json",
        "*/*, application/x-ndjson;q=0.1               | application/json",
        "application/*;q=0.2, text/csv;q=0.3           | text/csv",
        "text/csv;q=0                                  | application/x-ndjson"
      })
  void acceptChoosesTheForm(String accept, String type) {
    Response response = export("agent=" + agent, accept == null ? "" : accept);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.header("Content-Type")).startsWith(type);
    assertThat(response.headers().getValues("Vary")).containsExactly("Accept-Encoding", "Accept");
    assertThat(response.asString())
        .isEqualTo(
            switch (type) {
              case "text/csv" -> HEADER;
              case "application/json" -> "[]";
              default -> "{\"count\":0}\n";
            });
  }

  @Test
  void entriesAreExportedAsTheListHasThem() {
    register(service, 7);
    use(agent, service, 3);
    post("/settle", pair());
    long usage = sequences("agent=" + agent).getFirst();
    post("/entries/" + usage + "/reversal", "{}");
    Response list = get("/entries?agent=" + agent);
    String entries = items(list);
    assertThat(export("agent=" + agent, "application/json").asString())
        .isEqualTo("[" + entries + "]");
    assertThat(export("agent=" + agent, NDJSON).asString())
        .isEqualTo(entries.replace("},{", "}\n{") + "\n{\"count\":3}\n");
    assertThat(export("agent=" + agent + "&sort=desc&kind=usage", NDJSON).asString())
        .isEqualTo(items(get("/entries?kind=usage&agent=" + agent)) + "\n{\"count\":1}\n");
    assertThat(export("agent=" + agent + "&numbers=string", NDJSON).asString())
        .startsWith("{\"sequence\":\"" + usage + "\"")
        .endsWith("\n{\"count\":\"3\"}\n");
    String at = list.jsonPath().getString("items[1].time");
    assertThat(export("kind=settlement&agent=" + agent, "text/csv").asString())
        .isEqualTo(
            HEADER
                + (usage + 1)
                + ",settlement,"
                + at
                + ","
                + at
                + ",,,,"
                + agent
                + ","
                + service
                + ",,,3,,,7,21,"
                + usage
                + ","
                + usage
                + ",,,,\n");
  }

  @Test
  void csvIsQuotedAndSafeInSpreadsheets() {
    String id = unique("id");
    String odd = "=1+\\\"a\\\",b";
    Response recorded =
        post(
            "/events",
            STRUCTURED,
            event(
                    id,
                    agent,
                    "\"service\":\"" + odd + "\",\"units\":-5,\"k\":\"v\",\"organization\":\"@o\"")
                .replace("\"specversion\"", "\"time\":\"2026-01-31T12:00:00Z\",\"specversion\""));
    assertThat(recorded.statusCode()).as(recorded.asString()).isEqualTo(200);
    Response list = get("/entries?agent=" + agent);
    assertThat(export("agent=" + agent, "text/csv").asString())
        .isEqualTo(
            HEADER
                + recorded.jsonPath().getLong("sequence")
                + ",usage,"
                + list.jsonPath().getString("items[0].recordedAt")
                + ",2026-01-31T12:00:00Z,"
                + list.jsonPath().getString("items[0].source")
                + ","
                + id
                + ",'@o,"
                + agent
                + ",\"'=1+\"\"a\"\",b\",usage,,-5,0,,,,,,,,,\"{\"\"k\"\":\"\"v\"\"}\"\n");
  }

  @Test
  void theNextExportGoesOnWhereTheLastEnded() {
    fill(3);
    Response first = export("agent=" + agent, NDJSON);
    long newest = Long.parseLong(first.header("Ledger-Sequence"));
    assertThat(newest).isGreaterThanOrEqualTo(sequences("agent=" + agent).getLast());
    String since = "agent=" + agent + "&minSequence=" + (newest + 1);
    assertThat(export(since, NDJSON).asString()).isEqualTo("{\"count\":0}\n");
    use(agent, service, 1);
    assertThat(export(since, NDJSON).asString().lines()).hasSize(2);
  }

  @Test
  void aBoundedExportTellsItsBound() {
    fill(3);
    long last = sequences("agent=" + agent).getLast();
    String query = "agent=" + agent + "&maxSequence=";
    assertThat(export(query + (last - 1), NDJSON).header("Ledger-Sequence"))
        .isEqualTo(Long.toString(last - 1));
    assertThat(export(query + "999999999999", NDJSON).header("Ledger-Sequence"))
        .isEqualTo(export("agent=" + agent, NDJSON).header("Ledger-Sequence"));
  }

  @Test
  void anExportIsOfOneRevisionWhileOthersWrite() throws InterruptedException {
    fill(3_000);
    AtomicBoolean isDone = new AtomicBoolean();
    Thread writer =
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!isDone.get()) {
                    use(agent, service, 1);
                  }
                });
    try {
      for (int i = 0; i < 5; i++) {
        Response response = export("agent=" + agent, NDJSON);
        long newest = Long.parseLong(response.header("Ledger-Sequence"));
        List<String> lines = response.asString().lines().toList();
        long expected =
            get("/entries/count?agent=" + agent + "&maxSequence=" + newest)
                .jsonPath()
                .getLong("count");
        assertThat(lines.getLast()).isEqualTo("{\"count\":" + expected + "}");
        assertThat(lines).hasSize((int) expected + 1).doesNotHaveDuplicates();
      }
    } finally {
      isDone.set(true);
      writer.join();
    }
  }

  @ParameterizedTest
  @CsvSource({"application/x-ndjson, 0", "application/json, 2", "text/csv, 1500"})
  void theTrailerTellsHowManyEntriesThereAre(String accept, int count) throws IOException {
    if (count > 0) {
      fill(count);
    }
    String answer =
        Http.raw(
            String.join(
                    "\r\n",
                    "GET /api/v1/entries/export?agent=" + agent + " HTTP/1.1",
                    "Host: localhost",
                    "Accept: " + accept,
                    "Connection: close",
                    "",
                    "")
                .getBytes(UTF_8));
    assertThat(answer)
        .startsWith("HTTP/1.1 200 ")
        .containsIgnoringCase("\r\ntrailer: Tallybook-Count\r\n")
        .containsIgnoringCase("\r\ntransfer-encoding: chunked\r\n")
        .endsWith("\r\n0\r\nTallybook-Count: " + count + "\r\n\r\n");
  }

  @Test
  void anExportIsCompressedOnRequest() throws IOException {
    fill(1_200);
    Response packed =
        request()
            .header("Accept", "text/csv")
            .header("Accept-Encoding", "gzip")
            .get(API + "/entries/export?agent=" + agent);
    assertThat(packed.header("Content-Encoding")).isEqualTo("gzip");
    byte[] unpacked =
        new GZIPInputStream(new ByteArrayInputStream(packed.asByteArray())).readAllBytes();
    assertThat(new String(unpacked, UTF_8))
        .isEqualTo(export("agent=" + agent, "text/csv").asString());
  }

  @Test
  void headOfAnExportHasItsHeadersAlone() {
    fill(2);
    Response response =
        request().header("Accept", "text/csv").head(API + "/entries/export?agent=" + agent);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.header("Content-Type")).startsWith("text/csv");
    assertThat(response.header("Ledger-Sequence")).isNotEmpty();
    assertThat(response.asByteArray()).isEmpty();
  }
}
