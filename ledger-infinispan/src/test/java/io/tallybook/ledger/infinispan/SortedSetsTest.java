package io.tallybook.ledger.infinispan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.infinispan.SortedSets.Edit;
import io.tallybook.ledger.infinispan.SortedSets.Item;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@SuppressWarnings("MemberName") // sentences
final class SortedSetsTest {
  private static final RowKey SET = new RowKey(new byte[] {7, 1});
  private static final byte[] NONE = {};

  /** Rows in memory, which count, stop and let others in. */
  private static final class Fake implements SortedSets.ChangingRows {
    final Map<RowKey, Row> rows = new HashMap<>();
    int calls;
    int writes;

    /** After so many writes the writer dies. */
    int writesMax = Integer.MAX_VALUE;

    /** Runs before each change of a row. */
    Runnable before = () -> {};

    /** Runs before each row is read. */
    Runnable beforeRead = () -> {};

    /** Whether the answer to a change that was made is lost, so that it is tried again. */
    BooleanSupplier unanswered = () -> false;

    @Override
    public Map<RowKey, Row> rows(Collection<RowKey> keys) {
      calls++;
      Map<RowKey, Row> found = new HashMap<>();
      for (RowKey key : keys) {
        beforeRead.run();
        Row row = rows.get(key);
        if (row != null) {
          found.put(key, row);
        }
      }
      return found;
    }

    @Override
    public void update(
        Map<RowKey, UnaryOperator<@Nullable Row>> changes, Predicate<RowKey> isLikelyNew) {
      calls++;
      for (Map.Entry<RowKey, UnaryOperator<@Nullable Row>> change : changes.entrySet()) {
        do {
          before.run();
        } while (changed(change.getKey(), change.getValue()) && unanswered.getAsBoolean());
      }
    }

    @SuppressWarnings("ReferenceEquality") // as Rows says
    private boolean changed(RowKey key, UnaryOperator<@Nullable Row> change) {
      Row old = rows.get(key);
      Row row = change.apply(old);
      if (row == old) {
        return false;
      }
      if (writes == writesMax) {
        throw new LedgerException.Unavailable("dead", true, null);
      }
      writes++;
      if (row == null) {
        rows.remove(key);
      } else {
        assertThat(old == null || old.stamp() <= row.stamp()).isTrue();
        rows.put(key, row);
      }
      return true;
    }

    int bytes() {
      return rows.values().stream().mapToInt(row -> row.value().length).sum();
    }

    int bytesMax() {
      return rows.values().stream().mapToInt(row -> row.value().length).max().orElse(0);
    }

    long dead() {
      return rows.values().stream().filter(row -> row.value()[0] == 0).count();
    }

    /** How many rows are reached from the root of a set. */
    int reached(RowKey set) {
      return reached(set, 0, NONE, 0);
    }

    private int reached(RowKey set, long id, byte[] prefix, int depth) {
      Row row = rows.get(rowKey(set, id));
      assertThat(row).isNotNull();
      if (!(SetNode.decode(row.value(), prefix, depth) instanceof SetNode.Inner inner)) {
        return 1;
      }
      int count = 1;
      for (int nibble = 0; nibble < 16; nibble++) {
        if (inner.children()[nibble] != 0) {
          byte[] below = Arrays.copyOf(inner.path(), inner.nibbles() / 2 + 1);
          below[inner.nibbles() / 2] |= (byte) (inner.nibbles() % 2 == 0 ? nibble << 4 : nibble);
          count += reached(set, inner.children()[nibble], below, inner.nibbles() + 1);
        }
      }
      return count;
    }
  }

  /** What keys are like. */
  enum Keys {
    DENSE,
    SPARSE,
    NAMES,
    PREFIXES,
    RANDOM,
    VALUES;

    byte[] of(SplittableRandom random, int index) {
      return switch (this) {
        case DENSE -> OrderedLongs.ascending(index);
        case SPARSE -> OrderedLongs.ascending((long) random.nextInt(4_000) << random.nextInt(40));
        case NAMES ->
            ("a name that is rather long/".repeat(1 + random.nextInt(20)) + random.nextInt(300))
                .getBytes(UTF_8);
        case PREFIXES -> {
          byte[] key = new byte[1 + random.nextInt(40)];
          Arrays.fill(key, (byte) 0x11);
          if (random.nextInt(3) > 0) {
            key[random.nextInt(key.length)] = (byte) (random.nextInt(3) + 0x10);
          }
          yield key;
        }
        case RANDOM -> {
          byte[] key = new byte[1 + random.nextInt(3)];
          random.nextBytes(key);
          yield key;
        }
        case VALUES -> {
          byte[] value = OrderedLongs.descending(random.nextInt(1_000));
          byte[] key = Arrays.copyOf(value, value.length + 1);
          key[value.length] = (byte) random.nextInt(5);
          yield key;
        }
      };
    }
  }

