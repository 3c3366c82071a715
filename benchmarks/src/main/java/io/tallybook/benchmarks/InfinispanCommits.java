package io.tallybook.benchmarks;

import io.tallybook.ledger.infinispan.GridServers;
import jakarta.transaction.HeuristicMixedException;
import jakarta.transaction.HeuristicRollbackException;
import jakarta.transaction.NotSupportedException;
import jakarta.transaction.RollbackException;
import jakarta.transaction.SystemException;
import jakarta.transaction.TransactionManager;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.LongStream;
import org.infinispan.client.hotrod.Flag;
import org.infinispan.client.hotrod.RemoteCache;
import org.infinispan.client.hotrod.RemoteCacheManager;
import org.infinispan.client.hotrod.configuration.ConfigurationBuilder;
import org.infinispan.client.hotrod.configuration.TransactionMode;
import org.infinispan.client.hotrod.transaction.lookup.RemoteTransactionManagerLookup;
import org.infinispan.commons.configuration.StringConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * Measures ways to make a commit of a ledger atomic and ordered on Infinispan servers on the same
 * machine, with one client and with eight that compete for the next number, for commits of one
 * command and of a hundred. A command has twelve rows of 300 bytes: two that are new, as an entry
 * and its identity, and ten of 100,000 that change, as sums and lists.
 *
 * <ul>
 *   <li>{@code log}: the whole commit is put under the next number of a log, if it has none. Rows
 *       are not written. Whoever was not first reads what the log has by then and tries again, as a
 *       node of the service does.
 *   <li>{@code log, rows put}: the same, and whoever has committed 1,000 commands writes their rows
 *       in bulk, each once, and in the end takes its commits from the log.
 *   <li>{@code log, rows set}: the same, but rows are written one by one, many at a time, and those
 *       that change are compared and set by their version, as the storage does.
 *   <li>{@code transaction}: a transaction of the client, which reads the head, and puts the head
 *       and all rows. Of what it reads, servers check the version of what it writes too, so that of
 *       two that have read the same head one is rolled back, and tries again.
 *   <li>{@code task}: {@link CommitTask} does the same on the server that owns the head. Others
 *       wait there for the lock on the head, so nobody has to try again.
 * </ul>
 *
 * <p>No way reads the rows before, as all would have to in the same way. A commit's time is that
 * from its first try to its acknowledgement, without the rows that are written behind it; rates
 * have them. Numbers are checked: as many commits as were acknowledged must have got numbers, from
 * 1 on.
 *
 * <p><b>The transaction</b> takes part as an XA resource. As a synchronization, which the client
 * calls {@code NON_XA}, its second call may fail, and the client says that it has committed
 * nevertheless. A client that ends between the two calls leaves its locks to a time-out. A first
 * call that is sent again, as after a lost answer, is refused while the server that has it lives,
 * and the client sends it again at once, until servers forget it. The cache is optimistic: in a
 * pessimistic one each row that is locked is a call to the server that owns it.
 *
 * <p>What {@link CommitTask} says of readers and of the end of a server is true of the transaction
 * too, but that it has two phases: owners carry out the second each on its own. The log has nothing
 * that could be half done, and knows a commit that is sent again.
 *
 * <p>All ways are run twice, first for a warm-up. The server's jars are those of the tests: {@code
 * ./mvnw package -pl ledger-infinispan/server} copies them. The arguments are the number of
 * servers, the seconds for each measurement, and whether the servers wait for the disk. It is run
 * in the project's folder.
 *
 * <pre>java -Xmx2g -cp benchmarks/target/benchmarks.jar \
 *     io.tallybook.benchmarks.InfinispanCommits 1 5 false</pre>
 */
public final class InfinispanCommits {
  private static final int SERVER_HEAP_MB = 3_072;
  private static final int[] THREADS = {1, 8};
  private static final int[] COMMANDS = {1, 100};

