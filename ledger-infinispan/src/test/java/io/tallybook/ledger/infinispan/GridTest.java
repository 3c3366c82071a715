package io.tallybook.ledger.infinispan;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tallybook.ledger.LedgerException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.infinispan.commons.configuration.StringConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The calls to the grid, against a server. */
class GridTest {
  private static final AtomicLong NAMES = new AtomicLong();
  private static final String CACHES = "tallybook";
  private static GridServers servers;
  private static GridClient client;

  @BeforeAll
  static void startServer() {
    servers = GridServers.start(1);
    client = servers.client();
  }

  @AfterAll
  static void stopServer() {
    client.close();
    servers.close();
  }

  @Test
  void commitsArePutWhereNothingIsAndTellWhatIsThere() throws Exception {
    Grid grid = opened(newLedger());
    Logged first = logged(1);
    Logged second = logged(2);

    assertThat(append(grid, 7, first)).isNull();
    Logged there = append(grid, 7, second);

    assertThat(there).isNotNull();
    assertThat(there.token()).isEqualTo(first.token());
    assertThat(there.value()).isEqualTo(first.value());
    assertThat(grid.logged(List.of(6L, 7L)).keySet()).containsExactly(7L);
    assertThat(grid.logged(List.of())).isEmpty();
  }

  @Test
  void aCommitSentAgainIsTheSameCommit() throws Exception {
    Grid grid = opened(newLedger());
    Logged commit = logged(1);

    assertThat(append(grid, 1, commit)).isNull();
    assertThat(append(grid, 1, new Logged(commit.token(), commit.value()))).isNull();
  }

  @Test
  void aCommitIsHeldOnlyWhereItIs() throws Exception {
    Grid grid = opened(newLedger());
    Logged commit = logged(1);
    assertThat(grid.hold(1, commit.token(), soon())).isFalse();
    assertThat(append(grid, 1, commit)).isNull();
    together(
        8,
        () -> {
          for (int i = 0; i < 20; i++) {
            assertThat(grid.hold(1, commit.token(), soon())).isTrue();
          }
        });
    assertThat(grid.hold(1, UUID.randomUUID(), soon())).isFalse();
    Logged there = requireNonNull(grid.logged(List.of(1L)).get(1L));
    assertThat(there.token()).isEqualTo(commit.token());
    assertThat(there.value()).isEqualTo(commit.value());
  }

  @Test
  void forgottenCommitsAreGone() throws Exception {
    Grid grid = opened(newLedger());
    List<Long> numbers = LongStream.rangeClosed(1, 600).boxed().toList();
    for (long number : numbers) {
      append(grid, number, logged(number));
    }

    grid.forget(numbers.subList(0, 599));

    assertThat(grid.logged(numbers).keySet()).containsExactly(600L);
  }

  @Test
  void theMarkIsChangedByEachOfMany() throws Exception {
    String ledger = newLedger();
    int threads = 4;
    long each = 50;
    together(
        threads,
        () -> {
          Grid grid = opened(ledger);
          for (int i = 0; i < each; i++) {
            grid.change(0, before -> logged(before == null ? 1 : number(before.value()) + 1));
          }
        });

    Logged mark = opened(ledger).logged(List.of(0L)).get(0L);
    assertThat(mark).isNotNull();
    assertThat(number(mark.value())).isEqualTo(threads * each);
  }

  @Test
  void aMarkThatIsToStayIsNotWritten() {
    Grid grid = opened(newLedger());
    Logged first = grid.change(0, _ -> logged(1));

    Logged second = grid.change(0, before -> before);

    assertThat(second.token()).isEqualTo(first.token());
  }

