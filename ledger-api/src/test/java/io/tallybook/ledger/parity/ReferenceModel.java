package io.tallybook.ledger.parity;

import static java.math.BigInteger.ONE;
import static java.math.BigInteger.ZERO;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reading;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Submission;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.UsageEvent;
import io.tallybook.ledger.view.Bucket;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.RollupRow;
import io.tallybook.ledger.view.ViewDefinition;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a ledger means, said a second time and as plainly as it can be: a list of lines, and every
 * answer computed from all of them. It shares no arithmetic with the commit planner and keeps no
 * sums.
 */
final class ReferenceModel {
  static final Comparator<String> BYTES =
      (a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

  private static final long HOUR = 3_600_000_000L;

  private record Line(String tenant, Entry entry) {}

  private record Sent(Object what, long sequence) {}

  private record Answer(String fingerprint, List<Outcome> outcomes) {}

  private final long entriesMax;
  private List<Line> lines = new ArrayList<>();
  private Map<List<Object>, Sent> sent = new HashMap<>();
  private Map<DocumentKey, Document> documents = new HashMap<>();
  private final Map<List<String>, Answer> answers = new HashMap<>();
  private final Map<String, Long> revisions = new HashMap<>();
  private Set<String> touched = new HashSet<>();
  private long ordinal;
  private long revision;
  private long lastRecordedAt;
  private long now;

  ReferenceModel(long entriesMax) {
    this.entriesMax = entriesMax;
  }

  // ---- Commands ---------------------------------------------------------------------------------

  /** Does what a group says, at a time of the clock. */
  List<Receipt> commit(List<Request> group, long clock) {
    now = Math.max(clock, lastRecordedAt);
    int answersBefore = answers.size();
    long ordinalBefore = ordinal;
    List<List<Outcome>> outcomes = new ArrayList<>();
    List<Boolean> replayed = new ArrayList<>();
    for (Request request : group) {
      List<String> key = Arrays.asList(request.tenant(), request.idempotencyKey());
      Answer answer = request.idempotencyKey() == null ? null : answers.get(key);
      replayed.add(answer != null && answer.fingerprint.equals(request.fingerprint()));
      if (answer == null) {
        outcomes.add(decide(request, key));
      } else if (replayed.getLast()) {
        outcomes.add(answer.outcomes);
      } else {
        outcomes.add(
            Collections.nCopies(request.commands().size(), rejected(Reason.IDEMPOTENCY_CONFLICT)));
      }
    }
    if (!touched.isEmpty() || answers.size() > answersBefore) {
      revision++;
      lastRecordedAt = now;
    }
    touched.forEach(tenant -> revisions.merge(tenant, 1L, Long::sum));
    touched = new HashSet<>();
    documents.replaceAll((key, document) -> fenced(document, ordinalBefore));
    for (List<Outcome> each : outcomes) {
      for (int i = 0; i < each.size(); i++) {
        Outcome o = each.get(i);
        if (o.document() != null) {
          each.set(i, documented(o.sequence(), fenced(o.document(), ordinalBefore)));
        }
      }
    }
    List<Receipt> receipts = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      receipts.add(new Receipt(revision, replayed.get(i), outcomes.get(i)));
    }
    return receipts;
  }

  private Document fenced(Document document, long ordinalBefore) {
    if (!document.key().kind().equals(DocumentKey.VIEW)
        || document.ordinal() <= ordinalBefore
        || lines.isEmpty()) {
      return document;
    }
    ViewDefinition building =
        ViewDefinition.of(document).in(ViewDefinition.State.BUILDING, lines.size());
    return new Document(document.key(), document.revision(), document.ordinal(), building.fields());
  }

