package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.infinispan.Commit.State;
import java.util.ArrayList;
import java.util.List;

/**
 * How far rows are written, under number 0 of the log.
 *
 * @param state of the newest commit that is in rows
 * @param forgotten up to which commit the log is removed
 * @param past the newest checkpoints, the oldest first: a commit goes from the log when one that
 *     had it is old enough
 */
record Mark(State state, long forgotten, List<Checkpointed> past) {
  private static final int VERSION = 1;

  /** The number of the log under which the mark is. */
  static final long NUMBER = 0;

  /** How many checkpoints are remembered. */
  static final int PAST_MAX = 100;

  /**
   * A checkpoint.
   *
   * @param number of the newest commit that it has written
   * @param millis since 1970, when it was done
   */
  record Checkpointed(long number, long millis) {}

  Mark {
    past = List.copyOf(past);
  }

  long number() {
    return state.head().revision();
  }

  /** The mark after a checkpoint that has written more. */
  Mark after(State written, long nowMillis) {
    List<Checkpointed> later = new ArrayList<>(past);
    later.add(new Checkpointed(written.head().revision(), nowMillis));
    // Of too many, every other one is enough to tell how old commits are.
    if (later.size() > PAST_MAX) {
      List<Checkpointed> fewer = new ArrayList<>();
      for (int i = later.size() - 1; i >= 0; i -= 2) {
        fewer.addFirst(later.get(i));
      }
      later = fewer;
    }
    return new Mark(written, forgotten, later);
  }

  /** Up to which commit the log may be removed: rows have had it since a moment. */
  long forgettable(long beforeMillis) {
    long number = forgotten;
    for (Checkpointed checkpoint : past) {
      if (checkpoint.millis <= beforeMillis) {
        number = Math.max(number, checkpoint.number);
      }
    }
    return number;
  }

  /** The mark when the log is removed up to a commit. */
  Mark forgetting(long upTo) {
    return new Mark(
        state,
        Math.max(forgotten, upTo),
        past.stream().filter(checkpoint -> checkpoint.number > upTo).toList());
  }

  byte[] toBytes() {
    BytesOut out = new BytesOut().octet(VERSION);
    CommitCodec.state(state, out);
    out.count(forgotten).count(past.size());
    past.forEach(checkpoint -> out.count(checkpoint.number).count(checkpoint.millis));
    return out.toBytes();
  }

  static Mark of(byte[] bytes) {
    BytesIn in = new BytesIn(bytes);
    in.version(VERSION, "a mark");
    State state = CommitCodec.state(in);
    long forgotten = in.count();
    List<Checkpointed> past = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      past.add(new Checkpointed(in.count(), in.count()));
    }
    return new Mark(state, forgotten, past);
  }
}
