package io.tallybook.benchmarks;

import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Pages of 100 entries on every index, beginning at a random place, and rollup reads, at several
 * sizes of the ledger. Every call is sampled, so that the 99th percentile shows.
 *
 * <pre>java -jar benchmarks/target/benchmarks.jar ReadBenchmark</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms12g", "-Xmx12g", "-XX:+UseCompactObjectHeaders"})
public class ReadBenchmark {
  private static final long BEGIN_MICROS =
      Instant.parse("2026-01-01T00:00:00Z").getEpochSecond() * 1_000_000;

  /** How many entries there are. */
  @Param({"10000", "1000000", "10000000"})
  public int entries;

  private final Workload workload = new Workload(7);
  private @Nullable Ledger ledger;

  /** Fills the ledger. */
  @Setup
  public void fill() {
    Ledger filled = Workload.ledger(workload.store(entries + 1_000L));
    workload.fill(filled, entries);
    ledger = filled;
  }

  @Benchmark
  public EntryPage pageBySequence() {
    return page(EntryFilter.ALL, false);
  }

  @Benchmark
  public EntryPage pageByAgent() {
    return page(EntryFilter.ALL.withAgents(Set.of(agent())), false);
  }

  @Benchmark
  public EntryPage pageByAgentAndType() {
    return page(
        EntryFilter.ALL.withAgents(Set.of(agent())).withTypes(Set.of("llm.context")), false);
  }

  @Benchmark
  public EntryPage pageByOrganization() {
    return page(EntryFilter.ALL.withOrganizations(Set.of("organization-1")), false);
  }

  @Benchmark
  public EntryPage pageByService() {
    return page(EntryFilter.ALL.withServices(Set.of(service())), false);
  }

  @Benchmark
  public EntryPage pageByType() {
    return page(EntryFilter.ALL.withTypes(Set.of("llm.generated")), false);
  }

  @Benchmark
  public EntryPage pageByTime() {
    return page(EntryFilter.ALL, true);
  }

  @Benchmark
  public long pairOutstanding() {
    Cell cell = ledger().read(Workload.TENANT, "pair", reader -> reader.pair(agent(), service()));
    return cell == null ? 0 : cell.outstanding();
  }

  @Benchmark
  public Rollup rollupOfOneService() {
    return rollup(
        RollupQuery.by(Dimension.SERVICE).where(Dimension.SERVICE, service()).page(null, 100));
  }

  @Benchmark
  public Rollup rollupOfAgentOnOneDay() {
    long day = Bucket.DAY.start(BEGIN_MICROS);
    return rollup(
        RollupQuery.by(Dimension.AGENT)
            .where(Dimension.AGENT, agent())
            .where(Dimension.ORGANIZATION, "none")
            .between(day, Bucket.DAY.next(day))
            .page(null, 100));
  }

  @Benchmark
  public List<Cell> topTenOfService() {
    return ledger().read(Workload.TENANT, "top", reader -> reader.topOfService(service(), 10));
  }

  private Rollup rollup(RollupQuery query) {
    return ledger().read(Workload.TENANT, "rollup", reader -> reader.rollup(query));
  }

  private EntryPage page(EntryFilter filter, boolean byTime) {
    long sequence = 1 + ThreadLocalRandom.current().nextLong(entries);
    long time = BEGIN_MICROS + sequence * 10_000;
    EntryQuery query = new EntryQuery(filter, byTime, false, new EntryMark(time, sequence), 100);
    return ledger().read(Workload.TENANT, "entries", reader -> reader.entries(query));
  }

  private static String agent() {
    return Workload.agent(ThreadLocalRandom.current().nextInt(Workload.AGENTS));
  }

  private static String service() {
    return Workload.service(ThreadLocalRandom.current().nextInt(Workload.SERVICES));
  }

  private Ledger ledger() {
    Ledger filled = ledger;
    if (filled == null) {
      throw new IllegalStateException("not filled");
    }
    return filled;
  }
}