  private List<Outcome> decide(Request request, List<String> key) {
    List<Line> linesBefore = new ArrayList<>(lines);
    Map<List<Object>, Sent> sentBefore = new HashMap<>(sent);
    Map<DocumentKey, Document> documentsBefore = new HashMap<>(documents);
    Set<String> touchedBefore = new HashSet<>(touched);
    long ordinalBefore = ordinal;
    List<Outcome> outcomes = new ArrayList<>();
    for (Command command : request.commands()) {
      outcomes.add(decide(request.tenant(), command));
    }
    boolean undone = request.atomic() && outcomes.stream().anyMatch(Outcome::refused);
    Predicate<Outcome> isFull = outcome -> outcome.reason() == Reason.STORE_CAPACITY_EXCEEDED;
    boolean kept =
        undone ? outcomes.stream().noneMatch(isFull) : !outcomes.stream().allMatch(isFull);
    if (undone) {
      lines = linesBefore;
      sent = sentBefore;
      documents = documentsBefore;
      touched = touchedBefore;
      ordinal = ordinalBefore;
      outcomes.replaceAll(outcome -> outcome.refused() ? outcome : rejected(Reason.CONFLICT));
    }
    if (request.idempotencyKey() != null && kept) {
      answers.put(key, new Answer(request.fingerprint(), outcomes));
    }
    return outcomes;
  }

  private Outcome decide(String tenant, Command command) {
    return switch (command) {
      case Command.Record(UsageEvent event) -> usage(tenant, event);
      case Command.Record(Reading reading) -> reading(tenant, reading);
      case Command.Settle(String agent, String service) ->
          isPair(tenant, agent, service)
              ? settle(tenant, List.of(new Pair(agent, service)), false)
              : stated(0, List.of(statement(service, 0, price(tenant, service), 0)));
      case Command.SettleAgent(String agent) ->
          settle(
              tenant,
              all(tenant, usageOf(agent, null))
                  .map(e -> new Pair(agent, String.valueOf(e.service())))
                  .distinct()
                  .toList(),
              true);
      case Command.SettleService(String service, List<String> agents) ->
          all(tenant, e -> service.equals(e.service()) && e.agent() != null)
                  .map(e -> String.valueOf(e.agent()))
                  .anyMatch(a -> !agents.contains(a) && outstanding(tenant, a, service) != 0)
              ? outcome(Status.CONFLICT, 0, 0, Reason.CONFLICT)
              : settle(
                  tenant,
                  agents.stream()
                      .filter(agent -> isPair(tenant, agent, service))
                      .map(agent -> new Pair(agent, service))
                      .toList(),
                  true);
      case Command.Reset(String agent, String service) -> reset(tenant, agent, service);
      case Command.Reverse(long sequence, Command.Reverse.At at) -> reverse(tenant, sequence, at);
      case Command.PutDocument put -> put(tenant, put);
      case Command.DeleteDocument delete -> delete(tenant, delete);
      default -> rejected(Reason.UNSUPPORTED_COMMAND);
    };
  }

  private Outcome usage(String tenant, UsageEvent e) {
    List<Object> identity =
        e.id() == null ? null : Arrays.asList("usage", tenant, e.source(), e.id());
    Outcome refusal = submitted(tenant, identity, e, e.time());
    if (refusal != null) {
      return refusal;
    }
    Document service = documents.get(DocumentKey.service(tenant, e.service()));
    if (service != null && "true".equals(service.fields().get("disabled"))) {
      return rejected(Reason.SERVICE_DISABLED);
    }
    return append(
        tenant,
        identity,
        e,
        new Entry(
            position(),
            next(tenant),
            EntryKind.USAGE,
            now,
            time(e.time()),
            e.source(),
            e.id(),
            e.organization(),
            e.agent(),
            e.service(),
            e.type(),
            null,
            e.units(),
            e.cost(),
            0,
            true,
            0,
            0,
            null,
            e.attributes()));
  }

