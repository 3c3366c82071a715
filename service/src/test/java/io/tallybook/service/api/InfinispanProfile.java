package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.List;

/** The service on Infinispan. */
public class InfinispanProfile implements QuarkusTestProfile {
  /** With a new ledger, for the guide. */
  public static class Guide extends InfinispanProfile {}

  /** With a new ledger, for the README. */
  public static class Readme extends InfinispanProfile {}

  @Override
  public String getConfigProfile() {
    return "infinispan";
  }

  @Override
  public List<TestResourceEntry> testResources() {
    return List.of(new TestResourceEntry(GridResource.class));
  }
}
