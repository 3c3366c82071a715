package io.tallybook.ledger.storage;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * Names what the commands of a group need and reads it in bulk: identities, documents, cells. What
 * a command turns out to need beyond that is read when it is decided; the bulk is a matter of
 * speed, not of meaning.
 */
final class Prefetch {
  private final WorkingCopy work;

  Prefetch(WorkingCopy work) {
    this.work = work;
  }

  /** Turns the commands of a request into steps, named as far as that can be told beforehand. */
  List<Step> name(Request request) {
    WorkingTenant tenant = work.tenant(request.tenant());
    List<Step> steps = new ArrayList<>(request.commands().size());
    for (Command command : request.commands()) {
      Step step = new Step(command, tenant);
      steps.add(step);
      switch (command) {
        case Command.Record(UsageEvent event) -> nameUsage(step, event);
        case Command.Record(Reading reading) -> nameReading(step, reading);
        case Command.Settle settle -> {
          work.namePair(step, settle.agent(), settle.service());
          step.document = work.documents.of(DocumentKey.service(tenant.name, settle.service()));
        }
        case Command.Reset reset -> work.namePair(step, reset.agent(), reset.service());
        case Command.Reverse reverse -> {
          work.identities.ofReversal(tenant.name, reverse.sequence());
          work.nameIdentity(step);
        }
        case Command.PutDocument put -> step.document = work.documents.of(put.key());
        case Command.DeleteDocument delete -> step.document = work.documents.of(delete.key());
        case Command.SettleAgent _,
            Command.SettleService _,
            Command.Tombstone _,
            Command.Untombstone _,
            Command.Purge _,
            Command.Restore _,
            Command.Fold _,
            Command.PutCells _,
            Command.DropCells _,
            Command.Expire _ -> {}
      }
    }
    return steps;
  }

  private void nameUsage(Step step, UsageEvent event) {
    if (event.id() != null) {
      nameIdentity(step, event);
    }
    work.name(step, event.organization(), event.agent(), event.service(), event.type(), null);
    step.codes[Changes.SOURCE] = work.names.code(event.source());
    step.time = event.time() == Times.ABSENT ? work.now : event.time();
    step.document =
        work.documents.service(step.tenant, event.service(), step.codes[Changes.SERVICE]);
  }

  private void nameReading(Step step, Reading reading) {
    if (reading.id() != null) {
      nameIdentity(step, reading);
    }
    work.name(step, reading.organization(), reading.agent(), null, null, reading.window());
    step.time = reading.time() == Times.ABSENT ? work.now : reading.time();
  }

  private void nameIdentity(Step step, Submission submission) {
    work.identities.ofSubmission(step.tenant.name, submission);
    work.nameIdentity(step);
    step.fingerprint = work.identities.fingerprint(submission);
  }

  /** Reads what the steps of all requests need. */
  void read(List<List<Step>> steps) {
    if (work.ids.size() > 0) {
      work.state.ids(work.ids);
    }
    work.documents.read();
    for (List<Step> request : steps) {
      for (Step step : request) {
        if (step.command instanceof Command.Record(Submission submission)) {
          nameCells(step, submission);
        }
      }
    }
    work.cells.read();
  }

  /** A repeat needs its pair alone, what is new all that it will be counted in. */
  private void nameCells(Step step, Submission submission) {
    if (step.id >= 0 && work.ids.sequence(step.id) != 0) {
      if (submission instanceof UsageEvent) {
        int ignored = work.pairs.row(step.codes);
      }
    } else if (work.isTimely(step.time)) {
      work.nameCells(step, submission);
    }
  }
}
