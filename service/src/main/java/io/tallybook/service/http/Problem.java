package io.tallybook.service.http;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An error that is answered: a code, a sentence, and what else there is to say (RFC 9457). */
public final class Problem extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** How many seconds to wait before sending again. */
  static final int RETRY_AFTER_SECONDS = 1;

  private final ErrorCode code;
  private final String text;
  private final transient Map<String, Object> members;

  public Problem(ErrorCode code, String text) {
    this(code, text, Map.of());
  }

  /**
   * An error with further members.
   *
   * @param members added to the answer in their order
   */
  public Problem(ErrorCode code, String text, Map<String, Object> members) {
    super(text, null, false, false);
    this.code = code;
    this.text = text;
    this.members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
  }

  /** A value that breaks a rule of the API. */
  public static Problem invalid(String text) {
    return new Problem(ErrorCode.INVALID_REQUEST, text);
  }

  /** Something that does not exist. */
  public static Problem notFound(String text) {
    return new Problem(ErrorCode.NOT_FOUND, text);
  }

  /** What the ledger refused or could not do. */
  public static Problem of(LedgerException exception) {
    return switch (exception) {
      case LedgerException.Rejected rejected ->
          new Problem(ErrorCode.of(rejected.reason()), String.valueOf(rejected.getMessage()));
      case LedgerException.Unavailable unavailable -> unavailable(unavailable, Map.of());
    };
  }

  /** That the storage did not answer; what the storage says of it is for the log alone. */
  public static Problem unavailable(
      LedgerException.Unavailable exception, Map<String, Object> members) {
    Map<String, Object> more = new LinkedHashMap<>();
    more.put("safeToResend", exception.safeToResend());
    more.putAll(members);
    return new Problem(
        ErrorCode.UNAVAILABLE,
        exception.safeToResend()
            ? "The storage does not answer; sending this again counts nothing twice"
            : "The storage did not answer; whether this took effect is unknown",
        more);
  }

  /** An outcome that was refused. */
  public static Problem of(Outcome outcome) {
    Reason reason = outcome.reason();
    return new Problem(
        reason == null ? ErrorCode.CONFLICT : ErrorCode.of(reason),
        String.valueOf(outcome.message()));
  }

  public ErrorCode code() {
    return code;
  }

  /** The error in a sentence. */
  public String text() {
    return text;
  }

  /** What the answer has beside the members of every error. */
  Map<String, Object> members() {
    return members;
  }

  /** The code of the error of an outcome, or null where it was not refused. */
  public static @Nullable ErrorCode codeOf(Outcome outcome) {
    Reason reason = outcome.reason();
    return reason == null ? null : ErrorCode.of(reason);
  }
}
