package io.tallybook.ledger.storage;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Amounts;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import io.tallybook.ledger.view.ViewDefinition.Source;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The planning of one group, from reading to receipts.
 *
 * <p>It goes through the commands twice. First it names all that they need, so that the storage can
 * read it in bulk: identities, documents, cells. Then it decides them one after the other over its
 * working copy, where each sees what those before it did. What a command turns out to need beyond
 * the bulk is read then; the bulk is a matter of speed, not of meaning.
 */
final class GroupPlan {
  /** Most pairs of an agent that one command settles. */
  static final int PAIRS_MAX = 10_000;

  private static final int[] NO_ROWS = new int[0];

  private final Head head;
  private final long now;
  private final CommitState state;
  private final Identities identities;
  private final GroupNames names = new GroupNames();
  private final IdBatch ids = new IdBatch();
  private final View[] views;
  private final List<CellBatch> cells = new ArrayList<>();
  private final int pairView;
  private final int serviceView;
  private final int agentView;
  private final Map<String, TenantWork> tenants = new LinkedHashMap<>();
  private final Map<DocumentKey, DocumentWork> documents = new LinkedHashMap<>();
  private final Map<IdempotencyKey, IdempotencyRecord> answered = new HashMap<>();
  private final List<IdempotencyRecord> newAnswers = new ArrayList<>();
  private final List<PairRow> newPairs = new ArrayList<>();
  private final List<Entry> entries = new ArrayList<>();
  private final int[] key = new int[1 + ViewDefinition.DIMENSIONS_MAX];
  private @Nullable DocumentWork[] services = new @Nullable DocumentWork[64];
  private int[] entryNames = new int[64 * Changes.NAMES_PER_ENTRY];
  private long entriesLeft;
  private long lastOrdinal;
  private int viewsLeft;
  private boolean viewsChanged;
  private boolean hasUnreadCells;

  GroupPlan(Head head, long now, List<ViewDefinition> definitions, CommitState state) {
    this.head = head;
    this.now = now;
    this.state = state;
    this.identities = new Identities(head.key0(), head.key1());
    this.entriesLeft = state.entriesLeft();
    this.lastOrdinal = head.lastOrdinal();
    this.viewsLeft = ViewDefinition.VIEWS_MAX - definitions.size();
    this.views = new View[definitions.size()];
    for (int v = 0; v < views.length; v++) {
      views[v] = new View(definitions.get(v));
      cells.add(new CellBatch(definitions.get(v)));
    }
    this.pairView = firstOf(CellShape.PAIR, 2);
    this.serviceView = firstOf(CellShape.SERVICE, 1);
    this.agentView = firstOf(CellShape.OUTSTANDING, 1);
  }

