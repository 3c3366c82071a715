package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class MemoryDescribedIT extends DescribedTests {}