  private Outcome reading(String tenant, Reading r) {
    List<Object> identity = r.id() == null ? null : List.of("reading", tenant, r.id());
    Outcome refusal = submitted(tenant, identity, r, r.time());
    if (refusal != null) {
      return refusal;
    }
    return append(
        tenant,
        identity,
        r,
        new Entry(
            position(),
            next(tenant),
            EntryKind.READING,
            now,
            time(r.time()),
            null,
            r.id(),
            r.organization(),
            r.agent(),
            null,
            null,
            r.window(),
            0,
            0,
            r.value(),
            false,
            0,
            0,
            null,
            r.attributes()));
  }

  private @Nullable Outcome submitted(
      String tenant, @Nullable List<Object> identity, Submission what, long time) {
    Sent first = identity == null ? null : sent.get(identity);
    if (first != null && first.what.equals(what)) {
      return outcome(
          Status.DUPLICATE,
          first.sequence,
          outstanding(tenant, entry(tenant, first.sequence)),
          null);
    }
    if (first != null) {
      return outcome(Status.CONFLICT, first.sequence, 0, Reason.CONFLICT);
    }
    boolean isTimely = time == Times.ABSENT || (time >= 0 && time <= now + HOUR);
    return isTimely ? null : rejected(Reason.INVALID_REQUEST);
  }

  /** Adds an entry, unless there is no room or a sum would not fit. */
  private Outcome append(String tenant, @Nullable List<Object> identity, Object what, Entry entry) {
    if (lines.size() >= entriesMax) {
      return rejected(Reason.STORE_CAPACITY_EXCEEDED);
    }
    lines.add(new Line(tenant, entry));
    if (!allFit(tenant)) {
      lines.removeLast();
      return rejected(Reason.SUM_OVERFLOW);
    }
    touched.add(tenant);
    if (identity != null) {
      sent.put(identity, new Sent(what, entry.sequence()));
    }
    return outcome(Status.RECORDED, entry.sequence(), outstanding(tenant, entry), null);
  }

  private record Pair(String agent, String service) {}

  private Outcome settle(String tenant, List<Pair> pairs, boolean bulk) {
    if (pairs.size() > 10_000) {
      return rejected(Reason.TOO_MANY_PAIRS);
    }
    if (lines.size() + pairs.size() > entriesMax) {
      return rejected(Reason.STORE_CAPACITY_EXCEEDED);
    }
    int before = lines.size();
    List<Outcome.Statement> statements = new ArrayList<>();
    for (Pair pair : pairs) {
      String agent = pair.agent;
      String service = pair.service;
      long units = outstanding(tenant, agent, service);
      long price = price(tenant, service);
      long closed =
          all(tenant, e -> isClosing(e, agent, service)).mapToLong(Entry::sequence).max().orElse(0);
      long from =
          closed > 0
              ? closed + 1
              : all(tenant, usageOf(agent, service)).findFirst().orElseThrow().sequence();
      statements.add(statement(service, units, price, next(tenant)));
      Entry.Settlement settlement =
          new Entry.Settlement(price, statements.getLast().billed(), from, next(tenant) - 1, bulk);
      lines.add(
          new Line(
              tenant, closing(tenant, EntryKind.SETTLEMENT, agent, service, units, settlement)));
    }
    if (!allFit(tenant)) {
      lines.subList(before, lines.size()).clear();
      return rejected(Reason.SUM_OVERFLOW);
    }
    if (!pairs.isEmpty()) {
      touched.add(tenant);
    }
    return stated(pairs.isEmpty() ? 0 : next(tenant) - 1, statements);
  }

  private Outcome reset(String tenant, String agent, String service) {
    if (!isPair(tenant, agent, service)) {
      return rejected(Reason.NOT_FOUND);
    }
    long units = outstanding(tenant, agent, service);
    Outcome outcome =
        append(tenant, null, "", closing(tenant, EntryKind.RESET, agent, service, units, null));
    return outcome.refused()
        ? outcome
        : stated(
            outcome.sequence(),
            List.of(new Outcome.Statement(service, units, 0, ZERO, outcome.sequence())));
  }

