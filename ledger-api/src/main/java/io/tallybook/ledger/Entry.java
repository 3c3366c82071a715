package io.tallybook.ledger;

import java.math.BigInteger;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One immutable line of the ledger.
 *
 * <p>Which of the fields are there depends on the kind: usage has all but the window and the value;
 * a reading has an agent, a window and a value; a settlement or reset has an agent, a service and
 * the units that were outstanding; a reversal repeats its original with the amounts negated; an act
 * has a type, and what it is about in the attributes.
 *
 * @param position gapless number over the whole ledger; never leaves the service
 * @param sequence gapless number within the tenant
 * @param recordedAt microseconds since 1970; never falls with position
 * @param time microseconds since 1970
 * @param units what the entry adds to units; for a settlement or reset what it took off the pair
 * @param cost what the entry adds to cost, in millionths of the ledger's currency
 * @param value the value of a reading in millionths
 * @param billable whether the units count towards the pair's outstanding amount
 * @param reverses the sequence of the entry that this one reverses; 0 where there is none
 * @param settledBy for a reversal, the settlement that had covered the original; 0 where none had
 * @param settlement what a settlement states; null for every other kind
 */
public record Entry(
    long position,
    long sequence,
    EntryKind kind,
    long recordedAt,
    long time,
    @Nullable String source,
    @Nullable String id,
    @Nullable String organization,
    @Nullable String agent,
    @Nullable String service,
    @Nullable String type,
    @Nullable String window,
    long units,
    long cost,
    long value,
    boolean billable,
    long reverses,
    long settledBy,
    @Nullable Settlement settlement,
    Map<String, String> attributes) {

  /**
   * What a settlement states beside its units.
   *
   * @param price of one unit; 0 where the service is not registered
   * @param billed units times price, exact
   * @param fromSequence first sequence that it covers
   * @param toSequence last sequence that it covers, inclusive
   * @param bulk whether it was one of all pairs of an agent
   */
  public record Settlement(
      long price, BigInteger billed, long fromSequence, long toSequence, boolean bulk) {}
}