  @Test
  void rowsKeepEveryIncrementOfMany() throws Exception {
    String ledger = newLedger();
    int threads = 4;
    long each = 20;
    List<RowKey> keys = keys(50);
    AtomicLong stamps = new AtomicLong();
    together(
        threads,
        () -> {
          Grid grid = opened(ledger);
          for (int i = 0; i < each; i++) {
            Map<RowKey, UnaryOperator<@Nullable Row>> changes = new LinkedHashMap<>();
            for (RowKey key : keys) {
              changes.put(
                  key,
                  before ->
                      new Row(
                          stamps.incrementAndGet(),
                          bytes(before == null ? 1 : number(before.value()) + 1)));
            }
            grid.update(changes, other -> false);
          }
        });

    assertThat(opened(ledger).rows(keys).values())
        .hasSize(keys.size())
        .allSatisfy(row -> assertThat(number(row.value())).isEqualTo(threads * each));
  }

  @Test
  void aRowThatIsToStayIsNotWritten() {
    Grid grid = opened(newLedger());
    RowKey key = keys(1).getFirst();
    write(grid, Map.of(key, new Row(5, bytes(5))));

    grid.update(Map.of(key, before -> before), other -> false);

    assertThat(grid.row(key)).isNotNull().satisfies(row -> assertThat(row.stamp()).isEqualTo(5));
  }

  @Test
  void aChangeThatFailsReachesTheCaller() {
    Grid grid = opened(newLedger());
    Map<RowKey, UnaryOperator<@Nullable Row>> changes = new LinkedHashMap<>();
    for (RowKey key : keys(300)) {
      changes.put(
          key,
          _ -> {
            throw new LedgerException.Unavailable("No.", true, null);
          });
    }

    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(() -> grid.update(changes, other -> false))
        .withMessage("No.");
    assertThat(grid.rows(changes.keySet())).isEmpty();
  }

  @Test
  void manyRowsAreWrittenAndRead() {
    Grid grid = opened(newLedger());
    List<RowKey> keys = keys(2_500);
    Map<RowKey, Row> rows = new HashMap<>();
    for (int i = 0; i < keys.size(); i += 2) {
      rows.put(keys.get(i), new Row(i, new byte[2_000]));
    }

    write(grid, rows);

    Map<RowKey, Row> read = grid.rows(keys);
    assertThat(read.keySet()).isEqualTo(rows.keySet());
    assertThat(read.get(keys.get(2_498)))
        .isNotNull()
        .satisfies(row -> assertThat(row.stamp()).isEqualTo(2_498))
        .satisfies(row -> assertThat(row.value()).hasSize(2_000));
    assertThat(grid.rows(List.of())).isEmpty();
    write(grid, Map.of());
  }

  @Test
  void ledgersInOneGridDoNotSeeEachOther() throws Exception {
    Grid one = opened(newLedger());
    Grid other = opened(newLedger());
    RowKey key = keys(1).getFirst();

    append(one, 1, logged(1));
    write(one, Map.of(key, new Row(1, bytes(1))));

    assertThat(other.logged(List.of(1L))).isEmpty();
    assertThat(other.row(key)).isNull();
    assertThat(append(other, 1, logged(2))).isNull();
  }

  @Test
  void manyNodesMayOpenANewGridAtTheSameTime() throws Exception {
    String caches = "new" + NAMES.incrementAndGet();
    String ledger = newLedger();
    together(
        4,
        () -> {
          try (GridClient own = GridServers.unstartedClient(servers.hosts(), null, null, 5_000)) {
            Grid grid = new Grid(() -> own, settings(ledger, caches, 10_000));
            grid.open();
            grid.change(0, before -> before == null ? logged(1) : before);
          }
        });
  }

  @Test
  void aCacheThatSomebodyElseCreatedIsRefused() {
    String foreign = "foreign" + NAMES.incrementAndGet();
    create(foreign + "_log", "<encoding media-type=\"application/x-protostream\"/>");
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(new Grid(() -> client, settings("ledger", foreign, 10_000))::open)
        .withMessageStartingWith("The cache " + foreign + "_log was not created by Tallybook");

    String text = "text" + NAMES.incrementAndGet();
    create(text + "_log", "<encoding media-type=\"text/plain\"/>");
    assertThatExceptionOfType(LedgerException.Unavailable.class)
        .isThrownBy(new Grid(() -> client, settings("ledger", text, 10_000))::open)
        .withMessageStartingWith("The cache " + text + "_log has another encoding");
  }