  private Entry closing(
      String tenant,
      EntryKind kind,
      String agent,
      String service,
      long units,
      Entry.@Nullable Settlement settlement) {
    return new Entry(
        position(),
        next(tenant),
        kind,
        now,
        now,
        null,
        null,
        null,
        agent,
        service,
        null,
        null,
        units,
        0,
        0,
        false,
        0,
        0,
        settlement,
        Map.of());
  }

  private Outcome reverse(String tenant, long sequence, Command.Reverse.At at) {
    List<Object> identity = List.of("reversal", tenant, sequence);
    Sent first = sent.get(identity);
    if (first != null) {
      return outcome(Status.CONFLICT, first.sequence, 0, Reason.CONFLICT);
    }
    if (sequence < 1 || sequence >= next(tenant)) {
      return rejected(Reason.NOT_FOUND);
    }
    Entry original = entry(tenant, sequence);
    if (original.kind() != EntryKind.USAGE) {
      return outcome(Status.CONFLICT, sequence, 0, Reason.CONFLICT);
    }
    Predicate<Entry> closesIt =
        e -> isClosing(e, original.agent(), original.service()) && e.sequence() > sequence;
    boolean wasReset = all(tenant, closesIt).anyMatch(e -> e.kind() == EntryKind.RESET);
    long settledBy =
        all(tenant, closesIt)
            .findFirst()
            .filter(e -> e.kind() == EntryKind.SETTLEMENT)
            .map(Entry::sequence)
            .orElse(0L);
    return append(
        tenant,
        identity,
        "",
        new Entry(
            position(),
            next(tenant),
            EntryKind.REVERSAL,
            now,
            at == Command.Reverse.At.NOW ? now : original.time(),
            null,
            null,
            original.organization(),
            original.agent(),
            original.service(),
            original.type(),
            null,
            -original.units(),
            -original.cost(),
            0,
            !wasReset,
            sequence,
            settledBy,
            null,
            original.attributes()));
  }

  private Outcome put(String tenant, Command.PutDocument put) {
    Document before = documents.get(put.key());
    long expected = put.expectedRevision();
    if (before == null && (expected == Command.PutDocument.PRESENT || expected > 0)) {
      return rejected(Reason.NOT_FOUND);
    }
    if (before != null && expected >= 0 && expected != before.revision()) {
      return outcome(Status.CONFLICT, 0, 0, Reason.CONFLICT);
    }
    if (put.act() != null && lines.size() >= entriesMax) {
      return rejected(Reason.STORE_CAPACITY_EXCEEDED);
    }
    Map<String, String> fields = new TreeMap<>(before == null ? Map.of() : before.fields());
    fields.keySet().removeAll(put.clear());
    fields.putAll(put.set());
    Document after =
        before == null
            ? new Document(put.key(), 1, ++ordinal, fields)
            : new Document(put.key(), before.revision() + 1, before.ordinal(), fields);
    documents.put(put.key(), after);
    return documented(tenant, put.act(), after);
  }

  private Outcome delete(String tenant, Command.DeleteDocument delete) {
    Document before = documents.get(delete.key());
    if (before == null) {
      return rejected(Reason.NOT_FOUND);
    }
    if (delete.expectedRevision() >= 0 && delete.expectedRevision() != before.revision()) {
      return outcome(Status.CONFLICT, 0, 0, Reason.CONFLICT);
    }
    if (delete.act() != null && lines.size() >= entriesMax) {
      return rejected(Reason.STORE_CAPACITY_EXCEEDED);
    }
    documents.remove(delete.key());
    return documented(tenant, delete.act(), before);
  }

  private Outcome documented(String tenant, @Nullable Act act, Document document) {
    touched.add(tenant);
    long sequence = 0;
    if (act != null) {
      sequence = next(tenant);
      lines.add(
          new Line(
              tenant,
              new Entry(
                  position(),
                  sequence,
                  EntryKind.ACT,
                  now,
                  now,
                  null,
                  null,
                  null,
                  null,
                  act.service(),
                  act.type(),
                  null,
                  0,
                  0,
                  0,
                  false,
                  0,
                  0,
                  null,
                  act.attributes())));
    }
    return documented(sequence, document);
  }

