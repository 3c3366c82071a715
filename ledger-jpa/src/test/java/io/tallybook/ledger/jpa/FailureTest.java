package io.tallybook.ledger.jpa;

import static io.tallybook.ledger.jpa.Ledgers.TENANT;
import static io.tallybook.ledger.jpa.Ledgers.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.jpa.Proxy.AtCommit;
import io.tallybook.ledger.parity.Audit;
import io.tallybook.ledger.storage.CommitPlanner;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a failing database does to commits and questions: each fails within its time, says truly
 * whether to send it again, and leaves a storage that works as soon as the database does. Every
 * test ends by sending all of its events again and finding each counted once.
 */
@QuarkusTest
@QuarkusTestResource(value = FaultsResource.class, restrictToAnnotatedClass = true)
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by JUnit and Quarkus
class FailureTest {
  private static final int COMMIT_MILLIS = 2_000;
  private static final int READ_MILLIS = 2_000;

  /** A commit, its repetition and the search for its outcome, each with the network's bound. */
  private static final Duration HANGING = Duration.ofMillis(3 * (COMMIT_MILLIS + 2_000) + 15_000);

  /** One less than there are connections. */
  private static final int READERS = 5;

  private static final String STORAGE_SESSIONS =
      " FROM pg_stat_activity WHERE application_name = 'tallybook'"
          + " AND state LIKE 'idle in transaction%'";

  private static Server server;

  @Inject JpaDatabase database;
  ServerSocket front;

  private final AtomicReference<Runnable> whilePlanning = new AtomicReference<>(() -> {});
  private final List<String> sent = new ArrayList<>();
  private JpaSettings settings;
  private Proxy proxy;
  private JpaStore store;
  private Ledger ledger;

  @BeforeAll
  static void startServer() throws Exception {
    server = new Server(Map.of("fsync", "off", "max_connections", "30"));
  }

  @AfterAll
  static void stopServer() throws IOException {
    server.close();
  }

