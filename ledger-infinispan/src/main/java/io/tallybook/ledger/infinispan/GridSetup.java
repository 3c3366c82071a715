package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.infinispan.client.hotrod.DataFormat;
import org.infinispan.client.hotrod.MetadataValue;
import org.infinispan.client.hotrod.RemoteCache;
import org.infinispan.client.hotrod.RemoteCacheManagerAdmin;
import org.infinispan.client.hotrod.exceptions.HotRodClientException;
import org.infinispan.client.hotrod.marshall.MediaTypeMarshaller;
import org.infinispan.commons.configuration.StringConfiguration;
import org.infinispan.commons.dataconversion.MediaType;
import org.jspecify.annotations.Nullable;

/**
 * Makes the grid ready: starts the connection, gives the servers the schema, creates the caches,
 * and refuses caches that would lose something. Many nodes may do so at the same time.
 */
final class GridSetup {
  private static final String SCHEMAS = "___protobuf_metadata";
  private static final int ATTEMPTS_MAX = 100;
  private static final int ATTEMPT_MILLIS = 20;

  /**
   * How long a server waits for another one. Longer than it takes a cluster to find that a server
   * is gone, so that a write ends by being done by those that are left: given up, it may stay on
   * one of its owners alone.
   */
  private static final int REMOTE_MILLIS = 120_000;

  /** The number of the message that a server without a cluster refuses a distributed cache with. */
  private static final String NOT_CLUSTERED = "ISPN005034";

  /** Where a cache has the record that describes it: no ledger has an empty name. */
  private static final GridSchema.Key DESCRIPTION = GridSchema.Key.of("", 0);

  private final Supplier<GridClient> connection;
  private final InfinispanSettings settings;
  private final DataFormat format;

  GridSetup(Supplier<GridClient> connection, InfinispanSettings settings) {
    this.connection = connection;
    this.settings = settings;
    this.format = GridSchema.dataFormat();
  }

  static String logName(InfinispanSettings settings) {
    return settings.caches() + "_log";
  }

  static String rowsName(InfinispanSettings settings) {
    return settings.caches() + "_rows";
  }

  void open() {
    bounded(
        () -> {
          GridClient manager = connection.get();
          if (!manager.isStarted()) {
            manager.start();
          }
          registerSchema();
          create(logName(settings));
          create(rowsName(settings));
          return true;
        });
  }

  <K, V> RemoteCache<K, V> cache(String name) {
    return bounded(() -> existing(name));
  }

  private <K, V> RemoteCache<K, V> existing(String name) {
    RemoteCache<K, V> cache = connection.get().getCache(name);
    if (cache == null) {
      throw GridErrors.unavailable("The cache " + name + " is missing in the grid.", null);
    }
    return cache.withDataFormat(format);
  }

