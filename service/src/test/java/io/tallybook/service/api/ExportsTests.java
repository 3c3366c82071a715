package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.delete;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exports of all pairs. */
abstract class ExportsTests {
  @BeforeEach
  void useSomething() {
    use("someone", "something", 1);
  }

  @Test
  void pairsAreExportedInJsonByFirstAppearance() {
    String z = unique("z");
    String a = unique("a");
    use(z, "s2", 3);
    use(a, "s1", 1);
    use(z, "s1", 2);
    use(z, "s2", 4);
    delete("/usage/" + z + "/s1");
    EventsTests.record("s1", "debtor-" + a, unique("id"), -5);
    long sequence = get("/entries?sort=desc&limit=1").jsonPath().getLong("items[0].sequence");
    long before = System.currentTimeMillis();
    Response export = get("/usage/export.json");
    assertThat(export.statusCode()).isEqualTo(200);
    assertThat(export.header("Content-Type")).isEqualTo("application/json");
    assertThat(export.header("Content-Disposition")).isEqualTo("attachment; filename=usage.json");
    assertThat(export.header("Ledger-Sequence")).isEqualTo(Long.toString(sequence));
    JsonPath body = export.jsonPath();
    assertThat(body.getLong("exportedAt")).isBetween(before, System.currentTimeMillis());
    assertThat(export.asString()).matches("\\{\"exportedAt\":\\d+,\"items\":\\[.*]}");
    List<Map<String, Object>> items = body.getList("items");
    assertThat(items)
        .endsWith(
            Map.of("agent", z, "serviceId", "s2", "total", 7),
            Map.of("agent", a, "serviceId", "s1", "total", 1),
            Map.of("agent", z, "serviceId", "s1", "total", 0),
            Map.of("agent", "debtor-" + a, "serviceId", "s1", "total", -5));
  }

  @Test
  void pairsAreExportedAsCsv() {
    String a = unique("a");
    use(a, "s1", 1);
    EventsTests.record("-s", "=x,\\\"y\\\"" + a, unique("id"), 2);
    EventsTests.record("+s", "@" + a, unique("id"), -3);
    EventsTests.record("é", "'" + a, unique("id"), 4);
    use(a, "s2", 1);
    post("/settle", "{\"agent\":\"" + a + "\",\"serviceId\":\"s2\"}");
    Response export = get("/usage/export.csv");
    assertThat(export.statusCode()).isEqualTo(200);
    assertThat(export.header("Content-Type")).isEqualTo("text/csv; charset=utf-8");
    assertThat(export.header("Content-Disposition")).isEqualTo("attachment; filename=usage.csv");
    assertThat(export.header("Ledger-Sequence")).matches("[1-9][0-9]*");
    assertThat(export.asString())
        .startsWith("agent,serviceId,total\n")
        .endsWith(
            a
                + ",s1,1\n\"'=x,\"\"y\"\""
                + a
                + "\",'-s,2\n'@"
                + a
                + ",'+s,'-3\n'"
                + a
                + ",é,4\n"
                + a
                + ",s2,0\n");
  }

  @Test
  void bothFormsHaveTheSamePairs() {
    int pairs = get("/usage/export.json").jsonPath().getList("items").size();
    assertThat(get("/usage/export.csv").asString().lines()).hasSize(pairs + 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"json", "csv"})
  void aLongExportIsCompressedOnRequestAndStatesItsCount(String form) throws IOException {
    String agent = unique("agent");
    BillingTests.recordPairs(
        3_000, i -> EventsTests.event("", agent, "\"service\":\"s" + i + "\""));
    Response packed =
        request().header("Accept-Encoding", "gzip").get(API + "/usage/export." + form);
    assertThat(packed.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(packed.header("Vary")).isEqualTo("Accept-Encoding");
    String unpacked =
        new String(
            new GZIPInputStream(new ByteArrayInputStream(packed.asByteArray())).readAllBytes(),
            StandardCharsets.UTF_8);
    String plain = get("/usage/export." + form).asString();
    assertThat(unpacked.replaceFirst("\\d{13}", "")).isEqualTo(plain.replaceFirst("\\d{13}", ""));
    long count =
        form.equals("csv")
            ? plain.lines().count() - 1
            : get("/usage/export.json").jsonPath().getList("items").size();
    String raw =
        Http.raw(
            ("GET "
                    + API
                    + "/usage/export."
                    + form
                    + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    assertThat(raw.toLowerCase(Locale.ROOT))
        .contains("\r\ntransfer-encoding: chunked\r\n")
        .contains("\r\ntrailer: tallybook-count\r\n")
        .endsWith("\r\n0\r\ntallybook-count: " + count + "\r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"json", "csv"})
  void theHeadOfAnExportCanBeAskedFor(String form) {
    Response head = request().head(API + "/usage/export." + form);
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.asByteArray()).isEmpty();
  }
}
