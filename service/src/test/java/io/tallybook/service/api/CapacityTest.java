package io.tallybook.service.api;

import static io.tallybook.service.api.EventsTests.BATCH;
import static io.tallybook.service.api.EventsTests.STRUCTURED;
import static io.tallybook.service.api.EventsTests.event;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.assertProblem;
import static io.tallybook.service.api.Http.get;
import static io.tallybook.service.api.Http.post;
import static io.tallybook.service.api.Http.register;
import static io.tallybook.service.api.Http.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.tallybook.service.api.Description.Operation;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is answered when the ledger is full. */
@QuarkusTest
@TestProfile(CapacityTest.Profile.class)
class CapacityTest {
  /** Leaves room for two entries. */
  public static class Profile implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("ledger.memory.max-entries", "2");
    }
  }

  @Test
  void aFullLedgerSaysSoAndStaysAsItIs() {
    String message = "the ledger's storage is full; nothing was recorded";
    use("a", "s", 1);
    use("a", "s", 1);
    Response usage = post("/usage", "{\"agent\":\"a\",\"serviceId\":\"s\",\"requests\":1}");
    assertProblem(usage, 429, "store_capacity_exceeded", message);
    assertThat(usage.header("Retry-After")).isEqualTo("1");
    assertAnswer(
        post("/usage/bulk", "{\"items\":[{\"agent\":\"a\",\"serviceId\":\"s\",\"requests\":1}]}"),
        201,
        "{\"results\":[{\"index\":0,\"ok\":false,\"error\":\"store_capacity_exceeded\"}]}");
    Response settle = post("/settle", "{\"agent\":\"a\",\"serviceId\":\"s\"}");
    assertProblem(settle, 429, "store_capacity_exceeded", message);
    String result =
        "\"status\":\"rejected\",\"error\":\"store_capacity_exceeded\",\"message\":\""
            + message
            + "\",\"retry\":true}";
    String event = event("1", "a", "\"service\":\"s\"");
    Response one = post("/events", STRUCTURED, event);
    assertProblem(one, 429, "store_capacity_exceeded", message, ",\"result\":{" + result);
    assertThat(one.header("Retry-After")).isEqualTo("1");
    assertAnswer(
        post("/events", BATCH, "[" + event + "]"),
        200,
        "{\"recorded\":0,\"duplicates\":0,\"conflicts\":0,\"rejected\":1,\"results\":"
            + "[{\"index\":0,"
            + result
            + "]}");
    assertAnswer(get("/usage/a/s"), 200, "{\"agent\":\"a\",\"serviceId\":\"s\",\"total\":2}");
    assertThat(get("/admin/indexes").jsonPath().getLong("entriesMax")).isEqualTo(2);
    assertFull();
  }

  /** Of a full ledger: every operation that would write an entry says so. */
  private static void assertFull() {
    register("s", 250);
    for (Operation operation : Description.get().operations()) {
      if (operation.responses().containsKey(429)) {
        Asked asked = Asked.example(operation, Map.of("agent", "a", "serviceId", "s"));
        DescribedTests.assertRefused(
            asked.withBody(asked.type(), asked.body().replace("alice", "a").replace("search", "s")),
            429);
      }
    }
  }
}
