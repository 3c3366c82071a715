package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
class MemoryDescribedTest extends DescribedTests {}
