package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.JSON;
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
import java.math.BigInteger;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settlement and billing. */
abstract class BillingTests {
  @Test
  void settlingBillsWhatIsOutstandingAndSetsItToZero() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 250);
    use(agent, service, 3);
    assertAnswer(
        get("/billing/" + agent + "/" + service), 200, bill(agent, service, "3", 250, "750"));
    assertAnswer(settle(agent, service), 200, bill(agent, service, "3", 250, "750"));
    assertAnswer(
        get("/billing/" + agent + "/" + service), 200, bill(agent, service, "0", 250, "0"));
    assertAnswer(settle(agent, service), 200, bill(agent, service, "0", 250, "0"));
    use(agent, service, 2);
    assertAnswer(settle(agent, service), 200, bill(agent, service, "2", 250, "500"));
  }

  @Test
  void aNewPriceAppliesToEverythingNotYetSettled() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 1);
    use(agent, service, 10);
    assertThat(
            post("/services", "{\"serviceId\":\"" + service + "\",\"priceStroops\":7}")
                .statusCode())
        .isEqualTo(200);
    assertAnswer(settle(agent, service), 200, bill(agent, service, "10", 7, "70"));
  }

  @Test
  void anUnregisteredServiceSettlesAtNoPrice() {
    String agent = unique("agent");
    use(agent, "unregistered", 4);
    assertAnswer(settle(agent, "unregistered"), 200, bill(agent, "unregistered", "4", 0, "0"));
    assertProblem(
        get("/billing/" + agent + "/unregistered"),
        404,
        "not_found",
        "there is no service unregistered");
  }

  @Test
  void aPairThatWasNeverUsedSettlesToNothingAndLeavesNoTrace() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 9);
    long before = last();
    assertAnswer(settle(agent, service), 200, bill(agent, service, "0", 9, "0"));
    assertThat(last()).isEqualTo(before);
    assertAnswer(
        get("/agents/" + agent + "/usage"), 200, "{\"agent\":\"" + agent + "\",\"items\":[]}");
  }

  @Test
  void amountsBeyondExactNumbersAreBilledExactly() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 9_007_199_254L);
    for (int i = 0; i < 2; i++) {
      EventsTests.record(service, agent, unique("id"), 9_007_199_254_740_991L);
    }
    String expected =
        bill(
            agent,
            service,
            "\"18014398509481982\"",
            9_007_199_254L,
            "\"162259276815864820196841428\"");
    assertAnswer(get("/billing/" + agent + "/" + service), 200, expected);
    assertAnswer(settle(agent, service), 200, expected);
  }

  @Test
  void aCreditIsBilledAsSuch() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 2);
    EventsTests.record(service, agent, unique("id"), -5);
    assertAnswer(settle(agent, service), 200, bill(agent, service, "-5", 2, "-10"));
  }

  @Test
  void allPairsOfAnAgentAreSettledTogetherByFirstAppearance() {
    String agent = unique("agent");
    String priced = unique("priced");
    String disabled = unique("disabled");
    register(priced, 250);
    register(disabled, 10);
    use(agent, "unregistered", 4);
    use(agent, priced, 3);
    use(agent, disabled, 2);
    EventsTests.record("zero", agent, unique("id"), 0);
    post("/services/" + disabled + "/disable", "");
    long before = last();
    assertAnswer(
        settleAll(agent),
        200,
        "{\"agent\":\"%s\",\"items\":[%s,%s,%s,%s],\"totalBilledStroops\":770}"
            .formatted(
                agent,
                item("unregistered", 4, 0, 0),
                item(priced, 3, 250, 750),
                item(disabled, 2, 10, 20),
                item("zero", 0, 0, 0)));
    assertThat(last()).isEqualTo(before + 4);
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":0}");
    assertThat(
            get("/entries?kind=settlement&agent=" + agent)
                .jsonPath()
                .<Boolean>getList("items.bulk"))
        .containsExactly(true, true, true, true);
    assertThat(settleAll(agent).jsonPath().<Integer>getList("items.requests"))
        .containsExactly(0, 0, 0, 0);
  }

  @Test
  void anUnknownAgentSettlesToNothing() {
    use(unique("agent"), "s", 1);
    long before = last();
    assertAnswer(
        settleAll("nobody-at-all"),
        200,
        "{\"agent\":\"nobody-at-all\",\"items\":[],\"totalBilledStroops\":0}");
    assertThat(last()).isEqualTo(before);
  }

  @Test
  void anAgentOfMoreThanTenThousandPairsIsNotSettledAtOnce() {
    String agent = unique("agent");
    recordPairs(10_000, i -> EventsTests.event("", agent, "\"service\":\"s" + i + "\""));
    assertThat(settleAll(agent).jsonPath().getList("items")).hasSize(10_000);
    use(agent, "one-more", 1);
    assertThat(
            request()
                .header("Accept", JSON)
                .contentType(JSON)
                .body("{\"agent\":\"" + agent + "\"}")
                .post(API + "/settle/bulk")
                .contentType())
        .isEqualTo(JSON);
    assertProblem(
        settleAll(agent),
        422,
        "too_many_pairs",
        "agent has more than 10000 services; settle them one by one");
    assertAnswer(
        get("/agents/" + agent + "/total"), 200, "{\"agent\":\"" + agent + "\",\"total\":1}");
  }

  @Test
  void aTotalBillBeyondExactNumbersIsExact() {
    String agent = unique("agent");
    String service = unique("service");
    register(service, 9_007_199_254L);
    EventsTests.record(service, agent, unique("id"), 9_007_199_254_740_991L);
    assertAnswer(
        settleAll(agent),
        200,
        "{\"agent\":\"%s\",\"items\":[{\"serviceId\":\"%s\",\"requests\":9007199254740991,\"priceStroops\":9007199254,\"billedStroops\":\"81129638407932410098420714\"}],\"totalBilledStroops\":\"81129638407932410098420714\"}"
            .formatted(agent, service));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| agent is required",
        "{\"agent\":7}| agent must be a string",
        "{\"agent\":\"a b\"}| agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -"
      })
  void settlingAllNeedsAnAgent(String body, String message) {
    assertProblem(post("/settle/bulk", body), 400, "invalid_request", message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| agent is required",
        "{\"agent\":\"a\"}| serviceId is required",
        "{\"agent\":\"a\",\"serviceId\":7}| serviceId must be a string"
      })
  void settlingNeedsAPair(String body, String message) {
    assertProblem(post("/settle", body), 400, "invalid_request", message);
  }

  @Test
  void theTotalFollowsUsagePricesAndSettlements() {
    String service = unique("service");
    String agent = unique("agent");
    JsonPath before = get("/billing/total").jsonPath();
    use(agent, service, 10);
    assertChange(before, 0, 10);
    register(service, 3);
    assertChange(before, 30, 0);
    assertThat(
            post("/services", "{\"serviceId\":\"" + service + "\",\"priceStroops\":5}")
                .statusCode())
        .isEqualTo(200);
    assertChange(before, 50, 0);
    settle(agent, service);
    assertChange(before, 0, 0);
  }

  private static void assertChange(JsonPath before, long total, long unpriced) {
    assertAnswer(
        get("/billing/total"),
        200,
        "{\"totalStroops\":%s,\"disabledStroops\":%s,\"unpricedRequests\":%s}"
            .formatted(
                number(before, "totalStroops", total),
                number(before, "disabledStroops", 0),
                number(before, "unpricedRequests", unpriced)));
  }

  private static String number(JsonPath before, String name, long more) {
    BigInteger value = new BigInteger(before.getString(name)).add(BigInteger.valueOf(more));
    return value.bitLength() > 53 ? "\"" + value + "\"" : value.toString();
  }

  private static Response settle(String agent, String service) {
    return post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + service + "\"}");
  }

  private static Response settleAll(String agent) {
    return post("/settle/bulk", "{\"agent\":\"" + agent + "\"}");
  }

  private static String item(String service, long requests, long price, long billed) {
    return "{\"serviceId\":\"%s\",\"requests\":%d,\"priceStroops\":%d,\"billedStroops\":%d}"
        .formatted(service, requests, price, billed);
  }

  /** Records an event for each number below another, each under an id of its own. */
  static void recordPairs(int count, IntFunction<String> event) {
    String ids = unique("pair") + "-";
    String batch =
        IntStream.range(0, count)
            .mapToObj(i -> event.apply(i).replace("\"id\":\"\"", "\"id\":\"" + ids + i + "\""))
            .collect(Collectors.joining(",", "[", "]"));
    assertThat(post("/events", EventsTests.BATCH, batch).jsonPath().getInt("recorded"))
        .isEqualTo(count);
  }

  private static String bill(
      String agent, String service, String requests, long price, String billed) {
    return "{\"agent\":\"%s\",\"serviceId\":\"%s\",\"requests\":%s,\"priceStroops\":%d,\"billedStroops\":%s}"
        .formatted(agent, service, requests, price, billed);
  }

  private static long last() {
    return get("/entries?sort=desc&limit=1").jsonPath().getLong("items[0].sequence");
  }
}
