package io.tallybook.benchmarks;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.memory.MemorySettings;
import io.tallybook.ledger.memory.MemoryStore;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.storage.LedgerStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Made-up usage, the same for the same seed: 100,000 agents and 50 services. An agent uses 1 to 8
 * of the services; one agent in five belongs to one of 1,000 organizations. There are four types,
 * and no attributes. Each commit is ten seconds after the one before.
 */
final class Workload {
  static final int AGENTS = 100_000;
  static final int SERVICES = 50;
  static final int COMMIT = 1_000;
  static final String TENANT = Tenant.PUBLIC;

  private static final String[] TYPES = {
    "event.received", "event.sent", "llm.context", "llm.generated"
  };
  private static final long BEGIN_SECONDS = Instant.parse("2026-01-01T00:00:00Z").getEpochSecond();

  private final String[] agents;
  private final String[] services = new String[SERVICES];
  private final String[] organizations = new String[1_000];
  private final SplittableRandom random;
  private long seconds = BEGIN_SECONDS;
  private long lastId;

  Workload(long seed) {
    this(seed, AGENTS);
  }

  /** The same with another number of agents. */
  Workload(long seed, int agentCount) {
    random = new SplittableRandom(seed);
    agents = new String[agentCount];
    for (int i = 0; i < agents.length; i++) {
      agents[i] = "agent-" + i;
    }
    for (int i = 0; i < SERVICES; i++) {
      services[i] = "service-" + i;
    }
    for (int i = 0; i < organizations.length; i++) {
      organizations[i] = "organization-" + i;
    }
  }

  /** A clock that stands at the newest commit. */
  InstantSource clock() {
    return () -> Instant.ofEpochSecond(seconds);
  }

  /** A store with room for a number of entries. */
  LedgerStore store(long entriesMax) {
    return new MemoryStore(new CommitPlanner(clock()), new MemorySettings("USD", entriesMax, 95));
  }

  /** A started ledger over a store. */
  static Ledger ledger(LedgerStore store) {
    Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE);
    ledger.start();
    return ledger;
  }

  /** Appends entries in commits of {@link #COMMIT}. */
  void fill(Ledger ledger, long entries) {
    for (long done = 0; done < entries; done += COMMIT) {
      ledger.commit(next());
    }
  }

  /** The next commit's worth of new events. */
  Request next() {
    seconds += 10;
    List<Command> commands = new ArrayList<>(COMMIT);
    for (int i = 0; i < COMMIT; i++) {
      commands.add(new Command.Record(event()));
    }
    return Request.of(TENANT, commands);
  }

  private UsageEvent event() {
    int agent = random.nextInt(agents.length);
    int service = (agent * 7 + random.nextInt(1 + agent % 8)) % SERVICES;
    return new UsageEvent(
        "benchmark",
        Long.toString(++lastId),
        agent % 5 == 0 ? organizations[agent / 5 % organizations.length] : null,
        agents[agent],
        services[service],
        TYPES[random.nextInt(TYPES.length)],
        Times.ABSENT,
        1 + random.nextInt(1_000),
        random.nextInt(1_000),
        Map.of());
  }

  static String agent(int number) {
    return "agent-" + number;
  }

  static String service(int number) {
    return "service-" + number;
  }
}
