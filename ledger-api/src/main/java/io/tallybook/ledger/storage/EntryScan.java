package io.tallybook.ledger.storage;

import io.tallybook.ledger.EntryFilter;
import org.jspecify.annotations.Nullable;

/**
 * A walk over the entries of a tenant.
 *
 * <p>The storage walks the index from the mark on, looks at each entry there, and hands those that
 * the filter lets through to the visitor. In order of time it is asked for {@link EntryIndex#TIME},
 * or for {@link EntryIndex#AGENT} and {@link EntryIndex#AGENT_TYPE} where the agents have few
 * entries; in order of sequence for every index but {@link EntryIndex#ID}, which the facade serves
 * itself.
 *
 * @param index the filter names what the index goes by: for {@link EntryIndex#AGENT} at least one
 *     agent, and so on; several names are walked as one list
 * @param byTime in order of time and then sequence, rather than of sequence
 * @param descending newest first
 * @param after where to begin, exclusive; null for the end of the order
 * @param looksMax how many entries to look at, at most
 */
public record EntryScan(
    EntryIndex index,
    EntryFilter filter,
    boolean byTime,
    boolean descending,
    @Nullable EntryMark after,
    long looksMax) {

  /**
   * How a walk ended.
   *
   * @param looked how many entries were looked at
   * @param complete whether it reached the end of the index or was stopped by the visitor, rather
   *     than by {@code looksMax}
   * @param last the place just after the last entry looked at; null if there was none
   */
  public record End(long looked, boolean complete, @Nullable EntryMark last) {}
}
