package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.JSON;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.delete;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.patch;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.put;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.request;
import static io.tallybook.service.api.Http.unique;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Services and their prices. */
abstract class ServicesTests {
  @Test
  void aServiceIsRegisteredAndChanged() {
    String id = unique("service");
    assertAnswer(
        post("/services", "{\"serviceId\":\"" + id + "\",\"priceStroops\":250}"),
        201,
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":250}");
    assertAnswer(
        get("/services/" + id),
        200,
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":250,\"disabled\":false}");
    assertAnswer(
        post(
            "/services",
            "{\"serviceId\":\""
                + id
                + "\",\"priceStroops\":0,\"description\":\"\",\"owner\":\"é\"}"),
        200,
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":0,\"description\":\"\",\"owner\":\"é\"}");
    assertAnswer(
        post("/services", "{\"serviceId\":\"" + id + "\",\"priceStroops\":9007199254}"),
        200,
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":9007199254}");
    assertAnswer(
        get("/services/" + id),
        200,
        "{\"serviceId\":\""
            + id
            + "\",\"priceStroops\":9007199254,\"disabled\":false,\"description\":\"\","
            + "\"owner\":\"é\"}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| serviceId is required",
        "{\"x\":1}| unexpected field: x",
        "{\"serviceId\":\"a b\"}| serviceId must be 1 to 128 characters of A-Z a-z 0-9 . _ -",
        "{\"serviceId\":\"a\"}| priceStroops is required",
        "{\"serviceId\":\"a\",\"priceStroops\":-1}| priceStroops must be an integer between 0 and 9007199254",
        "{\"serviceId\":\"a\",\"priceStroops\":9007199255}| priceStroops must be an integer between 0 and 9007199254",
        "{\"serviceId\":\"a\",\"priceStroops\":1,\"owner\":\"x\"}| description and owner must be given together",
        "{\"serviceId\":\"a\",\"priceStroops\":1,\"description\":\"x\"}| description and owner must be given together",
        "{\"serviceId\":\"a\",\"priceStroops\":1,\"description\":\"x\",\"owner\":\"\"}| owner must be 1 to 256 characters",
        "{\"serviceId\":\"a\",\"priceStroops\":1,\"description\":\"\\u0007\",\"owner\":\"x\"}| description must not contain control characters",
        "{\"serviceId\":\"a\",\"priceStroops\":1,\"description\":1,\"owner\":\"x\"}| description must be a string"
      })
  void aServiceThatBreaksARuleIsRefused(String body, String message) {
    assertProblem(post("/services", body), 400, "invalid_request", message);
  }

  @Test
  void textsOfAServiceAreBounded() {
    String id = unique("service");
    String body =
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":1,\"description\":\"%s\",\"owner\":\"o\"}";
    assertProblem(
        post("/services", body.formatted("x".repeat(257))),
        400,
        "invalid_request",
        "description must be at most 256 characters");
    assertProblem(get("/services/" + id), 404, "not_found", "there is no service " + id);
    assertThat(post("/services", body.formatted("x".repeat(256))).statusCode()).isEqualTo(201);
  }

  @Test
  void aServiceThatIsNotRegisteredIsNotThere() {
    assertProblem(
        get("/services/unregistered"), 404, "not_found", "there is no service unregistered");
  }

  @Test
  void servicesAreListedInTheOrderOfRegistrationAndFiltered() {
    String prefix = unique("List");
    String c = prefix + "_c"; // no prefix has a _, so that none is found by "_a"
    String a = prefix + "_A";
    String b = prefix + "_b";
    register(c, 30);
    register(a, 10);
    register(b, 20);
    register(prefix.toLowerCase(Locale.ROOT) + "-lower", 1);
    assertThat(ids("?prefix=" + prefix)).containsExactly(c, a, b);
    assertThat(ids("?prefix=" + prefix + "&limit=2")).containsExactly(c, a);
    assertThat(ids("?prefix=" + prefix + "&q=_a")).containsExactly(a);
    assertThat(ids("?prefix=" + prefix + "&minPrice=20")).containsExactly(c, b);
    assertThat(ids("?prefix=" + prefix + "&minPrice=20&limit=1")).containsExactly(c);
    assertThat(ids("?prefix=" + prefix + "&maxPrice=10.0")).containsExactly(a);
    assertThat(ids("?prefix=" + prefix + "&maxPrice=10.5")).containsExactly(c, a, b);
    assertThat(ids("?prefix=" + prefix + "&maxPrice=x")).containsExactly(c, a, b);
    assertThat(ids("?prefix=" + prefix + "&disabled=true")).isEmpty();
    assertThat(ids("?prefix=" + prefix + "&disabled=false")).containsExactly(c, a, b);
    assertThat(ids("?prefix=" + prefix + "&disabled=x")).containsExactly(c, a, b);
    assertAnswer(
        get("/services?prefix=" + b),
        200,
        "{\"services\":[{\"serviceId\":\"" + b + "\",\"priceStroops\":20,\"disabled\":false}]}");
    assertAnswer(get("/services?prefix=" + prefix + "x"), 200, "{\"services\":[]}");
  }