  private static void create(String cache, String configuration) {
    client
        .administration()
        .createCache(
            cache,
            new StringConfiguration(
                "<local-cache name=\"" + cache + "\">" + configuration + "</local-cache>"));
  }

  @Test
  void aServerThatIsKilledKeepsEverything() throws Exception {
    try (GridClient before = servers.client()) {
      String ledger = newLedger();
      Grid grid = new Grid(() -> before, settings(ledger, CACHES, 10_000));
      grid.open();
      Map<RowKey, Row> rows = new HashMap<>();
      keys(1_500).forEach(key -> rows.put(key, new Row(1, bytes(1))));
      write(grid, rows);
      append(grid, 1, logged(1));

      servers.kill(0);
      servers.restart(0);

      try (GridClient after = servers.client()) {
        Grid again = new Grid(() -> after, settings(ledger, CACHES, 10_000));
        again.open();
        assertThat(again.rows(rows.keySet()).keySet()).isEqualTo(rows.keySet());
        assertThat(again.logged(List.of(1L))).hasSize(1);
      }
      assertThat(grid.logged(List.of(1L))).hasSize(1);
    }
  }

  @Test
  void connectionsThatEndAsSoonAsTheyAreMadeAreMadeAgain() {
    for (int i = 0; i < 20; i++) {
      try (Proxy proxy = new Proxy(servers.port(0));
          GridClient connection = GridServers.client(proxy.host(), null, null, 5_000)) {
        Grid grid = new Grid(() -> connection, settings(newLedger(), CACHES, 10_000));
        grid.open();
        proxy.shut();
        for (int call = 0; call < 20; call++) {
          assertThatExceptionOfType(LedgerException.Unavailable.class)
              .isThrownBy(() -> grid.logged(List.of(1L)))
              .withMessage("The grid cannot be reached.");
        }
        proxy.open();
        assertThat(grid.logged(List.of(1L))).isEmpty();
      }
    }
  }

  @Test
  void aWrongPasswordIsToldWithoutTheUserOrTheAddress() {
    try (GridServers own = GridServers.secured("keeper", "right")) {
      try (GridClient right = GridServers.client(own.hosts(), "keeper", "right", 5_000)) {
        new Grid(() -> right, settings(newLedger(), CACHES, 10_000)).open();
      }
      try (GridClient wrong = GridServers.unstartedClient(own.hosts(), "keeper", "wrong", 5_000)) {
        Grid grid = new Grid(() -> wrong, settings(newLedger(), CACHES, 10_000));
        assertThatExceptionOfType(LedgerException.Unavailable.class)
            .isThrownBy(grid::open)
            .withMessage("The grid refuses the user or the password.");
      }
    }
  }

  @Test
  void aUserWhoCreatesNothingIsEnoughOnceTheCachesAreThere() throws Exception {
    try (GridServers own = GridServers.secured("keeper", "right");
        GridClient keeper = GridServers.client(own.hosts(), "keeper", "right", 5_000);
        GridClient clerk = GridServers.client(own.hosts(), GridServers.CLERK, "right", 5_000)) {
      String ledger = newLedger();
      assertThatExceptionOfType(LedgerException.Unavailable.class)
          .isThrownBy(new Grid(() -> clerk, settings(ledger, CACHES, 10_000))::open)
          .withMessageStartingWith("The grid does not permit the user this");

      new Grid(() -> keeper, settings(ledger, CACHES, 10_000)).open();

      Grid grid = new Grid(() -> clerk, settings(ledger, CACHES, 10_000));
      grid.open();
      append(grid, 1, logged(1));
      RowKey key = keys(1).getFirst();
      write(grid, Map.of(key, new Row(1, bytes(1))));
      write(grid, Map.of(key, new Row(2, bytes(2))));
      assertThat(grid.row(key)).isNotNull();
      grid.forget(List.of(1L));
      assertThat(grid.logged(List.of(1L))).isEmpty();
    }
  }

