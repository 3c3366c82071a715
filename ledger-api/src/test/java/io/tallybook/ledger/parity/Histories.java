package io.tallybook.ledger.parity;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Random histories of a ledger, the same for the same seed: groups of requests of every command, of
 * all that clients do wrong, and of everything at the edge.
 */
final class Histories {
  private static final List<String> AGENTS =
      List.of("a", "A", "agent-\u03b1", "b c/d::e", "\ufffd", "\ud83d\ude00", "\uff21");
  private static final List<String> SERVICES =
      List.of("s", "S", "s\u00f8k", "\ud835\udd4a", "\uff5e");
  private static final List<String> TYPES = List.of("usage", "event.received", "llm.generated");
  private static final List<String> WINDOWS = List.of("primary", "secondary");
  private static final List<Map<String, String>> ATTRIBUTES =
      List.of(
          Map.of(),
          Map.of(),
          Map.of("region", "eu west"),
          Map.of("region", "us", "p\u00e4th", "/x West-End/\u00fc"),
          Map.of("empty", ""));
  private static final long HOUR = 3_600_000_000L;

  private final Book book;
  private final Random random;
  private final boolean atTheEdge;
  private final List<String> tenants;
  private final List<Submission> sent = new ArrayList<>();

  private Histories(Book book, long seed, boolean atTheEdge) {
    this.book = book;
    this.random = new Random(seed);
    this.atTheEdge = atTheEdge;
    this.tenants = List.of(book.tenant, book.tenant, book.tenant + " \u00e9", "other");
  }

  /** Runs a history of some groups, comparing each receipt. */
  static void run(Book book, long seed, int groups) {
    new Histories(book, seed, false).run(groups);
  }

