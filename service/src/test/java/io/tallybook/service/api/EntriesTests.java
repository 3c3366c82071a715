package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.STRUCTURED;
import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Entries out. */
abstract class EntriesTests {
  /** Records an event and returns its sequence. */
  private static long record(String agent, String service, String type, String time, String more) {
    Response response =
        post(
            "/events",
            STRUCTURED,
            ("{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/entries\",\"type\":\"%s\","
                    + "\"subject\":\"%s\",\"time\":\"%s\",\"data\":{\"service\":\"%s\"%s}}")
                .formatted(unique("id"), type, agent, time, service, more));
    assertThat(response.statusCode()).isEqualTo(200);
    return response.jsonPath().getLong("sequence");
  }

  private static List<Long> sequences(String query) {
    Response response = get("/entries?" + query);
    assertThat(response.statusCode()).as(response.asString()).isEqualTo(200);
    return response.jsonPath().getList("items.sequence", Long.class);
  }

  @Test
  void entriesAreFiltered() {
    String agent = unique("agent");
    String service = unique("service");
    String org = unique("org");
    long first =
        record(agent, service, "a", "2026-01-01T00:00:00Z", ",\"organization\":\"" + org + "\"");
    long second =
        record(agent, service, "b", "2026-01-03T00:00:00Z", ",\"model\":\"Big Model\",\"n\":1");
    long third =
        record(agent, unique("other"), "a", "2026-01-02T00:00:00Z", ",\"model\":\"big-model 2\"");
    String mine = "agent=" + agent;
    assertThat(sequences(mine)).containsExactly(first, second, third);
    assertThat(sequences(mine + "&agent=nobody")).containsExactly(first, second, third);
    assertThat(sequences("agent=nobody-at-all")).isEmpty();
    assertThat(sequences(mine + "&sort=desc")).containsExactly(third, second, first);
    assertThat(sequences(mine + "&order=time")).containsExactly(first, third, second);
    assertThat(sequences(mine + "&order=time&sort=desc")).containsExactly(second, third, first);
    assertThat(sequences("service=" + service)).containsExactly(first, second);
    assertThat(sequences(mine + "&type=a")).containsExactly(first, third);
    assertThat(sequences(mine + "&type=a&type=b")).containsExactly(first, second, third);
    assertThat(sequences("organization=" + org)).containsExactly(first);
    assertThat(sequences(mine + "&organization=none")).containsExactly(second, third);
    assertThat(sequences(mine + "&from=2026-01-02")).containsExactly(second, third);
    assertThat(sequences(mine + "&to=2026-01-03")).containsExactly(first, third);
    assertThat(sequences(mine + "&from=2026-01-01T01:00:00%2B01:00&to=2026-01-02T00:00:00Z"))
        .containsExactly(first);
    assertThat(sequences(mine + "&attributes.model=Big+Model")).containsExactly(second);
    assertThat(sequences(mine + "&attributes.model=Big%20Model&attributes.n=1"))
        .containsExactly(second);
    assertThat(sequences(mine + "&attributes.model=x")).isEmpty();
    assertThat(sequences(mine + "&q=MODEL")).containsExactly(second, third);
    assertThat(sequences(mine + "&q=model+2")).containsExactly(third);
    assertThat(sequences(mine + "&q=mod")).isEmpty();
    assertThat(sequences(mine + "&minSequence=" + second)).containsExactly(second, third);
    assertThat(sequences(mine + "&maxSequence=" + second)).containsExactly(first, second);
    assertThat(sequences(mine + "&kind=usage")).containsExactly(first, second, third);
    assertThat(sequences(mine + "&kind=settlement&kind=reset")).isEmpty();
    assertThat(sequences(mine + "&source=/entries")).containsExactly(first, second, third);
    assertThat(sequences(mine + "&source=/elsewhere")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "source=/entries&id=x, id",
    "agent=a, agent",
    "agent=a&type=t, agent-type",
    "organization=o, organization",
    "organization=none&service=s, organization",
    "service=s, service",
    "service=s&type=t, service",
    "type=t, type",
    "from=2026-01-01, time",
    "order=time, time",
    "minSequence=1, sequence",
    "'', sequence"
  })
  void anAnswerTellsItsIndexOnRequest(String query, String index) {
    JsonPath body = get("/entries?explain=true&limit=1&" + query).jsonPath();
    assertThat(body.getString("plan.index")).isEqualTo(index);
    assertThat(body.getLong("plan.looked")).isNotNegative();
    assertThat(get("/entries?limit=1&" + query).jsonPath().getMap("")).doesNotContainKey("plan");
  }

