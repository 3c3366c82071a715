package io.tallybook.ledger.facade;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;

/**
 * The bounds of group commit.
 *
 * @param groupCommandsMax most commands of a group of several requests, 1 to 100,000
 * @param lingerMicros how long a busy writer waits for more requests, 0 to 100,000
 * @param waitingRequestsMax most requests that wait at once, 1 to 1,000,000; one more is refused
 * @param waitMillisMax how long a request waits for its turn and its answer, 1 to 600,000
 */
public record GroupCommitSettings(
    int groupCommandsMax, int lingerMicros, int waitingRequestsMax, int waitMillisMax) {
  /** What suits most. */
  public static final GroupCommitSettings DEFAULT =
      new GroupCommitSettings(4_000, 0, 10_000, 30_000);

  public GroupCommitSettings {
    require("groupCommandsMax", groupCommandsMax, 1, 100_000);
    require("lingerMicros", lingerMicros, 0, 100_000);
    require("waitingRequestsMax", waitingRequestsMax, 1, 1_000_000);
    require("waitMillisMax", waitMillisMax, 1, 600_000);
  }

  private static void require(String field, int value, int min, int max) {
    if (value < min || value > max) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST,
          field,
          field + " must be between " + min + " and " + max + ", not " + value);
    }
  }
}
