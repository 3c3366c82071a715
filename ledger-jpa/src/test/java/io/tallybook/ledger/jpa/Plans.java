package io.tallybook.ledger.jpa;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The plans by which a server has executed statements, as it writes them to its log itself, so that
 * no statement of the storage can be left out.
 */
final class Plans {
  /** What a server has to be told to write them. */
  static final String[] SETTINGS = {
    "ALTER SYSTEM SET auto_explain.log_min_duration = 0",
    "ALTER SYSTEM SET auto_explain.log_analyze = on",
    "ALTER SYSTEM SET auto_explain.log_timing = off",
    "ALTER SYSTEM SET auto_explain.log_buffers = off",
  };

  private static final Pattern SCAN =
      Pattern.compile(
          "(Seq Scan|Parallel Seq Scan|Index Scan|Index Scan Backward|Index Only Scan"
              + "|Index Only Scan Backward|Bitmap Index Scan|Bitmap Heap Scan)"
              + "(?: using (\\S+))? on (\\S+).*\\(actual rows=([0-9.]+) loops=([0-9]+)\\)");
  private static final Pattern REMOVED =
      Pattern.compile("Rows Removed by (?:Filter|Index Recheck): ([0-9.]+)");

  private final Path log;
  private long read;

  Plans(Path log) {
    this.log = log;
  }

  /**
   * A visit to a table or an index.
   *
   * @param kind such as {@code Index Scan}
   * @param index empty for none
   * @param table empty where only the index was visited
   * @param rows that were read
   */
  record Scan(String kind, String index, String table, double rows) {}

  /** A statement with its plan. */
  record Plan(String text, List<Scan> scans) {}

  /** The plans since the last call. */
  List<Plan> next() throws IOException {
    List<Plan> plans = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (String line : lines()) {
      boolean inPlan = !text.isEmpty();
      if (inPlan && line.startsWith("\t")) {
        text.append(line).append('\n');
        continue;
      }
      if (inPlan) {
        plans.add(plan(text.toString()));
        text.setLength(0);
      }
      if (line.contains(" plan:")) {
        text.append(line).append('\n');
      }
    }
    if (!text.isEmpty()) {
      plans.add(plan(text.toString()));
    }
    return plans;
  }

  private List<String> lines() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      byte[] bytes = new byte[(int) (file.length() - read)];
      file.seek(read);
      file.readFully(bytes);
      read += bytes.length;
      return new String(bytes, StandardCharsets.UTF_8).lines().toList();
    }
  }

  private static Plan plan(String text) {
    List<Scan> scans = new ArrayList<>();
    for (String line : text.lines().toList()) {
      Matcher scan = SCAN.matcher(line);
      Matcher removed = REMOVED.matcher(line);
      if (scan.find()) {
        boolean indexOnly = scan.group(1).equals("Bitmap Index Scan");
        String index = scan.group(2) == null ? "" : scan.group(2);
        double rows = Double.parseDouble(scan.group(4)) * Double.parseDouble(scan.group(5));
        scans.add(
            new Scan(
                scan.group(1),
                indexOnly ? scan.group(3) : index,
                indexOnly ? "" : scan.group(3),
                rows));
      } else if (removed.find() && !scans.isEmpty()) {
        Scan last = scans.removeLast();
        double rows = last.rows + Double.parseDouble(removed.group(1));
        scans.add(new Scan(last.kind, last.index, last.table, rows));
      }
    }
    return new Plan(text, scans);
  }
}
