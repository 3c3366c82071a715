package io.tallybook.service.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A web server's log of ten thousand accesses: real where the file is there, else made up. */
public final class WebAccessLog {
  static final Path DATA = Path.of(System.getProperty("tallybook.data", "../../shared/data"));

  private WebAccessLog() {}

  /** A line of the log, by the number of its line. */
  public record Access(
      int line, String time, String agent, String service, String type, long bytes) {

    /** The CloudEvent in JSON, in one line; the service's name has a prefix. */
    public String event(String source, @Nullable String organization, String prefix) {
      return ("{\"specversion\":\"1.0\",\"source\":\"%s\",\"id\":\"%d\",\"type\":\"%s\","
              + "\"subject\":\"%s\",\"time\":\"%s\",\"data\":{%s\"service\":\"%s\",\"units\":%d}}")
          .formatted(
              source,
              line,
              type,
              agent,
              time,
              organization == null ? "" : "\"organization\":\"" + organization + "\",",
              prefix + service,
              bytes);
    }
  }

  /** The accesses; of real ones the sums are checked. */
  public static List<Access> read() throws IOException {
    Path file = DATA.resolve("web-access-2015.csv");
    if (!Files.exists(file)) {
      return madeUp();
    }
    List<Access> log = new ArrayList<>();
    List<String> rows = Files.readAllLines(file, UTF_8);
    for (int i = 1; i < rows.size(); i++) {
      String[] row = rows.get(i).split(",", -1);
      log.add(
          new Access(i + 1, row[0], row[1], row[2], row[3] + " " + row[4], Long.parseLong(row[5])));
    }
    assertThat(log).hasSize(10_000);
    assertThat(log.stream().map(Access::agent).distinct()).hasSize(1_753);
    assertThat(log.stream().map(Access::service).distinct()).hasSize(41);
    assertThat(log.stream().mapToLong(Access::bytes).sum()).isEqualTo(2_747_282_740L);
    return log;
  }

  private static List<Access> madeUp() {
    List<Access> log = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      log.add(
          new Access(
              i + 2,
              "2015-05-%02dT%02d:%02d:00Z".formatted(17 + i % 4, i * 7 % 24, i % 60),
              "client-%04d".formatted(i * 31 % 1_753),
              "service-" + i * i % 41,
              (i % 50 == 0 ? "POST " : "GET ") + (i % 9 == 0 ? 404 : 200),
              i * 7_919L % 500_000));
    }
    return log;
  }
}
