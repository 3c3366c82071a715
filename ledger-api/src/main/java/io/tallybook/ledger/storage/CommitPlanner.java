package io.tallybook.ledger.storage;

import io.tallybook.ledger.Request;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.time.InstantSource;
import java.util.List;

/**
 * Decides everything that a group of requests means, over the state that the storage reads for it:
 * which events are new and which are repeats or conflicts, the entries with their positions,
 * sequences and times, the new values of every cell, what a settlement amounts to, and what each
 * command is answered. It writes nothing and remembers nothing but parsed definitions.
 *
 * <p>A commit of every storage is: lock the head, {@code plan}, write the {@link Changes}, commit;
 * or the same without a lock, and again if another was first. Commands are decided in order, as if
 * each was committed alone; how requests are joined to groups shows in no answer.
 */
public final class CommitPlanner {
  private final InstantSource clock;
  private final ViewCatalog catalog = new ViewCatalog();

  /**
   * A planner on a clock.
   *
   * @param clock what entries are stamped with, unless the head is already past it
   */
  public CommitPlanner(InstantSource clock) {
    this.clock = clock;
  }

  /** Plans a group of at least one request. */
  public Changes plan(List<Request> group, CommitState state) {
    Head head = state.head();
    head.requireWritable();
    long now = Math.max(Times.of(clock.instant()), head.lastRecordedAt());
    List<ViewDefinition> views = catalog.views(head.viewsRevision(), state::views);
    return new GroupPlan(head, now, views, state, group).plan();
  }
}
