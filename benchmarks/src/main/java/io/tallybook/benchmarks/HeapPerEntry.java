package io.tallybook.benchmarks;

import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.storage.StoreStatistics;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * Measures the heap that an entry takes, all in: columns, ids, postings, views. It fills a ledger
 * to 100 thousand, a million and ten million entries and looks at the heap after a full collection
 * at each; the text of the ids is told beside it.
 *
 * <pre>java -Xmx12g -XX:+UseCompactObjectHeaders -cp benchmarks/target/benchmarks.jar \
 *     io.tallybook.benchmarks.HeapPerEntry</pre>
 */
public final class HeapPerEntry {
  private HeapPerEntry() {}

  /** Prints a line for each size, and the parts at the end. */
  public static void main(String[] args) {
    PrintStream out = System.out;
    Workload workload = new Workload(3);
    long before = usedBytes();
    Ledger ledger = Workload.ledger(workload.store(20_000_000));
    out.println("entries, heap bytes per entry, of it text of ids, seconds to fill");
    long filled = 0;
    for (long size : new long[] {100_000, 1_000_000, 10_000_000}) {
      long start = System.nanoTime();
      workload.fill(ledger, size - filled);
      double seconds = (System.nanoTime() - start) / 1e9;
      filled = size;
      long heap = usedBytes() - before;
      out.printf(
          Locale.ROOT,
          "%,d, %.1f, %.1f, %.1f%n",
          size,
          (double) heap / size,
          (double) idBytes(size) / size,
          seconds);
    }
    StoreStatistics statistics = ledger.statistics();
    out.printf(
        Locale.ROOT,
        "own account: %.1f bytes per entry%n",
        (double) statistics.bytes() / statistics.entries());
    for (StoreStatistics.Part part : statistics.parts()) {
      out.printf(
          Locale.ROOT,
          "  %s %s: %,d, %.1f bytes per entry%n",
          part.kind(),
          part.name(),
          part.count(),
          (double) part.bytes() / statistics.entries());
    }
    ledger.close();
  }

  private static long idBytes(long ids) {
    long bytes = 0;
    for (long first = 1, digits = 1; first <= ids; first *= 10, digits++) {
      bytes += digits * (Math.min(ids, first * 10 - 1) - first + 1);
    }
    return bytes;
  }

  private static long usedBytes() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
