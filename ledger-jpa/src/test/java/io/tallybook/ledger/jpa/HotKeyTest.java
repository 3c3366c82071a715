package io.tallybook.ledger.jpa;

import static io.tallybook.ledger.jpa.Ledgers.TENANT;
import static io.tallybook.ledger.jpa.Ledgers.event;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.parity.Audit;
import io.tallybook.ledger.storage.CommitPlanner;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Two hundred clients on one agent, service and day. */
@QuarkusTest
@QuarkusTestResource(PostgresResource.class)
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by Quarkus
class HotKeyTest {
  private static final int CLIENTS = 200;
  private static final int EACH = 10;

  @Inject JpaDatabase database;

  @Test
  void a_hot_key_holds_one_connection_and_readers_go_on() throws Exception {
    JpaSettings settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
    JpaStore store = new JpaStore(new CommitPlanner(Instant::now), settings, database);
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE);
        Connection watching = database.pool().getConnection();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      ledger.start();
      assertThat(ledger.commit(Request.of(TENANT, event("first", "a", "s"))).outcomes()).hasSize(1);
      CountDownLatch start = new CountDownLatch(1);
      AtomicBoolean ended = new AtomicBoolean();
      List<Future<Integer>> clients = new ArrayList<>();
      for (int c = 0; c < CLIENTS; c++) {
        String client = "client-" + c;
        clients.add(
            threads.submit(
                () -> {
                  start.await();
                  return write(ledger, client);
                }));
      }
      Future<Integer> reader = threads.submit(() -> readUntil(ended, ledger));
      Future<Integer> watcher = threads.submit(() -> mostWriters(ended, watching, settings));
      start.countDown();
      int recorded = 1;
      for (Future<Integer> client : clients) {
        recorded += client.get();
      }
      ended.set(true);
      assertThat(recorded).isEqualTo(CLIENTS * EACH + 1);
      assertThat(reader.get()).as("answers meanwhile").isPositive();
      assertThat(watcher.get()).as("connections that held a lock of the head").isLessThan(2);
      assertUpdatesStayInTheirPages(watching, settings);
      Audit.recompute(ledger, store, TENANT);
    }
  }

  private static int write(Ledger ledger, String client) {
    int recorded = 0;
    for (int i = 0; i < EACH; i++) {
      Receipt receipt = ledger.commit(Request.of(TENANT, event(client + "-" + i, "a", "s")));
      recorded += receipt.outcomes().getFirst().status() == Status.RECORDED ? 1 : 0;
    }
    return recorded;
  }

  private static int readUntil(AtomicBoolean ended, Ledger ledger) {
    int answers = 0;
    long seen = 0;
    while (!ended.get()) {
      long units = ledger.read(TENANT, "test", reader -> requireNonNull(reader.agent("a")).units());
      assertThat(units).isGreaterThanOrEqualTo(seen);
      seen = units;
      answers++;
    }
    return answers;
  }

  /** Most sessions at once that had the head locked, or waited for it. */
  private static int mostWriters(AtomicBoolean ended, Connection connection, JpaSettings settings)
      throws SQLException {
    int most = 0;
    try (Statement statement = connection.createStatement()) {
      while (!ended.get()) {
        try (ResultSet result =
            statement.executeQuery(
                "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = '"
                    + settings.schema()
                    + ".ledger_head'::regclass AND mode = 'RowShareLock'")) {
          most = result.next() ? Math.max(most, result.getInt(1)) : most;
        }
      }
    }
    return most;
  }

  /** What is counted up changes in no index, so that the new row stays beside the old one. */
  private static void assertUpdatesStayInTheirPages(Connection connection, JpaSettings settings) {
    for (String table : List.of("ledger_cell", "ledger_head", "ledger_tenant", "ledger_writer")) {
      // Sessions tell of their updates some time later.
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () -> {
                try (Statement statement = connection.createStatement();
                    ResultSet result =
                        statement.executeQuery(
                            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
                                + " WHERE schemaname = '"
                                + settings.schema()
                                + "' AND relname = '"
                                + table
                                + "'")) {
                  assertThat(result.next()).isTrue();
                  assertThat(result.getLong(1)).as("updates of %s", table).isGreaterThan(9);
                  assertThat(result.getLong(2))
                      .as("of %d updates of %s within a page", result.getLong(1), table)
                      .isGreaterThanOrEqualTo(result.getLong(1) * 95 / 100);
                }
              });
    }
  }
}