  @Test
  void disabledServicesAreFound() {
    String prefix = unique("Off");
    register(prefix + "-a", 1);
    register(prefix + "-b", 1);
    post("/services/" + prefix + "-b/disable", "");
    assertThat(ids("?prefix=" + prefix + "&disabled=true")).containsExactly(prefix + "-b");
    assertThat(ids("?prefix=" + prefix + "&disabled=false")).containsExactly(prefix + "-a");
    assertThat(ids("?prefix=" + prefix + "&minPrice=1e29")).isEmpty();
    assertThat(ids("?prefix=" + prefix + "&maxPrice=-1e29")).isEmpty();
    assertThat(ids("?prefix=" + prefix + "&maxPrice=1e29")).hasSize(2);
  }

  // ---- Bulk -------------------------------------------------------------------------------------

  @Test
  void bulkTellsTheFateOfEachService() {
    String old = unique("old");
    String fresh = unique("fresh");
    register(old, 1);
    assertAnswer(
        post(
            "/services/bulk",
            "{\"items\":["
                + "{\"serviceId\":\"%2$s\"},"
                    .concat("{\"serviceId\":\"%1$s\",\"priceStroops\":7},")
                    .concat("{\"serviceId\":\"%2$s\",\"priceStroops\":8},")
                    .concat("{\"serviceId\":\"%2$s\",\"priceStroops\":8},")
                    .concat("{\"serviceId\":\"%1$s\",\"priceStroops\":9},")
                    .concat("{\"serviceId\":\"x\",\"priceStroops\":1,\"more\":1},null]}")
                    .formatted(old, fresh)),
        201,
        "{\"results\":[{\"index\":0,\"ok\":false,\"error\":\"invalid_item\"},"
            + "{\"index\":1,\"ok\":true,\"serviceId\":\"%1$s\",\"priceStroops\":7,\"created\":false},"
                .concat(
                    "{\"index\":2,\"ok\":true,\"serviceId\":\"%2$s\",\"priceStroops\":8,\"created\":true},")
                .concat(
                    "{\"index\":3,\"ok\":false,\"serviceId\":\"%2$s\",\"error\":\"duplicate_in_batch\"},")
                .concat(
                    "{\"index\":4,\"ok\":false,\"serviceId\":\"%1$s\",\"error\":\"duplicate_in_batch\"},")
                .concat(
                    "{\"index\":5,\"ok\":false,\"error\":\"invalid_item\"},{\"index\":6,\"ok\":false,\"error\":\"invalid_item\"}]}")
                .formatted(old, fresh));
    assertThat(get("/services/" + old).jsonPath().getInt("priceStroops")).isEqualTo(7);
    assertThat(get("/services/" + fresh).jsonPath().getInt("priceStroops")).isEqualTo(8);
  }

