package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(InfinispanProfile.class)
class InfinispanOperationsIT extends OperationsTests {
  @Override
  String storage() {
    return "infinispan";
  }
}
