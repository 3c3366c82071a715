package io.tallybook.ledger.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The pairs of one service as a tournament: groups of 32 pairs, groups of 32 groups, and so on;
 * each node keeps the best pair below it. Only pairs above 0 compete.
 *
 * <pre>
 *   level 2                     best
 *   level 1        best          |         best          a winner is a pair's row + 1, 0 for none
 *   level 0   pair x 32   |  pair x 32  |  pair x 32     in the order in which they appeared
 * </pre>
 *
 * <p>A change goes up until it makes no difference, which is mostly at once. The best k are found
 * by opening the best node first (Hjaltason and Samet, "Distance browsing in spatial databases",
 * 1999): about k times the number of levels are opened.
 *
 * <p>Winners and the height are changed in place, behind the undo log.
 */
final class Tournament {
  private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int FAN_BITS = 5;
  private static final int FAN = 1 << FAN_BITS;
  private static final int LEVEL_SHIFT = 27;
  private static final int HEIGHT_INDEX = -1;
  private static final int LEVELS_MAX = 7;

  /** What pairs are ordered by. */
  interface Pairs {
    /** The outstanding amount of a pair's row. */
    long outstanding(int row);

    /** Compares two pairs of equal amount by their agents. */
    int compareAgents(int row, int other);
  }

  private final int space;
  private volatile int[][] levels = {new int[FAN], new int[1]};
  private volatile int height = 1;
  private int size;

  Tournament(Revisions revisions) {
    this.space = revisions.space(1);
  }

  /** Adds a pair as it stands; returns its place among the leaves. By the writer only. */
  int add(int row, Pairs pairs, UndoLog log) {
    int leaf = size++;
    if (leaf >= 1 << (FAN_BITS * height)) {
      raise(log);
    }
    room(0, leaf);
    INTS.setRelease(levels[0], leaf, row + 1);
    climb(leaf, row, true, pairs, log);
    return leaf;
  }

  /**
   * Lets a pair compete anew after its amount has changed. By the writer only.
   *
   * @param leaf the pair's place among the leaves
   * @param improved whether its amount has become greater
   */
  void changed(int leaf, boolean improved, Pairs pairs, UndoLog log) {
    climb(leaf, levels[0][leaf] - 1, improved, pairs, log);
  }

  /** The pair that is the best of a leaf's group; -1 if none is above 0. By the writer only. */
  int winnerAbove(int leaf) {
    return levels[1][leaf >>> FAN_BITS] - 1;
  }

  /** How many pairs there are. */
  int size() {
    return size;
  }

  /** How much it occupies. */
  long bytes() {
    long bytes = 64;
    for (int[] level : levels) {
      bytes += 16 + 4L * level.length;
    }
    return bytes;
  }

  /** The best pairs at a reader's revision, the best first. */
  List<Integer> top(int max, Pairs pairs, Revisions.Reader reader) {
    int top = (int) reader.restore(Revisions.place(space, HEIGHT_INDEX), height);
    PriorityQueue<Node> open =
        new PriorityQueue<>((a, b) -> better(a, b, pairs) ? -1 : better(b, a, pairs) ? 1 : 0);
    open(open, top, 0, pairs, reader);
    List<Integer> best = new ArrayList<>(max);
    while (best.size() < max) {
      Node node = open.poll();
      if (node == null) {
        break;
      }
      if (node.level == 0) {
        best.add(node.row);
      } else {
        for (int child = 0; child < FAN; child++) {
          open(open, node.level - 1, node.index << FAN_BITS | child, pairs, reader);
        }
      }
    }
    return best;
  }

  private record Node(int level, int index, int row, long outstanding) {}

  private static boolean better(Node a, Node b, Pairs pairs) {
    if (a.outstanding != b.outstanding) {
      return a.outstanding > b.outstanding;
    }
    if (a.row == b.row) {
      return a.level < b.level;
    }
    return pairs.compareAgents(a.row, b.row) < 0;
  }

  private void open(
      PriorityQueue<Node> open, int level, int index, Pairs pairs, Revisions.Reader reader) {
    int[] winners = levels[level];
    if (index < winners.length) {
      int winner = (int) INTS.getAcquire(winners, index);
      if (level > 0) {
        winner = (int) reader.restore(place(level, index), winner);
      }
      if (winner != 0) {
        long outstanding = pairs.outstanding(winner - 1);
        if (outstanding > 0) {
          open.add(new Node(level, index, winner - 1, outstanding));
        }
      }
    }
  }

  /** Carries a change of a pair upwards. */
  private void climb(int leaf, int row, boolean improved, Pairs pairs, UndoLog log) {
    int node = leaf;
    for (int level = 1; level <= height; level++) {
      node >>>= FAN_BITS;
      room(level, node);
      int winner = levels[level][node] - 1;
      if (winner == row) {
        if (!improved || pairs.outstanding(row) <= 0) {
          set(level, node, best(level, node, pairs), log);
        }
      } else if (improved && beats(row, winner, pairs)) {
        set(level, node, row, log);
      } else {
        return;
      }
    }
  }

  private static boolean beats(int row, int winner, Pairs pairs) {
    long outstanding = pairs.outstanding(row);
    if (outstanding <= 0) {
      return false;
    }
    if (winner < 0) {
      return true;
    }
    long other = pairs.outstanding(winner);
    return outstanding != other ? outstanding > other : pairs.compareAgents(row, winner) < 0;
  }

  private int best(int level, int node, Pairs pairs) {
    int best = -1;
    int[] below = levels[level - 1];
    int end = Math.min(below.length, (node + 1) << FAN_BITS);
    for (int child = node << FAN_BITS; child < end; child++) {
      int candidate = below[child] - 1;
      if (candidate >= 0 && beats(candidate, best, pairs)) {
        best = candidate;
      }
    }
    return best;
  }

  private void set(int level, int node, int winner, UndoLog log) {
    save(place(level, node), levels[level][node], log);
    INTS.setRelease(levels[level], node, winner + 1);
  }

  /** One level more, whose only node has the winner of the level below. */
  private void raise(UndoLog log) {
    int top = height;
    if (top + 1 >= LEVELS_MAX) {
      throw new IllegalStateException("a service has too many pairs");
    }
    int[][] more = Arrays.copyOf(levels, levels.length + 1);
    more[top + 1] = new int[] {levels[top][0]};
    save(Revisions.place(space, HEIGHT_INDEX), top, log);
    levels = more;
    height = top + 1;
  }

  private void room(int level, int index) {
    int[] nodes = levels[level];
    if (index >= nodes.length) {
      int[][] copy = levels.clone();
      copy[level] = Arrays.copyOf(nodes, Math.max(index + 1, nodes.length * 2));
      levels = copy;
    }
  }

  private static void save(long place, long word, UndoLog log) {
    if (log.find(place) < 0) {
      int offset = log.room(1);
      if (!log.isGivenUp()) {
        log.word(offset, word);
      }
      log.put(place, offset);
    }
  }

  private long place(int level, int index) {
    return Revisions.place(space, level << LEVEL_SHIFT | index);
  }
}
