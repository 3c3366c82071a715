package io.tallybook.benchmarks;

import io.tallybook.ledger.infinispan.GridServers;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;

/**
 * Measures the service on Infinispan, one server with a file store on the same machine: a stream of
 * events, single posts from 64 connections over many pairs and over one, and rollups while the
 * ledger is small and when it has grown. In the same run {@link InfinispanBaseline} does what
 * people would write themselves. Everything goes over loopback and is bounded in count or time.
 *
 * <p>The server's jars are those of the tests: {@code ./mvnw package -pl ledger-infinispan/server}
 * copies them. The second argument is how many events the ledger grows to, the third whether the
 * server waits for the disk. It is run in the project's folder.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.tallybook.benchmarks.InfinispanLoad \
 *     service/target/quarkus-app/quarkus-run.jar 1000000 false</pre>
 */
public final class InfinispanLoad {
  private static final int SERVER_HEAP_MB = 4_096;
  private static final int BASELINE_SECONDS = 20;
  private static final PrintStream OUT = System.out;

  private InfinispanLoad() {}

  /** Starts a server and the service of the given jar, measures, and stops both. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args.length != 3) {
      throw new IllegalArgumentException(
          "the path of quarkus-run.jar, the number of events, and whether the server waits for the"
              + " disk are required");
    }
    boolean syncWrites = Boolean.parseBoolean(args[2]);
    try (GridServers servers = GridServers.start(1, SERVER_HEAP_MB)) {
      for (int seconds : new int[] {BASELINE_SECONDS / 2, BASELINE_SECONDS}) {
        double rate =
            InfinispanBaseline.rate(servers.hosts(), syncWrites, seconds, ServiceLoad.CONNECTIONS);
        OUT.printf(Locale.ROOT, "baseline, %d s: %,.0f events a second%n", seconds, rate);
      }
      ServiceLoad.measure(
          args[0],
          List.of(
              "-Dquarkus.profile=infinispan",
              "-Dquarkus.infinispan-client.hosts=" + servers.hosts(),
              "-Dquarkus.infinispan-client.use-auth=false",
              "-Dledger.infinispan.sync-writes=" + syncWrites),
          Long.parseLong(args[1]));
    }
  }
}