  private static Outcome documented(long sequence, Document document) {
    return new Outcome(Status.RECORDED, sequence, 0, List.of(), document, null, null);
  }

  private boolean allFit(String tenant) {
    BigInteger size = ZERO;
    for (Line line : lines) {
      Entry e = line.entry;
      size = size.add(big(e.units()).abs()).add(big(e.cost()).abs()).add(big(e.value()).abs());
    }
    if (size.bitLength() < 63) {
      return true;
    }
    return lifetimeUnits(tenant).bitLength() <= 63
        && views().stream()
            .flatMap(view -> sums(tenant, view).values().stream())
            .flatMap(Arrays::stream)
            .allMatch(sum -> sum.bitLength() <= 63);
  }

  private long position() {
    return lines.size() + 1L;
  }

  private long next(String tenant) {
    return all(tenant, e -> true).count() + 1;
  }

  private long time(long time) {
    return time == Times.ABSENT ? now : time;
  }

  private long price(String tenant, String service) {
    Document document = documents.get(DocumentKey.service(tenant, service));
    return document == null ? 0 : Long.parseLong(document.fields().getOrDefault("price", "0"));
  }

  private static Outcome.Statement statement(
      String service, long units, long price, long sequence) {
    return new Outcome.Statement(service, units, price, big(units).multiply(big(price)), sequence);
  }

  private static Outcome stated(long sequence, List<Outcome.Statement> statements) {
    return new Outcome(Status.RECORDED, sequence, 0, statements, null, null, null);
  }

  private static Outcome rejected(Reason reason) {
    return outcome(Status.REJECTED, 0, 0, reason);
  }

  private static Outcome outcome(
      Status status, long sequence, long outstanding, @Nullable Reason reason) {
    return new Outcome(status, sequence, outstanding, List.of(), null, reason, null);
  }

  // ---- Questions --------------------------------------------------------------------------------

  long revision() {
    return revision;
  }

  long lastPosition() {
    return lines.size();
  }

  Set<String> tenants() {
    Set<String> names = new HashSet<>(revisions.keySet());
    names.add(Tenant.SYSTEM);
    return names;
  }

  Tenant tenant(String name) {
    List<Entry> settlements = all(name, e -> e.kind() == EntryKind.SETTLEMENT).toList();
    List<Entry> usage = all(name, ReferenceModel::isUsage).toList();
    return new Tenant(
        name,
        revisions.getOrDefault(name, 0L),
        next(name) - 1,
        usage.stream().map(Entry::agent).distinct().count(),
        usage.stream().map(Entry::service).distinct().count(),
        usage.stream().map(ReferenceModel::pairOf).distinct().count(),
        owed(name).values().stream().filter(sum -> sum.signum() > 0).count(),
        lifetimeUnits(name).longValueExact(),
        settlements.size(),
        settlements.stream()
            .map(e -> big(e.units()).multiply(big(settlement(e).price())))
            .reduce(ZERO, BigInteger::add));
  }

  private BigInteger lifetimeUnits(String tenant) {
    return all(tenant, e -> e.kind() == EntryKind.USAGE && e.units() > 0)
        .map(e -> big(e.units()))
        .reduce(ZERO, BigInteger::add);
  }

  List<Document> documents(String tenant, String kind) {
    return documents.values().stream()
        .filter(d -> d.key().tenant().equals(tenant) && d.key().kind().equals(kind))
        .sorted(Comparator.comparingLong(Document::ordinal))
        .toList();
  }

  List<ViewDefinition> views() {
    return documents(Tenant.SYSTEM, DocumentKey.VIEW).stream().map(ViewDefinition::of).toList();
  }

