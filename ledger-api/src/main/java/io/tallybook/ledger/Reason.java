package io.tallybook.ledger;

import java.util.Locale;

/** Why the ledger refused something. The codes are stable and appear in answers as they are. */
public enum Reason {
  /** A value breaks a rule; the message names the field and the bound. */
  INVALID_REQUEST,
  /** What the command names does not exist. */
  NOT_FOUND,
  /** The service is registered and disabled. */
  SERVICE_DISABLED,
  /** The state is not the one that the command expects. */
  CONFLICT,
  /** The idempotency key was used with another request. */
  IDEMPOTENCY_CONFLICT,
  /** A cell of a view, or a total of the tenant, would leave the range of 64 bits. */
  SUM_OVERFLOW,
  /** The storage holds as much as it may. */
  STORE_CAPACITY_EXCEEDED,
  /** The agent has more pairs than one commit settles. */
  TOO_MANY_PAIRS,
  /** No maintained view covers the question. */
  NO_COVERING_VIEW,
  /** The only view that covers the question is still being built. */
  VIEW_BUILDING,
  /** The range reaches into a time that the view or the entries no longer cover. */
  RANGE_NOT_AVAILABLE,
  /** More cells or entries would have to be looked at than one answer may. */
  RANGE_TOO_RAGGED,
  /** A command that this version does not carry out. */
  UNSUPPORTED_COMMAND;

  private final String code = name().toLowerCase(Locale.ROOT);

  /** The stable code, in lower case. */
  public String code() {
    return code;
  }
}
