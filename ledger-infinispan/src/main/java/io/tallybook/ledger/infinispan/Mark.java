package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.infinispan.Commit.State;

/**
 * How far rows are written, under number 0 of the log.
 *
 * @param state of the newest commit that is in rows
 * @param forgotten up to which commit the log is removed
 */
record Mark(State state, long forgotten) {
  private static final int VERSION = 1;

  /** The number of the log under which the mark is. */
  static final long NUMBER = 0;

  long number() {
    return state.head().revision();
  }

  /** The mark after a checkpoint that has written more. */
  Mark after(State written) {
    return new Mark(written, forgotten);
  }

  /** The mark when the log is removed up to a commit. */
  Mark forgetting(long upTo) {
    return new Mark(state, Math.max(forgotten, upTo));
  }

  byte[] toBytes() {
    BytesOut out = new BytesOut().octet(VERSION);
    CommitCodec.state(state, out);
    return out.count(forgotten).toBytes();
  }

  static Mark of(byte[] bytes) {
    BytesIn in = new BytesIn(bytes);
    in.version(VERSION, "a mark");
    return new Mark(CommitCodec.state(in), in.count());
  }
}