  @Test
  void bulkKeepsDescriptions() {
    String id = unique("service");
    String item =
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":1,\"description\":\"%s\",\"owner\":\"o\"}";
    assertThat(
            post("/services/bulk", "{\"items\":[" + item.formatted("x".repeat(257)) + "]}")
                .jsonPath()
                .getString("results[0].error"))
        .isEqualTo("invalid_item");
    post("/services/bulk", "{\"items\":[" + item.formatted("d") + "]}");
    assertThat(get("/services/" + id + "/metadata").jsonPath().getString("description"))
        .isEqualTo("d");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"items\":[]}", "{\"items\":{}}", "{\"items\":null}"})
  void bulkNeedsItems(String body) {
    assertProblem(
        post("/services/bulk", body), 400, "invalid_request", "items must be 1-100 entries");
  }

  @Test
  void bulkTakesUpTo100Items() {
    String item = "{\"serviceId\":\"bulk-100\",\"priceStroops\":1}";
    String items = String.join(",", Collections.nCopies(100, item));
    assertThat(post("/services/bulk", "{\"items\":[" + items + "]}").jsonPath().getList("results"))
        .hasSize(100);
    assertProblem(
        post("/services/bulk", "{\"items\":[" + items + "," + item + "]}"),
        400,
        "invalid_request",
        "items must be 1-100 entries");
    assertProblem(
        post("/services/bulk", "{\"items\":[" + item + "],\"more\":1}"),
        400,
        "invalid_request",
        "unexpected field: more");
  }

  // ---- Deletion ---------------------------------------------------------------------------------

  @Test
  void aDeletedServiceKeepsItsUsageWithoutAPrice() {
    String id = unique("service");
    String agent = unique("agent");
    register(id, 5);
    describe(id);
    use(agent, id, 3);
    post("/services/" + id + "/disable", "");
    JsonPath before = get("/billing/total").jsonPath();
    Response deleted = delete("/services/" + id);
    assertThat(deleted.statusCode()).isEqualTo(204);
    assertThat(deleted.asByteArray()).isEmpty();
    assertProblem(get("/services/" + id), 404, "not_found", "there is no service " + id);
    assertProblem(delete("/services/" + id), 404, "not_found", "there is no service " + id);
    assertAnswer(
        get("/services/" + id + "/usage"),
        200,
        "{\"serviceId\":\"" + id + "\",\"total\":3,\"agents\":1}");
    JsonPath after = get("/billing/total").jsonPath();
    assertThat(difference(before, after, "totalStroops")).isEqualTo(-15);
    assertThat(difference(before, after, "disabledStroops")).isEqualTo(-15);
    assertThat(difference(before, after, "unpricedRequests")).isEqualTo(3);
    assertThat(acts(id)).containsExactly("service.disabled", "service.deleted");
    use(agent, id, 1);
    register(id, 2);
    assertAnswer(
        get("/services/" + id),
        200,
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":2,\"disabled\":false}");
    assertThat(get("/billing/" + agent + "/" + id).jsonPath().getInt("billedStroops")).isEqualTo(8);
  }

  private static long difference(JsonPath before, JsonPath after, String name) {
    return new BigInteger(after.getString(name))
        .subtract(new BigInteger(before.getString(name)))
        .longValueExact();
  }

  // ---- Prices -----------------------------------------------------------------------------------

  @Test
  void aNewPriceAppliesToEverythingNotYetSettled() {
    String id = unique("service");
    String agent = unique("agent");
    register(id, 5);
    describe(id);
    use(agent, id, 3);
    assertAnswer(
        patch("/services/" + id + "/price", "{\"priceStroops\":7,\"more\":1}"),
        200,
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":7}");
    assertThat(get("/billing/" + agent + "/" + id).jsonPath().getInt("billedStroops"))
        .isEqualTo(21);
    assertThat(get("/services/" + id + "/metadata").statusCode()).isEqualTo(200);
    JsonPath act = get("/entries?service=" + id + "&kind=act").jsonPath();
    assertThat(act.<String>getList("items.type")).containsExactly("service.priced");
    assertThat(act.<Map<String, String>>getList("items.attributes"))
        .containsExactly(Map.of("oldPriceStroops", "5", "newPriceStroops", "7"));
  }

  @Test
  void aNewPriceCanSettleAtTheOldOneFirst() {
    String id = unique("service");
    String alice = unique("alice");
    String bob = unique("bob");
    register(id, 5);
    use(alice, id, 3);
    use(bob, id, 1);
    use(alice, "other", 9);
    EventsTests.record(id, "debtor", unique("id"), -4);
    EventsTests.record(id, "zero", unique("id"), 0);
    assertAnswer(
        patch("/services/" + id + "/price?settle=true", "{\"priceStroops\":7}"),
        200,
        "{\"serviceId\":\"" + id + "\",\"priceStroops\":7}");
    JsonPath entries = get("/entries?service=" + id + "&kind=settlement&kind=act").jsonPath();
    assertThat(entries.<String>getList("items.agent")).containsExactly(alice, bob, "debtor", null);
    assertThat(entries.<Integer>getList("items.priceStroops")).containsExactly(5, 5, 5, null);
    assertThat(entries.<Integer>getList("items.billedStroops")).containsExactly(15, 5, -20, null);
    assertThat(new HashSet<>(entries.<String>getList("items.recordedAt"))).hasSize(1);
    assertThat(get("/services/" + id + "/agents").jsonPath().getList("items")).isEmpty();
    assertThat(get("/usage/" + alice + "/other").jsonPath().getInt("total")).isEqualTo(9);
    use(alice, id, 2);
    assertThat(get("/billing/" + alice + "/" + id).jsonPath().getInt("billedStroops"))
        .isEqualTo(14);
  }

  @Test
  void tenThousandPairsAreSettledWithANewPriceAndNotOneMore() {
    String id = unique("service");
    register(id, 2);
    BillingTests.recordPairs(
        10_000, i -> EventsTests.event("", "p" + i, "\"service\":\"" + id + "\""));
    use("one-more", id, 1);
    assertThat(
            request()
                .header("Accept", JSON)
                .contentType(JSON)
                .body("{\"priceStroops\":3}")
                .patch(API + "/services/" + id + "/price?settle=true")
                .contentType())
        .isEqualTo(JSON);
    assertProblem(
        patch("/services/" + id + "/price?settle=true", "{\"priceStroops\":3}"),
        422,
        "too_many_pairs",
        "service has more than 10000 agents to settle; settle them one by one");
    assertThat(get("/services/" + id).jsonPath().getInt("priceStroops")).isEqualTo(2);
    assertThat(get("/services/" + id + "/usage").jsonPath().getInt("total")).isEqualTo(10_001);
    post("/settle", "{\"agent\":\"one-more\",\"serviceId\":\"" + id + "\"}");
    assertThat(patch("/services/" + id + "/price?settle=true", "{\"priceStroops\":3}").statusCode())
        .isEqualTo(200);
    assertThat(get("/services/" + id + "/usage").jsonPath().getInt("total")).isZero();
  }

  @Test
  void nothingIsBilledAtANewPriceThatWasUsedBeforeIt() throws Exception {
    String id = unique("service");
    register(id, 1);
    try (ExecutorService writers = Executors.newFixedThreadPool(2)) {
      List<Future<?>> writing = new ArrayList<>();
      for (int w = 0; w < 2; w++) {
        String agent = "writer" + w + "-";
        writing.add(
            writers.submit(
                () -> {
                  for (int i = 0; i < 60; i++) {
                    use(agent + i % 7, id, 1);
                  }
                }));
      }
      for (int price = 2; price < 12; price++) {
        assertThat(
                patch("/services/" + id + "/price?settle=true", "{\"priceStroops\":" + price + "}")
                    .statusCode())
            .isEqualTo(200);
      }
      for (Future<?> writer : writing) {
        writer.get();
      }
    }
    // After each change nothing recorded before it is left: each settlement has the price of then.
    JsonPath log = get("/entries?service=" + id + "&limit=1000").jsonPath();
    List<String> kinds = log.getList("items.kind");
    List<Integer> units = log.getList("items.units");
    long open = 0;
    for (int i = 0; i < kinds.size(); i++) {
      switch (kinds.get(i)) {
        case "usage" -> open += units.get(i);
        case "settlement" -> open -= units.get(i);
        default -> assertThat(open).isZero();
      }
    }
    assertThat(kinds.stream().filter("act"::equals)).hasSize(10);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| priceStroops is required",
        "{\"priceStroops\":\"1\"}| priceStroops must be an integer between 0 and 9007199254",
        "{\"priceStroops\":1.5}| priceStroops must be an integer between 0 and 9007199254",
        "{\"priceStroops\":9007199255}| priceStroops must be an integer between 0 and 9007199254"
      })
  void aPriceThatBreaksARuleIsRefusedOnceTheServiceIsThere(String body, String message) {
    String id = unique("service");
    assertProblem(
        patch("/services/" + id + "/price", body), 404, "not_found", "there is no service " + id);
    register(id, 4);
    assertProblem(patch("/services/" + id + "/price", body), 400, "invalid_request", message);
    assertThat(get("/services/" + id).jsonPath().getInt("priceStroops")).isEqualTo(4);
  }

  @Test
  void aMalformedBodyIsRefusedBeforeAllElse() {
    for (String part : List.of("price", "disabled")) {
      assertProblem(
          patch("/services/unregistered/" + part, "{"),
          400,
          "invalid_request",
          "Malformed JSON in request body");
    }
  }

  // ---- Disabled ---------------------------------------------------------------------------------

  @Test
  void aDisabledServiceTakesNoUsage() {
    String id = unique("service");
    String agent = unique("agent");
    register(id, 5);
    use(agent, id, 2);
    assertAnswer(post("/services/" + id + "/disable", ""), 200, state(id, true));
    assertProblem(
        post("/usage", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + id + "\",\"requests\":1}"),
        409,
        "service_disabled",
        "service " + id + " is disabled");
    assertThat(get("/services/" + id).jsonPath().getBoolean("disabled")).isTrue();
    change(id, 6);
    assertThat(get("/services/" + id).jsonPath().getBoolean("disabled")).isTrue();
    assertThat(
            post("/settle", "{\"agent\":\"" + agent + "\",\"serviceId\":\"" + id + "\"}")
                .jsonPath()
                .getInt("billedStroops"))
        .isEqualTo(12);
    assertAnswer(post("/services/" + id + "/enable", ""), 200, state(id, false));
    use(agent, id, 1);
  }

  @Test
  void postRecordsEverySwitchAndPatchNone() {
    String id = unique("service");
    register(id, 5);
    post("/services/" + id + "/disable", "");
    post("/services/" + id + "/disable", "{\"ignored\":1}");
    assertAnswer(
        patch("/services/" + id + "/disabled", "{\"disabled\":false}"), 200, state(id, false));
    assertAnswer(
        patch("/services/" + id + "/disabled", "{\"disabled\":true}"), 200, state(id, true));
    post("/services/" + id + "/enable", "");
    post("/services/" + id + "/enable", "");
    assertThat(acts(id))
        .containsExactly(
            "service.disabled", "service.disabled", "service.enabled", "service.enabled");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| disabled is required",
        "{\"disabled\":null}| disabled is required",
        "{\"disabled\":\"true\"}| disabled must be true or false",
        "{\"disabled\":1}| disabled must be true or false"
      })
  void theBodyIsJudgedBeforeTheServiceIsLookedFor(String body, String message) {
    assertProblem(patch("/services/unregistered/disabled", body), 400, "invalid_request", message);
  }

  @Test
  void aServiceThatIsNotThereCannotBeSwitched() {
    String missing = "there is no service unregistered";
    assertProblem(
        patch("/services/unregistered/disabled", "{\"disabled\":true}"), 404, "not_found", missing);
    assertProblem(post("/services/unregistered/enable", ""), 404, "not_found", missing);
    assertProblem(post("/services/unregistered/disable", ""), 404, "not_found", missing);
    assertProblem(get("/services/unregistered"), 404, "not_found", missing);
  }

  // ---- Metadata ---------------------------------------------------------------------------------

  @Test
  void metadataIsPutAndRead() {
    String id = unique("service");
    assertProblem(
        get("/services/" + id + "/metadata"), 404, "not_found", "there is no service " + id);
    register(id, 5);
    assertProblem(
        get("/services/" + id + "/metadata"),
        404,
        "not_found",
        "service " + id + " has no metadata");
    String metadata = "{\"serviceId\":\"" + id + "\",\"description\":\"\",\"owner\":\"é\"}";
    assertAnswer(
        put("/services/" + id + "/metadata", "{\"description\":\"\",\"owner\":\"é\"}"),
        200,
        metadata);
    assertAnswer(get("/services/" + id + "/metadata"), 200, metadata);
    assertThat(get("/services/" + id).jsonPath().getString("owner")).isEqualTo("é");
    assertThat(acts(id)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| description is required",
        "{\"description\":\"d\"}| owner is required",
        "{\"description\":1,\"owner\":\"o\"}| description must be a string",
        "{\"description\":\"d\",\"owner\":\"\"}| owner must be 1 to 256 characters"
      })
  void metadataThatBreaksARuleIsRefusedOnceTheServiceIsThere(String body, String message) {
    String id = unique("service");
    assertProblem(
        put("/services/" + id + "/metadata", body), 404, "not_found", "there is no service " + id);
    register(id, 4);
    assertProblem(put("/services/" + id + "/metadata", body), 400, "invalid_request", message);
    assertThat(get("/services/" + id + "/metadata").statusCode()).isEqualTo(404);
  }

  private static void describe(String id) {
    assertThat(
            put("/services/" + id + "/metadata", "{\"description\":\"d\",\"owner\":\"o\"}")
                .statusCode())
        .isEqualTo(200);
  }

  private static void change(String id, long price) {
    assertThat(
            post("/services", "{\"serviceId\":\"" + id + "\",\"priceStroops\":" + price + "}")
                .statusCode())
        .isEqualTo(200);
  }

  private static String state(String id, boolean disabled) {
    return "{\"serviceId\":\"" + id + "\",\"disabled\":" + disabled + "}";
  }

  private static List<String> acts(String id) {
    return get("/entries?kind=act&service=" + id).jsonPath().getList("items.type");
  }

  private static List<String> ids(String query) {
    return get("/services" + query).jsonPath().getList("services.serviceId");
  }
}
