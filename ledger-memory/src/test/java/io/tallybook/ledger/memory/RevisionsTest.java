package io.tallybook.ledger.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.storage.Head;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class RevisionsTest {
  private static final int PLACES = 300;

  private final Head first = Head.first("USD");
  private final long[] memory = new long[PLACES];

  @Test
  void everyReaderSeesTheStateOfItsRevisionHoweverManyCommitsCome() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    Revisions revisions = new Revisions(first, Revisions.WORDS_MAX);
    int space = revisions.space(1);
    List<Revisions.Reader> readers = new ArrayList<>();
    List<long[]> expected = new ArrayList<>();
    for (int commit = 1; commit <= 400; commit++) {
      if (random.nextInt(3) == 0) {
        readers.add(revisions.enter());
        expected.add(memory.clone());
      }
      change(revisions, space, commit, random);
      for (int i = 0; i < readers.size(); i++) {
        assertThat(read(readers.get(i), space))
            .as("seed %s, commit %s, reader at %s", seed, commit, readers.get(i).at().revision())
            .isEqualTo(expected.get(i));
      }
      while (readers.size() > random.nextInt(100)) {
        int leaves = random.nextInt(readers.size());
        readers.remove(leaves).close();
        expected.remove(leaves);
      }
    }
  }

  @Test
  void aReaderBesideARunningCommitDoesNotSeeIt() {
    Revisions revisions = new Revisions(first, Revisions.WORDS_MAX);
    int space = revisions.space(1);
    UndoLog log = revisions.begin();
    try (Revisions.Reader reader = revisions.enter()) {
      set(log, space, 7, 99);
      assertThat(read(reader, space)).isEqualTo(new long[PLACES]);
      revisions.publish(next(revisions, 1));
      assertThat(read(reader, space)).isEqualTo(new long[PLACES]);
    }
    try (Revisions.Reader reader = revisions.enter()) {
      assertThat(read(reader, space)[7]).isEqualTo(99);
      assertThat(reader.at().revision()).isEqualTo(1);
    }
  }

  @Test
  void moreReadersThanSlotsAreServedToo() {
    Revisions revisions = new Revisions(first, Revisions.WORDS_MAX);
    int space = revisions.space(1);
    List<Revisions.Reader> readers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      readers.add(revisions.enter());
    }
    assertThat(revisions.oldest()).isZero();
    change(revisions, space, 1, new SplittableRandom(1));
    for (Revisions.Reader reader : readers) {
      assertThat(read(reader, space)).isEqualTo(new long[PLACES]);
      reader.close();
    }
    assertThat(revisions.oldest()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aReaderWhoseRevisionIsNoLongerKeptIsToldSo() {
    Revisions revisions = new Revisions(first, 100);
    int space = revisions.space(1);
    try (Revisions.Reader reader = revisions.enter()) {
      for (int commit = 1; commit <= 5; commit++) {
        change(revisions, space, commit, new SplittableRandom(commit));
      }
      assertThatThrownBy(() -> read(reader, space))
          .isInstanceOf(LedgerException.Unavailable.class)
          .hasMessageContaining("no longer kept");
    }
    try (Revisions.Reader reader = revisions.enter()) {
      assertThat(read(reader, space)).isEqualTo(memory);
    }
  }

  @Test
  void aLongReaderBesideManyShortOnesHoldsNoMoreThanWhatWasChanged() {
    Revisions revisions = new Revisions(first, 60_000);
    int space = revisions.space(1);
    try (Revisions.Reader reader = revisions.enter()) {
      Revisions.Reader shortOne = revisions.enter();
      for (int commit = 1; commit <= 2_000; commit++) {
        change(revisions, space, commit, new SplittableRandom(commit));
        shortOne.close();
        shortOne = revisions.enter();
      }
      assertThat(read(reader, space)).isEqualTo(new long[PLACES]);
      shortOne.close();
    }
  }

  @Test
  @Timeout(60)
  void aReaderWhoseRevisionIsGivenUpWhileItReadsIsToldSo() throws Exception {
    Revisions revisions = new Revisions(first, 1);
    int space = revisions.space(1);
    try (ExecutorService threads = Executors.newFixedThreadPool(1)) {
      for (int commit = 1; commit <= 2_000; commit++) {
        long[] before = memory.clone();
        try (Revisions.Reader reader = revisions.enter()) {
          Future<Integer> told =
              threads.submit(
                  () -> {
                    int reads = 0;
                    try {
                      for (; ; reads++) {
                        assertThat(read(reader, space)).isEqualTo(before);
                      }
                    } catch (LedgerException.Unavailable e) {
                      return reads;
                    }
                  });
          change(revisions, space, commit, new SplittableRandom(commit));
          assertThat(answer(told)).isNotNegative();
        }
      }
    }
  }

  @Test
  void readersBesideARacingWriterSeeWholeRevisionsOnly() throws Exception {
    Revisions revisions = new Revisions(first, Revisions.WORDS_MAX);
    int space = revisions.space(1);
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        readers.add(threads.submit(() -> readUntil(done, revisions, space)));
      }
      for (int commit = 1; commit <= 20_000; commit++) {
        UndoLog log = revisions.begin();
        for (int place = 0; place < PLACES; place += 1 + commit % 3) {
          set(log, space, place, memory[place] + 1);
          set(log, space, PLACES - 1 - place, memory[PLACES - 1 - place] - 1);
        }
        revisions.publish(next(revisions, commit));
      }
      done.set(true);
      for (Future<Integer> reader : readers) {
        assertThat(answer(reader)).isPositive();
      }
    }
  }

  /** Reads the whole memory again and again; every commit leaves its sum at 0. */
  private int readUntil(AtomicBoolean done, Revisions revisions, int space) {
    int reads = 0;
    while (!done.get() || reads == 0) {
      try (Revisions.Reader reader = revisions.enter()) {
        long sum = 0;
        for (long value : read(reader, space)) {
          sum += value;
        }
        assertThat(sum).as("revision %s", reader.at().revision()).isZero();
        reads++;
      }
    }
    return reads;
  }

  private static int answer(Future<Integer> reader) throws InterruptedException {
    try {
      return reader.get();
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  private void change(Revisions revisions, int space, int commit, SplittableRandom random) {
    UndoLog log = revisions.begin();
    for (int i = 0; i < 40; i++) {
      set(log, space, random.nextInt(PLACES), random.nextLong());
    }
    revisions.publish(next(revisions, commit));
  }

  private void set(UndoLog log, int space, int place, long value) {
    if (log.find(Revisions.place(space, place)) < 0) {
      log.save(Revisions.place(space, place), memory, place, 1);
    }
    memory[place] = value;
  }

  private long[] read(Revisions.Reader reader, int space) {
    long[] seen = new long[PLACES];
    for (int place = 0; place < PLACES; place++) {
      long[] word = {memory[place]};
      reader.restore(Revisions.place(space, place), word, 1);
      seen[place] = word[0];
    }
    return seen;
  }

  private Revisions.Published next(Revisions revisions, long revision) {
    Head head = new Head(1, 1, revision, 0, 0, 0, 0, "USD", first.key0(), first.key1());
    return new Revisions.Published(head, revisions.published().rows(), Map.of(), null);
  }
}
