package io.tallybook.ledger.storage;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.List;

/**
 * A view that is new on a ledger with entries has those to be folded in first: those up to its
 * fence, the last position of the group that defines it.
 *
 * @param lastOrdinal of the documents before the group
 * @param lastPosition of the entries after the group
 */
record ViewFence(long lastOrdinal, long lastPosition) {
  /** The document as it is stored. */
  Document of(Document document) {
    if (!document.key().kind().equals(DocumentKey.VIEW)
        || document.ordinal() <= lastOrdinal
        || lastPosition == 0) {
      return document;
    }
    ViewDefinition building =
        ViewDefinition.of(document).in(ViewDefinition.State.BUILDING, lastPosition);
    return new Document(document.key(), document.revision(), document.ordinal(), building.fields());
  }

  /** Outcomes with the documents as they are stored. */
  List<Outcome> of(List<Outcome> outcomes) {
    return outcomes.stream()
        .map(
            outcome ->
                outcome.document() == null
                    ? outcome
                    : Outcome.documented(outcome.sequence(), of(outcome.document())))
        .toList();
  }

  /** A kept answer with the documents as they are stored. */
  IdempotencyRecord of(IdempotencyRecord answer) {
    return new IdempotencyRecord(
        answer.key(), answer.fingerprint(), answer.recordedAt(), of(answer.outcomes()));
  }
}
