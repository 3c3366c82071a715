package io.tallybook.ledger;

import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of one command, with all that an answer needs.
 *
 * @param sequence of the entry made; of the first one for a duplicate or conflict; 0 where there is
 *     none
 * @param outstanding what the command's pair has outstanding after it; 0 where it names no pair
 * @param statements what was settled or cleared, one for each pair
 * @param document as it is after it was put, or was before it was deleted
 * @param reason why it was refused; null unless it was
 * @param message the reason in a sentence
 */
public record Outcome(
    Status status,
    long sequence,
    long outstanding,
    List<Statement> statements,
    @Nullable Document document,
    @Nullable Reason reason,
    @Nullable String message) {
  /** The four fates of a command. */
  public enum Status {
    /** It took effect. */
    RECORDED,
    /** The same was recorded before; nothing happened now. */
    DUPLICATE,
    /** Something else was recorded before under the same identity; nothing happened. */
    CONFLICT,
    /** It was refused; nothing happened. */
    REJECTED
  }

  /**
   * What a pair had outstanding when it was settled or reset.
   *
   * @param price of one unit; 0 for a reset, and where the service is not registered
   * @param billed units times price, exact
   * @param sequence of the entry; 0 where the pair was never used and none was made
   */
  public record Statement(
      String service, long units, long price, BigInteger billed, long sequence) {}

  /** An entry was made. */
  public static Outcome recorded(long sequence, long outstanding) {
    return new Outcome(Status.RECORDED, sequence, outstanding, List.of(), null, null, null);
  }

  /** Pairs were settled or reset. */
  public static Outcome stated(long sequence, List<Statement> statements) {
    return new Outcome(Status.RECORDED, sequence, 0, List.copyOf(statements), null, null, null);
  }

  /** A document was put or deleted. */
  public static Outcome documented(long sequence, Document document) {
    return new Outcome(Status.RECORDED, sequence, 0, List.of(), document, null, null);
  }

  /** The same was recorded before. */
  public static Outcome duplicate(long sequence, long outstanding) {
    return new Outcome(Status.DUPLICATE, sequence, outstanding, List.of(), null, null, null);
  }

  /** Something else stands there. */
  public static Outcome conflict(long sequence, String message) {
    return new Outcome(Status.CONFLICT, sequence, 0, List.of(), null, Reason.CONFLICT, message);
  }

  /** It was refused. */
  public static Outcome rejected(Reason reason, String message) {
    return new Outcome(Status.REJECTED, 0, 0, List.of(), null, reason, message);
  }

  /** Whether it is a conflict or a rejection. */
  public boolean refused() {
    return status == Status.CONFLICT || status == Status.REJECTED;
  }
}
