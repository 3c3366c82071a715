package io.tallybook.ledger.facade;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.Times;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.Identities;
import io.tallybook.ledger.storage.Snapshot;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.Rollup;
import io.tallybook.ledger.view.RollupQuery;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.ObjLongConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What one tenant can ask of one revision of the ledger. Used by the question that it was made for,
 * and not after {@link Ledger#read} has returned.
 */
public final class LedgerReader {
  /** Most items of a page of any list but entries and rollups. */
  public static final int PAGE_MAX = 100_000;

  /** The order of cells of two dimensions in which every cell has both names. */
  private static final Comparator<Cell> BY_NAMES =
      Comparator.<Cell, String>comparing(cell -> String.valueOf(cell.name(0)), Names.ORDER)
          .thenComparing(cell -> String.valueOf(cell.name(1)), Names.ORDER);

  private final Snapshot snapshot;
  private final List<ViewDefinition> views;
  private String servedBy = "";

  LedgerReader(Snapshot snapshot, ViewCatalog catalog) {
    this.snapshot = snapshot;
    this.views =
        catalog.views(
            snapshot.head().viewsRevision(),
            () -> snapshot.documents(Tenant.SYSTEM, DocumentKey.VIEW, 0, ViewDefinition.VIEWS_MAX));
  }

  /** The index or view that served the newest answer; empty for the ledger's own records. */
  String servedBy() {
    return servedBy;
  }

  /** The tenant's revision: the same answers as long as it and {@link #viewsRevision} stand. */
  public long revision() {
    return snapshot.tenant().revision();
  }

  /** The revision of the ledger at which the definition of a view last changed. */
  public long viewsRevision() {
    return snapshot.head().viewsRevision();
  }

  /** Tells this ledger from any other, such as one of memory from what it was before a restart. */
  public long identity() {
    Identities identities = new Identities(snapshot.head().key0(), snapshot.head().key1());
    identities.ofUsage(Tenant.SYSTEM, "ledger", "identity");
    return identities.high();
  }

  /** The one currency of all costs and prices. */
  public String currency() {
    return snapshot.head().currency();
  }

  /** The tenant's own record. */
  public Tenant tenant() {
    return snapshot.tenant();
  }

  /** The definitions of all views, in the order in which they were made. */
  public List<ViewDefinition> views() {
    return views;
  }

  /** The cell of a pair; null if it was never used. */
  public @Nullable Cell pair(String agent, String service) {
    return cell(ViewCatalog.pairs(views), agent, service);
  }

  /** The cell of an agent over all services; null if it never used any. */
  public @Nullable Cell agent(String agent) {
    return cell(agents(), agent);
  }

  /** The cell of a service over all agents; null if it was never used. */
  public @Nullable Cell service(String service) {
    return cell(services(), service);
  }

  /** The cell of everything; null in an empty ledger. */
  public @Nullable Cell total() {
    return cell(ViewCatalog.required(views, CellShape.OUTSTANDING, 0));
  }

  /**
   * The cells of agents that have used something, in order of first appearance.
   *
   * @param after {@link Page#next} of the page before; 0 for the first
   */
  public Page<Cell> agents(long after, int max) {
    return cells(agents(), Map.of(), after, max, cell -> true);
  }

  /** The pairs of an agent in order of first appearance, settled ones included. */
  public Page<Cell> pairsOfAgent(String agent, long after, int max) {
    return cells(
        ViewCatalog.pairs(views), Map.of(Dimension.AGENT, Set.of(agent)), after, max, cell -> true);
  }

  /** The pairs of a service that are not at 0, in order of first appearance. */
  public Page<Cell> pairsOfService(String service, long after, int max) {
    return cells(
        ViewCatalog.pairs(views),
        Map.of(Dimension.SERVICE, Set.of(service)),
        after,
        max,
        cell -> cell.outstanding() != 0);
  }

  /** All pairs in order of first appearance. */
  public Page<Cell> pairs(long after, int max) {
    return cells(ViewCatalog.pairs(views), Map.of(), after, max, cell -> true);
  }

  /**
   * Hands all pairs in order of first appearance to a visitor, settled ones included, each with its
   * number from 1; tells how many there were. Nothing is kept, however many there are.
   */
  public long eachPair(ObjLongConsumer<Cell> visitor) {
    ViewDefinition view = ViewCatalog.pairs(views);
    servedBy = view.name();
    long[] count = new long[1];
    snapshot.cells(
        CellScan.all(view),
        cell -> {
          visitor.accept(cell, ++count[0]);
          return true;
        });
    return count[0];
  }

  /**
   * The pairs of a service with most outstanding, above 0 only: greatest first, then by agent in
   * {@link Names#ORDER}.
   */
  public List<Cell> topOfService(String service, int max) {
    servedBy = ViewCatalog.pairs(views).name();
    return snapshot.top(service, bounded(max));
  }

  /** What is known of an agent's readings in a window; null if there is none. */
  public @Nullable Cell reading(String agent, String window) {
    return cell(readings(), agent, window);
  }

  /**
   * What is known of all agents' readings in some windows, by agent and then by window in {@link
   * Names#ORDER}.
   *
   * @param afterAgent with {@code afterWindow} the last of the page before; empty for the first
   */
  public List<Cell> readings(Set<String> windows, String afterAgent, String afterWindow, int max) {
    ViewDefinition view = readings();
    servedBy = view.name();
    int limit = bounded(max);
    Cell after = new Cell(Arrays.asList(afterAgent, afterWindow), Times.ABSENT, new long[0]);
    PriorityQueue<Cell> least = new PriorityQueue<>(BY_NAMES.reversed());
    snapshot.cells(
        new CellScan(view, Map.of(Dimension.WINDOW, windows), Long.MIN_VALUE, Long.MAX_VALUE, 0),
        cell -> {
          if (BY_NAMES.compare(cell, after) > 0) {
            least.add(cell);
            if (least.size() > limit) {
              least.remove();
            }
          }
          return true;
        });
    return least.stream().sorted(BY_NAMES).toList();
  }

  /** A registered service; null if there is none of that name. */
  public @Nullable Document registration(String service) {
    return snapshot.document(DocumentKey.service(tenant().name(), service));
  }

  /**
   * Registered services in the order of registration.
   *
   * @param after {@link Page#next} of the page before; 0 for the first
   */
  public Page<Document> registrations(long after, int max) {
    List<Document> found =
        snapshot.documents(tenant().name(), DocumentKey.SERVICE, after, bounded(max) + 1);
    return page(found, max, Document::ordinal);
  }

  /** What all outstanding amounts come to at the prices of now. */
  public BillingTotal billingTotal() {
    BigInteger total = BigInteger.ZERO;
    BigInteger disabled = BigInteger.ZERO;
    BigInteger priced = BigInteger.ZERO;
    long after = 0;
    do {
      Page<Document> page = registrations(after, PAGE_MAX);
      for (Document registration : page.items()) {
        Cell cell = service(registration.key().name());
        if (cell != null) {
          BigInteger units = BigInteger.valueOf(cell.outstanding());
          BigInteger billed =
              units.multiply(BigInteger.valueOf(registration.integer(Document.PRICE)));
          total = total.add(billed);
          disabled = registration.flag(Document.DISABLED) ? disabled.add(billed) : disabled;
          priced = priced.add(units);
        }
      }
      after = page.next();
    } while (after != 0);
    Cell all = total();
    BigInteger units = BigInteger.valueOf(all == null ? 0 : all.outstanding());
    return new BillingTotal(total, disabled, units.subtract(priced));
  }

  /**
   * What all outstanding amounts come to.
   *
   * @param total of all registered services
   * @param disabled the part of it that is of disabled services
   * @param unpricedUnits outstanding units of services that are not registered
   */
  public record BillingTotal(BigInteger total, BigInteger disabled, BigInteger unpricedUnits) {}

  /** Sums of usage, from a view that covers the question. */
  public Rollup rollup(RollupQuery query) {
    Rollup rollup = new RollupReading(snapshot, views).answer(query);
    servedBy = rollup.view();
    return rollup;
  }

  /** A page of entries, from the index that fits the question best. */
  public EntryPage entries(EntryQuery query) {
    EntryPage page = new EntryReading(snapshot, views).page(query);
    servedBy = page.index().label();
    return page;
  }

  /**
   * A page of what a settlement covered: the usage and the reversals whose units it stated.
   *
   * @throws LedgerException.Rejected {@link Reason#NOT_FOUND} if there is no such settlement
   */
  public EntryPage covered(long settlement, EntryQuery query) {
    EntryPage page = new EntryReading(snapshot, views).covered(settlement, query);
    servedBy = page.index().label();
    return page;
  }

  /** An entry by its sequence; null if there is none, or none to be seen. */
  public @Nullable Entry entry(long sequence) {
    servedBy = "sequence";
    return sequence < 1 ? null : snapshot.entry(sequence);
  }

  /** The sequence of the tenant's newest entry; 0 before the first. */
  public long lastSequence() {
    return snapshot.tenant().lastSequence();
  }

  /** The place before all entries in the order of a scan that begins after a sequence. */
  public static EntryMark afterSequence(long sequence) {
    return new EntryMark(0, sequence);
  }

  private ViewDefinition agents() {
    return ViewCatalog.required(views, CellShape.OUTSTANDING, 1);
  }

  private ViewDefinition readings() {
    return ViewCatalog.required(views, CellShape.READING, 2);
  }

  private ViewDefinition services() {
    return ViewCatalog.required(views, CellShape.SERVICE, 1);
  }

  private @Nullable Cell cell(ViewDefinition view, String... names) {
    servedBy = view.name();
    return snapshot.cell(view, Arrays.asList(names), Times.ABSENT);
  }

  private Page<Cell> cells(
      ViewDefinition view,
      Map<Dimension, Set<String>> filter,
      long after,
      int max,
      Predicate<Cell> wanted) {
    servedBy = view.name();
    int limit = bounded(max);
    List<Cell> found = new ArrayList<>();
    snapshot.cells(
        new CellScan(view, filter, Long.MIN_VALUE, Long.MAX_VALUE, after),
        cell -> !wanted.test(cell) || (found.add(cell) && found.size() <= limit));
    return page(found, limit, Cell::first);
  }

  private static <T> Page<T> page(
      List<T> found, int max, java.util.function.ToLongFunction<T> mark) {
    if (found.size() > max) {
      List<T> items = found.subList(0, max);
      return new Page<>(items, mark.applyAsLong(items.getLast()));
    }
    return new Page<>(found, 0);
  }

  private static int bounded(int max) {
    if (max < 1 || max > PAGE_MAX) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST, "limit", "limit must be between 1 and " + PAGE_MAX);
    }
    return max;
  }
}
