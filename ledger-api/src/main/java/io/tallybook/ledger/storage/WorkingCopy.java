package io.tallybook.ledger.storage;

import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.view.ViewDefinition;
import io.tallybook.ledger.view.ViewDefinition.Source;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a group reads and changes of the ledger, while it is planned. Each step sees here what those
 * before it did; nothing of it is stored until the whole group is planned.
 */
final class WorkingCopy {
  /** Before the group. */
  final Head head;

  /** When the group is recorded, in microseconds. */
  final long now;

  /** Where it is read from. */
  final CommitState state;

  final Identities identities;
  final GroupNames names = new GroupNames();
  final IdBatch ids = new IdBatch();
  final WorkingCells cells;
  final WorkingPairs pairs;
  final WorkingDocuments documents;
  final NewEntries entries;
  private final Map<String, WorkingTenant> tenants = new LinkedHashMap<>();

  WorkingCopy(
      Head head,
      long now,
      List<ViewDefinition> definitions,
      CommitState state,
      List<Request> group) {
    this.head = head;
    this.now = now;
    this.state = state;
    this.identities = new Identities(head.key0(), head.key1());
    this.cells = new WorkingCells(state, names, definitions);
    this.pairs = new WorkingPairs(cells);
    this.documents = new WorkingDocuments(state, head.lastOrdinal(), definitions.size());
    this.entries = new NewEntries(head, now, names, state.entriesLeft());
    for (Tenant tenant : state.tenants(group.stream().map(Request::tenant).distinct().toList())) {
      tenants.put(tenant.name(), new WorkingTenant(tenant, names.code(tenant.name())));
    }
  }

  WorkingTenant tenant(String name) {
    WorkingTenant tenant = tenants.get(name);
    if (tenant == null) {
      throw new IllegalStateException("tenant not read: " + name);
    }
    return tenant;
  }

  /** The records of the tenants that the group changes. */
  List<Tenant> changedTenants() {
    List<Tenant> changed = new ArrayList<>();
    for (WorkingTenant tenant : tenants.values()) {
      if (tenant.changed) {
        changed.add(tenant.next());
      }
    }
    return changed;
  }

  /** Whether an entry may have a time: since 1970, and at most an hour ahead. */
  boolean isTimely(long time) {
    return time >= Times.MIN && time <= now + Times.AHEAD_MAX_MICROS;
  }

  /** Gives a step its names; null for one that it does not have. */
  void name(
      Step step,
      @Nullable String organization,
      @Nullable String agent,
      @Nullable String service,
      @Nullable String type,
      @Nullable String window) {
    step.codes[Changes.ORGANIZATION] = names.code(organization);
    step.codes[Changes.AGENT] = names.code(agent);
    step.codes[Changes.SERVICE] = names.code(service);
    step.codes[Changes.TYPE] = names.code(type);
    step.codes[Changes.WINDOW] = names.code(window);
  }

  /** Gives a step the names and the rows of a pair. */
  void namePair(Step step, String agent, String service) {
    name(step, null, agent, service, null, null);
    step.rows = pairs.rows(step.codes);
  }

  /** Gives a step the rows that a submission is counted in. */
  void nameCells(Step step, Submission submission) {
    step.rows =
        switch (submission) {
          case UsageEvent event ->
              cells.rows(step.codes, Source.USAGE, event.attributes(), step.time);
          case Reading reading ->
              cells.rows(step.codes, Source.READINGS, reading.attributes(), step.time);
        };
  }

  /** Gives a step the row of the newest identity computed. */
  void nameIdentity(Step step) {
    step.id = ids.row(identities.high(), identities.low());
  }

  /** Lets the identity of a step, if it has one, stand for an entry from now on. */
  void assign(Step step, long sequence) {
    if (step.id >= 0) {
      ids.assign(step.id, sequence, step.fingerprint);
    }
  }
}
