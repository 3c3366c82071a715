package io.tallybook.service.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.RestAssured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A document with commands, followed as a reader would: its blocks of {@code sh} are run in order
 * in one shell, in an empty directory, and each must write what the block after it shows, or
 * nothing.
 *
 * <p>What differs from run to run is compared by its form: the port, ids of requests, cursors, and
 * the times at which something was recorded, which must lie within the run. All else is the same to
 * the byte, but for a line feed at the end.
 */
final class Tour {
  /** Where documents say that the service is. */
  private static final String SHOWN_AT = "http://localhost:8080";

  private static final Duration TIME_MAX = Duration.ofMinutes(2);
  private static final String TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?Z";

  /** Each with what stays as it is before and after. */
  private static final List<Pattern> RANDOM =
      List.of(
          Pattern.compile("(\"requestId\":\")[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(\")"),
          Pattern.compile("(\"(?:next|prev)Cursor\":\")[A-Za-z0-9_-]{20,}(\")"));

  /** Each with the time, and with the same again where an event had no time of its own. */
  private static final List<Pattern> TIMES =
      List.of(
          Pattern.compile("\"recordedAt\":\"(" + TIME + ")\"(?:,\"time\":\"\\1\")?"),
          Pattern.compile("\"(?:ts|exportedAt)\":(\\d{13})(?=[,}])"));

  /** No progress, no settings of the user's own, and no waiting without an end. */
  private static final String CURL_SETTINGS = "silent\nshow-error\nmax-time = 30\n";

  private final String document;
  private final List<Step> steps;

  /**
   * Commands and what they write.
   *
   * @param line of the document, of the first command
   */
  private record Step(int line, String commands, String output) {
    /** The file, in the directory above that of the commands, for what they write. */
    String file() {
      return line + ".out";
    }
  }

  private Tour(String document, List<Step> steps) {
    this.document = document;
    this.steps = steps;
  }

  /** The tour that a document of the project is. */
  static Tour of(String document) throws IOException {
    return new Tour(document, steps(document));
  }

  private static List<Step> steps(String document) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("..").resolve(document), UTF_8);
    List<Step> steps = new ArrayList<>();
    boolean isOutputNext = false;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("```")) {
        int first = i + 1;
        int end = first + lines.subList(first, lines.size()).indexOf("```");
        String text = String.join("\n", lines.subList(first, end));
        if (lines.get(i).equals("```sh")) {
          steps.add(new Step(first + 1, text, ""));
          isOutputNext = true;
        } else {
          assertThat(isOutputNext).as("%s:%d is after commands", document, first + 1).isTrue();
          Step step = steps.removeLast();
          steps.add(new Step(step.line, step.commands, text));
          isOutputNext = false;
        }
        i = end;
      } else if (!lines.get(i).isEmpty()) {
        isOutputNext = false;
      }
    }
    return List.copyOf(steps);
  }

  /** The same tour without commands that are not for now, each of which it must have. */
  Tour without(String... others) {
    assertThat(steps).extracting(Step::commands).contains(others);
    List<String> left = List.of(others);
    return new Tour(document, steps.stream().filter(s -> !left.contains(s.commands)).toList());
  }

  /** Runs all commands in a directory and compares what they write. */
  void follow(Path directory) throws IOException, InterruptedException {
    String at = "http://localhost:" + RestAssured.port;
    StringBuilder script = new StringBuilder("set -euo pipefail\n");
    script.append("export LC_ALL=C.UTF-8 CURL_HOME='%s'\n".formatted(directory));
    for (Step step : steps) {
      script.append(
          "{\n%s\n} > ../%s\n".formatted(step.commands.replace(SHOWN_AT, at), step.file()));
    }
    Path work = Files.createDirectory(directory.resolve("work"));
    Files.writeString(directory.resolve("tour.sh"), script, UTF_8);
    Files.writeString(directory.resolve(".curlrc"), CURL_SETTINGS, UTF_8);
    Instant from = Instant.now().truncatedTo(ChronoUnit.MILLIS); // as times of the log are
    Program.End end =
        Program.run(work, TIME_MAX, List.of("bash", "--noprofile", "--norc", "../tour.sh"));
    Instant to = Instant.now();
    for (Step step : steps) {
      Path output = directory.resolve(step.file());
      assertThat(output).as("%s:%d is reached:%n%s", document, step.line, end.output()).exists();
      String written = Files.readString(output, UTF_8).replace(at, SHOWN_AT);
      assertThat(normal(written.replaceFirst("\n$", ""), from, to))
          .as("%s:%d%n%s%n%s", document, step.line, step.commands, end.output())
          .isEqualTo(normal(step.output, Instant.MIN, Instant.MAX));
    }
    assertThat(end.code()).as("%s:%n%s", document, end.output()).isZero();
  }

  private static String normal(String output, Instant from, Instant to) {
    String normal = output;
    for (Pattern pattern : RANDOM) {
      normal = pattern.matcher(normal).replaceAll("$1…$2");
    }
    for (Pattern pattern : TIMES) {
      normal =
          pattern
              .matcher(normal)
              .replaceAll(
                  found -> {
                    String time = found.group(1);
                    boolean isNow = !at(time).isBefore(from) && !at(time).isAfter(to);
                    return Matcher.quoteReplacement(
                        isNow ? found.group().replace(time, "…") : found.group());
                  });
    }
    return normal;
  }

  private static Instant at(String time) {
    return time.endsWith("Z") ? Instant.parse(time) : Instant.ofEpochMilli(Long.parseLong(time));
  }
}
