package io.tallybook.benchmarks;

import io.tallybook.ledger.infinispan.GridServers;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * Measures the service on Infinispan, one server with a file store on the same machine: a stream of
 * events, single posts from 64 connections over many pairs and over one, and rollups while the
 * ledger is small and when it has grown. Everything goes over loopback and is bounded in count.
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

  private InfinispanLoad() {}

  /** Starts a server and the service of the given jar, measures, and stops both. */
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args.length != 3) {
      throw new IllegalArgumentException(
          "the path of quarkus-run.jar, the number of events, and whether the server waits for the"
              + " disk are required");
    }
    try (GridServers servers = GridServers.start(1, SERVER_HEAP_MB);
        ServiceProcess service =
            ServiceProcess.start(
                args[0],
                "2g",
                List.of(),
                List.of(
                    "-Dquarkus.profile=infinispan",
                    "-Dquarkus.infinispan-client.hosts=" + servers.hosts(),
                    "-Dquarkus.infinispan-client.use-auth=false",
                    "-Dledger.infinispan.sync-writes=" + args[2]))) {
      new ServiceLoad(service.port()).run(Long.parseLong(args[1]));
    }
  }
}
