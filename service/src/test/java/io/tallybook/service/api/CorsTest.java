package io.tallybook.service.api;

import static io.tallybook.service.api.Http.API;
import static io.tallybook.service.api.Http.assertAnswer;
import static io.tallybook.service.api.Http.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cross-origin requests where two origins are on the list. */
@QuarkusTest
@TestProfile(CorsTest.Profile.class)
class CorsTest {
  private static final String ALLOWED = "https://app.example.org";

  /** Allows two origins. */
  public static class Profile implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "quarkus.http.cors.enabled",
          "true",
          "quarkus.http.cors.origins",
          ALLOWED + ",https://other.example.org:8443");
    }
  }

  private static Response ask(String origin) {
    return request().header("Origin", origin).get(API + "/agents/a/total");
  }

  private static Response preflight(String origin) {
    return request()
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "Content-Type, X-Request-Id")
        .options(API + "/usage");
  }

  @ParameterizedTest
  @ValueSource(strings = {ALLOWED, "https://other.example.org:8443"})
  void anOriginOnTheListIsAllowed(String origin) {
    Response response = ask(origin);
    assertAnswer(response, 200, "{\"agent\":\"a\",\"total\":0}");
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo(origin);
    assertThat(response.headers().getValues("Vary")).contains("Origin");
    assertThat(response.header("Access-Control-Expose-Headers"))
        .isEqualTo(
            "ETag,Ledger-Sequence,Link,Location,Retry-After,Server-Timing,Tallybook-Rejected,"
                + "X-Request-Id");
  }

  @Test
  void aPreflightOfAnOriginOnTheListIsAnswered() {
    Response response = preflight(ALLOWED);
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(response.asByteArray()).isEmpty();
    assertThat(response.header("Access-Control-Allow-Origin")).isEqualTo(ALLOWED);
    assertThat(response.header("Access-Control-Allow-Methods")).contains("POST");
    assertThat(response.header("Access-Control-Allow-Headers"))
        .contains("Content-Type", "X-Request-Id");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://elsewhere.example.org",
        "http://app.example.org",
        "https://app.example.org.evil.org",
        "https://app.example.org:443",
        "https://APP.example.org",
        "https://xapp.example.org",
        "null"
      })
  void anotherOriginIsAnsweredAndAllowedNothing(String origin) {
    assertAnswer(ask(origin), 200, "{\"agent\":\"a\",\"total\":0}");
    assertThat(preflight(origin).statusCode()).isEqualTo(204);
    for (Response response : new Response[] {ask(origin), preflight(origin)}) {
      assertThat(response.headers().asList())
          .noneMatch(header -> header.getName().startsWith("Access-Control"));
      assertThat(response.headers().getValues("Vary")).containsExactly("Origin");
    }
  }

  @Test
  void aRequestWithoutAnOriginIsAnsweredAsEver() {
    Response response = request().get(API + "/agents/a/total");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.header("Access-Control-Allow-Origin")).isNull();
  }
}
