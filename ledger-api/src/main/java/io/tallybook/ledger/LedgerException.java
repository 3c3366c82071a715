package io.tallybook.ledger;

import org.jspecify.annotations.Nullable;

/** What goes wrong in a ledger. Nothing else leaves a storage. */
public abstract sealed class LedgerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private LedgerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Nothing happened, and sending the same again will not help unless the state changes. */
  public static final class Rejected extends LedgerException {
    private static final long serialVersionUID = 1;
    private final Reason reason;
    private final @Nullable String field;

    public Rejected(Reason reason, String message) {
      this(reason, null, message);
    }

    /** A refusal on account of one field. */
    public Rejected(Reason reason, @Nullable String field, String message) {
      super(message, null);
      this.reason = reason;
      this.field = field;
    }

    public Reason reason() {
      return reason;
    }

    /** The field that broke a rule, by its name in requests; null where there is none. */
    public @Nullable String field() {
      return field;
    }
  }

  /** The storage cannot answer now. Whether anything happened is unknown unless it says so. */
  public static final class Unavailable extends LedgerException {
    private static final long serialVersionUID = 1;
    private final boolean safeToResend;

    public Unavailable(String message, boolean safeToResend, @Nullable Throwable cause) {
      super(message, cause);
      this.safeToResend = safeToResend;
    }

    /**
     * Whether sending the same again counts nothing twice: because nothing happened, or because
     * every command carries an id or the request an idempotency key.
     */
    public boolean safeToResend() {
      return safeToResend;
    }
  }
}
