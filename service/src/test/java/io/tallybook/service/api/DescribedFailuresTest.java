package io.tallybook.service.api;

import static io.tallybook.service.api.Http.post;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.service.api.Description.Operation;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every operation of the description answers when the storage fails. */
@QuarkusTest
@TestProfile(FailuresTest.Profile.class)
class DescribedFailuresTest {
  private static final String SERVICE = "{\"serviceId\":\"search\",\"priceStroops\":250}";

  @BeforeEach
  void prepare() {
    assertThat(post("/services", SERVICE).statusCode()).isIn(200, 201);
  }

  @AfterEach
  void mend() {
    UnreliableStore.mend();
  }

  private static List<Operation> operations(int status) {
    return Description.get().operations().stream()
        .filter(operation -> operation.responses().containsKey(status))
        .toList();
  }

  @Test
  void aStorageThatDoesNotAnswerIsUnavailable() {
    UnreliableStore.failure = () -> UnreliableStore.unavailable(true);
    UnreliableStore.failsStatistics = true;
    for (Operation operation : operations(503)) {
      DescribedTests.assertRefused(Asked.example(operation, Map.of()), 503);
    }
  }

  @Test
  void whatNobodyExpectedIsAFailureOfOurOwn() {
    UnreliableStore.failure = () -> new IllegalStateException("secret cause");
    UnreliableStore.failsStatistics = true;
    for (Operation operation : operations(503)) {
      if (operation.method().equals("GET")) {
        DescribedTests.assertRefused(Asked.example(operation, Map.of()), 500);
      }
    }
  }

  @Test
  void aPriceThatOthersOutrunEveryTimeIsAConflict() {
    UnreliableStore.outrunBy =
        Request.of(
            Tenant.PUBLIC,
            new Command.PutDocument(
                DocumentKey.service(Tenant.PUBLIC, "search"),
                Map.of(Document.PRICE, "1"),
                Set.of(),
                Command.PutDocument.ANY,
                null));
    Operation price =
        Description.get().operations().stream()
            .filter(operation -> operation.path().endsWith("/price"))
            .findFirst()
            .orElseThrow();
    DescribedTests.assertRefused(Asked.example(price, Map.of()), 409);
  }
}
