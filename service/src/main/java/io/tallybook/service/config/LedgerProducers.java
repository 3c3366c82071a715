package io.tallybook.service.config;

import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.configuration.ConfigUtils;
import io.smallrye.common.annotation.Identifier;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.facade.LedgerTracer;
import io.tallybook.ledger.infinispan.GridClient;
import io.tallybook.ledger.infinispan.InfinispanSettings;
import io.tallybook.ledger.infinispan.InfinispanStore;
import io.tallybook.ledger.jpa.JpaDatabase;
import io.tallybook.ledger.jpa.JpaSettings;
import io.tallybook.ledger.jpa.JpaStore;
import io.tallybook.ledger.memory.MemorySettings;
import io.tallybook.ledger.memory.MemoryStore;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.infinispan.client.hotrod.RemoteCacheManager;

/**
 * Makes the ledger from the settings. Each storage is a bean under the word that chooses it; only
 * the chosen one is made. Nothing is opened or read here: {@link LedgerLifecycle} starts it.
 */
final class LedgerProducers {
  @Produces
  @Singleton
  CommitPlanner planner() {
    return new CommitPlanner(InstantSource.system());
  }

  @Produces
  @Singleton
  @Identifier("memory")
  LedgerStore memory(CommitPlanner planner, LedgerConfig config) {
    return new MemoryStore(
        planner,
        new MemorySettings(
            config.currency(), config.memory().maxEntries(), config.memory().heapPercentMax()));
  }

  @Produces
  @Singleton
  @Identifier(JpaStore.NAME)
  LedgerStore jpa(
      CommitPlanner planner,
      LedgerConfig config,
      JpaDatabase database,
      @ConfigProperty(name = "quarkus.datasource.active") boolean isActive) {
    SettingsCheck.requireProfile(JpaStore.NAME, isActive);
    LedgerConfig.Jpa jpa = config.jpa();
    return new JpaStore(
        planner,
        new JpaSettings(
            jpa.schema(),
            config.currency(),
            jpa.maxEntries(),
            jpa.commitMillisMax(),
            jpa.readMillisMax(),
            jpa.namesCached(),
            jpa.lossAccepted() || LaunchMode.current() != LaunchMode.NORMAL),
        database);
  }

  /** A client with the settings of the framework's, which is never started. */
  @Produces
  @Singleton
  @Typed(GridClient.class)
  GridClient gridClient(RemoteCacheManager configured) {
    return new GridClient(configured.getConfiguration());
  }

  void close(@Disposes GridClient client) {
    client.close();
  }

  @Produces
  @Singleton
  @Identifier(InfinispanStore.NAME)
  LedgerStore infinispan(
      CommitPlanner planner, LedgerConfig config, Instance<GridClient> connection) {
    SettingsCheck.requireProfile(
        InfinispanStore.NAME, ConfigUtils.isProfileActive(InfinispanStore.NAME));
    LedgerConfig.Infinispan infinispan = config.infinispan();
    return new InfinispanStore(
        planner,
        new InfinispanSettings(
            infinispan.ledger(),
            infinispan.caches(),
            config.currency(),
            infinispan.maxEntries(),
            infinispan.commitMillisMax(),
            infinispan.readMillisMax(),
            infinispan.owners(),
            infinispan.syncWrites(),
            infinispan.windowEntriesMax(),
            infinispan.heldEntriesMax(),
            infinispan.logSecondsMin()),
        connection::get);
  }

  @Produces
  @Singleton
  Ledger ledger(
      LedgerConfig config,
      @Any Instance<LedgerStore> stores,
      LedgerObserver observer,
      LedgerTracer tracer) {
    SettingsCheck.requireBounds(config);
    SettingsCheck.requireStorage(config.storage(), storages(stores));
    LedgerConfig.Commit commit = config.commit();
    return new Ledger(
        stores.select(Identifier.Literal.of(config.storage())).get(),
        new GroupCommitSettings(
            commit.groupCommandsMax(),
            commit.lingerMicros(),
            commit.waitingRequestsMax(),
            commit.waitMillisMax()),
        observer,
        tracer);
  }

  /** The words of all storages in this build, sorted. */
  private static List<String> storages(Instance<LedgerStore> stores) {
    return stores
        .handlesStream()
        .flatMap(handle -> handle.getBean().getQualifiers().stream())
        .filter(Identifier.class::isInstance)
        .map(qualifier -> ((Identifier) qualifier).value())
        .sorted()
        .toList();
  }
}