  @Test
  void anEmptyPageIsThat() {
    assertAnswer(
        get("/entries?agent=nobody&explain=true"),
        200,
        "{\"items\":[],\"complete\":true,\"nextCursor\":null,\"prevCursor\":null,"
            + "\"plan\":{\"index\":\"agent\",\"looked\":0}}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sort=asc", "sort=desc", "order=time&sort=asc", "order=time&sort=desc"})
  void pagesLeadForthAndBack(String order) {
    String agent = unique("agent");
    for (int i = 0; i < 7; i++) {
      record(agent, "s", "t", "2026-01-0" + (1 + i % 3) + "T00:00:00Z", "");
    }
    String query = "agent=" + agent + "&" + order;
    List<Long> all = sequences(query);
    assertThat(all).hasSize(7);

    List<List<Long>> pages = new ArrayList<>();
    Response page = get("/entries?limit=3&" + query);
    assertThat(page.<String>path("prevCursor")).isNull();
    while (true) {
      pages.add(page.jsonPath().getList("items.sequence", Long.class));
      assertThat(page.jsonPath().getBoolean("complete")).isTrue();
      String next = page.path("nextCursor");
      if (next == null) {
        break;
      }
      page = get("/entries?limit=3&" + query + "&cursor=" + next);
    }
    assertThat(pages).containsExactly(all.subList(0, 3), all.subList(3, 6), all.subList(6, 7));

    Response back = get("/entries?limit=3&" + query + "&cursor=" + page.path("prevCursor"));
    assertThat(back.jsonPath().getList("items.sequence", Long.class)).isEqualTo(all.subList(3, 6));
    back = get("/entries?limit=3&" + query + "&cursor=" + back.path("prevCursor"));
    assertThat(back.jsonPath().getList("items.sequence", Long.class)).isEqualTo(all.subList(0, 3));
    assertThat(back.<String>path("prevCursor")).isNull();
    Response again = get("/entries?limit=3&" + query + "&cursor=" + back.path("nextCursor"));
    assertThat(again.jsonPath().getList("items.sequence", Long.class)).isEqualTo(all.subList(3, 6));
    String path = API + "/entries?limit=3&" + query.replace("=t&", "=t&");
    assertThat(again.headers().getValues("Link"))
        .containsExactly(
            "<" + path + "&cursor=" + again.path("nextCursor") + ">; rel=\"next\"",
            "<" + path + "&cursor=" + again.path("prevCursor") + ">; rel=\"prev\"");
  }

  @Test
  void noPageMissesOrRepeatsAnEntryWhileOthersWrite() {
    String agent = unique("agent");
    for (int i = 0; i < 5; i++) {
      use(agent, "s", 1);
    }
    List<Long> seen = new ArrayList<>();
    Response page = get("/entries?limit=2&agent=" + agent);
    while (true) {
      seen.addAll(page.jsonPath().getList("items.sequence", Long.class));
      String next = page.path("nextCursor");
      if (next == null) {
        break;
      }
      if (seen.size() < 6) {
        use(agent, "s", 1);
      }
      page = get("/entries?limit=2&agent=" + agent + "&cursor=" + next);
    }
    assertThat(seen).doesNotHaveDuplicates().isSorted().isEqualTo(sequences("agent=" + agent));
  }