  @Test
  void aGridThatIsNotThereIsToldInTime() {
    try (GridClient nobody = GridServers.unstartedClient("127.0.0.1:1", null, null, 1_000)) {
      Grid grid = new Grid(() -> nobody, settings(newLedger(), CACHES, 2_000));
      long start = System.nanoTime();
      assertThatExceptionOfType(LedgerException.Unavailable.class)
          .isThrownBy(grid::open)
          .withMessage("The grid cannot be reached.");
      assertThat(System.nanoTime() - start).isLessThan(3_000_000_000L);
    }
  }

  @Test
  void aServerThatStoppedAnsweringIsToldInTime() throws Exception {
    try (GridClient connection = GridServers.client(servers.hosts(), null, null, 10_000)) {
      Grid grid = new Grid(() -> connection, settings(newLedger(), CACHES, 500));
      new Grid(() -> connection, settings(newLedger(), CACHES, 10_000)).open();
      grid.open();
      servers.pause(0);
      try {
        long start = System.nanoTime();
        assertThatExceptionOfType(LedgerException.Unavailable.class)
            .isThrownBy(() -> grid.logged(List.of(1L)))
            .withMessage("The grid did not answer within 500 ms.");
        assertThatExceptionOfType(LedgerException.Unavailable.class)
            .isThrownBy(() -> write(grid, Map.of(keys(1).getFirst(), new Row(1, bytes(1)))))
            .withMessage("The grid did not answer within 500 ms.");
        assertThatExceptionOfType(Grid.Unanswered.class)
            .isThrownBy(() -> grid.append(1, logged(1), Grid.deadlineNanos(500)));
        assertThat(System.nanoTime() - start).isLessThan(4_000_000_000L);
      } finally {
        servers.resume(0);
      }
      assertThat(grid.logged(List.of(2L))).isEmpty();
    }
  }

  private static String newLedger() {
    return "ledger" + NAMES.incrementAndGet();
  }

  private static InfinispanSettings settings(String ledger, String caches, int millisMax) {
    return new InfinispanSettings(
        ledger, caches, "EUR", 1_000_000, millisMax, millisMax, 2, false, 1_000, 1_000, 600);
  }

  private static Grid opened(String ledger) {
    Grid grid = new Grid(() -> client, settings(ledger, CACHES, 10_000));
    grid.open();
    return grid;
  }

  private static @Nullable Logged append(Grid grid, long number, Logged commit)
      throws Grid.Unanswered {
    return grid.append(number, commit, soon());
  }

  private static long soon() {
    return Grid.deadlineNanos(10_000);
  }

  private static void write(Grid grid, Map<RowKey, Row> rows) {
    Map<RowKey, UnaryOperator<@Nullable Row>> changes = new LinkedHashMap<>();
    rows.forEach((key, row) -> changes.put(key, _ -> row));
    grid.update(changes, key -> true);
  }

  private static Logged logged(long number) {
    return new Logged(UUID.randomUUID(), bytes(number));
  }

  private static List<RowKey> keys(int count) {
    List<RowKey> keys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      keys.add(new RowKey(bytes(i)));
    }
    return keys;
  }

  private static byte[] bytes(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  private static long number(byte[] bytes) {
    return ByteBuffer.wrap(bytes).getLong();
  }

  private interface Work {
    void run() throws Exception;
  }

  private static void together(int threads, Work work) throws Exception {
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Callable<@Nullable Void>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        all.add(
            () -> {
              work.run();
              return null;
            });
      }
      for (Future<@Nullable Void> done : executor.invokeAll(all)) {
        done.get();
      }
    }
  }
}