  /** The servers need it to show records and to convert them, not to keep them. */
  private void registerSchema() {
    RemoteCache<String, String> schemas = existing(SCHEMAS);
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      var there = schemas.getWithMetadata(GridSchema.FILE);
      if (there == null) {
        schemas.putIfAbsent(GridSchema.FILE, GridSchema.SCHEMA);
      } else if (GridSchema.revision(there.getValue()) < GridSchema.REVISION) {
        schemas.replaceWithVersion(GridSchema.FILE, GridSchema.SCHEMA, there.getVersion());
      } else {
        return;
      }
    }
    throw GridErrors.unavailable("The schema cannot be registered with the grid.", null);
  }

  /**
   * Creates a cache unless it is there, and looks whether it is as it was created. A client cannot
   * read how a cache is configured. So whoever creates one describes it in a record of its own, and
   * a cache without that record was created by somebody else, in a way that is not known here.
   */
  private void create(String name) throws InterruptedException {
    GridClient manager = connection.get();
    boolean wasMissing = false;
    RuntimeException failure = null;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      RemoteCache<GridSchema.Key, GridSchema.StoredRow> cache = null;
      try {
        cache = manager.getCache(name);
        if (cache == null) {
          wasMissing = true;
          createCache(name);
          cache = manager.getCache(name);
        }
      } catch (HotRodClientException e) {
        // Another node may be creating it now, or this call has, and was not answered in time.
        failure = e;
      }
      if (cache != null) {
        requireEncoding(name, cache);
        RemoteCache<GridSchema.Key, GridSchema.StoredRow> described = cache.withDataFormat(format);
        if (wasMissing) {
          described.putIfAbsent(DESCRIPTION, description());
        }
        MetadataValue<GridSchema.StoredRow> found = described.getWithMetadata(DESCRIPTION);
        if (found != null) {
          found.getValue().row();
          requireForever(name, found);
          return;
        }
      }
      Thread.sleep(ATTEMPT_MILLIS);
    }
    if (failure != null) {
      throw failure;
    }
    throw GridErrors.unavailable(
        "The cache "
            + name
            + " was not created by Tallybook, or was by a node that ended before it described it, and"
            + " how it is configured cannot be read: remove it if nothing is in it, so that it is"
            + " created as it must be, or name other caches.",
        null);
  }

  private static void requireEncoding(String name, RemoteCache<?, ?> cache) {
    // The client has a format of the server's only where that is not the one it speaks.
    @Nullable MediaTypeMarshaller stored = cache.getDataFormat().server();
    if (stored == null) {
      return;
    }
    if (!MediaType.APPLICATION_PROTOSTREAM.match(stored.getKeyType())
        || !MediaType.APPLICATION_PROTOSTREAM.match(stored.getValueType())) {
      throw GridErrors.unavailable(
          "The cache "
              + name
              + " has another encoding: it must be application/x-protostream for keys and values."
              + " Remove the cache if nothing of worth is in it, or name other caches.",
          null);
    }
  }

  /** A value that is put without a time to live has that of the cache. */
  private static void requireForever(String name, MetadataValue<?> value) {
    if (value.getLifespan() > 0 || value.getMaxIdle() > 0) {
      throw GridErrors.unavailable(
          "The cache "
              + name
              + " has entries expire: set its expiration lifespan and max-idle to -1.",
          null);
    }
  }

  /** Creates it in the cluster or, where the server is none, on the one server. */
  private void createCache(String name) {
    // Not `getOrCreateCache`: refused, that leaves behind a cache that is half created.
    RemoteCacheManagerAdmin admin = connection.get().administration();
    try {
      admin.createCache(name, new StringConfiguration(configuration(name, true)));
    } catch (HotRodClientException e) {
      if (!String.valueOf(e.getMessage()).contains(NOT_CLUSTERED)) {
        throw e;
      }
      admin.createCache(name, new StringConfiguration(configuration(name, false)));
    }
  }

  private GridSchema.StoredRow description() {
    return new GridSchema.StoredRow(
        GridSchema.FORMAT, 0, "created by Tallybook".getBytes(StandardCharsets.UTF_8));
  }

  /**
   * What caches are created with. Servers that were cut off take what the others have (no merge
   * policy): they have written nothing meanwhile. A policy would compare all copies each time that
   * the coordinator ends, and what was on its way between servers then would never arrive.
   */
  private String configuration(String name, boolean clustered) {
    String store =
        """
          <encoding media-type="application/x-protostream"/>
          <persistence>
            <file-store purge="false" preload="false">
              <data sync-writes="%b"/>
            </file-store>
          </persistence>
        """
            .formatted(settings.syncWrites());
    return clustered
        ? """
          <distributed-cache name="%s" mode="SYNC" owners="%d" remote-timeout="%d" statistics="false">
            <partition-handling when-split="DENY_READ_WRITES" merge-policy="NONE"/>
          %s
          </distributed-cache>
          """
            .formatted(name, settings.owners(), REMOTE_MILLIS, store)
        : """
          <local-cache name="%s" statistics="false">
          %s
          </local-cache>
          """
            .formatted(name, store);
  }

  /** Calls that block, with a bound on how long they are waited for. */
  private <T> T bounded(Callable<T> work) {
    int millisMax = settings.commitMillisMax();
    FutureTask<T> task = new FutureTask<>(work);
    Thread.ofVirtual().name("grid-setup").start(task);
    try {
      return task.get(millisMax, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw GridErrors.interrupted(e);
    } catch (TimeoutException e) {
      throw GridErrors.unanswered(millisMax, e);
    } catch (ExecutionException e) {
      throw failure(e.getCause(), e, millisMax);
    }
  }

  private static LedgerException failure(
      @Nullable Throwable cause, ExecutionException thrown, int millisMax) {
    return GridErrors.of(cause == null ? thrown : cause, millisMax);
  }
}
