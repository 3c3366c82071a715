package io.tallybook.service.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** All settings of the ledger. A key that is not here stops the start. */
@ConfigMapping(prefix = LedgerConfig.PREFIX)
public interface LedgerConfig {
  /** What the names of the settings begin with. */
  String PREFIX = "ledger";

  /** The setting of the framework that lists the origins from which browsers may ask. */
  String CORS_ORIGINS = "quarkus.http.cors.origins";

  /** Where the ledger is kept: {@code memory}, {@code jpa} or {@code infinispan}. */
  @WithDefault("memory")
  String storage();

  /**
   * The currency of every cost and price: three capital letters as ISO 4217 has them. Fixed when a
   * ledger is first started.
   */
  @WithDefault("USD")
  String currency();

  /** The bounds of the storage {@code memory}. */
  Memory memory();

  /** The bounds of the storage {@code jpa}. */
  Jpa jpa();

  /** The bounds of the storage {@code infinispan}. */
  Infinispan infinispan();

  /** How writes are joined to commits. */
  Commit commit();

  /** The bounds of exports. */
  Export export();

  /** The bounds of the storage {@code memory}. */
  interface Memory {
    /** Most entries that are kept, 1 to 2,000,000,000; one more is refused. */
    @WithDefault("100000000")
    long maxEntries();

    /** Most of the heap that may be in use before entries are refused, in percent, 1 to 95. */
    @WithDefault("75")
    int heapPercentMax();
  }

  /** The bounds of the storage {@code jpa}, which is PostgreSQL. */
  interface Jpa {
    /** The schema that the tables are in, which is made where it is missing. */
    @WithDefault("tallybook")
    String schema();

    /** Most entries that are kept, at least 1; one more is refused. */
    @WithDefault("9223372036854775807")
    long maxEntries();

    /** How long a commit may take, in milliseconds, 100 to 600,000. */
    @WithDefault("20000")
    int commitMillisMax();

    /** How long a query of a question may take, in milliseconds, 100 to 3,600,000. */
    @WithDefault("30000")
    int readMillisMax();

    /** How many names of the dictionary are kept at hand, 1,000 to 10,000,000. */
    @WithDefault("200000")
    int namesCached();

    /**
     * Whether a server is used that may lose what was acknowledged, because its {@code fsync},
     * {@code full_page_writes} or {@code synchronous_commit} is off.
     */
    @WithDefault("false")
    boolean lossAccepted();
  }

  /** The bounds of the storage {@code infinispan}. */
  interface Infinispan {
    /** The name of the ledger: several may be in the same caches. */
    @WithDefault("main")
    String ledger();

    /** What the names of the two caches begin with, which are created where they are missing. */
    @WithDefault("tallybook")
    String caches();

    /** Most entries that are kept, at least 1; one more is refused. */
    @WithDefault("9223372036854775807")
    long maxEntries();

    /**
     * How long a commit may take, in milliseconds, 100 to 600,000; it may wait as long for its turn
     * and for room before.
     */
    @WithDefault("10000")
    int commitMillisMax();

    /** How long a call of a question may take, in milliseconds, 100 to 600,000. */
    @WithDefault("10000")
    int readMillisMax();

    /** How many servers keep each value, 1 to 10, in caches that are created. */
    @WithDefault("2")
    int owners();

    /**
     * Whether each server has a value on its disk before it says so, in caches that are created;
     * else the disk has it a little later, and a power cut of all its owners may take it.
     */
    @WithDefault("false")
    boolean syncWrites();

    /**
     * After how many entries the newest commits, which each node keeps in memory, are written to
     * rows, 10 to 1,000,000.
     */
    @WithDefault("50000")
    int windowEntriesMax();

    /**
     * How many more entries a node keeps in memory for questions under way, 1,000 to 10,000,000;
     * beyond it the oldest questions end.
     */
    @WithDefault("200000")
    int heldEntriesMax();

    /** How long a commit stays in the log after rows have it, in seconds, 60 to 86,400. */
    @WithDefault("600")
    int logSecondsMin();
  }

  /** How writes are joined to commits. */
  interface Commit {
    /** Most commands of a commit of several requests, 1 to 100,000. */
    @WithDefault("4000")
    int groupCommandsMax();

    /** How long a busy writer waits for more requests, in microseconds, 0 to 100,000. */
    @WithDefault("0")
    int lingerMicros();

    /** Most requests that wait for their commit at once, 1 to 1,000,000; one more is refused. */
    @WithDefault("10000")
    int waitingRequestsMax();

    /** How long a request waits for its commit, in milliseconds, 1 to 600,000. */
    @WithDefault("30000")
    int waitMillisMax();
  }

  /** The bounds of exports. */
  interface Export {
    /** How long an export may last, in seconds, 1 to 86,400; then its connection is closed. */
    @WithDefault("600")
    int secondsMax();
  }
}
