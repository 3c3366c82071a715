package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusTest
@TestProfile(GuideTests.NewLedger.class)
class MemoryGuideTest extends GuideTests {}