  private static final int NEW_ROWS = 2;
  private static final int CHANGED_ROWS = 10;
  private static final int CHANGED_KEYS = 100_000;
  private static final int ROW_BYTES = 300;

  /** How many commands a client commits before it writes their rows. */
  private static final int COMMANDS_BEHIND = 1_000;

  private static final int ROWS_PUT_MAX = 1_000;
  private static final int CALLS_AT_ONCE_MAX = 256;
  private static final int AHEAD = 16;
  private static final int TRIES_MAX = 100_000;

  /** Longer than any call takes: a prepare that is sent again is refused until it is timed out. */
  private static final int TIMEOUT_MILLIS = 60_000;

  private static final int WARM_UP_SECONDS = 1;

  private static final String PLAIN = "plain";
  private static final String ROWS = "rows";
  private static final String OPTIMISTIC = "optimistic";
  private static final String PESSIMISTIC = "pessimistic";

  private static final PrintStream OUT = System.out;

  /** The ways, in the order in which they are measured. */
  private enum Way {
    LOG("log", PLAIN),
    LOG_PUT("log, rows put", PLAIN),
    LOG_SET("log, rows set", PLAIN),
    TRANSACTION("transaction", OPTIMISTIC),
    TASK("task", PESSIMISTIC);

    private final String label;
    private final String cache;

    Way(String label, String cache) {
      this.label = label;
      this.cache = cache;
    }

    Client client(RemoteCacheManager manager) {
      RemoteCache<String, Object> cache = manager.getCache(this.cache);
      return switch (this) {
        case LOG, LOG_PUT, LOG_SET -> new LogClient(this, cache, manager.getCache(ROWS));
        case TRANSACTION -> new TransactionClient(cache);
        case TASK -> new TaskClient(cache);
      };
    }
  }

  /** The rows of one commit. */
  private record Rows(Map<String, byte[]> fresh, Map<String, byte[]> changed) {
    /** Some rows; keys of new ones begin with the name, which nobody else may use. */
    static Rows random(String name, int commands, SplittableRandom random) {
      Map<String, byte[]> fresh = new HashMap<>();
      Map<String, byte[]> changed = new HashMap<>();
      for (int i = 0; i < commands * NEW_ROWS; i++) {
        fresh.put(name + "-" + i, value(random));
      }
      for (int i = 0; i < commands * CHANGED_ROWS; i++) {
        changed.put("changed-" + random.nextInt(CHANGED_KEYS), value(random));
      }
      return new Rows(fresh, changed);
    }

    private static byte[] value(SplittableRandom random) {
      byte[] value = new byte[ROW_BYTES];
      random.nextBytes(value);
      return value;
    }

