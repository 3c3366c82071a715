package io.tallybook.ledger.jpa;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.tallybook.ledger.parity.LedgerParity;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import jakarta.inject.Inject;

/** The parity suite on PostgreSQL; each ledger has a schema of its own. */
@QuarkusTest
@QuarkusTestResource(PostgresResource.class)
class JpaParityTest extends LedgerParity {
  @Inject JpaDatabase database;

  @Override
  protected LedgerStore open(CommitPlanner planner, String currency, long entriesMax) {
    return new JpaStore(planner, Ledgers.fresh(currency, entriesMax), database);
  }
}
