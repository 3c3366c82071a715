package io.tallybook.ledger;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can change a ledger. What a command amounts to is decided by the commit planner
 * when its turn comes, never before.
 */
public sealed interface Command {
  /** Records usage or a reading. */
  @SuppressWarnings("AvoidCommonTypeNames") // the ledger's own word
  record Record(Submission submission) implements Command {}

  /** States what a pair has outstanding at its service's price, and sets it to 0. */
  record Settle(String agent, String service) implements Command {
    public Settle {
      Names.require("agent", agent);
      Names.require("service", service);
    }
  }

  /** Settles every pair of an agent in order of first appearance, at most 10,000. */
  record SettleAgent(String agent) implements Command {
    public SettleAgent {
      Names.require("agent", agent);
    }
  }

  /**
   * Settles the pairs of a service with some agents, in their order; refused as a conflict where
   * another of its pairs is not at 0, so that afterwards none of them has anything outstanding.
   * Agents that never used it are left out.
   */
  record SettleService(String service, List<String> agents) implements Command {
    /** Most agents that one command settles. */
    public static final int AGENTS_MAX = 10_000;

    public SettleService {
      Names.require("service", service);
      agents = agents.stream().distinct().toList();
      agents.forEach(agent -> Names.require("agent", agent));
      if (agents.size() > AGENTS_MAX) {
        throw new LedgerException.Rejected(
            Reason.TOO_MANY_PAIRS,
            "service has more than " + AGENTS_MAX + " agents to settle; settle them one by one");
      }
    }
  }

  /** Sets a pair to 0 and bills nothing. */
  record Reset(String agent, String service) implements Command {
    public Reset {
      Names.require("agent", agent);
      Names.require("service", service);
    }
  }

  /** Takes back a usage entry, once. */
  record Reverse(long sequence, At at) implements Command {
    /** The time that a reversal has, and so the buckets that it counts in. */
    public enum At {
      ORIGINAL,
      NOW
    }
  }

  /**
   * Puts a document: the fields set replace those there, the fields cleared go, and the rest stays.
   *
   * @param expectedRevision {@link #ANY}, {@link #ABSENT}, {@link #PRESENT}, or the exact revision
   * @param act recorded as an entry of its own when the document is put; null for none
   */
  record PutDocument(
      DocumentKey key,
      Map<String, String> set,
      Set<String> clear,
      long expectedRevision,
      @Nullable Act act)
      implements Command {
    /** Whether or not the document exists. */
    public static final long ANY = -1;

    /** Only when the document does not exist. */
    public static final long ABSENT = 0;

    /** Only when the document exists, whatever its revision. */
    public static final long PRESENT = -2;

    public PutDocument {
      Names.require("tenant", key.tenant());
      Names.require("name", key.name());
      set = Map.copyOf(set);
      clear = Set.copyOf(clear);
    }
  }

  /** Deletes a document, expecting a revision as {@link PutDocument} does. */
  record DeleteDocument(DocumentKey key, long expectedRevision, @Nullable Act act)
      implements Command {}

  /** Hides expired entries from lists; a job's step under its lease's fencing token. */
  record Tombstone(long fencingToken, List<Long> sequences) implements Command {
    public Tombstone {
      sequences = List.copyOf(sequences);
    }
  }

  /** Shows tombstoned entries again. */
  record Untombstone(long fencingToken, List<Long> sequences) implements Command {
    public Untombstone {
      sequences = List.copyOf(sequences);
    }
  }

  /** Removes archived entries for good; their rollups stay. */
  record Purge(long fencingToken, List<Long> sequences) implements Command {
    public Purge {
      sequences = List.copyOf(sequences);
    }
  }

  /** Brings purged entries back from an archive. */
  record Restore(long fencingToken, List<Entry> entries) implements Command {
    public Restore {
      entries = List.copyOf(entries);
    }
  }

  /** Folds the entries of a range of positions into a view that is being built. */
  record Fold(long fencingToken, String view, long fromPosition, long toPosition)
      implements Command {}

  /** Replaces cells that a verification found wrong by what the entries amount to. */
  record PutCells(long fencingToken, String view, List<CellValues> cells) implements Command {
    public PutCells {
      cells = List.copyOf(cells);
    }
  }

  /** A cell by its names, its start and the columns of its view's shape. */
  record CellValues(List<String> names, long start, List<Long> columns) {
    public CellValues {
      names = List.copyOf(names);
      columns = List.copyOf(columns);
    }
  }

  /** Drops up to a number of cells of a view that is no longer defined. */
  record DropCells(long fencingToken, String view, int cellsMax) implements Command {}

  /** Forgets up to a number of idempotency records from before a time. */
  record Expire(long fencingToken, long beforeMicros, int recordsMax) implements Command {}
}
