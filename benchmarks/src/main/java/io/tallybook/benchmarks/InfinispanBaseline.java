package io.tallybook.benchmarks;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.infinispan.client.hotrod.Flag;
import org.infinispan.client.hotrod.MetadataValue;
import org.infinispan.client.hotrod.RemoteCache;
import org.infinispan.client.hotrod.RemoteCacheManager;
import org.infinispan.client.hotrod.configuration.ConfigurationBuilder;
import org.infinispan.commons.configuration.StringConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * What people would write themselves on Infinispan, as the baseline: each event is put under its
 * identity if nothing is there, and then added to the sum of its agent and service, which is
 * compared and set by its version. So each event takes three calls, and between the second and the
 * third of them the sum is wrong, for ever if the client ends there.
 */
final class InfinispanBaseline {
  private static final String CACHE = "baseline";
  private static final int EVENT_BYTES = 300;
  private static final int TIMEOUT_MILLIS = 60_000;

  private final RemoteCache<String, Object> cache;

  private InfinispanBaseline(RemoteCache<String, Object> cache) {
    this.cache = cache;
  }

  /**
   * Records events for some time on a server that is no cluster.
   *
   * @param atOnce how many at a time
   * @return how many a second
   */
  static double rate(String hosts, boolean syncWrites, int seconds, int atOnce)
      throws InterruptedException {
    ConfigurationBuilder client = new ConfigurationBuilder();
    client.addServers(hosts).socketTimeout(TIMEOUT_MILLIS).statistics().disable().jmxDisable();
    try (RemoteCacheManager manager = new RemoteCacheManager(client.build())) {
      manager
          .administration()
          .createCache(
              CACHE,
              new StringConfiguration(
                  """
                  <local-cache name="%s" statistics="false">
                    <encoding media-type="application/x-protostream"/>
                    <persistence>
                      <file-store purge="false" preload="false">
                        <data sync-writes="%b"/>
                      </file-store>
                    </persistence>
                  </local-cache>
                  """
                      .formatted(CACHE, syncWrites)));
      try {
        return new InfinispanBaseline(requireNonNull(manager.getCache(CACHE))).run(seconds, atOnce);
      } finally {
        manager.administration().removeCache(CACHE);
      }
    }
  }

  private double run(int seconds, int atOnce) throws InterruptedException {
    SplittableRandom random = new SplittableRandom();
    byte[] event = new byte[EVENT_BYTES];
    Arrays.fill(event, (byte) 1);
    Semaphore room = new Semaphore(atOnce);
    long begin = System.nanoTime();
    long deadline = begin + TimeUnit.SECONDS.toNanos(seconds);
    long events = 0;
    CompletableFuture<Void> failed = new CompletableFuture<>();
    while (System.nanoTime() < deadline && !failed.isDone()) {
      room.acquire();
      String pair =
          "agent-"
              + random.nextInt(ServiceLoad.AGENTS)
              + " service-"
              + random.nextInt(ServiceLoad.SERVICES);
      var _ =
          record(UUID.randomUUID().toString(), event, pair)
              .whenComplete(
                  (_, failure) -> {
                    room.release();
                    if (failure != null) {
                      boolean _ = failed.completeExceptionally(failure);
                    }
                  });
      events++;
    }
    room.acquire(atOnce);
    if (failed.isDone()) {
      failed.join();
    }
    return events / ((System.nanoTime() - begin) / 1e9);
  }

  private CompletableFuture<Boolean> record(String id, byte[] event, String pair) {
    return cache
        .withFlags(Flag.FORCE_RETURN_VALUE)
        .putIfAbsentAsync(id, event)
        .thenCompose(there -> there == null ? add(pair) : CompletableFuture.completedFuture(true));
  }

  private CompletableFuture<Boolean> add(String pair) {
    return cache
        .getWithMetadataAsync(pair)
        .thenCompose(there -> set(pair, there))
        .thenCompose(done -> done ? CompletableFuture.completedFuture(true) : add(pair));
  }

  private CompletableFuture<Boolean> set(String pair, @Nullable MetadataValue<Object> there) {
    if (there == null) {
      return cache
          .withFlags(Flag.FORCE_RETURN_VALUE)
          .putIfAbsentAsync(pair, 1L)
          .thenApply(other -> other == null);
    }
    return cache.replaceWithVersionAsync(pair, (Long) there.getValue() + 1, there.getVersion());
  }
}