  /** The entries that a filter lets through, in an order. */
  List<Entry> entries(String tenant, EntryFilter filter, boolean byTime, boolean descending) {
    Comparator<Entry> order = Comparator.comparingLong(e -> byTime ? e.time() : 0);
    order = order.thenComparingLong(Entry::sequence);
    return all(tenant, e -> lets(filter, e)).sorted(descending ? order.reversed() : order).toList();
  }

  private static boolean lets(EntryFilter f, Entry e) {
    String words = " " + String.join(" ", e.attributes().values()).toLowerCase(Locale.ROOT) + " ";
    return lets(f.organizations(), Objects.requireNonNullElse(e.organization(), "none"))
        && lets(f.agents(), e.agent())
        && lets(f.services(), e.service())
        && lets(f.types(), e.type())
        && lets(f.sources(), e.source())
        && lets(f.ids(), e.id())
        && (f.kinds().isEmpty() || f.kinds().contains(e.kind()))
        && f.from() <= e.time()
        && e.time() < f.to()
        && f.minSequence() <= e.sequence()
        && e.sequence() <= f.maxSequence()
        && f.attributes().entrySet().stream()
            .allMatch(a -> lets(a.getValue(), e.attributes().get(a.getKey())))
        && f.words().stream()
            .allMatch(w -> words.matches(".*[^\\p{L}\\p{N}]\\Q" + w + "\\E[^\\p{L}\\p{N}].*"));
  }

  private static boolean lets(Set<String> names, @Nullable String name) {
    return names.isEmpty() || names.stream().anyMatch(n -> n.equals(name));
  }

  /** All cells of a view in order of first appearance. */
  List<Cell> cells(String tenant, ViewDefinition view) {
    List<Cell> cells = new ArrayList<>();
    sums(tenant, view)
        .forEach(
            (group, sums) ->
                cells.add(
                    new Cell(
                        group.names,
                        group.start,
                        Arrays.stream(sums).mapToLong(BigInteger::longValueExact).toArray())));
    return cells;
  }

  private record Group(List<@Nullable String> names, long start) {}

  private Map<Group, BigInteger[]> sums(String tenant, ViewDefinition view) {
    Map<Group, BigInteger[]> cells = new LinkedHashMap<>();
    boolean ofReadings = view.source() == ViewDefinition.Source.READINGS;
    boolean isPairs =
        view.outstanding() && view.groupBy().equals(List.of(Dimension.AGENT, Dimension.SERVICE));
    boolean isServices = view.outstanding() && view.groupBy().equals(List.of(Dimension.SERVICE));
    for (Entry e : all(tenant, e -> e.position() > view.fence()).toList()) {
      boolean counts = ofReadings ? e.kind() == EntryKind.READING : isUsage(e);
      boolean moves = view.outstanding() && owed(e).signum() != 0;
      boolean closes = view.outstanding() && isClosing(e, e.agent(), e.service());
      if ((!counts && !moves && !closes) || !isOf(view.filter(), e)) {
        continue;
      }
      Group group = group(view.groupBy(), view.bucket(), e);
      BigInteger[] sums = cells.get(group);
      if (sums == null) {
        int width = ofReadings ? 8 : isPairs ? 7 : isServices ? 6 : view.outstanding() ? 5 : 4;
        sums = new BigInteger[width];
        Arrays.fill(sums, ZERO);
        sums[3] = big(e.sequence());
        cells.put(group, sums);
      }
      if (ofReadings) {
        boolean first = sums[0].equals(ZERO);
        sums[1] = sums[1].add(big(e.value()));
        sums[2] = first ? big(e.value()) : sums[2].min(big(e.value()));
        sums[4] = first ? big(e.value()) : sums[4].max(big(e.value()));
        if (first || e.time() >= sums[6].longValue()) {
          sums[5] = big(e.value());
          sums[6] = big(e.time());
          sums[7] = big(e.sequence());
        }
      } else if (counts) {
        sums[1] = sums[1].add(big(e.units()));
        sums[2] = sums[2].add(big(e.cost()));
      }
      if (counts) {
        sums[0] = e.kind() == EntryKind.REVERSAL ? sums[0].subtract(ONE) : sums[0].add(ONE);
      }
      if (view.outstanding()) {
        sums[4] = sums[4].add(owed(e));
      }
      if (isPairs && closes) {
        sums[5] = big(e.sequence());
        sums[6] = e.kind() == EntryKind.RESET ? sums[5] : sums[6];
      }
    }
    if (isServices) {
      owed(tenant)
          .forEach(
              (pair, sum) -> {
                BigInteger[] sums = cells.get(new Group(List.of(pair.get(1)), Times.ABSENT));
                if (sums != null && sum.signum() > 0) {
                  sums[5] = sums[5].add(ONE);
                }
              });
    }
    return cells;
  }

