package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
class MemoryOperationsTest extends OperationsTests {
  @Override
  String storage() {
    return "memory";
  }
}
