package io.tallybook.service.api;

import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.unique;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.tallybook.service.api.WebAccessLog.Access;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The main job on real input: files of usage go in through one request each, and the sums that come
 * out are those of the file. Where the files of {@code ../shared/data} are not there, files of the
 * same form are made.
 */
abstract class RealDataTests {
  @Test
  void aWebAccessLogBecomesUsage() throws IOException {
    List<Access> log = WebAccessLog.read();
    String source = unique("/web-access-2015");
    String org = unique("web");
    String lines =
        log.stream().map(access -> access.event(source, org, "")).collect(Collectors.joining("\n"));

    JsonPath before = get("/rollups").jsonPath();
    assertStream(lines, log.size(), 0);
    String total = get("/rollups").asString();
    JsonPath after = JsonPath.from(total);
    assertThat(sum(after, "count") - sum(before, "count")).isEqualTo(log.size());
    assertThat(sum(after, "units") - sum(before, "units"))
        .isEqualTo(log.stream().mapToLong(Access::bytes).sum());

    // By agent and day, in an organization of the test's own.
    Map<String, Long> byAgent =
        log.stream()
            .collect(Collectors.groupingBy(Access::agent, Collectors.summingLong(Access::bytes)));
    Map<String, Long> answered = new HashMap<>();
    for (JsonPath page : pages("/rollups?groupBy=agent&bucket=month&organization=" + org)) {
      List<String> agents = page.getList("rows.agent");
      List<Long> units = page.getList("rows.units", Long.class);
      for (int i = 0; i < agents.size(); i++) {
        answered.merge(agents.get(i), units.get(i), Long::sum);
      }
    }
    assertThat(answered).isEqualTo(byAgent);

    // By type.
    Map<String, Long> byType =
        log.stream().collect(Collectors.groupingBy(Access::type, Collectors.counting()));
    Map<String, Long> answeredTypes = new HashMap<>();
    for (JsonPath page : pages("/rollups?groupBy=type&bucket=month&organization=" + org)) {
      List<String> types = page.getList("rows.type");
      List<Long> counts = page.getList("rows.count", Long.class);
      for (int i = 0; i < types.size(); i++) {
        answeredTypes.merge(types.get(i), counts.get(i), Long::sum);
      }
    }
    assertThat(answeredTypes).isEqualTo(byType);

    // The entries of one agent, from its index.
    Access one = log.get(log.size() / 2);
    List<String> ids = new ArrayList<>();
    for (JsonPath page : pages("/entries?agent=" + one.agent() + "&source=" + source)) {
      ids.addAll(page.getList("items.id"));
    }
    assertThat(ids)
        .isEqualTo(
            log.stream()
                .filter(access -> access.agent().equals(one.agent()))
                .map(access -> String.valueOf(access.line()))
                .toList());

    // Again: nothing changes.
    assertStream(lines, 0, log.size());
    assertThat(get("/rollups").asString()).isEqualTo(total);
  }

  @Test
  void theTopOfEachServiceIsThatOfTheLog() throws IOException {
    List<Access> log = WebAccessLog.read();
    // Services of the test's own, since what is outstanding knows no organization.
    String prefix = unique("top") + "-";
    String source = unique("/web-access-2015");
    assertStream(
        log.stream()
            .map(access -> access.event(source, null, prefix))
            .collect(Collectors.joining("\n")),
        log.size(),
        0);
    Map<String, Map<String, Long>> byService = new TreeMap<>();
    for (Access access : log) {
      byService
          .computeIfAbsent(access.service(), s -> new HashMap<>())
          .merge(access.agent(), access.bytes(), Long::sum);
    }
    byService.forEach(
        (service, agents) -> {
          String items =
              agents.entrySet().stream()
                  .filter(agent -> agent.getValue() > 0)
                  .sorted(
                      Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                          .thenComparing(Map.Entry.comparingByKey()))
                  .limit(10)
                  .map(
                      agent ->
                          "{\"agent\":\"%s\",\"total\":%d}"
                              .formatted(agent.getKey(), agent.getValue()))
                  .collect(Collectors.joining(","));
          assertAnswer(
              get("/services/" + prefix + service + "/agents/top"),
              200,
              "{\"serviceId\":\"" + prefix + service + "\",\"items\":[" + items + "]}");
          assertAnswer(
              get("/services/" + prefix + service + "/usage"),
              200,
              "{\"serviceId\":\"%s\",\"total\":%d,\"agents\":%d}"
                  .formatted(
                      prefix + service,
                      agents.values().stream().mapToLong(Long::longValue).sum(),
                      agents.values().stream().filter(bytes -> bytes > 0).count()));
        });
  }