  /** The rows of a rollup by brute force, in its order; all of them. Null if a sum does not fit. */
  @Nullable List<RollupRow> rollup(String tenant, RollupQuery q, boolean hasOutstanding) {
    Map<Group, BigInteger[]> groups = new LinkedHashMap<>();
    Predicate<Entry> counted =
        e ->
            q.from() <= e.time()
                && e.time() < q.to()
                && q.filter().entrySet().stream()
                    .allMatch(f -> lets(f.getValue(), nameOf(f.getKey(), e)));
    for (Entry e : all(tenant, e -> true).toList()) {
      boolean moves = hasOutstanding && isClosing(e, e.agent(), e.service());
      if ((isUsage(e) || moves) && counted.test(e)) {
        BigInteger[] sums =
            groups.computeIfAbsent(
                group(q.groupBy(), q.bucket(), e),
                g -> new BigInteger[] {ZERO, ZERO, ZERO, ZERO, big(e.sequence())});
        sums[3] = sums[3].add(owed(e));
        if (isUsage(e)) {
          sums[0] = e.kind() == EntryKind.REVERSAL ? sums[0].subtract(ONE) : sums[0].add(ONE);
          sums[1] = sums[1].add(big(e.units()));
          sums[2] = sums[2].add(big(e.cost()));
        }
      }
    }
    if (groups.values().stream().flatMap(Arrays::stream).anyMatch(sum -> sum.bitLength() > 63)) {
      return null;
    }
    List<RollupRow> rows = new ArrayList<>();
    groups.forEach((group, sums) -> rows.add(row(group, sums, hasOutstanding)));
    Comparator<RollupRow> byName =
        (a, b) -> {
          for (int i = 0; i < a.names().size(); i++) {
            int order = Comparator.nullsFirst(BYTES).compare(a.names().get(i), b.names().get(i));
            if (order != 0) {
              return order;
            }
          }
          return Long.compare(a.start(), b.start());
        };
    Comparator<RollupRow> order =
        switch (q.order()) {
          case NAME -> byName;
          case FIRST -> Comparator.comparingLong(RollupRow::first);
          case TOP ->
              Comparator.comparing((RollupRow row) -> big(row.value(q.measure())))
                  .reversed()
                  .thenComparing(byName);
        };
    rows.sort(order);
    return rows;
  }

  @SuppressWarnings("NullAway") // which does not see in the class file that names may be null
  private static RollupRow row(Group group, BigInteger[] sums, boolean hasOutstanding) {
    return new RollupRow(
        group.names,
        group.start,
        sums[0].longValueExact(),
        sums[1].longValueExact(),
        sums[2].longValueExact(),
        hasOutstanding ? sums[3].longValueExact() : 0,
        sums[4].longValueExact());
  }

  private static Group group(List<Dimension> groupBy, Bucket bucket, Entry e) {
    List<@Nullable String> names = new ArrayList<>();
    groupBy.forEach(dimension -> names.add(dimension.of(e)));
    ZonedDateTime time = Times.instant(e.time()).atZone(ZoneOffset.UTC);
    long start =
        switch (bucket) {
          case NONE -> Times.ABSENT;
          case HOUR -> Times.of(time.truncatedTo(ChronoUnit.HOURS).toInstant());
          case DAY -> Times.of(time.truncatedTo(ChronoUnit.DAYS).toInstant());
          case MONTH -> Times.of(time.truncatedTo(ChronoUnit.DAYS).withDayOfMonth(1).toInstant());
        };
    return new Group(names, start);
  }

