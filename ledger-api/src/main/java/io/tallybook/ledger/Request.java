package io.tallybook.ledger;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Commands of one tenant that are committed together. A command that is rejected undoes no other,
 * unless the request is atomic.
 *
 * <p>A request of more than {@link #UNSPLIT_MAX} commands is committed in several pieces, in order,
 * unless it is atomic or has an idempotency key.
 *
 * @param token random; finds the request again when the outcome of its commit is unknown
 * @param idempotencyKey the client's key for the whole request; null for none
 * @param fingerprint of what the client sent under the key; empty where there is no key
 * @param atomic whether a conflict or a rejection undoes the whole request
 * @param commands 1 to {@link #COMMANDS_MAX}
 */
public record Request(
    String tenant,
    UUID token,
    @Nullable String idempotencyKey,
    String fingerprint,
    boolean atomic,
    List<Command> commands) {
  /** Most commands of one request. */
  public static final int COMMANDS_MAX = 10_000;

  /** A request of up to this many commands is committed in one piece, whatever it is. */
  public static final int UNSPLIT_MAX = 1_000;

  public Request {
    Names.require("tenant", tenant);
    if (idempotencyKey != null) {
      Names.require("idempotencyKey", idempotencyKey);
    }
    commands = List.copyOf(commands);
    if (commands.isEmpty() || commands.size() > COMMANDS_MAX) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST,
          "commands",
          "a request has 1 to " + COMMANDS_MAX + " commands, not " + commands.size());
    }
    for (Command command : commands) {
      DocumentKey key =
          switch (command) {
            case Command.PutDocument put -> put.key();
            case Command.DeleteDocument delete -> delete.key();
            default -> null;
          };
      if (key != null && !key.tenant().equals(tenant)) {
        throw new LedgerException.Rejected(
            Reason.INVALID_REQUEST, "tenant", "a document is changed by its own tenant only");
      }
    }
  }

  /** A request without an idempotency key. */
  public static Request of(String tenant, List<Command> commands) {
    return new Request(tenant, UUID.randomUUID(), null, "", false, commands);
  }

  /** Whether it may be committed in several pieces. */
  public boolean isSplittable() {
    return !atomic && idempotencyKey == null && commands.size() > UNSPLIT_MAX;
  }

  /** A request of a few commands without an idempotency key. */
  public static Request of(String tenant, Command... commands) {
    return of(tenant, List.of(commands));
  }
}