  /** Runs a history on a ledger some of whose sums are close to 64 bits. */
  static void runAtTheEdge(Book book, long seed, int groups) {
    Histories history = new Histories(book, seed, true);
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < 1_023; i++) {
      commands.add(Book.usage("a", SERVICES.get(i % 2), Amounts.MAX));
    }
    book.group(Request.of(book.tenant, commands));
    history.run(groups);
  }

  /** Defines views with attributes, filters and every bucket; on a ledger without entries. */
  static void defineViews(Book book) {
    Dimension region = new Dimension("attributes.region");
    List<ViewDefinition> views =
        List.of(
            ViewDefinition.of("daily-by-region", Bucket.DAY, region),
            ViewDefinition.of("monthly-by-service-region", Bucket.MONTH, Dimension.SERVICE, region),
            view("usage-by-agent-hour", Map.of(Dimension.TYPE, "usage"), Bucket.HOUR),
            view("personal-by-agent", Map.of(Dimension.ORGANIZATION, "none"), Bucket.NONE),
            view("us-by-agent", Map.of(region, "us"), Bucket.NONE),
            new ViewDefinition(
                "readings-by-organization",
                ViewDefinition.Source.READINGS,
                Map.of(Dimension.WINDOW, "primary"),
                List.of(Dimension.ORGANIZATION),
                Bucket.DAY,
                false,
                ViewDefinition.State.READY,
                0,
                Long.MIN_VALUE));
    List<Command> definitions =
        views.stream().map(Book::definition).map(Command.class::cast).toList();
    book.group(Request.of("system", definitions));
  }

  private static ViewDefinition view(String name, Map<Dimension, String> filter, Bucket bucket) {
    return new ViewDefinition(
        name,
        ViewDefinition.Source.USAGE,
        filter,
        List.of(Dimension.AGENT),
        bucket,
        false,
        ViewDefinition.State.READY,
        0,
        Long.MIN_VALUE);
  }

  private void run(int groups) {
    for (int i = 0; i < groups; i++) {
      if (random.nextInt(10) == 0) {
        book.clock.set(Math.max(0, book.clock.last() - random.nextLong(5 * HOUR)));
      } else {
        book.clock.advance(Duration.ofSeconds(random.nextInt(7_200)));
      }
      List<Request> group = new ArrayList<>();
      for (int requests = 1 + random.nextInt(4); requests > 0; requests--) {
        group.add(request());
      }
      book.group(group);
    }
  }

  private Request request() {
    String tenant = pick(tenants);
    int size = random.nextInt(20) == 0 ? 40 : 1 + random.nextInt(6);
    List<Command> commands = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      commands.add(command(tenant));
    }
    boolean atomic = random.nextInt(5) == 0;
    return random.nextInt(6) == 0
        ? new Request(
            tenant,
            UUID.randomUUID(),
            "key-" + random.nextInt(6),
            random.nextInt(4) == 0 ? "another" : "one",
            atomic,
            commands)
        : new Request(tenant, UUID.randomUUID(), null, "", atomic, commands);
  }

  private Command command(String tenant) {
    int choice = random.nextInt(100);
    if (choice < 50) {
      return Book.record(usage());
    } else if (choice < 60) {
      return Book.record(reading());
    } else if (choice < 67) {
      return new Command.Settle(pick(AGENTS), pick(SERVICES));
    } else if (choice < 70) {
      return new Command.SettleAgent(pick(AGENTS));
    } else if (choice < 72) {
      int agents = random.nextInt(4) == 0 ? random.nextInt(AGENTS.size()) : AGENTS.size();
      return new Command.SettleService(pick(SERVICES), AGENTS.subList(0, agents));
    } else if (choice < 75) {
      return new Command.Reset(pick(AGENTS), pick(SERVICES));
    } else if (choice < 88) {
      long last = book.model.tenant(tenant).lastSequence();
      long sequence = random.nextLong(last + 6);
      return new Command.Reverse(sequence, pick(List.of(Command.Reverse.At.values())));
    } else if (choice < 96) {
      return put(tenant);
    } else if (choice < 99) {
      return new Command.DeleteDocument(
          DocumentKey.service(tenant, pick(SERVICES)), expected(), act());
    }
    return new Command.Expire(1, 0, 10);
  }

  private Submission usage() {
    if (!sent.isEmpty() && random.nextInt(8) == 0) {
      return sent.get(random.nextInt(sent.size()));
    }
    String id = random.nextInt(3) == 0 ? "id-" + random.nextInt(60) : null;
    String organization = pickOrNull(List.of("org", "\u00f6rg", "None"));
    UsageEvent event =
        new UsageEvent(
            id == null ? null : "source-" + random.nextInt(2),
            id,
            organization,
            pick(AGENTS),
            pick(SERVICES),
            pick(TYPES),
            time(),
            units(),
            random.nextInt(2_000) - 500L,
            pick(ATTRIBUTES));
    sent.add(event);
    return event;
  }

  private Submission reading() {
    Reading reading =
        new Reading(
            random.nextBoolean() ? null : "reading-" + random.nextInt(12),
            pickOrNull(List.of("org", "\u00f6rg")),
            pick(AGENTS),
            pick(WINDOWS),
            time(),
            random.nextInt(40) == 0 ? -Amounts.MAX : random.nextLong(2_000_000) - 1_000_000,
            pick(ATTRIBUTES));
    sent.add(reading);
    return reading;
  }

  /** Now, at a few times that many share, long ago, and where it is refused. */
  private long time() {
    long now = book.clock.last();
    return switch (random.nextInt(10)) {
      case 0, 1, 2 -> Times.ABSENT;
      case 3, 4 -> TestClock.START - random.nextInt(5) * HOUR;
      case 5, 6 -> Math.max(0, now - random.nextLong(72 * HOUR));
      case 7 -> random.nextBoolean() ? 0 : TestClock.START - random.nextLong(9_000) * HOUR;
      case 8 -> now + random.nextLong(HOUR);
      default -> random.nextBoolean() ? now + 2 * HOUR : -1;
    };
  }

  private long units() {
    if (atTheEdge) {
      return random.nextInt(3) == 0 ? Amounts.MAX : random.nextLong(Amounts.MAX);
    }
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> -random.nextInt(50);
      case 2 -> random.nextInt(3);
      case 3 -> random.nextInt(40) == 0 ? Amounts.MAX : 7;
      default -> random.nextInt(1_000);
    };
  }

  private Command put(String tenant) {
    Map<String, String> fields =
        switch (random.nextInt(3)) {
          case 0 -> Map.of("price", Integer.toString(random.nextInt(10_000)));
          case 1 -> Map.of("disabled", Boolean.toString(random.nextInt(4) == 0));
          default -> Map.of("description", "\u00fcber " + random.nextInt(3), "owner", "o");
        };
    Set<String> clear =
        random.nextInt(4) == 0 ? Set.of(pick(List.of("owner", "price", "none"))) : Set.of();
    return new Command.PutDocument(
        DocumentKey.service(tenant, pick(SERVICES)), fields, clear, expected(), act());
  }

  private long expected() {
    return random.nextLong(5) - 2;
  }

  private @Nullable Act act() {
    return random.nextInt(3) == 0
        ? new Act(
            pick(List.of("service.changed", "usage")),
            pickOrNull(SERVICES),
            Map.of("by", "some one"))
        : null;
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  private @Nullable String pickOrNull(List<String> from) {
    return random.nextInt(3) == 0 ? null : pick(from);
  }
}
