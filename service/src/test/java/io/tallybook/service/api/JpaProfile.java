package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTestProfile;
import io.tallybook.ledger.jpa.PostgresResource;
import java.util.List;

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

  @Override
  public List<TestResourceEntry> testResources() {
    return List.of(new TestResourceEntry(PostgresResource.class));
  }
}
