package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(GuideTests.NewLedger.class)
class MemoryGuideIT extends GuideTests {}
