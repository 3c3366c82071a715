package io.tallybook.benchmarks;

import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Appends new events in commits of 1,000, by one writer, with all indexes and all built-in views;
 * the time is for one event. The ledger has two million entries before, so that all agents and
 * pairs are known; it grows while it is measured. The events of a commit are made just before it,
 * outside of what is measured, as a service would make them.
 *
 * <p>With few agents, the memory that is touched stays in the processor's cache; with 100,000 every
 * event waits for memory some twenty times. A commit takes longer than a millisecond, so that
 * setting up each invocation does not distort it.
 *
 * <pre>java -jar benchmarks/target/benchmarks.jar AppendBenchmark</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms12g", "-Xmx12g", "-XX:+UseCompactObjectHeaders"})
public class AppendBenchmark {
  private static final int BEFORE = 2_000_000;

  /** How many agents there are. */
  @Param({"1000", "100000"})
  public int agents;

  private @Nullable Ledger ledger;
  private @Nullable Workload workload;
  private @Nullable Request request;

  /** A ledger with entries. */
  @Setup
  public void fill() {
    Workload made = new Workload(42, agents);
    Ledger filled = Workload.ledger(made.store(100_000_000));
    made.fill(filled, BEFORE);
    workload = made;
    ledger = filled;
  }

  /** The next commit's events. */
  @Setup(Level.Invocation)
  public void make() {
    request = workload == null ? null : workload.next();
  }

  /** All indexes and views. */
  @Benchmark
  @OperationsPerInvocation(Workload.COMMIT)
  public Receipt append() {
    if (ledger == null || request == null) {
      throw new IllegalStateException("not filled");
    }
    return ledger.commit(request);
  }
}
