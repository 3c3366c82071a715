package io.tallybook.ledger.storage;

import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was answered under the idempotency keys of a group, before it and in it. */
final class Answers {
  private final Map<IdempotencyKey, IdempotencyRecord> known = new HashMap<>();
  private final List<IdempotencyRecord> added = new ArrayList<>();

  /** Reads what was answered before. */
  Answers(CommitState state, List<Request> group) {
    List<IdempotencyKey> keys = new ArrayList<>();
    for (Request request : group) {
      IdempotencyKey key = key(request);
      if (key != null) {
        keys.add(key);
      }
    }
    if (!keys.isEmpty()) {
      for (IdempotencyRecord answer : state.idempotency(keys)) {
        if (answer != null) {
          known.put(answer.key(), answer);
        }
      }
    }
  }

  /** What was answered under the key of a request; null if nothing was, or it has no key. */
  @Nullable IdempotencyRecord of(Request request) {
    IdempotencyKey key = key(request);
    return key == null ? null : known.get(key);
  }

  /**
   * Keeps the answer to a request, if it has a key and would be answered the same again.
   *
   * @param undone whether the request was atomic and is undone
   */
  void keep(Request request, long now, List<Outcome> outcomes, boolean undone) {
    IdempotencyKey key = key(request);
    if (key != null
        && !(undone
            ? outcomes.stream().anyMatch(Answers::isPassing)
            : outcomes.stream().allMatch(Answers::isPassing))) {
      IdempotencyRecord answer = new IdempotencyRecord(key, request.fingerprint(), now, outcomes);
      known.put(key, answer);
      added.add(answer);
    }
  }

  /** Whether an outcome may be another when the same is sent later. */
  private static boolean isPassing(Outcome outcome) {
    return outcome.reason() == Reason.STORE_CAPACITY_EXCEEDED;
  }

  List<IdempotencyRecord> added() {
    return added;
  }

  private static @Nullable IdempotencyKey key(Request request) {
    String key = request.idempotencyKey();
    return key == null ? null : new IdempotencyKey(request.tenant(), key);
  }
}