  @BeforeEach
  void open() throws IOException {
    proxy = new Proxy(front, server.port());
    settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX, COMMIT_MILLIS, READ_MILLIS);
    CommitPlanner planner =
        new CommitPlanner(
            () -> {
              whilePlanning.get().run();
              return Instant.now();
            });
    store = new JpaStore(planner, settings, database);
    ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE);
    // What the pool still has of the last test is broken.
    await().atMost(HANGING).ignoreExceptionsInstanceOf(LedgerException.class).until(this::starts);
    record("before");
  }

  private boolean starts() {
    ledger.start();
    return true;
  }

  /** Sends everything again, as its clients would, and counts. */
  @AfterEach
  void resendAndAudit() throws Exception {
    whilePlanning.set(() -> {});
    proxy.comeBack();
    if (!server.isRunning()) {
      server.start();
    }
    try {
      for (String id : List.copyOf(sent)) {
        Status status = commit(id).status();
        assertThat(status).as(id).isIn(Status.RECORDED, Status.DUPLICATE);
      }
      Tenant tenant = store.read(TENANT, snapshot -> snapshot.tenant());
      assertThat(tenant.lastSequence()).isEqualTo(sent.stream().distinct().count());
      assertThat(tenant.lifetimeUnits()).isEqualTo(tenant.lastSequence());
      Audit.recompute(ledger, store, TENANT);
    } finally {
      ledger.close();
      proxy.close();
    }
  }

  private Outcome commit(String id) {
    sent.add(id);
    List<Receipt> receipts = store.commit(List.of(request(id)));
    return receipts.getFirst().outcomes().getFirst();
  }

  private void record(String id) {
    assertThat(commit(id).status()).isEqualTo(Status.RECORDED);
  }

  /** Sends an event that cannot be recorded now. */
  private LedgerException.Unavailable fail(String id) throws Exception {
    return fail(() -> commit(id));
  }

  private static LedgerException.Unavailable fail(Runnable what) throws Exception {
    try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<LedgerException.Unavailable> failure =
          thread.submit(() -> catchThrowableOfType(LedgerException.Unavailable.class, what::run));
      LedgerException.Unavailable found = failure.get(HANGING.toMillis(), TimeUnit.MILLISECONDS);
      assertThat(found).as("a failure").isNotNull();
      assertThat(found.getMessage())
          .doesNotContainIgnoringCase("select", "insert", "update ", "ledger_", "Exception");
      return found;
    }
  }

  private static void assertNothingHappened(LedgerException.Unavailable failure, String why) {
    assertThat(failure).hasMessageContaining("Nothing was recorded").hasMessageContaining(why);
    assertThat(failure.safeToResend()).isTrue();
  }

  private long lastSequence() {
    return store.read(TENANT, snapshot -> snapshot.tenant().lastSequence());
  }

  private void inSchema(String... statements) {
    List<String> all = new ArrayList<>(List.of("SET search_path TO " + settings.schema()));
    all.addAll(List.of(statements));
    server.execute(all.toArray(String[]::new));
  }

  private static void terminateStorage() {
    assertThat(server.one("SELECT count(pg_terminate_backend(pid))" + STORAGE_SESSIONS))
        .isNotEqualTo("0");
  }

  // ---- Broken connections -----------------------------------------------------------------------

  @Test
  void a_connection_that_dies_while_a_group_is_planned_is_replaced_once() {
    whilePlanning.set(
        () -> {
          whilePlanning.set(() -> {});
          terminateStorage();
        });
    record("a");
  }

  @Test
  void connections_that_die_whenever_a_group_is_planned_record_nothing() throws Exception {
    whilePlanning.set(FailureTest::terminateStorage);
    assertNothingHappened(fail("a"), "cannot be reached or broke off");
    whilePlanning.set(() -> {});
    assertThat(lastSequence()).isEqualTo(1);
  }

  @Test
  void a_session_that_the_server_ends_just_before_the_commit_records_nothing() throws Exception {
    proxy.beforeNextCommit(FailureTest::terminateStorage);
    assertNothingHappened(fail("a"), "");
    assertThat(lastSequence()).isEqualTo(1);
  }

  @Test
  void a_connection_that_breaks_just_before_the_commit_records_nothing() throws Exception {
    proxy.atNextCommit(AtCommit.CUT_BEFORE);
    assertNothingHappened(fail("a"), "");
    assertThat(lastSequence()).isEqualTo(1);
  }

  @Test
  void a_connection_that_breaks_just_after_the_commit_hides_nothing() {
    proxy.atNextCommit(AtCommit.CUT_AFTER);
    record("a");
    assertThat(lastSequence()).isEqualTo(2);
    assertThat(commit("a").status()).isEqualTo(Status.DUPLICATE);
  }

  @Test
  void a_commit_of_nothing_whose_answer_is_lost_is_answered() {
    proxy.atNextCommit(AtCommit.CUT_AFTER);
    assertThat(commit("before").status()).isEqualTo(Status.DUPLICATE);
  }

  // ---- A database that vanishes -----------------------------------------------------------------

  @Test
  void a_database_that_vanishes_before_the_commit_leaves_it_unknown() throws Exception {
    proxy.atNextCommit(AtCommit.SILENT_BEFORE);
    LedgerException.Unavailable failure = fail("a");
    assertThat(failure).hasMessageContaining("the outcome is unknown");
    assertThat(failure.safeToResend()).isFalse();
    proxy.comeBack();
    record("a");
  }

  @Test
  void a_database_that_vanishes_after_the_commit_leaves_it_unknown() throws Exception {
    proxy.atNextCommit(AtCommit.SILENT_AFTER);
    LedgerException.Unavailable failure = fail("a");
    assertThat(failure).hasMessageContaining("the outcome is unknown");
    assertThat(failure.safeToResend()).isFalse();
    proxy.comeBack();
    assertThat(commit("a").status()).isEqualTo(Status.DUPLICATE);
  }

  @Test
  void a_database_that_has_vanished_keeps_no_commit_and_no_question_waiting() throws Exception {
    proxy.vanish();
    assertNothingHappened(fail("a"), "cannot be reached or broke off");
    LedgerException.Unavailable unanswered = fail(() -> assertThat(lastSequence()).isEqualTo(1));
    assertThat(unanswered).hasMessageContaining("The question was not answered");
    assertThat(unanswered.safeToResend()).isTrue();
    proxy.comeBack();
    record("b");
  }

  @Test
  void a_database_that_vanishes_while_a_group_is_planned_records_nothing() throws Exception {
    whilePlanning.set(proxy::vanish);
    assertNothingHappened(fail("a"), "cannot be reached or broke off");
    whilePlanning.set(() -> {});
    proxy.comeBack();
    record("b");
  }

  @Test
  void a_facade_marks_what_has_ids_as_safe_to_send_again() throws Exception {
    proxy.atNextCommit(AtCommit.SILENT_AFTER);
    sent.add("a");
    LedgerException.Unavailable failure =
        fail(() -> assertThat(ledger.commit(request("a")).outcomes()).hasSize(1));
    assertThat(failure.safeToResend()).isTrue();
    proxy.comeBack();
  }

  // ---- A server that stops ----------------------------------------------------------------------

  @Test
  void a_server_that_was_restarted_goes_unnoticed() {
    fillPool();
    server.stop();
    server.start();
    assertThat(lastSequence()).isEqualTo(1);
    fillPool();
    server.stop();
    server.start();
    record("a");
  }

  /** Has all readers ask at once, so that there are as many connections. */
  private void fillPool() {
    CountDownLatch all = new CountDownLatch(READERS);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> reader : readers(threads, all, all)) {
        assertThat(reader).succeedsWithin(HANGING).isEqualTo(true);
      }
    }
  }

  /** Questions that take from one event to another. */
  private List<Future<Boolean>> readers(
      ExecutorService threads, CountDownLatch asking, CountDownLatch until) {
    List<Future<Boolean>> readers = new ArrayList<>();
    for (int i = 0; i < READERS; i++) {
      readers.add(
          threads.submit(
              () ->
                  store.read(
                      TENANT,
                      snapshot -> {
                        asking.countDown();
                        return awaited(until);
                      })));
    }
    return readers;
  }

  @Test
  void a_server_that_is_down_is_unavailable_at_once_and_back_when_it_is() throws Exception {
    server.stop();
    long start = System.nanoTime();
    assertNothingHappened(fail("a"), "cannot be reached or broke off");
    LedgerException.Unavailable unanswered = fail(() -> assertThat(lastSequence()).isEqualTo(1));
    assertThat(unanswered.safeToResend()).isTrue();
    JpaStore another = new JpaStore(new CommitPlanner(Instant::now), settings, database);
    assertThat(fail(another::check))
        .hasMessageContaining("Cannot use PostgreSQL at")
        .hasMessageContaining("127.0.0.1:" + front.getLocalPort())
        .hasMessageContaining("quarkus.datasource");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    server.start();
    another.check();
    record("b");
  }

  @Test
  void a_server_that_stops_at_the_commit_settles_it_when_it_is_back() {
    proxy.beforeNextCommit(
        () -> {
          server.stop();
          Thread.ofVirtual().start(server::start);
        });
    try {
      assertThat(commit("a").status()).isEqualTo(Status.RECORDED);
    } catch (LedgerException.Unavailable e) {
      assertThat(e).hasMessageContaining("ecorded");
    }
    await().atMost(Duration.ofMinutes(1)).ignoreExceptions().until(() -> lastSequence() == 1);
  }

  // ---- Bounds of time ---------------------------------------------------------------------------

  @Test
  void a_statement_that_takes_too_long_is_ended() throws Exception {
    atInsert("PERFORM pg_sleep(60)");
    assertNothingHappened(fail("a"), "took too long");
    endAtInsert();
  }

  @Test
  void a_head_that_another_session_holds_keeps_a_commit_waiting_for_its_time_only()
      throws Exception {
    try (Connection other = server.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      assertThat(
              statement.execute("SELECT * FROM " + settings.schema() + ".ledger_head FOR UPDATE"))
          .isTrue();
      assertNothingHappened(fail("a"), "");
      assertThat(lastSequence()).as("readers wait for nobody").isEqualTo(1);
      other.rollback();
    }
    record("b");
  }

  @Test
  void a_node_that_stalls_in_a_commit_gives_the_head_back() throws Exception {
    whilePlanning.set(
        () -> {
          whilePlanning.set(() -> {});
          await()
              .atMost(HANGING)
              .until(() -> server.one("SELECT count(*)" + STORAGE_SESSIONS).equals("0"));
        });
    assertNothingHappened(fail("a"), "");
    record("b");
  }

  @Test
  void a_question_that_takes_too_long_is_ended() throws Exception {
    LedgerException.Unavailable failure =
        fail(
            () ->
                store.read(
                    TENANT,
                    snapshot ->
                        database
                            .session()
                            .createNativeQuery("SELECT CAST(pg_sleep(60) AS text)", String.class)
                            .getSingleResult()));
    assertThat(failure)
        .hasMessageContaining("The question was not answered")
        .hasMessageContaining("the database took too long");
    assertThat(failure.safeToResend()).isTrue();
  }

  @Test
  void readers_take_no_connection_from_the_writer() throws Exception {
    CountDownLatch asking = new CountDownLatch(READERS);
    CountDownLatch ended = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> readers = readers(threads, asking, ended);
      assertThat(awaited(asking)).isTrue();
      for (int i = 0; i < 10; i++) {
        record("a" + i);
      }
      LedgerException.Unavailable failure = fail(() -> assertThat(lastSequence()).isEqualTo(11));
      assertThat(failure)
          .hasMessageContaining("All connections for reading were in use")
          .hasMessageContaining("quarkus.datasource.jdbc.max-size");
      assertThat(readers).noneMatch(Future::isDone);
      ended.countDown();
    }
    assertThat(lastSequence()).isEqualTo(11);
  }

  private static boolean awaited(CountDownLatch latch) {
    try {
      return latch.await(HANGING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- A server that refuses --------------------------------------------------------------------

  @Test
  void a_server_that_takes_no_writes_still_answers_questions() throws Exception {
    server.execute(
        "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()");
    try {
      await()
          .atMost(HANGING)
          .until(() -> server.one("SHOW default_transaction_read_only").equals("on"));
      proxy.comeBack(); // with new connections, which know it
      assertNothingHappened(fail("a"), "the database takes no writes");
      assertThat(lastSequence()).isEqualTo(1);
    } finally {
      server.execute(
          "SET default_transaction_read_only = off",
          "ALTER SYSTEM RESET default_transaction_read_only",
          "SELECT pg_reload_conf()");
    }
    await()
        .atMost(HANGING)
        .until(() -> server.one("SHOW default_transaction_read_only").equals("off"));
    proxy.comeBack();
  }

  /** A disk cannot be filled everywhere; what the server says of one that is full comes instead. */
  @Test
  void a_full_disk_at_a_statement_records_nothing() throws Exception {
    atInsert("RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'");
    assertNothingHappened(fail("a"), "the disk of the database is full");
    endAtInsert();
  }

  @Test
  void a_full_disk_at_the_commit_records_nothing() throws Exception {
    function("RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'");
    inSchema(
        "CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON ledger_entry"
            + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault()");
    assertNothingHappened(fail("a"), "the disk of the database is full");
    endAtInsert();
  }

  @Test
  void a_transaction_that_gave_way_once_is_repeated() {
    inSchema("CREATE SEQUENCE turns");
    atInsert("IF nextval('turns') = 1 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF");
    record("a");
    endAtInsert();
  }

  @Test
  void a_transaction_that_always_gives_way_records_nothing() throws Exception {
    atInsert("RAISE EXCEPTION USING ERRCODE = '40001'");
    assertNothingHappened(fail("a"), "gave way to another transaction");
    endAtInsert();
  }

  @Test
  void a_transaction_that_gives_way_at_the_commit_records_nothing() throws Exception {
    function("RAISE EXCEPTION USING ERRCODE = '40001'");
    inSchema(
        "CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON ledger_entry"
            + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault()");
    assertNothingHappened(fail("a"), "gave way to another transaction");
    endAtInsert();
  }

  private void function(String body) {
    inSchema(
        "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            + body
            + "; RETURN NEW; END $$");
  }

  private void atInsert(String body) {
    function(body);
    inSchema(
        "CREATE TRIGGER fault BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION fault()");
  }

  private void endAtInsert() {
    inSchema("DROP TRIGGER fault ON ledger_entry");
  }

  @Test
  void tables_that_are_gone_are_told_of() throws Exception {
    server.execute("ALTER SCHEMA " + settings.schema() + " RENAME TO hidden");
    assertNothingHappened(fail("a"), "the tables of the ledger are missing");
    server.execute("ALTER SCHEMA hidden RENAME TO " + settings.schema());
  }

  @Test
  void an_error_without_a_word_for_it_is_told_by_its_code() {
    assertThat(Failures.reason(new SQLException("duplicate key \"ledger_entry_pkey\"", "23505")))
        .isEqualTo("the database answered with error 23505");
  }
}