  @Test
  void callsOfALanguageModelBecomeUsage() throws IOException {
    Path file = WebAccessLog.DATA.resolve("azure-llm-2023-code.csv");
    boolean isReal = Files.exists(file);
    List<String> rows = isReal ? Files.readAllLines(file, UTF_8) : madeUpCalls();
    String service = unique("code");
    String source = unique("/azure-llm-2023-code");
    StringBuilder lines = new StringBuilder();
    long context = 0;
    long generated = 0;
    for (int i = 1; i < rows.size(); i++) {
      String[] row = rows.get(i).split(",", -1);
      context += Long.parseLong(row[1]);
      generated += Long.parseLong(row[2]);
      for (String type : new String[] {"context", "generated"}) {
        lines.append(
            ("{\"specversion\":\"1.0\",\"source\":\"%s/%s\",\"id\":\"%d\",\"type\":\"llm.%s\","
                    + "\"subject\":\"%s\",\"time\":\"%sZ\",\"data\":{\"service\":\"%s\","
                    + "\"units\":%s}}\n")
                .formatted(
                    source,
                    type,
                    i + 1,
                    type,
                    "azure",
                    row[0].replace(' ', 'T'),
                    service,
                    type.equals("context") ? row[1] : row[2]));
      }
    }
    if (isReal) {
      assertThat(context).isEqualTo(18_059_974L);
      assertThat(generated).isEqualTo(245_896L);
    }
    int calls = rows.size() - 1;
    assertStream(lines.toString(), 2 * calls, 0);
    assertAnswer(
        get("/rollups?groupBy=type&service=" + service),
        200,
        ("{\"view\":\"by-service-type\",\"source\":\"view\",\"currency\":\"USD\","
                + "\"complete\":true,\"rows\":["
                + "{\"type\":\"llm.context\",\"count\":%d,\"units\":%d,\"cost\":0},"
                + "{\"type\":\"llm.generated\",\"count\":%d,\"units\":%d,\"cost\":0}],"
                + "\"nextCursor\":null}")
            .formatted(calls, context, calls, generated));
    assertStream(lines.toString(), 0, 2 * calls);
  }

  private static void assertStream(String lines, int recorded, int duplicates) {
    Response response = post("/events", StreamTests.STREAM, lines);
    assertAnswer(
        response,
        200,
        ("{\"recorded\":%d,\"duplicates\":%d,\"conflicts\":0,\"rejected\":0,\"results\":[],"
                + "\"lines\":%d}")
            .formatted(recorded, duplicates, recorded + duplicates));
    assertThat(response.header("Tallybook-Rejected")).isEqualTo("0");
  }

  private static long sum(JsonPath rollup, String measure) {
    return rollup.getList("rows").isEmpty() ? 0 : rollup.getLong("rows[0]." + measure);
  }

  private static List<JsonPath> pages(String path) {
    List<JsonPath> pages = new ArrayList<>();
    String cursor = "";
    while (true) {
      Response page = get(path + "&limit=1000" + cursor);
      assertThat(page.statusCode()).as(page.asString()).isEqualTo(200);
      pages.add(page.jsonPath());
      String next = page.path("nextCursor");
      if (next == null) {
        return pages;
      }
      cursor = "&cursor=" + next;
    }
  }

  private static List<String> madeUpCalls() {
    List<String> rows = new ArrayList<>(List.of("TIMESTAMP,ContextTokens,GeneratedTokens"));
    for (int i = 0; i < 8_819; i++) {
      rows.add(
          "2023-11-16 %02d:%02d:%02d.9799600,%d,%d"
              .formatted(18 + i / 3_600, i / 60 % 60, i % 60, 1 + i * 37 % 8_000, i * 13 % 200));
    }
    return rows;
  }
}
