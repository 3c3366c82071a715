package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(InfinispanProfile.class)
class InfinispanExistingClientIT extends ExistingClientTests {}