    byte[] toBytes() {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (DataOutputStream out = new DataOutputStream(bytes)) {
        out.writeInt(fresh.size() + changed.size());
        for (Map<String, byte[]> part : List.of(fresh, changed)) {
          for (Map.Entry<String, byte[]> row : part.entrySet()) {
            out.writeUTF(row.getKey());
            out.writeInt(row.getValue().length);
            out.write(row.getValue());
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return bytes.toByteArray();
    }
  }

  /** Whoever commits, on one thread. */
  private abstract static class Client {
    final LongStream.Builder nanos = LongStream.builder();
    long conflicts;
    long newest;

    /** Makes one commit after the other until some time, and at least one. */
    void run(int commands, long deadlineNanos) {
      String name = UUID.randomUUID().toString();
      SplittableRandom random = new SplittableRandom();
      for (int i = 0; i == 0 || System.nanoTime() < deadlineNanos; i++) {
        Rows rows = Rows.random(name + "-" + i, commands, random);
        long begin = System.nanoTime();
        newest = commit(rows);
        nanos.add(System.nanoTime() - begin);
        writeBehind();
      }
    }

    /**
     * Makes one commit, however many tries it takes.
     *
     * @return its number, from 1 on
     */
    abstract long commit(Rows rows);

    /** Is called after each commit, outside of its time. */
    void writeBehind() {}

    /** Does what is left to be done when all clients have made their commits. */
    void end() {}
  }

  private static final class LogClient extends Client {
    private final Way way;
    private final RemoteCache<String, Object> log;
    private final RemoteCache<String, Object> rows;
    private final List<Long> committed = new ArrayList<>();
    private Rows behind = new Rows(new HashMap<>(), new HashMap<>());
    private int commandsBehind;
    private long next = 1;

    LogClient(Way way, RemoteCache<String, Object> log, RemoteCache<String, Object> rows) {
      this.way = way;
      this.log = log;
      this.rows = rows;
    }

    @Override
    long commit(Rows commit) {
      byte[] bytes = commit.toBytes();
      for (int i = 0; i < TRIES_MAX; i++) {
        @Nullable Object other =
            log.withFlags(Flag.FORCE_RETURN_VALUE).putIfAbsent(key(next), bytes);
        if (other == null) {
          if (way != Way.LOG) {
            committed.add(next);
            behind.fresh.putAll(commit.fresh);
            behind.changed.putAll(commit.changed);
            commandsBehind += commit.fresh.size() / NEW_ROWS;
          }
          return next++;
        }
        conflicts++;
        next++;
        follow();
      }
      throw new IllegalStateException("others were always faster");
    }

    /** Reads commits of others until there is no other. */
    private void follow() {
      while (true) {
        Set<String> keys = new HashSet<>();
        for (int i = 0; i < AHEAD; i++) {
          keys.add(key(next + i));
        }
        int found = log.getAll(keys).size();
        next += found;
        if (found < AHEAD) {
          return;
        }
      }
    }

    private static String key(long number) {
      return "commit-" + number;
    }

    @Override
    void writeBehind() {
      if (commandsBehind >= COMMANDS_BEHIND) {
        writeRows();
      }
    }

    private void writeRows() {
      if (way == Way.LOG_PUT) {
        put(behind.fresh);
        put(behind.changed);
      } else {
        sideBySide(behind.fresh.entrySet(), row -> rows.putAsync(row.getKey(), row.getValue()));
        sideBySide(behind.changed.entrySet(), row -> set(row.getKey(), row.getValue()));
      }
      behind = new Rows(new HashMap<>(), new HashMap<>());
      commandsBehind = 0;
    }

    /** Sends a call for each, a bounded number at a time, and waits for all. */
    private static <T> void sideBySide(Iterable<T> all, Function<T, CompletableFuture<?>> call) {
      Semaphore calls = new Semaphore(CALLS_AT_ONCE_MAX);
      List<CompletableFuture<?>> sent = new ArrayList<>();
      for (T one : all) {
        calls.acquireUninterruptibly();
        sent.add(call.apply(one).whenComplete((_, _) -> calls.release()));
      }
      sent.forEach(CompletableFuture::join);
    }

    private void put(Map<String, byte[]> all) {
      Map<String, byte[]> part = new HashMap<>();
      for (Map.Entry<String, byte[]> row : all.entrySet()) {
        part.put(row.getKey(), row.getValue());
        if (part.size() == ROWS_PUT_MAX) {
          rows.putAll(part);
          part.clear();
        }
      }
      rows.putAll(part);
    }

    private CompletableFuture<Boolean> set(String key, byte[] value) {
      return rows.getWithMetadataAsync(key)
          .thenCompose(
              there ->
                  there == null
                      ? rows.withFlags(Flag.FORCE_RETURN_VALUE)
                          .putIfAbsentAsync(key, value)
                          .thenApply(Objects::isNull)
                      : rows.replaceWithVersionAsync(key, value, there.getVersion()))
          .thenCompose(done -> done ? CompletableFuture.completedFuture(true) : set(key, value));
    }

    @Override
    void end() {
      if (way != Way.LOG) {
        writeRows();
        sideBySide(committed, number -> log.removeAsync(key(number)));
      }
    }
  }

  private static final class TransactionClient extends Client {
    private final RemoteCache<String, Object> cache;
    private final TransactionManager transactions;

    TransactionClient(RemoteCache<String, Object> cache) {
      this.cache = cache;
      this.transactions = cache.getTransactionManager();
    }

    @Override
    long commit(Rows rows) {
      for (int i = 0; i < TRIES_MAX; i++) {
        try {
          transactions.begin();
          @Nullable Object head = cache.get(CommitTask.HEAD);
          long number = head == null ? 1 : (Long) head + 1;
          cache.putAll(rows.fresh);
          cache.putAll(rows.changed);
          cache.put(CommitTask.HEAD, number);
          transactions.commit();
          return number;
        } catch (RollbackException e) {
          conflicts++;
        } catch (HeuristicMixedException
            | HeuristicRollbackException
            | NotSupportedException
            | SystemException e) {
          throw new IllegalStateException(e);
        }
      }
      throw new IllegalStateException("others were always faster");
    }
  }

  private static final class TaskClient extends Client {
    private final RemoteCache<String, Object> cache;

    TaskClient(RemoteCache<String, Object> cache) {
      this.cache = cache;
    }

    @Override
    long commit(Rows rows) {
      // With a key, the client calls the server that owns it.
      Long number =
          cache.execute(CommitTask.NAME, Map.of(CommitTask.ROWS, rows.toBytes()), CommitTask.HEAD);
      return number;
    }
  }

  /** What was measured; commits a second. */
  private record Measured(double rate, double medianMillis, double p99Millis, long conflicts) {}

  private final RemoteCacheManager manager;
  private final boolean clustered;
  private final boolean syncWrites;

  private InfinispanCommits(RemoteCacheManager manager, boolean clustered, boolean syncWrites) {
    this.manager = manager;
    this.clustered = clustered;
    this.syncWrites = syncWrites;
  }

  /** Starts servers, measures all ways, and stops the servers. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args.length != 3) {
      throw new IllegalArgumentException(
          "the number of servers, the seconds for each measurement, and whether the servers wait"
              + " for the disk are required");
    }
    int count = Integer.parseInt(args[0]);
    Path folder = Files.createTempDirectory("commit-task-");
    Path jar = folder.resolve("commit-task.jar");
    try {
      pack(jar);
      try (GridServers servers = GridServers.start(count, SERVER_HEAP_MB, List.of(jar))) {
        if (count > 1) {
          servers.awaitMembers(0, count);
        }
        try (RemoteCacheManager manager = new RemoteCacheManager(client(servers.hosts()).build())) {
          new InfinispanCommits(manager, count > 1, Boolean.parseBoolean(args[2]))
              .run(Integer.parseInt(args[1]));
        }
      }
    } finally {
      Files.deleteIfExists(jar);
      Files.delete(folder);
    }
  }

  /** Makes the jar of the task, as it would be deployed. */
  private static void pack(Path jar) throws IOException {
    String file = "CommitTask.class";
    String folder = InfinispanCommits.class.getPackageName().replace('.', '/');
    try (InputStream task =
            Objects.requireNonNull(InfinispanCommits.class.getResourceAsStream(file));
        JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      out.putNextEntry(new JarEntry(folder + "/" + file));
      task.transferTo(out);
      out.putNextEntry(new JarEntry("META-INF/services/org.infinispan.tasks.ServerTask"));
      out.write((folder.replace('/', '.') + ".CommitTask").getBytes(StandardCharsets.UTF_8));
    }
  }

  private static ConfigurationBuilder client(String hosts) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder.addServers(hosts).socketTimeout(TIMEOUT_MILLIS).statistics().disable().jmxDisable();
    builder
        .remoteCache(OPTIMISTIC)
        .transactionManagerLookup(RemoteTransactionManagerLookup.getInstance())
        .transactionMode(TransactionMode.NON_DURABLE_XA);
    return builder;
  }

  private void run(int seconds) throws InterruptedException, ExecutionException {
    OUT.printf(
        Locale.ROOT,
        "%-16s %8s %9s %12s %12s %10s %8s %10s %8s%n",
        "way",
        "threads",
        "commands",
        "commits/s",
        "commands/s",
        "median ms",
        "p99 ms",
        "conflicts",
        "to log");
    for (boolean warm : new boolean[] {false, true}) {
      for (int commands : COMMANDS) {
        for (int threads : THREADS) {
          double log = 0;
          for (Way way : Way.values()) {
            Measured measured = measure(way, threads, commands, warm ? seconds : WARM_UP_SECONDS);
            log = way == Way.LOG ? measured.rate : log;
            if (warm) {
              print(way, threads, commands, measured, log);
            }
          }
        }
      }
    }
  }

  private static void print(Way way, int threads, int commands, Measured measured, double log) {
    OUT.printf(
        Locale.ROOT,
        "%-16s %8d %9d %,12.0f %,12.0f %10.2f %8.2f %,10d %8.2f%n",
        way.label,
        threads,
        commands,
        measured.rate,
        measured.rate * commands,
        measured.medianMillis,
        measured.p99Millis,
        measured.conflicts,
        measured.rate / log);
  }

  private Measured measure(Way way, int threads, int commands, int seconds)
      throws InterruptedException, ExecutionException {
    List<String> caches = List.of(way.cache, ROWS);
    caches.forEach(this::create);
    List<Client> clients = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      clients.add(way.client(manager));
    }
    long begin = System.nanoTime();
    long deadline = begin + TimeUnit.SECONDS.toNanos(seconds);
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      each(clients, executor, client -> client.run(commands, deadline));
      each(clients, executor, Client::end);
    }
    double took = (System.nanoTime() - begin) / 1e9;
    caches.forEach(manager.administration()::removeCache);

