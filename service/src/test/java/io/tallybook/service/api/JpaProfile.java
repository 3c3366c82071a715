package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTestProfile;
import io.tallybook.ledger.jpa.PostgresResource;
import java.util.List;
import java.util.Map;

/** The service on PostgreSQL. */
public class JpaProfile implements QuarkusTestProfile {
  /** With a new ledger, for the guide. */
  public static class Guide extends JpaProfile {}

  /** With a new ledger, for the README. */
  public static class Readme extends JpaProfile {}

  @Override
  public String getConfigProfile() {
    return "jpa";
  }

  /** The server of the tests does not wait for the disk. */
  @Override
  public Map<String, String> getConfigOverrides() {
    return Map.of("ledger.jpa.loss-accepted", "true");
  }

  @Override
  public List<TestResourceEntry> testResources() {
    return List.of(new TestResourceEntry(PostgresResource.class));
  }
}
