package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.GroupCommitSettings;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerObserver;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.facade.Page;
import io.tallybook.ledger.storage.CommitPlanner;
import io.tallybook.ledger.view.Cell;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Readers of several tenants race a writer until every structure has grown, been sealed and merged
 * several times. What each tenant will record is known beforehand, so that every answer of a
 * snapshot is compared with what the entries up to its newest one amount to.
 */
final class MemoryRaceTest {
  private static final int TENANTS = 3;
  private static final int READERS = 3;
  private static final int ENTRIES = 24_000;
  private static final long HOUR = 3_600_000_000L;

  @Test
  void everyAnswerIsOfTheRevisionOfItsSnapshotWhateverTheWriterDoes() throws Exception {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    List<Story> stories = new ArrayList<>();
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      stories.add(new Story("tenant " + tenant, random.split()));
    }
    MemoryStore store =
        new MemoryStore(
            new CommitPlanner(InstantSource.system()), new MemorySettings("USD", 1_000_000, 90));
    AtomicBoolean done = new AtomicBoolean();
    try (Ledger ledger = new Ledger(store, GroupCommitSettings.DEFAULT, LedgerObserver.NONE);
        ExecutorService threads = Executors.newFixedThreadPool(READERS)) {
      ledger.start();
      List<Future<Long>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        SplittableRandom own = random.split();
        readers.add(threads.submit(() -> readUntil(done, ledger, stories, own)));
      }
      try {
        write(store, stories, random);
      } finally {
        done.set(true);
      }
      for (Future<Long> reader : readers) {
        assertThat(answer(reader, seed)).isPositive();
      }
      assertThat(store.statistics().entries()).isEqualTo((long) TENANTS * ENTRIES);
    }
  }

  private static void write(MemoryStore store, List<Story> stories, SplittableRandom random) {
    int[] told = new int[TENANTS];
    while (Stream.of(0, 1, 2).anyMatch(tenant -> told[tenant] < ENTRIES)) {
      List<Request> group = new ArrayList<>();
      int most = random.nextInt(20) == 0 ? 2_000 : 100;
      for (int tenant = 0; tenant < TENANTS; tenant++) {
        int to = Math.min(ENTRIES, told[tenant] + random.nextInt(most));
        if (told[tenant] < to) {
          group.add(
              Request.of(
                  stories.get(tenant).name,
                  List.copyOf(stories.get(tenant).commands.subList(told[tenant], to))));
          told[tenant] = to;
        }
      }
      if (!group.isEmpty()) {
        store.commit(group);
      }
    }
  }

  private static long readUntil(
      AtomicBoolean done, Ledger ledger, List<Story> stories, SplittableRandom random) {
    long answers = 0;
    while (!done.get() || answers == 0) {
      Story story = stories.get(random.nextInt(TENANTS));
      // Some look once, some stay while hundreds of commits pass.
      int looks = random.nextInt(10) == 0 ? 300 : 1 + random.nextInt(10);
      answers +=
          ledger.<Integer>read(
              story.name,
              "race",
              reader -> {
                for (int look = 0; look < looks; look++) {
                  story.check(reader, random);
                }
                return looks;
              });
    }
    return answers;
  }

  private static long answer(Future<Long> reader, long seed) throws InterruptedException {
    try {
      return reader.get();
    } catch (ExecutionException e) {
      throw new AssertionError("seed " + seed, e.getCause());
    }
  }

  /** Everything that a tenant records, and what it amounts to after each entry. */
  private static final class Story {
    private final String name;
    private final List<Command> commands = new ArrayList<>();
    private final String[] agents = new String[ENTRIES + 1];
    private final String[] services = new String[ENTRIES + 1];
    private final long[] times = new long[ENTRIES + 1];
    private final long[] units = new long[ENTRIES + 1];
    private final long[] totalAfter = new long[ENTRIES + 1];

    /** By service and agent: the pair's outstanding amount after each of its entries. */
    private final Map<String, Map<String, NavigableMap<Long, Long>>> outstanding =
        new LinkedHashMap<>();

    /** By agent: the sequences of its entries, and its units after each. */
    private final Map<String, NavigableMap<Long, Long>> unitsOfAgent = new LinkedHashMap<>();

    Story(String name, SplittableRandom random) {
      this.name = name;
      long begin = 1_700_000_000_000_000L;
      for (int sequence = 1; sequence <= ENTRIES; sequence++) {
        boolean settles = sequence % 50 == 0;
        String agent =
            settles
                ? agents[sequence - 1]
                : "agent " + (int) (Math.pow(random.nextDouble(), 3) * 8_000);
        String service =
            settles
                ? services[sequence - 1]
                : "service " + (random.nextInt(2) == 0 ? 0 : random.nextInt(60));
        agents[sequence] = agent;
        services[sequence] = service;
        NavigableMap<Long, Long> pair =
            outstanding
                .computeIfAbsent(service, key -> new HashMap<>())
                .computeIfAbsent(agent, key -> new TreeMap<>());
        NavigableMap<Long, Long> ofAgent =
            unitsOfAgent.computeIfAbsent(agent, key -> new TreeMap<>());
        if (settles) {
          pair.put((long) sequence, 0L);
          ofAgent.put((long) sequence, newest(ofAgent));
          totalAfter[sequence] = totalAfter[sequence - 1];
          times[sequence] = Long.MAX_VALUE;
          commands.add(new Command.Settle(agent, service));
        } else {
          long amount = random.nextLong(-20, 100);
          units[sequence] = amount;
          times[sequence] = begin + random.nextLong(400 * HOUR);
          pair.put((long) sequence, newest(pair) + amount);
          ofAgent.put((long) sequence, newest(ofAgent) + amount);
          totalAfter[sequence] = totalAfter[sequence - 1] + amount;
          commands.add(
              new Command.Record(
                  new UsageEvent(
                      "race",
                      "id " + sequence,
                      sequence % 3 == 0 ? "organization " + sequence % 7 : null,
                      agent,
                      service,
                      "type " + sequence % 5,
                      times[sequence],
                      amount,
                      sequence,
                      sequence % 4 == 0 ? Map.of("number", "" + sequence) : Map.of())));
        }
      }
    }

    private static long newest(NavigableMap<Long, Long> amounts) {
      return amounts.isEmpty() ? 0 : amounts.lastEntry().getValue();
    }

    private static @Nullable Long at(NavigableMap<Long, Long> amounts, long last) {
      Map.Entry<Long, Long> entry = amounts.floorEntry(last);
      return entry == null ? null : entry.getValue();
    }

    void check(LedgerReader reader, SplittableRandom random) {
      int last = (int) reader.lastSequence();
      // Also what is recorded soon, and must not be seen yet.
      int any = 1 + random.nextInt(Math.min(ENTRIES, last + 100));
      switch (random.nextInt(7)) {
        case 0 -> {
          Cell total = reader.total();
          assertThat(total == null ? 0 : total.units()).isEqualTo(totalAfter[last]);
        }
        case 1 -> {
          Cell pair = reader.pair(agents[any], services[any]);
          assertThat(pair == null ? null : (Long) pair.outstanding())
              .isEqualTo(at(pairOf(any), last));
          Cell agent = reader.agent(agents[any]);
          assertThat(agent == null ? null : (Long) agent.units())
              .isEqualTo(at(ofAgent(agents[any]), last));
        }
        case 2 -> {
          String service = services[any];
          List<String> top =
              reader.topOfService(service, 10).stream()
                  .map(cell -> cell.name(0) + " " + cell.outstanding())
                  .toList();
          assertThat(top).isEqualTo(topOf(service, last, 10));
        }
        case 3 -> {
          Page<Cell> page = reader.agents(any - 1, 20);
          assertThat(page.items().stream().map(Cell::first).toList())
              .isEqualTo(
                  unitsOfAgent.values().stream()
                      .map(NavigableMap::firstKey)
                      .filter(first -> first >= any && first <= last)
                      .limit(20)
                      .toList());
        }
        case 4 -> {
          boolean descending = random.nextBoolean();
          List<Long> sequences =
              (descending
                      ? ofAgent(agents[any]).headMap((long) last, true).descendingMap()
                      : ofAgent(agents[any]).headMap((long) last, true))
                  .keySet().stream().limit(10).toList();
          assertThat(sequences(reader, EntryFilter.ALL.withAgents(Set.of(agents[any])), descending))
              .isEqualTo(sequences);
        }
        case 5 -> {
          Entry entry = reader.entry(any);
          if (any > last) {
            assertThat(entry).isNull();
          } else {
            assertThat(entry).isNotNull();
            assertThat(entry.agent()).isEqualTo(agents[any]);
            if (any % 50 != 0) {
              assertThat(entry.units()).isEqualTo(units[any]);
            }
          }
          boolean isThere = any <= last && any % 50 != 0;
          EntryFilter byId = EntryFilter.ALL.withIds(Set.of("race"), Set.of("id " + any));
          assertThat(sequences(reader, byId, false))
              .isEqualTo(isThere ? List.of((long) any) : List.of());
        }
        default -> {
          if (any % 50 != 0) {
            long from = times[any] - HOUR / 60;
            List<Long> expected = new ArrayList<>();
            for (int sequence = 1; sequence <= last; sequence++) {
              if (times[sequence] >= from && times[sequence] <= times[any]) {
                expected.add((long) sequence);
              }
            }
            expected.sort(
                Comparator.<Long>comparingLong(s -> times[s.intValue()])
                    .thenComparing(Comparator.naturalOrder()));
            assertThat(
                    reader
                        .entries(
                            new EntryQuery(
                                EntryFilter.ALL.withTimes(from, times[any] + 1),
                                true,
                                false,
                                null,
                                1_000))
                        .entries()
                        .stream()
                        .map(Entry::sequence)
                        .toList())
                .isEqualTo(expected);
          }
        }
      }
    }

    private static List<Long> sequences(
        LedgerReader reader, EntryFilter filter, boolean descending) {
      return reader.entries(new EntryQuery(filter, false, descending, null, 10)).entries().stream()
          .map(Entry::sequence)
          .toList();
    }

    private NavigableMap<Long, Long> pairOf(int sequence) {
      return outstanding
          .getOrDefault(services[sequence], Map.of())
          .getOrDefault(agents[sequence], new TreeMap<>());
    }

    private NavigableMap<Long, Long> ofAgent(String agent) {
      return unitsOfAgent.getOrDefault(agent, new TreeMap<>());
    }

    private List<String> topOf(String service, long last, int max) {
      Map<String, Long> amounts = new HashMap<>();
      outstanding
          .getOrDefault(service, Map.of())
          .forEach(
              (agent, pair) -> {
                Long amount = at(pair, last);
                if (amount != null && amount > 0) {
                  amounts.put(agent, amount);
                }
              });
      return amounts.entrySet().stream()
          .sorted(
              Map.Entry.<String, Long>comparingByValue()
                  .reversed()
                  .thenComparing(Map.Entry.comparingByKey()))
          .limit(max)
          .map(entry -> entry.getKey() + " " + entry.getValue())
          .toList();
    }
  }
}
