package io.tallybook.service.http;

import io.tallybook.ledger.Reason;
import java.util.Locale;
import java.util.Map;

/** The stable codes of errors, each with the status that it is answered with. */
public enum ErrorCode {
  INVALID_REQUEST(400),
  SUM_OVERFLOW(400),
  NOT_FOUND(404),
  CONFLICT(409),
  IDEMPOTENCY_CONFLICT(409),
  SERVICE_DISABLED(409),
  VIEW_BUILDING(409),
  PAYLOAD_TOO_LARGE(413),
  UNSUPPORTED_MEDIA_TYPE(415),
  NO_COVERING_VIEW(422),
  RANGE_NOT_AVAILABLE(422),
  RANGE_TOO_RAGGED(422),
  TOO_MANY_PAIRS(422),
  STORE_CAPACITY_EXCEEDED(429),
  INTERNAL_ERROR(500),
  UNAVAILABLE(503);

  private static final Map<Integer, String> TITLES =
      Map.of(
          400, "Bad Request",
          404, "Not Found",
          409, "Conflict",
          413, "Content Too Large",
          415, "Unsupported Media Type",
          422, "Unprocessable Content",
          429, "Too Many Requests",
          500, "Internal Server Error",
          503, "Service Unavailable");

  private final int status;
  private final String code = name().toLowerCase(Locale.ROOT);

  ErrorCode(int status) {
    this.status = status;
  }

  /** The status of an answer with this error. */
  public int status() {
    return status;
  }

  /** The status in words. */
  public String title() {
    return TITLES.getOrDefault(status, "Error");
  }

  /** The code as answers have it. */
  public String code() {
    return code;
  }

  /** Whether sending the same again may help. */
  public boolean isRetryable() {
    return status == 429 || status == 503;
  }

  /** The code for a refusal of the ledger. */
  public static ErrorCode of(Reason reason) {
    return switch (reason) {
      case INVALID_REQUEST, UNSUPPORTED_COMMAND -> INVALID_REQUEST;
      case NOT_FOUND -> NOT_FOUND;
      case SERVICE_DISABLED -> SERVICE_DISABLED;
      case CONFLICT -> CONFLICT;
      case IDEMPOTENCY_CONFLICT -> IDEMPOTENCY_CONFLICT;
      case SUM_OVERFLOW -> SUM_OVERFLOW;
      case STORE_CAPACITY_EXCEEDED -> STORE_CAPACITY_EXCEEDED;
      case TOO_MANY_PAIRS -> TOO_MANY_PAIRS;
      case NO_COVERING_VIEW -> NO_COVERING_VIEW;
      case VIEW_BUILDING -> VIEW_BUILDING;
      case RANGE_NOT_AVAILABLE -> RANGE_NOT_AVAILABLE;
      case RANGE_TOO_RAGGED -> RANGE_TOO_RAGGED;
    };
  }
}
