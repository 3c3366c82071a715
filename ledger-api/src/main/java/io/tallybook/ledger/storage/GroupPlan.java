package io.tallybook.ledger.storage;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.List;

/**
 * The planning of one group, from reading to receipts.
 *
 * <pre>
 *   requests ─ Prefetch ─ decide, step by step ─────────────────────────── Changes
 *              name,      RecordCommands   SettleCommands
 *              read       ReverseCommands  DocumentCommands
 *                │              │
 *              WorkingCopy: tenants, IdBatch, WorkingDocuments, WorkingCells, WorkingPairs, NewEntries
 * </pre>
 *
 * <p>It goes through the commands twice. First it names all that they need, so that the storage can
 * read it in bulk. Then it decides them one after the other over its working copy, where each sees
 * what those before it did. A request that is atomic and has a command refused goes back to its
 * {@link Savepoint}.
 */
final class GroupPlan {
  private final List<Request> group;
  private final WorkingCopy work;
  private final Answers answers;
  private final Prefetch prefetch;
  private final RecordCommands recording;
  private final SettleCommands settling;
  private final ReverseCommands reversing;
  private final DocumentCommands documents;

  GroupPlan(
      Head head,
      long now,
      List<ViewDefinition> definitions,
      CommitState state,
      List<Request> group) {
    this.group = group;
    this.work = new WorkingCopy(head, now, definitions, state, group);
    this.answers = new Answers(state, group);
    this.prefetch = new Prefetch(work);
    this.recording = new RecordCommands(work);
    this.settling = new SettleCommands(work);
    this.reversing = new ReverseCommands(work);
    this.documents = new DocumentCommands(work);
  }

  Changes plan() {
    List<List<Step>> steps = new ArrayList<>(group.size());
    for (Request request : group) {
      steps.add(answers.of(request) == null ? prefetch.name(request) : List.of());
    }
    prefetch.read(steps);
    List<List<Outcome>> outcomes = new ArrayList<>(group.size());
    boolean[] replayed = new boolean[group.size()];
    for (int i = 0; i < group.size(); i++) {
      Request request = group.get(i);
      IdempotencyRecord answer = answers.of(request);
      replayed[i] = answer != null && answer.fingerprint().equals(request.fingerprint());
      outcomes.add(answer == null ? decide(request, steps.get(i)) : again(request, answer));
    }
    return changes(outcomes, replayed);
  }

  // ---- Requests ---------------------------------------------------------------------------------

  /** What a request under a known key is answered: the same again, unless it is another request. */
  private static List<Outcome> again(Request request, IdempotencyRecord answer) {
    if (answer.fingerprint().equals(request.fingerprint())) {
      return answer.outcomes();
    }
    Outcome refusal =
        Outcome.rejected(
            Reason.IDEMPOTENCY_CONFLICT,
            "the idempotency key was used before with another request");
    return request.commands().stream().map(command -> refusal).toList();
  }

  private List<Outcome> decide(Request request, List<Step> steps) {
    Savepoint savepoint =
        request.atomic() ? new Savepoint(work, work.tenant(request.tenant()), steps) : null;
    List<Outcome> outcomes = new ArrayList<>(steps.size());
    boolean refused = false;
    for (Step step : steps) {
      Outcome outcome = decide(step);
      refused |= outcome.refused();
      outcomes.add(outcome);
    }
    boolean undone = savepoint != null && refused;
    if (undone) {
      Outcome withTheOthers =
          Outcome.rejected(
              Reason.CONFLICT, "not recorded, because another part of the request was refused");
      outcomes.replaceAll(outcome -> outcome.refused() ? outcome : withTheOthers);
    }
    if (savepoint != null) {
      savepoint.end(undone);
    }
    answers.keep(request, work.now, outcomes, undone);
    return outcomes;
  }

  private Outcome decide(Step step) {
    return switch (step.command) {
      case Command.Record(Submission submission) -> recording.record(step, submission);
      case Command.Settle settle -> settling.settle(step, settle);
      case Command.SettleAgent settle -> settling.settleAgent(step, settle);
      case Command.SettleService settle -> settling.settleService(step, settle);
      case Command.Reset reset -> settling.reset(step, reset);
      case Command.Reverse reverse -> reversing.reverse(step, reverse);
      case Command.PutDocument put -> documents.put(step, put);
      case Command.DeleteDocument delete -> documents.delete(step, delete);
      case Command.Tombstone _,
          Command.Untombstone _,
          Command.Purge _,
          Command.Restore _,
          Command.Fold _,
          Command.PutCells _,
          Command.DropCells _,
          Command.Expire _ ->
          Outcome.rejected(
              Reason.UNSUPPORTED_COMMAND,
              "this version does not carry out " + step.command.getClass().getSimpleName());
    };
  }

  // ---- The result -------------------------------------------------------------------------------

  private Changes changes(List<List<Outcome>> outcomes, boolean[] replayed) {
    List<Tenant> tenants = work.changedTenants();
    List<Document> put = work.documents.put();
    List<DocumentKey> deleted = work.documents.deleted();
    List<IdempotencyRecord> answered = answers.added();
    if (work.documents.viewsChanged()) {
      ViewFence fence = new ViewFence(work.head.lastOrdinal(), work.entries.lastPosition());
      put.replaceAll(fence::of);
      answered.replaceAll(fence::of);
      outcomes.replaceAll(fence::of);
    }
    boolean isEmpty = tenants.isEmpty() && put.isEmpty() && deleted.isEmpty() && answered.isEmpty();
    Head head = isEmpty ? work.head : nextHead();
    List<Receipt> receipts = new ArrayList<>(group.size());
    for (int i = 0; i < group.size(); i++) {
      receipts.add(new Receipt(head.revision(), replayed[i], outcomes.get(i)));
    }
    return new Changes(
        head,
        tenants,
        work.names,
        work.entries.all(),
        work.entries.codes(),
        work.ids,
        work.cells.batches(),
        put,
        deleted,
        answered,
        receipts);
  }

  private Head nextHead() {
    Head head = work.head;
    long revision = head.revision() + 1;
    return new Head(
        head.format(),
        head.minWriter(),
        revision,
        work.entries.lastPosition(),
        work.now,
        work.documents.lastOrdinal(),
        work.documents.viewsChanged() ? revision : head.viewsRevision(),
        head.currency(),
        head.key0(),
        head.key1());
  }
}