    long[] nanos =
        clients.stream().flatMapToLong(client -> client.nanos.build()).sorted().toArray();
    long newest = clients.stream().mapToLong(client -> client.newest).max().orElseThrow();
    if (newest != nanos.length) {
      throw new IllegalStateException(
          way.label + ": " + nanos.length + " commits have the numbers up to " + newest);
    }
    long conflicts = clients.stream().mapToLong(client -> client.conflicts).sum();
    return new Measured(
        nanos.length / took,
        nanos[nanos.length / 2] / 1e6,
        nanos[(int) (nanos.length * 0.99)] / 1e6,
        conflicts);
  }

  private static void each(List<Client> clients, ExecutorService executor, Consumer<Client> work)
      throws InterruptedException, ExecutionException {
    List<Future<?>> parts = new ArrayList<>();
    for (Client client : clients) {
      parts.add(executor.submit(() -> work.accept(client)));
    }
    for (Future<?> part : parts) {
      part.get();
    }
  }

  /** Creates a cache as the storage does, but for transactions. */
  private void create(String name) {
    String transaction =
        name.equals(OPTIMISTIC) || name.equals(PESSIMISTIC)
            ? """
              <locking isolation="REPEATABLE_READ"/>
              <transaction mode="NON_XA" locking="%s"/>
              """
                .formatted(name.toUpperCase(Locale.ROOT))
            : "";
    String type = clustered ? "distributed-cache" : "local-cache";
    String distribution = clustered ? "mode=\"SYNC\" owners=\"2\"" : "";
    String partitions =
        clustered
            ? """
              <partition-handling when-split="DENY_READ_WRITES" merge-policy="NONE"/>
              """
            : "";
    manager
        .administration()
        .createCache(
            name,
            new StringConfiguration(
                """
                <%1$s name="%2$s" %3$s statistics="false">
                  <encoding media-type="application/x-protostream"/>
                  %4$s
                  %5$s
                  <persistence>
                    <file-store purge="false" preload="false">
                      <data sync-writes="%6$b"/>
                    </file-store>
                  </persistence>
                </%1$s>
                """
                    .formatted(type, name, distribution, transaction, partitions, syncWrites)));
  }
}