  /** The first view of a shape and a number of dimensions; -1 if there is none. */
  private int firstOf(CellShape shape, int dimensions) {
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape == shape && views[v].roles.length == dimensions) {
        return v;
      }
    }
    return -1;
  }

  Changes plan(List<Request> group) {
    readTenants(group);
    readAnswers(group);
    List<List<Step>> steps = new ArrayList<>(group.size());
    for (Request request : group) {
      steps.add(isAnswered(request) ? List.of() : name(request));
    }
    readInBulk(steps);
    List<List<Outcome>> outcomes = new ArrayList<>(group.size());
    boolean[] replayed = new boolean[group.size()];
    for (int i = 0; i < group.size(); i++) {
      Request request = group.get(i);
      IdempotencyRecord answer = answer(request);
      if (answer == null) {
        outcomes.add(decide(request, steps.get(i)));
      } else if (answer.fingerprint().equals(request.fingerprint())) {
        replayed[i] = true;
        outcomes.add(answer.outcomes());
      } else {
        Outcome refusal =
            Outcome.rejected(
                Reason.IDEMPOTENCY_CONFLICT,
                "the idempotency key was used before with another request");
        outcomes.add(request.commands().stream().map(command -> refusal).toList());
      }
    }
    return changes(outcomes, replayed);
  }

  // ---- Reading ----------------------------------------------------------------------------------

  private void readTenants(List<Request> group) {
    for (Request request : group) {
      tenants.putIfAbsent(request.tenant(), new TenantWork());
    }
    List<Tenant> read = state.tenants(List.copyOf(tenants.keySet()));
    for (Tenant tenant : read) {
      TenantWork work = tenant(tenant.name());
      work.code = names.code(tenant.name());
      work.take(tenant);
    }
  }

  private void readAnswers(List<Request> group) {
    List<IdempotencyKey> keys = new ArrayList<>();
    for (Request request : group) {
      if (request.idempotencyKey() != null) {
        keys.add(new IdempotencyKey(request.tenant(), request.idempotencyKey()));
      }
    }
    if (!keys.isEmpty()) {
      for (IdempotencyRecord answer : state.idempotency(keys)) {
        if (answer != null) {
          answered.put(answer.key(), answer);
        }
      }
    }
  }

  private boolean isAnswered(Request request) {
    return answer(request) != null;
  }

  private @Nullable IdempotencyRecord answer(Request request) {
    String key = request.idempotencyKey();
    return key == null ? null : answered.get(new IdempotencyKey(request.tenant(), key));
  }

  /** Names what the commands of a request need, as far as that can be told beforehand. */
  private List<Step> name(Request request) {
    TenantWork tenant = tenant(request.tenant());
    List<Step> steps = new ArrayList<>(request.commands().size());
    for (Command command : request.commands()) {
      Step step = new Step(command, tenant);
      steps.add(step);
      switch (command) {
        case Command.Record(Submission submission) -> nameSubmission(step, submission);
        case Command.Settle settle -> {
          namePair(step, settle.agent(), settle.service());
          step.document = document(DocumentKey.service(tenant.name, settle.service()));
        }
        case Command.Reset reset -> namePair(step, reset.agent(), reset.service());
        case Command.Reverse reverse -> {
          identities.ofReversal(tenant.name, reverse.sequence());
          step.id = ids.row(identities.high(), identities.low());
        }
        case Command.PutDocument put -> step.document = document(put.key());
        case Command.DeleteDocument delete -> step.document = document(delete.key());
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

  private void nameSubmission(Step step, Submission submission) {
    switch (submission) {
      case UsageEvent event -> {
        if (event.id() != null) {
          nameIdentity(step, submission);
        }
        step.names(event.organization(), event.agent(), event.service(), event.type(), null);
        step.codes[Changes.SOURCE] = names.code(event.source());
        step.time = event.time() == Times.ABSENT ? now : event.time();
        step.document = service(step.tenant, event.service(), step.codes[Changes.SERVICE]);
      }
      case Reading reading -> {
        if (reading.id() != null) {
          nameIdentity(step, submission);
        }
        step.names(reading.organization(), reading.agent(), null, null, reading.window());
        step.time = reading.time() == Times.ABSENT ? now : reading.time();
      }
    }
  }

  private void nameIdentity(Step step, Submission submission) {
    identities.ofSubmission(step.tenant.name, submission);
    step.id = ids.row(identities.high(), identities.low());
    step.fingerprint = identities.fingerprint(submission);
  }

  private void namePair(Step step, String agent, String service) {
    step.names(null, agent, service, null, null);
    step.rows = outstandingRows(step.codes);
  }

  private void readInBulk(List<List<Step>> steps) {
    if (ids.size() > 0) {
      state.ids(ids);
    }
    readDocuments();
    for (List<Step> request : steps) {
      for (Step step : request) {
        if (step.command instanceof Command.Record(Submission submission)) {
          if (step.id >= 0 && ids.sequence(step.id) != 0) {
            if (submission instanceof UsageEvent) {
              pairRow(step.codes);
            }
          } else if (isTimely(step.time)) {
            step.rows = rows(step.codes, sourceOf(submission), attributes(submission), step.time);
          }
        }
      }
    }
    readCells();
  }

  private void readDocuments() {
    List<DocumentWork> unread = new ArrayList<>();
    for (DocumentWork work : documents.values()) {
      if (!work.read) {
        unread.add(work);
      }
    }
    if (unread.isEmpty()) {
      return;
    }
    List<@Nullable Document> found = state.documents(unread.stream().map(w -> w.key).toList());
    for (int i = 0; i < unread.size(); i++) {
      unread.get(i).now = found.get(i);
      unread.get(i).read = true;
    }
  }

  private void readCells() {
    if (hasUnreadCells) {
      hasUnreadCells = false;
      state.cells(names, cells);
      cells.forEach(CellBatch::allLoaded);
    }
  }

  // ---- Deciding ---------------------------------------------------------------------------------

  private List<Outcome> decide(Request request, List<Step> steps) {
    Saved saved = request.atomic() ? new Saved(tenant(request.tenant()), steps) : null;
    List<Outcome> outcomes = new ArrayList<>(steps.size());
    boolean refused = false;
    for (Step step : steps) {
      Outcome outcome = decide(step);
      refused |= outcome.refused();
      outcomes.add(outcome);
    }
    boolean kept = !outcomes.stream().allMatch(GroupPlan::isPassing);
    if (saved != null && refused) {
      kept = outcomes.stream().noneMatch(GroupPlan::isPassing);
      saved.restore();
      Outcome undone =
          Outcome.rejected(
              Reason.CONFLICT, "not recorded, because another part of the request was refused");
      outcomes.replaceAll(outcome -> outcome.refused() ? outcome : undone);
    } else if (saved != null) {
      saved.keep();
    }
    String clientKey = request.idempotencyKey();
    if (clientKey != null && kept) {
      IdempotencyRecord answer =
          new IdempotencyRecord(
              new IdempotencyKey(request.tenant(), clientKey),
              request.fingerprint(),
              now,
              outcomes);
      answered.put(answer.key(), answer);
      newAnswers.add(answer);
    }
    return outcomes;
  }

  /** Whether an outcome may be another when the same is sent later, so that it is not kept. */
  private static boolean isPassing(Outcome outcome) {
    return outcome.reason() == Reason.STORE_CAPACITY_EXCEEDED;
  }

  private Outcome decide(Step step) {
    return switch (step.command) {
      case Command.Record(Submission submission) -> record(step, submission);
      case Command.Settle settle -> settle(step, settle.service());
      case Command.SettleAgent settle -> settleAgent(step, settle.agent());
      case Command.SettleService settle -> settleService(step, settle);
      case Command.Reset reset -> reset(step, reset);
      case Command.Reverse reverse -> reverse(step, reverse);
      case Command.PutDocument put -> put(step, put);
      case Command.DeleteDocument delete -> delete(step, delete);
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

  private Outcome record(Step step, Submission submission) {
    if (step.id >= 0 && ids.sequence(step.id) != 0) {
      long first = ids.sequence(step.id);
      if (ids.fingerprint(step.id) != step.fingerprint) {
        return Outcome.conflict(
            first, "another event was recorded under the same id as sequence " + first);
      }
      return Outcome.duplicate(first, outstanding(step.codes));
    }
    if (!isTimely(step.time)) {
      return Outcome.rejected(
          Reason.INVALID_REQUEST,
          "time must lie between 1970-01-01T00:00:00Z and one hour from now");
    }
    if (step.document != null && step.document.flag(Document.DISABLED)) {
      return Outcome.rejected(
          Reason.SERVICE_DISABLED, "service " + step.document.key.name() + " is disabled");
    }
    if (entriesLeft == 0) {
      return full();
    }
    if (step.rows.length == 0) {
      step.rows = rows(step.codes, sourceOf(submission), attributes(submission), step.time);
    }
    readCells();
    return switch (submission) {
      case UsageEvent event -> recordUsage(step, event);
      case Reading reading -> recordReading(step, reading);
    };
  }

  private Outcome recordUsage(Step step, UsageEvent event) {
    TenantWork tenant = step.tenant;
    long lifetime = Math.max(event.units(), 0);
    if (!fits(step.rows, 1, event.units(), event.cost(), event.units())
        || Amounts.overflows(tenant.lifetimeUnits, lifetime)) {
      return overflow();
    }
    Entry entry =
        entry(
            step,
            EntryKind.USAGE,
            event.source(),
            event.id(),
            event.units(),
            event.cost(),
            0,
            true,
            event.attributes());
    tenant.lifetimeUnits += lifetime;
    count(step, entry, 1);
    moveOutstanding(step, entry.units());
    assign(step, entry.sequence());
    return Outcome.recorded(
        entry.sequence(), pairs().value(step.rows[pairView], CellShape.OUTSTANDING_UNITS));
  }

  private Outcome recordReading(Step step, Reading reading) {
    for (int v = 0; v < views.length; v++) {
      if (step.rows[v] >= 0
          && Amounts.overflows(cells.get(v).value(step.rows[v], CellShape.SUM), reading.value())) {
        return overflow();
      }
    }
    Entry entry =
        entry(
            step,
            EntryKind.READING,
            null,
            reading.id(),
            0,
            0,
            reading.value(),
            false,
            reading.attributes());
    for (int v = 0; v < views.length; v++) {
      if (step.rows[v] >= 0) {
        read(cells.get(v), step.rows[v], entry);
      }
    }
    assign(step, entry.sequence());
    return Outcome.recorded(entry.sequence(), 0);
  }

  /** Folds a reading into a cell. */
  private static void read(CellBatch batch, int row, Entry entry) {
    long value = entry.value();
    boolean first = !batch.exists(row);
    if (first) {
      batch.set(row, CellShape.FIRST, entry.sequence());
    }
    batch.add(row, CellShape.COUNT, 1);
    batch.add(row, CellShape.SUM, value);
    if (first || value < batch.value(row, CellShape.MIN)) {
      batch.set(row, CellShape.MIN, value);
    }
    if (first || value > batch.value(row, CellShape.MAX)) {
      batch.set(row, CellShape.MAX, value);
    }
    if (first || entry.time() >= batch.value(row, CellShape.LAST_TIME)) {
      batch.set(row, CellShape.LAST, value);
      batch.set(row, CellShape.LAST_TIME, entry.time());
      batch.set(row, CellShape.LAST_SEQUENCE, entry.sequence());
    }
  }

  private Outcome settle(Step step, String service) {
    int row = pairRow(step.codes);
    readCells();
    long price = price(step);
    if (!pairs().exists(row)) {
      return Outcome.stated(
          0, List.of(new Outcome.Statement(service, 0, price, BigInteger.ZERO, 0)));
    }
    if (entriesLeft == 0) {
      return full();
    }
    if (!canSettle(List.of(step))) {
      return overflow();
    }
    Outcome.Statement statement = settle(step, service, price, false);
    return Outcome.stated(statement.sequence(), List.of(statement));
  }

  private Outcome settleAgent(Step step, String agent) {
    step.names(null, agent, null, null, null);
    List<String> services =
        new ArrayList<>(state.servicesOf(step.tenant.name, agent, PAIRS_MAX + 1));
    for (PairRow pair : newPairs) {
      if (pair.tenant == step.codes[Changes.TENANT] && pair.agent == step.codes[Changes.AGENT]) {
        services.add(String.valueOf(names.name(pair.service)));
      }
    }
    if (services.size() > PAIRS_MAX) {
      return Outcome.rejected(
          Reason.TOO_MANY_PAIRS,
          "agent has more than " + PAIRS_MAX + " services; settle them one by one");
    }
    if (entriesLeft < services.size()) {
      return full();
    }
    List<Step> each = new ArrayList<>(services.size());
    for (String service : services) {
      Step one = new Step(step.command, step.tenant);
      namePair(one, agent, service);
      one.document = document(DocumentKey.service(step.tenant.name, service));
      each.add(one);
    }
    readDocuments();
    readCells();
    return settleAll(each);
  }

  private Outcome settleService(Step step, Command.SettleService settle) {
    requirePairs();
    step.names(null, null, settle.service(), null, null);
    int serviceRow = row(serviceView, key(views[serviceView], step.codes, Map.of()), Times.ABSENT);
    List<Step> each = new ArrayList<>(settle.agents().size());
    for (String agent : settle.agents()) {
      Step one = new Step(step.command, step.tenant);
      namePair(one, agent, settle.service());
      one.document = document(DocumentKey.service(step.tenant.name, settle.service()));
      each.add(one);
    }
    readDocuments();
    readCells();
    each.removeIf(one -> !pairs().exists(pairRow(one.codes)));
    if (!isAllThatIsOutstanding(serviceRow, each)) {
      return Outcome.conflict(
          0, "another agent has something outstanding with service " + settle.service());
    }
    return entriesLeft < each.size() ? full() : settleAll(each);
  }

  /**
   * Whether the other pairs of a service are all at 0: they are when none of them is above it and
   * their sum is 0.
   */
  private boolean isAllThatIsOutstanding(int serviceRow, List<Step> some) {
    CellBatch services = cells.get(serviceView);
    BigInteger rest = BigInteger.valueOf(services.value(serviceRow, OUTSTANDING));
    long aboveZero = services.value(serviceRow, CellShape.AGENTS_ABOVE_ZERO);
    for (Step one : some) {
      long units = pairs().value(pairRow(one.codes), OUTSTANDING);
      rest = rest.subtract(BigInteger.valueOf(units));
      aboveZero -= units > 0 ? 1 : 0;
    }
    return rest.signum() == 0 && aboveZero == 0;
  }

  /** All or none: amounts that no total can hold are found before the first pair is touched. */
  private Outcome settleAll(List<Step> each) {
    if (!canSettle(each)) {
      return overflow();
    }
    List<Outcome.Statement> statements = new ArrayList<>(each.size());
    for (Step one : each) {
      String service = String.valueOf(names.name(one.codes[Changes.SERVICE]));
      statements.add(settle(one, service, price(one), true));
    }
    return Outcome.stated(statements.isEmpty() ? 0 : statements.getLast().sequence(), statements);
  }

  private static final int OUTSTANDING = CellShape.OUTSTANDING_UNITS;

  private static long price(Step step) {
    return step.document == null ? 0 : step.document.integer(Document.PRICE);
  }

  private static BigInteger billed(long units, long price) {
    return BigInteger.valueOf(units).multiply(BigInteger.valueOf(price));
  }

  private boolean canSettle(List<Step> closing) {
    BigInteger settled = BigInteger.ZERO;
    for (Step step : closing) {
      settled = settled.add(billed(pairs().value(pairRow(step.codes), OUTSTANDING), price(step)));
    }
    return closing.isEmpty()
        || (closing.getFirst().tenant.settledAmount.add(settled).bitLength() <= 127
            && canClose(closing));
  }

  private Outcome.Statement settle(Step step, String service, long price, boolean bulk) {
    long units = pairs().value(pairRow(step.codes), OUTSTANDING);
    BigInteger billed = billed(units, price);
    long from = openSince(step);
    Entry entry =
        close(
            step,
            EntryKind.SETTLEMENT,
            units,
            new Entry.Settlement(price, billed, from, step.tenant.lastSequence, bulk));
    step.tenant.settlements++;
    step.tenant.settledAmount = step.tenant.settledAmount.add(billed);
    return new Outcome.Statement(service, units, price, billed, entry.sequence());
  }

  private Outcome reset(Step step, Command.Reset reset) {
    int row = pairRow(step.codes);
    readCells();
    if (!pairs().exists(row)) {
      return Outcome.rejected(
          Reason.NOT_FOUND,
          "agent " + reset.agent() + " has never used service " + reset.service());
    }
    if (entriesLeft == 0) {
      return full();
    }
    if (!canClose(List.of(step))) {
      return overflow();
    }
    long units = pairs().value(row, OUTSTANDING);
    Entry entry = close(step, EntryKind.RESET, units, null);
    mark(step, CellShape.RESET_AT, entry.sequence());
    return Outcome.stated(
        entry.sequence(),
        List.of(
            new Outcome.Statement(reset.service(), units, 0, BigInteger.ZERO, entry.sequence())));
  }

  /** Makes the entry that takes a pair to 0, and does so. */
  private Entry close(
      Step step, EntryKind kind, long units, Entry.@Nullable Settlement settlement) {
    step.time = now;
    Entry entry =
        append(
            step,
            new Entry(
                head.lastPosition() + entries.size() + 1,
                step.tenant.lastSequence + 1,
                kind,
                now,
                now,
                null,
                null,
                null,
                names.name(step.codes[Changes.AGENT]),
                names.name(step.codes[Changes.SERVICE]),
                null,
                null,
                units,
                0,
                0,
                false,
                0,
                0,
                settlement,
                Map.of()));
    moveOutstanding(step, -units);
    mark(step, CellShape.CLOSED_AT, entry.sequence());
    return entry;
  }

  /** Sets a column of the pair, in each view that keeps pairs. */
  private void mark(Step step, int column, long sequence) {
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape == CellShape.PAIR) {
        cells.get(v).set(step.rows[v], column, sequence);
      }
    }
  }

  /** The first sequence that the pair's next settlement covers. */
  private long openSince(Step step) {
    int row = pairRow(step.codes);
    long closedAt = pairs().value(row, CellShape.CLOSED_AT);
    return closedAt == 0 ? pairs().value(row, CellShape.FIRST) : closedAt + 1;
  }

  private Outcome reverse(Step step, Command.Reverse reverse) {
    TenantWork tenant = step.tenant;
    if (ids.sequence(step.id) != 0) {
      long first = ids.sequence(step.id);
      return Outcome.conflict(
          first, "entry " + reverse.sequence() + " was reversed by entry " + first);
    }
    Entry original = find(tenant, reverse.sequence());
    if (original == null) {
      return Outcome.rejected(Reason.NOT_FOUND, "there is no entry " + reverse.sequence());
    }
    if (original.kind() != EntryKind.USAGE) {
      return Outcome.conflict(
          original.sequence(),
          "entry "
              + original.sequence()
              + " is a "
              + original.kind().label()
              + "; only usage can be reversed");
    }
    if (entriesLeft == 0) {
      return full();
    }
    step.names(
        original.organization(), original.agent(), original.service(), original.type(), null);
    step.time = reverse.at() == Command.Reverse.At.ORIGINAL ? original.time() : now;
    step.rows = rows(step.codes, Source.USAGE, original.attributes(), step.time);
    int row = pairRow(step.codes);
    readCells();
    boolean billable =
        original.billable() && pairs().value(row, CellShape.RESET_AT) < original.sequence();
    long units = -original.units();
    if (!fits(step.rows, -1, units, -original.cost(), billable ? units : 0)) {
      return overflow();
    }
    long settledBy =
        pairs().value(row, CellShape.CLOSED_AT) > original.sequence()
            ? settlementOf(tenant, original, billable)
            : 0;
    Entry entry =
        append(
            step,
            new Entry(
                head.lastPosition() + entries.size() + 1,
                tenant.lastSequence + 1,
                EntryKind.REVERSAL,
                now,
                step.time,
                null,
                null,
                original.organization(),
                original.agent(),
                original.service(),
                original.type(),
                null,
                units,
                -original.cost(),
                0,
                billable,
                original.sequence(),
                settledBy,
                null,
                original.attributes()));
    count(step, entry, -1);
    if (billable) {
      moveOutstanding(step, units);
    }
    assign(step, entry.sequence());
    return Outcome.recorded(
        entry.sequence(), pairs().value(step.rows[pairView], CellShape.OUTSTANDING_UNITS));
  }

  /** An entry by its sequence, whether stored or made by this group. */
  private @Nullable Entry find(TenantWork tenant, long sequence) {
    if (sequence <= tenant.storedSequence) {
      return sequence < 1 ? null : state.entry(tenant.name, sequence);
    }
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).sequence() == sequence && isOf(i, tenant)) {
        return entries.get(i);
      }
    }
    return null;
  }

  /** The settlement that covered an entry: its pair's next one, unless a reset came before it. */
  private long settlementOf(TenantWork tenant, Entry original, boolean wasNeverReset) {
    long next = settlementAfter(tenant, original);
    if (wasNeverReset || next == 0) {
      return next;
    }
    Entry entry = find(tenant, next);
    Entry.Settlement settlement = entry == null ? null : entry.settlement();
    return settlement != null && settlement.fromSequence() <= original.sequence() ? next : 0;
  }

  private long settlementAfter(TenantWork tenant, Entry original) {
    String agent = String.valueOf(original.agent());
    String service = String.valueOf(original.service());
    long stored = state.settlementAfter(tenant.name, agent, service, original.sequence());
    if (stored != 0) {
      return stored;
    }
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      if (entry.kind() == EntryKind.SETTLEMENT
          && entry.sequence() > original.sequence()
          && isOf(i, tenant)
          && agent.equals(entry.agent())
          && service.equals(entry.service())) {
        return entry.sequence();
      }
    }
    return 0;
  }

  private boolean isOf(int entry, TenantWork tenant) {
    return entryNames[entry * Changes.NAMES_PER_ENTRY + Changes.TENANT] == tenant.code;
  }

  private Outcome put(Step step, Command.PutDocument put) {
    DocumentWork work = document(put.key());
    readDocuments();
    Document before = work.now;
    Outcome refusal = expected(put.key(), before, put.expectedRevision());
    if (refusal != null) {
      return refusal;
    }
    if (put.act() != null && entriesLeft == 0) {
      return full();
    }
    Map<String, String> fields = new TreeMap<>(Names.ORDER);
    if (before != null) {
      fields.putAll(before.fields());
    }
    put.clear().forEach(fields::remove);
    fields.putAll(put.set());
    Document after =
        before == null
            ? new Document(put.key(), 1, ++lastOrdinal, fields)
            : new Document(put.key(), before.revision() + 1, before.ordinal(), fields);
    Outcome malformed = after.key().kind().equals(DocumentKey.VIEW) ? checkView(after) : null;
    if (malformed != null) {
      return malformed;
    }
    work.now = after;
    work.changed = true;
    step.tenant.touched = true;
    if (put.key().kind().equals(DocumentKey.VIEW)) {
      viewsChanged = true;
      viewsLeft -= before == null ? 1 : 0;
    }
    return Outcome.documented(put.act() == null ? 0 : act(step, put.act()), after);
  }

  /** Refuses a definition that later commits could not read; null for one that they can. */
  private @Nullable Outcome checkView(Document document) {
    try {
      ViewDefinition view = ViewDefinition.of(document);
      if (document.revision() == 1 && viewsLeft == 0) {
        return Outcome.rejected(
            Reason.CONFLICT, "a ledger has at most " + ViewDefinition.VIEWS_MAX + " views");
      }
      if (document.revision() == 1 && view.outstanding() && head.lastPosition() > 0) {
        return Outcome.rejected(
            Reason.CONFLICT,
            "a view with outstanding amounts can only be defined before the first entry");
      }
      return null;
    } catch (LedgerException | IllegalArgumentException e) {
      return Outcome.rejected(
          Reason.INVALID_REQUEST, "the definition cannot be read: " + e.getMessage());
    }
  }

  private Outcome delete(Step step, Command.DeleteDocument delete) {
    DocumentWork work = document(delete.key());
    readDocuments();
    Document before = work.now;
    if (before == null) {
      return Outcome.rejected(Reason.NOT_FOUND, missing(delete.key()));
    }
    Outcome refusal = expected(delete.key(), before, delete.expectedRevision());
    if (refusal != null) {
      return refusal;
    }
    if (delete.act() != null && entriesLeft == 0) {
      return full();
    }
    work.now = null;
    work.changed = true;
    step.tenant.touched = true;
    if (delete.key().kind().equals(DocumentKey.VIEW)) {
      viewsChanged = true;
      viewsLeft++;
    }
    return Outcome.documented(delete.act() == null ? 0 : act(step, delete.act()), before);
  }

  private static @Nullable Outcome expected(
      DocumentKey key, @Nullable Document before, long revision) {
    if (before == null && (revision == Command.PutDocument.PRESENT || revision > 0)) {
      return Outcome.rejected(Reason.NOT_FOUND, missing(key));
    }
    if (before != null && revision >= 0 && revision != before.revision()) {
      return Outcome.conflict(
          0, key.kind() + " " + key.name() + " is at revision " + before.revision());
    }
    return null;
  }

  private static String missing(DocumentKey key) {
    return "there is no " + key.kind() + " " + key.name();
  }

  private long act(Step step, Act act) {
    step.names(null, null, act.service(), act.type(), null);
    step.time = now;
    return entry(step, EntryKind.ACT, null, null, 0, 0, 0, false, act.attributes()).sequence();
  }

  private static Outcome full() {
    return Outcome.rejected(
        Reason.STORE_CAPACITY_EXCEEDED, "the ledger's storage is full; nothing was recorded");
  }

  private static Outcome overflow() {
    return Outcome.rejected(
        Reason.SUM_OVERFLOW, "a sum would leave the range of 64 bits; nothing was recorded");
  }

  // ---- Entries and cells ------------------------------------------------------------------------

  private Entry entry(
      Step step,
      EntryKind kind,
      @Nullable String source,
      @Nullable String id,
      long units,
      long cost,
      long value,
      boolean billable,
      Map<String, String> attributes) {
    int[] codes = step.codes;
    return append(
        step,
        new Entry(
            head.lastPosition() + entries.size() + 1,
            step.tenant.lastSequence + 1,
            kind,
            now,
            step.time,
            source,
            id,
            names.name(codes[Changes.ORGANIZATION]),
            names.name(codes[Changes.AGENT]),
            names.name(codes[Changes.SERVICE]),
            names.name(codes[Changes.TYPE]),
            names.name(codes[Changes.WINDOW]),
            units,
            cost,
            value,
            billable,
            0,
            0,
            null,
            attributes));
  }

  private Entry append(Step step, Entry entry) {
    int at = entries.size() * Changes.NAMES_PER_ENTRY;
    if (at == entryNames.length) {
      entryNames = Arrays.copyOf(entryNames, at * 2);
    }
    System.arraycopy(step.codes, 0, entryNames, at, Changes.NAMES_PER_ENTRY);
    entries.add(entry);
    step.tenant.lastSequence = entry.sequence();
    step.tenant.touched = true;
    entriesLeft--;
    return entry;
  }

  private void assign(Step step, long sequence) {
    if (step.id >= 0) {
      ids.assign(step.id, sequence, step.fingerprint);
    }
  }

  /** The rows of an entry in each view; -1 in those that do not count it. */
  private int[] rows(int[] codes, Source source, Map<String, String> attributes, long time) {
    int[] rows = new int[views.length];
    for (int v = 0; v < views.length; v++) {
      View view = views[v];
      rows[v] =
          view.source == source && view.counts(names, codes, attributes)
              ? row(v, key(view, codes, attributes), view.bucketStart(time))
              : -1;
    }
    return rows;
  }

  /** The rows of a pair in each view that holds outstanding amounts; -1 in the others. */
  private int[] outstandingRows(int[] codes) {
    int[] rows = new int[views.length];
    for (int v = 0; v < views.length; v++) {
      rows[v] =
          views[v].shape.hasOutstanding()
              ? row(v, key(views[v], codes, Map.of()), Times.ABSENT)
              : -1;
    }
    return rows;
  }

  /** The row of a key in a view's cells, to be read if it is new. */
  private int row(int view, int[] cellKey, long start) {
    CellBatch batch = cells.get(view);
    int row = batch.row(cellKey, start);
    hasUnreadCells |= row >= batch.loaded();
    return row;
  }

  private int[] key(View view, int[] codes, Map<String, String> attributes) {
    key[0] = codes[Changes.TENANT];
    for (int d = 0; d < view.roles.length; d++) {
      String attribute = view.attributes[d];
      key[d + 1] = attribute == null ? codes[view.roles[d]] : names.code(attributes.get(attribute));
    }
    return key;
  }

  private CellBatch pairs() {
    requirePairs();
    return cells.get(pairView);
  }

  private void requirePairs() {
    if (pairView < 0 || serviceView < 0) {
      throw new LedgerException.Unavailable(
          "The ledger lacks a view of pairs or services; its definitions are damaged", true, null);
    }
  }

  private int pairRow(int[] codes) {
    requirePairs();
    return row(pairView, key(views[pairView], codes, Map.of()), Times.ABSENT);
  }

  /** What the pair of these names has outstanding; 0 where they are no pair. */
  private long outstanding(int[] codes) {
    if (codes[Changes.SERVICE] == 0) {
      return 0;
    }
    int row = pairRow(codes);
    readCells();
    return pairs().value(row, OUTSTANDING);
  }

  private boolean fits(int[] rows, long count, long units, long cost, long outstanding) {
    for (int v = 0; v < views.length; v++) {
      if (rows[v] >= 0 && !cells.get(v).fits(rows[v], count, units, cost, outstanding)) {
        return false;
      }
    }
    return true;
  }

  private void count(Step step, Entry entry, long count) {
    for (int v = 0; v < views.length; v++) {
      int row = step.rows[v];
      if (row >= 0
          && cells.get(v).count(row, count, entry.units(), entry.cost(), entry.sequence())) {
        appeared(step, v);
      }
    }
  }

  /** Counts agents, services and pairs that are seen for the first time. */
  private void appeared(Step step, int view) {
    if (view == pairView) {
      step.tenant.pairs++;
      newPairs.add(
          new PairRow(
              step.codes[Changes.TENANT], step.codes[Changes.AGENT], step.codes[Changes.SERVICE]));
    } else if (view == serviceView) {
      step.tenant.servicesUsed++;
    } else if (view == agentView) {
      step.tenant.agents++;
    }
  }

  /** Whether every sum can do without what these pairs have outstanding, all of them together. */
  private boolean canClose(List<Step> closing) {
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape.hasOutstanding()) {
        Map<Integer, BigInteger> left = new HashMap<>();
        for (Step step : closing) {
          int row = step.rows[v];
          BigInteger units = BigInteger.valueOf(pairs().value(step.rows[pairView], OUTSTANDING));
          BigInteger sum =
              left.getOrDefault(row, BigInteger.valueOf(cells.get(v).value(row, OUTSTANDING)));
          left.put(row, sum.subtract(units));
        }
        if (left.values().stream().anyMatch(sum -> sum.bitLength() > 63)) {
          return false;
        }
      }
    }
    return true;
  }

  private void moveOutstanding(Step step, long delta) {
    long before = pairs().value(step.rows[pairView], OUTSTANDING);
    long after = before + delta;
    int crossed = (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    step.tenant.pairsAboveZero += crossed;
    for (int v = 0; v < views.length; v++) {
      if (views[v].shape.hasOutstanding()) {
        cells.get(v).add(step.rows[v], OUTSTANDING, delta);
        if (crossed != 0 && views[v].shape == CellShape.SERVICE) {
          cells.get(v).add(step.rows[v], CellShape.AGENTS_ABOVE_ZERO, crossed);
        }
      }
    }
  }

  private boolean isTimely(long time) {
    return time >= Times.MIN && time <= now + Times.AHEAD_MAX_MICROS;
  }

  private static Source sourceOf(Submission submission) {
    return submission instanceof Reading ? Source.READINGS : Source.USAGE;
  }

  private static Map<String, String> attributes(Submission submission) {
    return switch (submission) {
      case UsageEvent event -> event.attributes();
      case Reading reading -> reading.attributes();
    };
  }

  private TenantWork tenant(String name) {
    TenantWork work = tenants.get(name);
    if (work == null) {
      throw new IllegalStateException("tenant not read: " + name);
    }
    return work;
  }

  private DocumentWork document(DocumentKey documentKey) {
    return documents.computeIfAbsent(documentKey, DocumentWork::new);
  }

  /** The document of a tenant's service; the newest of each name is found by the name's code. */
  private DocumentWork service(TenantWork tenant, String name, int code) {
    if (code >= services.length) {
      services = Arrays.copyOf(services, code * 2);
    }
    DocumentWork work = services[code];
    if (work == null || !work.key.tenant().equals(tenant.name)) {
      work = document(DocumentKey.service(tenant.name, name));
      services[code] = work;
    }
    return work;
  }

  // ---- The result -------------------------------------------------------------------------------

  private Changes changes(List<List<Outcome>> outcomes, boolean[] replayed) {
    List<Tenant> changedTenants = new ArrayList<>();
    for (TenantWork tenant : tenants.values()) {
      if (tenant.touched) {
        changedTenants.add(tenant.result());
      }
    }
    long lastPosition = head.lastPosition() + entries.size();
    List<Document> put = new ArrayList<>();
    List<DocumentKey> deleted = new ArrayList<>();
    for (DocumentWork work : documents.values()) {
      if (work.changed) {
        if (work.now == null) {
          deleted.add(work.key);
        } else {
          put.add(fenced(work.now));
        }
      }
    }
    boolean empty =
        changedTenants.isEmpty() && put.isEmpty() && deleted.isEmpty() && newAnswers.isEmpty();
    long revision = empty ? head.revision() : head.revision() + 1;
    Head after =
        empty
            ? head
            : new Head(
                head.format(),
                head.minWriter(),
                revision,
                lastPosition,
                now,
                lastOrdinal,
                viewsChanged ? revision : head.viewsRevision(),
                head.currency(),
                head.key0(),
                head.key1());
    if (viewsChanged) {
      outcomes.replaceAll(this::fenced);
      newAnswers.replaceAll(
          answer ->
              new IdempotencyRecord(
                  answer.key(),
                  answer.fingerprint(),
                  answer.recordedAt(),
                  fenced(answer.outcomes())));
    }
    List<Receipt> receipts = new ArrayList<>(outcomes.size());
    for (int i = 0; i < outcomes.size(); i++) {
      receipts.add(new Receipt(revision, replayed[i], outcomes.get(i)));
    }
    return new Changes(
        after,
        changedTenants,
        names,
        entries,
        entryNames,
        ids,
        cells,
        put,
        deleted,
        newAnswers,
        receipts);
  }

  /** A view that is new on a ledger with entries has those to be folded in first. */
  private Document fenced(Document document) {
    long lastPosition = head.lastPosition() + entries.size();
    if (!document.key().kind().equals(DocumentKey.VIEW)
        || document.ordinal() <= head.lastOrdinal()
        || lastPosition == 0) {
      return document;
    }
    ViewDefinition building =
        ViewDefinition.of(document).in(ViewDefinition.State.BUILDING, lastPosition);
    return new Document(document.key(), document.revision(), document.ordinal(), building.fields());
  }

  private List<Outcome> fenced(List<Outcome> outcomes) {
    return outcomes.stream()
        .map(
            outcome ->
                outcome.document() == null
                    ? outcome
                    : Outcome.documented(outcome.sequence(), fenced(outcome.document())))
        .toList();
  }

  // ---- Working copies ---------------------------------------------------------------------------

  /** A command with what it was found to need. */
  private final class Step {
    final Command command;
    final TenantWork tenant;
    final int[] codes = new int[Changes.NAMES_PER_ENTRY];
    int id = -1;
    long fingerprint;
    long time;
    int[] rows = NO_ROWS;
    @Nullable DocumentWork document;

    Step(Command command, TenantWork tenant) {
      this.command = command;
      this.tenant = tenant;
      codes[Changes.TENANT] = tenant.code;
    }

    void names(
        @Nullable String organization,
        @Nullable String agent,
        @Nullable String service,
        @Nullable String type,
        @Nullable String window) {
      codes[Changes.ORGANIZATION] = names.code(organization);
      codes[Changes.AGENT] = names.code(agent);
      codes[Changes.SERVICE] = names.code(service);
      codes[Changes.TYPE] = names.code(type);
      codes[Changes.WINDOW] = names.code(window);
    }
  }

  private record PairRow(int tenant, int agent, int service) {}

  /** A definition with its dimensions resolved to the roles of {@link Changes}. */
  private static final class View {
    final CellShape shape;
    final Source source;
    final int[] roles;
    final @Nullable String[] attributes;
    private final ViewDefinition definition;
    private final Map<Dimension, String> filter;

    View(ViewDefinition definition) {
      this.definition = definition;
      this.shape = definition.shape();
      this.source = definition.source();
      this.filter = definition.filter();
      int dimensions = definition.groupBy().size();
      this.roles = new int[dimensions];
      this.attributes = new @Nullable String[dimensions];
      for (int d = 0; d < dimensions; d++) {
        Dimension dimension = definition.groupBy().get(d);
        attributes[d] = dimension.attribute();
        roles[d] = attributes[d] == null ? role(dimension) : 0;
      }
    }

    long bucketStart(long time) {
      return definition.bucket().start(time);
    }

    boolean counts(GroupNames names, int[] codes, Map<String, String> entryAttributes) {
      if (filter.isEmpty()) {
        return true;
      }
      for (Map.Entry<Dimension, String> wanted : filter.entrySet()) {
        String attribute = wanted.getKey().attribute();
        String actual =
            attribute == null
                ? names.name(codes[role(wanted.getKey())])
                : entryAttributes.get(attribute);
        boolean personal =
            actual == null
                && wanted.getKey().equals(Dimension.ORGANIZATION)
                && wanted.getValue().equals(Names.NONE);
        if (!personal && !wanted.getValue().equals(actual)) {
          return false;
        }
      }
      return true;
    }

    private static int role(Dimension dimension) {
      return switch (dimension.name()) {
        case "organization" -> Changes.ORGANIZATION;
        case "agent" -> Changes.AGENT;
        case "service" -> Changes.SERVICE;
        case "type" -> Changes.TYPE;
        case "window" -> Changes.WINDOW;
        default -> throw new IllegalArgumentException("not an entry's own: " + dimension);
      };
    }
  }

  private static final class DocumentWork {
    final DocumentKey key;
    boolean read;
    boolean changed;
    @Nullable Document now;

    DocumentWork(DocumentKey key) {
      this.key = key;
    }

    boolean flag(String field) {
      return now != null && now.flag(field);
    }

    long integer(String field) {
      return now == null ? 0 : now.integer(field);
    }
  }

  private static final class TenantWork {
    String name = "";
    int code;
    boolean touched;
    long revision;
    long storedSequence;
    long lastSequence;
    long agents;
    long servicesUsed;
    long pairs;
    long pairsAboveZero;
    long lifetimeUnits;
    long settlements;
    BigInteger settledAmount = BigInteger.ZERO;

    void take(Tenant tenant) {
      name = tenant.name();
      revision = tenant.revision();
      storedSequence = tenant.lastSequence();
      set(tenant);
    }

    void set(Tenant tenant) {
      lastSequence = tenant.lastSequence();
      agents = tenant.agents();
      servicesUsed = tenant.services();
      pairs = tenant.pairs();
      pairsAboveZero = tenant.pairsAboveZero();
      lifetimeUnits = tenant.lifetimeUnits();
      settlements = tenant.settlements();
      settledAmount = tenant.settledAmount();
    }

    Tenant result() {
      return new Tenant(
          name,
          revision + 1,
          lastSequence,
          agents,
          servicesUsed,
          pairs,
          pairsAboveZero,
          lifetimeUnits,
          settlements,
          settledAmount);
    }
  }

  /** What is needed to undo an atomic request, which changes only what its own commands name. */
  private final class Saved {
    private final TenantWork tenant;
    private final List<Step> steps;
    private final Tenant savedTenant;
    private final boolean savedTouched;
    private final int savedEntries = entries.size();
    private final int savedPairs = newPairs.size();
    private final long savedLeft = entriesLeft;
    private final long savedOrdinal = lastOrdinal;
    private final boolean savedViewsChanged = viewsChanged;
    private final int savedViewsLeft = viewsLeft;
    private final Map<DocumentWork, DocumentWork> savedDocuments = new HashMap<>();
    private final BitSet savedAssigned = new BitSet();

    Saved(TenantWork tenant, List<Step> steps) {
      this.tenant = tenant;
      this.steps = steps;
      savedTenant = tenant.result();
      savedTouched = tenant.touched;
      for (int i = 0; i < steps.size(); i++) {
        Step step = steps.get(i);
        savedAssigned.set(i, step.id >= 0 && ids.assigned(step.id));
        DocumentWork work = step.document;
        if (work != null) {
          DocumentWork copy = new DocumentWork(work.key);
          copy.now = work.now;
          copy.changed = work.changed;
          savedDocuments.put(work, copy);
        }
      }
      cells.forEach(CellBatch::remember);
    }

    void keep() {
      cells.forEach(CellBatch::keep);
    }

    void restore() {
      cells.forEach(CellBatch::undo);
      entries.subList(savedEntries, entries.size()).clear();
      newPairs.subList(savedPairs, newPairs.size()).clear();
      entriesLeft = savedLeft;
      lastOrdinal = savedOrdinal;
      viewsChanged = savedViewsChanged;
      viewsLeft = savedViewsLeft;
      tenant.set(savedTenant);
      tenant.touched = savedTouched;
      savedDocuments.forEach(
          (work, copy) -> {
            work.now = copy.now;
            work.changed = copy.changed;
          });
      for (int i = 0; i < steps.size(); i++) {
        int id = steps.get(i).id;
        if (id >= 0 && ids.assigned(id) && !savedAssigned.get(i)) {
          ids.unassign(id);
        }
      }
    }
  }
}
