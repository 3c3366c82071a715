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

  /** Where the ledger is kept: {@code memory} or {@code jpa}. */
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