  @Test
  void aSettlementTellsWhatItStated() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 7);
    use(agent, service, 3);
    long used = sequences("agent=" + agent).getFirst();
    post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
    Response response = get("/entries?kind=settlement&agent=" + agent);
    JsonPath entry = response.jsonPath();
    assertThat(entry.getString("items[0].recordedAt")).isEqualTo(entry.getString("items[0].time"));
    assertAnswer(
        response,
        200,
        "{\"items\":[{\"sequence\":"
            + (used + 1)
            + ",\"kind\":\"settlement\",\"recordedAt\":\""
            + entry.getString("items[0].recordedAt")
            + "\",\"time\":\""
            + entry.getString("items[0].time")
            + "\",\"agent\":\""
            + agent
            + "\",\"service\":\""
            + service
            + "\",\"units\":3,\"priceStroops\":7,\"billedStroops\":21,\"fromSequence\":"
            + used
            + ",\"toSequence\":"
            + used
            + "}],\"complete\":true,\"nextCursor\":null,\"prevCursor\":null}");
  }

  @Test
  void anEntryIsTheSameInAListAndOnItsOwn() {
    String agent = unique("agent");
    long sequence = record(agent, "s", "t", "2026-01-01T00:00:00Z", ",\"k\":\"v\"");
    String entry = get("/entries/" + sequence).asString();
    assertAnswer(
        get("/entries?agent=" + agent),
        200,
        "{\"items\":[" + entry + "],\"complete\":true,\"nextCursor\":null,\"prevCursor\":null}");
    assertThat(get("/entries/" + sequence + "?numbers=string").asString())
        .startsWith("{\"sequence\":\"" + sequence + "\",\"kind\":\"usage\"")
        .contains("\"units\":\"1\",\"cost\":\"0\"");
  }

  @Test
  void anEntryThatIsNotThereIsSaidSo() {
    assertProblem(
        get("/entries/999999999999999999"),
        404,
        "not_found",
        "there is no entry 999999999999999999");
    assertProblem(get("/entries/0"), 404, "not_found", "there is no entry 0");
    for (String wrong : new String[] {"x", "-1", "1.0", "9999999999999999999"}) {
      assertProblem(
          get("/entries/" + wrong),
          400,
          "invalid_request",
          "sequence must be an integer of at most 18 digits");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kind=x| kind must be one of usage, reading, settlement, reset, reversal, act",
        "order=name| order must be one of sequence, time",
        "sort=up| sort must be one of asc, desc",
        "from=soon| from must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z",
        "from=2026-13-01| from must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z",
        "to=2026-01-01T00:00:00| to must be a date, or a time with an offset, such as 2026-01-31T12:00:00Z",
        "from=2026-01-02&to=2026-01-01| from must be before to",
        "from=2026-01-01&to=2026-01-01| from must be before to",
        "agent=%00| agent must not contain control characters",
        "agent=| agent must not be empty",
        "attributes.=x| attributes. must not be empty",
        "cursor=x| cursor is damaged or belongs to another query"
      })
  void aQuestionThatBreaksARuleIsRefused(String query, String message) {
    assertProblem(get("/entries?" + query), 400, "invalid_request", message);
  }

  @Test
  void aFilterHasAHundredNamesAtMost() {
    StringBuilder query = new StringBuilder("agent=a");
    for (int i = 0; i < 99; i++) {
      query.append("&agent=").append(i);
    }
    assertThat(get("/entries?" + query).statusCode()).isEqualTo(200);
    assertProblem(
        get("/entries?agent=more&" + query),
        400,
        "invalid_request",
        "agent may be given at most 100 times");
  }

  @Test
  void aPageHasAThousandEntriesAtMost() {
    assertThat(request().get(API + "/entries?limit=5000").jsonPath().getList("items").size())
        .isLessThanOrEqualTo(1_000);
  }
}
