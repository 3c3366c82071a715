package io.tallybook.service.api;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusTest
@TestProfile(JpaProfile.class)
class JpaEntryExportTest extends EntryExportTests {}