  private static RowKey rowKey(RowKey set, long id) {
    byte[] key = Arrays.copyOf(set.bytes(), set.bytes().length + 8);
    for (int i = 0; i < 8; i++) {
      key[set.bytes().length + i] = (byte) (id >> (56 - 8 * i));
    }
    return new RowKey(key);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static List<String> all(Iterator<Item> walk, boolean stamped) {
    List<String> items = new ArrayList<>();
    walk.forEachRemaining(
        item -> items.add(hex(item.key()) + (stamped ? "@" + item.stamp() : hex(item.payload()))));
    return items;
  }

  private static List<String> all(NavigableMap<byte[], String> model) {
    List<String> items = new ArrayList<>();
    model.forEach((key, payload) -> items.add(hex(key) + payload));
    return items;
  }

  /** The payload that a key has in a plain set. */
  private static byte[] payload(byte[] key) {
    return Arrays.copyOf(key, key[key.length - 1] & 3);
  }

  private static NavigableMap<byte[], String> model() {
    return new TreeMap<>(Arrays::compareUnsigned);
  }

  private static void apply(NavigableMap<byte[], String> model, Edit edit) {
    String before = model.get(edit.key());
    long stamp =
        before == null || !before.startsWith("@") ? -1 : Long.parseLong(before.substring(1));
    switch (edit) {
      case Edit.Add add -> model.putIfAbsent(add.key(), hex(add.payload()));
      case Edit.Put put -> {
        if (put.stamp() > stamp) {
          model.put(put.key(), "@" + put.stamp());
        }
      }
      case Edit.Remove remove -> {
        if (stamp <= remove.stamp()) {
          model.remove(remove.key());
        }
      }
    }
  }

  private static void assertWalks(
      Fake fake,
      RowKey set,
      NavigableMap<byte[], String> model,
      boolean stamped,
      SplittableRandom random,
      String description) {
    assertThat(all(SortedSets.walk(fake, set, null, true, null, false, 16), stamped))
        .as(description)
        .isEqualTo(all(model));
    assertThat(all(SortedSets.walk(fake, set, null, false, null, true, 3), stamped))
        .as(description)
        .isEqualTo(all(model.descendingMap()));
    SetWalk first = new SetWalk(fake, set, List.of(), null, true, null, false, 16);
    assertThat(all(first, stamped)).as(description).isEqualTo(all(model));
    List<RowKey> guess = new ArrayList<>(first.path());
    guess.removeIf(key -> random.nextInt(3) == 0);
    guess.add(rowKey(set, 7));
    assertThat(all(new SetWalk(fake, set, guess, null, true, null, false, 2), stamped))
        .as(description)
        .isEqualTo(all(model));
    if (model.isEmpty()) {
      return;
    }
    List<byte[]> keys = new ArrayList<>(model.keySet());
    for (int i = 0; i < 20; i++) {
      byte[] a = place(keys, random);
      byte[] b = place(keys, random);
      boolean swap = Arrays.compareUnsigned(a, b) > 0;
      byte[] low = swap ? b : a;
      byte[] high = swap ? a : b;
      boolean inclusive = random.nextInt(2) == 0;
      int rowsMax = 1 + random.nextInt(16);
      if (!Arrays.equals(low, high)) {
        assertThat(all(SortedSets.walk(fake, set, low, inclusive, high, false, rowsMax), stamped))
            .as(description)
            .isEqualTo(all(model.subMap(low, inclusive, high, false)));
        assertThat(all(SortedSets.walk(fake, set, high, inclusive, low, true, rowsMax), stamped))
            .as(description)
            .isEqualTo(all(model.subMap(low, false, high, inclusive).descendingMap()));
      }
      assertThat(all(SortedSets.walk(fake, set, low, inclusive, null, false, rowsMax), stamped))
          .as(description)
          .isEqualTo(all(model.tailMap(low, inclusive)));
      assertThat(all(SortedSets.walk(fake, set, low, inclusive, null, true, rowsMax), stamped))
          .as(description)
          .isEqualTo(all(model.headMap(low, inclusive).descendingMap()));
    }
  }

  /** A key that is there, or one near it. */
  private static byte[] place(List<byte[]> keys, SplittableRandom random) {
    byte[] key = keys.get(random.nextInt(keys.size()));
    return switch (random.nextInt(4)) {
      case 0 -> Arrays.copyOf(key, key.length + 1);
      case 1 -> Arrays.copyOf(key, 1 + random.nextInt(key.length));
      default -> key;
    };
  }

  @ParameterizedTest
  @EnumSource
  void plainSetsHoldWhatAModelHoldsHoweverOftenItIsAdded(Keys kind) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    Fake fake = new Fake();
    RowKey other = new RowKey(new byte[] {7, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    Map<RowKey, NavigableMap<byte[], String>> models = Map.of(SET, model(), other, model());
    int index = 0;
    for (int change = 0; change < 25; change++) {
      Map<RowKey, List<Edit>> edits = new LinkedHashMap<>();
      for (RowKey set : models.keySet()) {
        List<Edit> list = new ArrayList<>();
        for (int i = random.nextInt(1 << random.nextInt(11)); i >= 0; i--) {
          byte[] key = kind.of(random, index++);
          list.add(new Edit.Add(key, payload(key)));
        }
        edits.put(set, list);
        list.forEach(edit -> apply(models.get(set), edit));
      }
      SortedSets.change(fake, edits, change);
      int writes = fake.writes;
      SortedSets.change(fake, edits, change + 1);
      assertThat(fake.writes).isEqualTo(writes);
    }
    String description = "seed %s, %s".formatted(seed, kind);
    models.forEach((set, model) -> assertWalks(fake, set, model, false, random, description));
    assertThat(fake.bytesMax()).isLessThanOrEqualTo(SetNode.BYTES_MAX);
    assertThat(fake.reached(SET) + fake.reached(other)).isEqualTo(fake.rows.size());
  }

  @ParameterizedTest
  @EnumSource
  void stampedSetsHoldWhatAModelHoldsAndNothingIsLeftOfEmptiedNodes(Keys kind) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    String description = "seed %s, %s".formatted(seed, kind);
    Fake fake = new Fake();
    NavigableMap<byte[], String> model = model();
    int index = 0;
    for (int change = 1; change <= 40; change++) {
      List<Edit> list = new ArrayList<>();
      boolean shrinks = change % 10 > 6;
      for (byte[] key : List.copyOf(model.keySet())) {
        if (random.nextInt(10) < (shrinks ? 8 : 2)) {
          list.add(new Edit.Remove(key, change - random.nextInt(2)));
        }
      }
      for (int i = random.nextInt(shrinks ? 5 : 1 << random.nextInt(11)); i >= 0; i--) {
        list.add(new Edit.Put(kind.of(random, index++), change - random.nextInt(3) / 2));
      }
      if (change % 20 == 0) {
        for (byte[] key : model.keySet()) {
          list.add(new Edit.Remove(key, change));
        }
      }
      list.forEach(edit -> apply(model, edit));
      SortedSets.change(fake, Map.of(SET, list), change);
      assertThat(fake.dead()).as(description).isZero();
      assertThat(fake.reached(SET)).as(description).isEqualTo(fake.rows.size());
      if (change % 4 == 0) {
        assertWalks(fake, SET, model, true, random, description);
      }
    }
    SortedSets.change(
        fake,
        Map.of(
            SET,
            List.copyOf(model.keySet().stream().map(key -> new Edit.Remove(key, 99)).toList())),
        99);
    assertThat(fake.rows).as(description).hasSize(1);
  }

  /** Puts and removes over keys that burst, split and prune, planned by two writers. */
  private static List<Edit> plan(SplittableRandom random, Keys kind, int count, long stamp) {
    List<Edit> edits = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] key = kind.of(random, random.nextInt(600));
      edits.add(random.nextInt(3) > 0 ? new Edit.Put(key, stamp) : new Edit.Remove(key, stamp - 1));
    }
    return edits;
  }

  @ParameterizedTest
  @EnumSource
  void editsThatWereHalfMadeAreMadeByTheNextWriter(Keys kind) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    List<Edit> first = plan(random, kind, 300, 1);
    List<Edit> second = new ArrayList<>(plan(random, kind, 300, 2));
    first.stream().limit(280).forEach(edit -> second.add(new Edit.Remove(edit.key(), 1)));
    NavigableMap<byte[], String> model = model();
    first.forEach(edit -> apply(model, edit));
    second.forEach(edit -> apply(model, edit));
    int writes = Integer.MAX_VALUE;
    for (int k = 0; k < Math.min(writes, 80); k++) {
      Fake fake = new Fake();
      SortedSets.change(fake, Map.of(SET, first), 1);
      int before = fake.writes;
      fake.writesMax = before + k;
      try {
        SortedSets.change(fake, Map.of(SET, second), 2);
        writes = k;
      } catch (LedgerException.Unavailable expected) {
        assertThat(expected).hasMessage("dead");
      }
      fake.writesMax = Integer.MAX_VALUE;
      all(SortedSets.walk(fake, SET, null, true, null, false, 16), true);
      SortedSets.change(fake, Map.of(SET, second), 2);
      assertWalks(
          fake, SET, model, true, random, "seed %s, %s, %s writes".formatted(seed, kind, k));
    }
  }

  @ParameterizedTest
  @EnumSource
  void twoWritersWhoseEveryChangeMeetsTheOthersLoseNothing(Keys kind) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    List<Edit> ground = plan(random, kind, 350, 1);
    List<Edit> mine = new ArrayList<>(plan(random, kind, 60, 2));
    ground.forEach(edit -> mine.add(new Edit.Remove(edit.key(), 1)));
    int steps = Integer.MAX_VALUE;
    for (int k = 0; k < Math.min(steps, 30); k++) {
      // What the other writes is newer, so that it does not matter which of the two is first.
      List<Edit> others = new ArrayList<>();
      for (int i = 0; i < 80; i++) {
        byte[] key =
            i % 2 == 0
                ? ground.get(random.nextInt(ground.size())).key()
                : kind.of(random, random.nextInt(600));
        others.add(new Edit.Put(key, 3));
      }
      Fake fake = new Fake();
      SortedSets.change(fake, Map.of(SET, ground), 1);
      int at = k;
      int[] count = {0};
      fake.before =
          () -> {
            if (count[0]++ == at) {
              Runnable hook = fake.before;
              fake.before = () -> {};
              SortedSets.change(fake, Map.of(SET, others), 3);
              fake.before = hook;
            }
          };
      SortedSets.change(fake, Map.of(SET, mine), 2);
      if (count[0] <= at) {
        steps = k;
      }
      fake.before = () -> {};
      if (steps < k) {
        break;
      }
      NavigableMap<byte[], String> model = model();
      ground.forEach(edit -> apply(model, edit));
      mine.forEach(edit -> apply(model, edit));
      if (count[0] > at) {
        others.forEach(edit -> apply(model, edit));
      }
      assertWalks(
          fake, SET, model, true, random, "seed %s, %s, at step %s".formatted(seed, kind, k));
    }
  }

  /** Keys of many nodes with an item or two, below paths that are long until one leaves them. */
  private static byte[] contended(SplittableRandom random) {
    byte nibble = (byte) (random.nextInt(4) << 4);
    byte low = (byte) (0x10 | random.nextInt(4));
    return switch (random.nextInt(8)) {
      case 0 -> new byte[] {nibble};
      case 1 -> new byte[] {0x30};
      case 2 -> new byte[] {0x30, low};
      case 3 -> new byte[] {0x30, 0x11, low};
      case 4 -> new byte[] {0x30, 0x11, 0x11, nibble};
      case 5 -> new byte[] {0x30, 0x11, 0x11, nibble, low};
      case 6 -> {
        // Two of these do not go into one leaf.
        byte[] key = new byte[2_100];
        Arrays.fill(key, nibble);
        System.arraycopy(new byte[] {0x30, 0x11, 0x11}, 0, key, 0, 3);
        yield key;
      }
      default -> new byte[] {0x30, 0x11, 0x11};
    };
  }

  /** Changes that come to the same in whatever order they are made. */
  private static List<Edit> commuting(SplittableRandom random, List<Edit> ground, long stamp) {
    List<Edit> edits = new ArrayList<>();
    int removes = random.nextInt(11);
    for (Edit edit : ground) {
      if (random.nextInt(10) < removes) {
        edits.add(new Edit.Remove(edit.key(), 1));
      }
    }
    for (int i = random.nextInt(6); i > 0; i--) {
      edits.add(new Edit.Put(contended(random), stamp));
    }
    return edits;
  }

  @Test
  void nodesThatDieAndSplitUnderTwoWritersLoseNothing() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int run = 0; run < 4_000; run++) {
      List<Edit> ground = new ArrayList<>();
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        ground.add(new Edit.Put(contended(random), 1));
      }
      List<Edit> mine = commuting(random, ground, 2);
      List<Edit> others = commuting(random, ground, 3);
      NavigableMap<byte[], String> model = model();
      ground.forEach(edit -> apply(model, edit));
      mine.forEach(edit -> apply(model, edit));
      others.forEach(edit -> apply(model, edit));
      Fake fake = new Fake();
      SortedSets.change(fake, Map.of(SET, ground), 1);
      int[] wait = {random.nextInt(12)};
      Runnable other = () -> SortedSets.change(fake, Map.of(SET, others), 3);
      fake.before =
          () -> {
            if (wait[0]-- == 0) {
              fake.before = () -> {};
              other.run();
            }
          };
      if (run % 4 == 0) {
        fake.unanswered = () -> random.nextInt(4) == 0;
      }
      SortedSets.change(fake, Map.of(SET, mine), 2);
      fake.before = () -> {};
      if (wait[0] >= 0) {
        other.run();
      }
      String description = "seed %s, run %s".formatted(seed, run);
      assertThat(all(SortedSets.walk(fake, SET, null, true, null, false, 16), true))
          .as(description)
          .isEqualTo(all(model));
      fake.reached(SET);
    }
  }

  @ParameterizedTest
  @EnumSource
  void twoWritersThatTakeTurnsAtEveryChangeLoseNothing(Keys kind) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int run = 0; run < 20; run++) {
      Fake fake = new Fake();
      NavigableMap<byte[], String> model = model();
      List<Edit> ground = plan(random, kind, 500, 1);
      SortedSets.change(fake, Map.of(SET, ground), 1);
      ground.forEach(edit -> apply(model, edit));
      List<Edit> mine = new ArrayList<>(plan(random, kind, 200, 2));
      ground.forEach(edit -> mine.add(new Edit.Remove(edit.key(), 1)));
      mine.forEach(edit -> apply(model, edit));
      List<List<Edit>> others = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        List<Edit> puts = new ArrayList<>();
        for (int j = random.nextInt(40); j >= 0; j--) {
          puts.add(new Edit.Put(kind.of(random, random.nextInt(600)), 3 + i));
          puts.add(new Edit.Put(ground.get(random.nextInt(ground.size())).key(), 3 + i));
        }
        others.add(puts);
        puts.forEach(edit -> apply(model, edit));
      }
      int[] turn = {0};
      Runnable hook =
          new Runnable() {
            @Override
            public void run() {
              if (turn[0] < others.size() && random.nextInt(3) == 0) {
                fake.before = () -> {};
                SortedSets.change(fake, Map.of(SET, others.get(turn[0]++)), 3 + turn[0]);
                fake.before = this;
              }
            }
          };
      fake.before = hook;
      if (run % 2 == 0) {
        fake.unanswered = () -> random.nextInt(3) == 0;
      }
      SortedSets.change(fake, Map.of(SET, mine), 2);
      fake.before = () -> {};
      while (turn[0] < others.size()) {
        SortedSets.change(fake, Map.of(SET, others.get(turn[0]++)), 3 + turn[0]);
      }
      assertWalks(fake, SET, model, true, random, "seed %s, %s, run %s".formatted(seed, kind, run));
    }
  }

  @Test
  void writerThatGoesOnWithWhatItPlannedLongAgoTakesNothingNewerAway() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int k = 0; k < 60; k++) {
      Fake fake = new Fake();
      List<Edit> old = new ArrayList<>();
      List<Edit> newer = new ArrayList<>();
      for (int i = 0; i < 700; i++) {
        byte[] key = OrderedLongs.ascending(random.nextInt(1_000));
        old.add(random.nextInt(2) == 0 ? new Edit.Put(key, 5) : new Edit.Remove(key, 5));
        newer.add(new Edit.Put(OrderedLongs.ascending(random.nextInt(1_000)), 9));
      }
      int at = k;
      int[] count = {0};
      fake.before =
          () -> {
            if (count[0]++ == at) {
              fake.before = () -> {};
              SortedSets.change(fake, Map.of(SET, old), 5);
              SortedSets.change(fake, Map.of(SET, newer), 9);
            }
          };
      SortedSets.change(fake, Map.of(SET, old), 5);
      fake.before = () -> {};
      SortedSets.change(fake, Map.of(SET, old), 5);
      List<String> items = all(SortedSets.walk(fake, SET, null, true, null, false, 16), true);
      NavigableMap<byte[], String> model = model();
      old.forEach(edit -> apply(model, edit));
      if (count[0] > at) {
        newer.forEach(edit -> apply(model, edit));
      }
      assertThat(items).as("seed %s, at %s", seed, at).isEqualTo(all(model));
    }
  }

  @Test
  void itemThatAStaleWriterBringsBackHasItsOldStamp() {
    Fake fake = new Fake();
    byte[] key = {1};
    SortedSets.change(fake, Map.of(SET, List.of(new Edit.Put(key, 5))), 5);
    SortedSets.change(fake, Map.of(SET, List.of(new Edit.Remove(key, 7))), 7);
    SortedSets.change(fake, Map.of(SET, List.of(new Edit.Put(key, 5))), 5);

    assertThat(all(SortedSets.walk(fake, SET, null, true, null, false, 1), true))
        .containsExactly("01@5");
  }

  @ParameterizedTest
  @EnumSource
  void walkersSeeWhatWasThereBeforeAndStaysWhileOthersWrite(Keys kind) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int run = 0; run < 16; run++) {
      boolean descending = run % 2 == 0;
      Fake fake = new Fake();
      NavigableMap<byte[], String> stays = model();
      List<Edit> ground = new ArrayList<>();
      for (int i = 0; i < 700; i++) {
        ground.add(new Edit.Put(kind.of(random, 3 * i), 1));
      }
      SortedSets.change(fake, Map.of(SET, ground), 1);
      ground.forEach(edit -> apply(stays, edit));
      SetWalk before =
          new SetWalk(fake, SET, List.of(), null, true, null, descending, 1 + random.nextInt(16));
      for (int items = random.nextInt(stays.size()); items > 0; items--) {
        before.next();
      }
      List<Edit> removes = new ArrayList<>();
      int block = random.nextInt(1 << random.nextInt(9)) + 1;
      int index = 0;
      for (byte[] key : List.copyOf(stays.keySet())) {
        if (index++ / block % 2 == 0) {
          removes.add(new Edit.Remove(key, 1));
          stays.remove(key);
        }
      }
      Runnable others =
          () -> {
            List<Edit> edits = new ArrayList<>();
            for (int i = random.nextInt(200); i > 0; i--) {
              byte[] key = kind.of(random, random.nextInt(2_100));
              if (!stays.containsKey(key)) {
                edits.add(new Edit.Put(key, 1));
              }
            }
            if (random.nextInt(2) == 0) {
              edits.addAll(removes);
            }
            Runnable reading = fake.beforeRead;
            fake.beforeRead = () -> {};
            SortedSets.change(fake, Map.of(SET, edits), 2);
            fake.beforeRead = reading;
          };
      fake.beforeRead =
          () -> {
            if (random.nextInt(10) == 0) {
              others.run();
            }
          };
      Iterator<Item> walk =
          new SetWalk(
              fake, SET, before.path(), null, true, null, descending, 1 + random.nextInt(16));
      List<String> seen = new ArrayList<>();
      byte[] last = null;
      while (walk.hasNext()) {
        Item item = walk.next();
        if (last != null) {
          int order = Arrays.compareUnsigned(last, item.key());
          assertThat(descending ? order > 0 : order < 0).isTrue();
        }
        last = item.key();
        if (stays.containsKey(item.key())) {
          seen.add(hex(item.key()) + "@1");
        }
        if (random.nextInt(20) == 0) {
          others.run();
        }
      }
      assertThat(seen)
          .as("seed %s, %s, run %s", seed, kind, run)
          .isEqualTo(all(descending ? stays.descendingMap() : stays));
    }
  }

  @Test
  void rowThatIsMissingIsTold() {
    Fake fake = new Fake();
    List<Edit> edits = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      edits.add(new Edit.Add(OrderedLongs.ascending(i), NONE));
    }
    SortedSets.change(fake, Map.of(SET, edits), 1);
    for (RowKey key : List.copyOf(fake.rows.keySet())) {
      if (!key.equals(rowKey(SET, 0))) {
        Row row = fake.rows.remove(key);
        assertThatThrownBy(
                () -> all(SortedSets.walk(fake, SET, null, true, null, false, 16), false))
            .isInstanceOf(LedgerException.Unavailable.class)
            .hasMessage("The grid has lost a row of the ledger");
        assertThatThrownBy(() -> SortedSets.change(fake, Map.of(SET, edits), 2))
            .isInstanceOf(LedgerException.Unavailable.class)
            .hasMessage("The grid has lost a row of the ledger");
        fake.rows.put(key, row);
      }
    }
    assertThat(all(SortedSets.walk(fake, SET, null, true, null, false, 16), false)).hasSize(2_000);
  }

  @Test
  void denseNumbersFillTheirRowsAndWalksTakeFewCalls() {
    Fake fake = new Fake();
    for (int begin = 0; begin < 100_000; begin += 2_500) {
      List<Edit> edits = new ArrayList<>();
      for (int i = begin; i < begin + 2_500; i++) {
        edits.add(new Edit.Add(OrderedLongs.ascending(i), NONE));
      }
      fake.calls = 0;
      SortedSets.change(fake, Map.of(SET, edits), begin);
      assertThat(fake.calls).isLessThanOrEqualTo(16);
    }
    assertThat(fake.rows.size()).isLessThanOrEqualTo(450);
    assertThat(fake.bytes()).isLessThanOrEqualTo(120_000);

    fake.calls = 0;
    assertThat(
            SortedSets.walk(fake, SET, OrderedLongs.ascending(77_777), true, null, false, 16)
                .next()
                .key())
        .isEqualTo(OrderedLongs.ascending(77_777));
    assertThat(fake.calls).isLessThanOrEqualTo(4);

    fake.calls = 0;
    assertThat(all(SortedSets.walk(fake, SET, null, true, null, true, 16), false)).hasSize(100_000);
    assertThat(fake.calls).isLessThanOrEqualTo(60);

    fake.calls = 0;
    byte[] to = OrderedLongs.ascending(30_010);
    assertThat(
            all(
                SortedSets.walk(fake, SET, OrderedLongs.ascending(30_000), true, to, false, 16),
                false))
        .hasSize(10);
    assertThat(fake.calls).isLessThanOrEqualTo(4);
  }

  @Test
  void namesByTheirValuesTakeFewRowsAndFewCalls() {
    SplittableRandom random = new SplittableRandom(42);
    Fake fake = new Fake();
    List<Edit> edits = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      byte[] value = OrderedLongs.descending(random.nextLong(1L << 40, 1L << 56));
      byte[] key = Arrays.copyOf(value, value.length + 12);
      System.arraycopy("agent-%06d".formatted(i).getBytes(UTF_8), 0, key, value.length, 12);
      edits.add(new Edit.Put(key, 1_000_000 + i));
      if (edits.size() == 5_000) {
        SortedSets.change(fake, Map.of(SET, edits), i);
        edits.clear();
      }
    }
    assertThat(fake.rows.size()).isLessThanOrEqualTo(4_400);
    assertThat(fake.bytes()).isLessThanOrEqualTo(2_200_000);
    fake.calls = 0;
    List<String> best = new ArrayList<>();
    SetWalk walk = new SetWalk(fake, SET, List.of(), null, true, null, false, 16);
    for (int i = 0; i < 50; i++) {
      best.add(hex(walk.next().key()));
    }
    assertThat(fake.calls).isLessThanOrEqualTo(8);

    fake.calls = 0;
    List<String> again = new ArrayList<>();
    SetWalk guessed = new SetWalk(fake, SET, walk.path(), null, true, null, false, 16);
    for (int i = 0; i < 50; i++) {
      again.add(hex(guessed.next().key()));
    }
    assertThat(again).isEqualTo(best);
    assertThat(fake.calls).isEqualTo(1);
  }
}
