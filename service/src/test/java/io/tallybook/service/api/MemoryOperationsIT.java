package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class MemoryOperationsIT extends OperationsTests {
  @Override
  String storage() {
    return "memory";
  }
}
