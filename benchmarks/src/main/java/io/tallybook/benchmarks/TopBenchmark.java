package io.tallybook.benchmarks;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.view.Cell;
import java.util.ArrayList;
import java.util.List;
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
 * The ten agents with most outstanding among 100,000 of one service: with all amounts different,
 * and with all amounts equal, where names decide.
 *
 * <pre>java -jar benchmarks/target/benchmarks.jar TopBenchmark</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms4g", "-Xmx4g", "-XX:+UseCompactObjectHeaders"})
public class TopBenchmark {
  /** Whether all agents have the same outstanding amount. */
  @Param({"false", "true"})
  public boolean ties;

  private @Nullable Ledger ledger;

  /** One event for each agent. */
  @Setup
  public void fill() {
    Ledger filled = Workload.ledger(new Workload(1).store(2L * Workload.AGENTS));
    for (int from = 0; from < Workload.AGENTS; from += Workload.COMMIT) {
      List<Command> commands = new ArrayList<>();
      for (int agent = from; agent < from + Workload.COMMIT; agent++) {
        long units = ties ? 1 : 1 + agent * 7_919L % 1_000_003;
        commands.add(new Command.Record(UsageEvent.of(Workload.agent(agent), "one", units)));
      }
      filled.commit(Request.of(Workload.TENANT, commands));
    }
    ledger = filled;
  }

  @Benchmark
  public List<Cell> topTen() {
    Ledger filled = ledger;
    if (filled == null) {
      throw new IllegalStateException("not filled");
    }
    return filled.read(Workload.TENANT, "top", reader -> reader.topOfService("one", 10));
  }
}