  private static boolean isOf(Map<Dimension, String> filter, Entry e) {
    return filter.entrySet().stream().allMatch(f -> f.getValue().equals(nameOf(f.getKey(), e)));
  }

  private static @Nullable String nameOf(Dimension dimension, Entry e) {
    String name = dimension.of(e);
    return name == null && dimension.equals(Dimension.ORGANIZATION) ? "none" : name;
  }

  private long outstanding(String tenant, Entry e) {
    return e.agent() == null || e.service() == null
        ? 0
        : outstanding(tenant, e.agent(), e.service());
  }

  private long outstanding(String tenant, String agent, String service) {
    return owedBy(tenant, agent, service).longValueExact();
  }

  private BigInteger owedBy(String tenant, @Nullable String agent, @Nullable String service) {
    return all(
            tenant, e -> Objects.equals(e.agent(), agent) && Objects.equals(e.service(), service))
        .map(ReferenceModel::owed)
        .reduce(ZERO, BigInteger::add);
  }

  /** What each pair has outstanding. */
  private Map<List<String>, BigInteger> owed(String tenant) {
    Map<List<String>, BigInteger> owed = new HashMap<>();
    all(tenant, e -> e.agent() != null && e.service() != null)
        .forEach(e -> owed.merge(pairOf(e), owed(e), BigInteger::add));
    return owed;
  }

  /** What an entry adds to its pair's outstanding amount. */
  private static BigInteger owed(Entry e) {
    return switch (e.kind()) {
      case USAGE, REVERSAL -> e.billable() ? big(e.units()) : ZERO;
      case SETTLEMENT, RESET -> big(e.units()).negate();
      case READING, ACT -> ZERO;
    };
  }

  private boolean isPair(String tenant, String agent, String service) {
    return all(tenant, usageOf(agent, service)).findAny().isPresent();
  }

  private static Predicate<Entry> usageOf(String agent, @Nullable String service) {
    return e ->
        isUsage(e) && agent.equals(e.agent()) && (service == null || service.equals(e.service()));
  }

  private static boolean isUsage(Entry e) {
    return e.kind() == EntryKind.USAGE || e.kind() == EntryKind.REVERSAL;
  }

  private static boolean isClosing(Entry e, @Nullable String agent, @Nullable String service) {
    return (e.kind() == EntryKind.SETTLEMENT || e.kind() == EntryKind.RESET)
        && Objects.equals(e.agent(), agent)
        && Objects.equals(e.service(), service);
  }

  private static List<String> pairOf(Entry e) {
    return Stream.of(e.agent(), e.service()).map(Objects::requireNonNull).toList();
  }

  private static Entry.Settlement settlement(Entry e) {
    return Objects.requireNonNull(e.settlement());
  }

  private Entry entry(String tenant, long sequence) {
    return all(tenant, e -> e.sequence() == sequence).findFirst().orElseThrow();
  }

  private Stream<Entry> all(String tenant, Predicate<Entry> wanted) {
    return lines.stream().filter(l -> l.tenant.equals(tenant)).map(Line::entry).filter(wanted);
  }

  private static BigInteger big(long number) {
    return BigInteger.valueOf(number);
  }

  /** A model of entries that were made elsewhere, for questions only. */
  static ReferenceModel of(String tenant, List<Entry> entries, List<Document> views) {
    ReferenceModel model = new ReferenceModel(Long.MAX_VALUE);
    entries.forEach(entry -> model.lines.add(new Line(tenant, entry)));
    views.forEach(view -> model.documents.put(view.key(), view));
    return model;
  }
}
