package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Commit.Identity;
import io.tallybook.ledger.infinispan.Places.Of;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdempotencyKey;
import io.tallybook.ledger.storage.IdempotencyRecord;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the ledger as of one revision: what the window has changed as it was then, and the rest
 * from rows.
 *
 * <p>A row of a later commit than the revision was written by a checkpoint, so that the commit is
 * in the log; then the window has, or can be given, what was there before it.
 */
final class Revision {
  private static final int ROWS_PER_WALK_MAX = 16;
  private static final int LOOKS_MAX = 3;

  private final SortedSets.Rows rows;
  private final Log log;
  private final Near near;
  private final Window window;
  private final Window.Question question;

  Revision(SortedSets.Rows rows, Log log, Near near, Window.Question question) {
    this.rows = rows;
    this.log = log;
    this.near = near;
    this.window = question.window();
    this.question = question;
  }

  Head head() {
    return question.state().head();
  }

  Commit.State state() {
    return question.state();
  }

  // ---- Values that change -----------------------------------------------------------------------

  Map<CellKey, long[]> cells(Collection<CellKey> keys) {
    return values(keys, window.cells, Places::cell, (key, in) -> Values.columns(in));
  }

  Tenant tenant(String name) {
    return tenants(List.of(name)).getFirst();
  }

  List<Tenant> tenants(List<String> names) {
    Map<String, Tenant> found =
        values(names, window.tenants, Places::tenant, (name, in) -> Values.tenant(in));
    return names.stream().map(name -> found.getOrDefault(name, Tenant.unknown(name))).toList();
  }

  Map<DocumentKey, Document> documents(Collection<DocumentKey> keys) {
    return values(keys, window.documents, Places::document, Values::document);
  }

  private <K, V> Map<K, V> values(
      Collection<K> keys,
      Map<K, Change<V>> changes,
      Function<K, RowKey> place,
      BiFunction<K, BytesIn, @Nullable V> decode) {
    Map<K, V> found = HashMap.newHashMap(keys.size());
    Collection<K> open = keys;
    for (int look = 0; look < LOOKS_MAX; look++) {
      Map<K, RowKey> places = new HashMap<>();
      for (K key : open) {
        Change<V> change = changes.get(key);
        if (change == null) {
          places.put(key, place.apply(key));
        } else {
          V value = change.at(question.revision());
          if (value != null) {
            found.put(key, value);
          }
        }
      }
      if (places.isEmpty()) {
        question.requireCurrent();
        return found;
      }
      Map<RowKey, Row> there = rows.rows(places.values());
      List<K> later = new ArrayList<>();
      places.forEach(
          (key, rowKey) -> {
            Row row = there.get(rowKey);
            if (row != null && row.stamp() > question.revision()) {
              later.add(key);
            } else if (row != null) {
              V value = decode.apply(key, new BytesIn(row.value()));
              if (value != null) {
                found.put(key, value);
              }
            }
          });
      question.requireCurrent();
      if (later.isEmpty()) {
        return found;
      }
      // Another node has written rows of commits that this one has not seen yet.
      log.look();
      open = later;
    }
    throw new LedgerException.Unavailable(
        "Rows of the ledger in the grid are newer than its log", true, null);
  }

  List<ViewDefinition> views() {
    return near.views().views(head().viewsRevision(), this::viewDocuments);
  }

  List<Document> viewDocuments() {
    return documents(Tenant.SYSTEM, DocumentKey.VIEW, 0, ViewDefinition.VIEWS_MAX);
  }

  /** Documents of a tenant and kind by ordinal, after one. */
  List<Document> documents(String tenant, String kind, long afterOrdinal, int max) {
    RowKey set = Places.set(Of.DOCUMENTS, tenant, kind);
    Iterator<SortedSets.Item> items =
        items(set, OrderedLongs.ascending(afterOrdinal + 1), true, null, false);
    List<Document> documents = new ArrayList<>();
    while (items.hasNext() && documents.size() < max) {
      Map<Long, DocumentKey> named = new HashMap<>();
      List<Long> ordinals = new ArrayList<>();
      while (items.hasNext() && ordinals.size() < max - documents.size()) {
        byte[] item = items.next().key();
        long ordinal = OrderedLongs.decode(item, 0);
        ordinals.add(ordinal);
        named.put(ordinal, new DocumentKey(tenant, kind, Places.name(item)));
      }
      Map<DocumentKey, Document> found = documents(named.values());
      for (long ordinal : ordinals) {
        Document document = found.get(Objects.requireNonNull(named.get(ordinal)));
        // One that was deleted, or is not there yet, or has another ordinal since, is no more here.
        if (document != null && document.ordinal() == ordinal) {
          documents.add(document);
        }
      }
    }
    return documents;
  }

  // ---- What stays -------------------------------------------------------------------------------

  /** Entries of a tenant by their sequences, all of which exist. */
  Map<Long, Entry> entries(String tenant, Collection<Long> sequences) {
    Map<Long, Entry> found = HashMap.newHashMap(sequences.size());
    Map<RowKey, List<Long>> inRows = new HashMap<>();
    for (long sequence : sequences) {
      Entry entry = window.entry(tenant, sequence);
      if (entry == null) {
        inRows
            .computeIfAbsent(Places.entries(tenant, sequence), key -> new ArrayList<>())
            .add(sequence);
      } else {
        found.put(sequence, entry);
      }
    }
    if (!inRows.isEmpty()) {
      Map<RowKey, Row> there = rows.rows(inRows.keySet());
      inRows.forEach(
          (key, wanted) -> {
            Row row = there.get(key);
            if (row != null) {
              EntryRow.read(row.value(), wanted, found);
            }
          });
    }
    question.requireCurrent();
    for (long sequence : sequences) {
      if (!found.containsKey(sequence)) {
        throw new LedgerException.Unavailable(
            "The grid has lost an entry of the ledger", true, null);
      }
    }
    return found;
  }

  /** What was recorded under identities; nothing for those that are unknown. */
  Map<RowKey, Identity> identities(Map<RowKey, Identity> asked) {
    Map<RowKey, Identity> found = new HashMap<>();
    Set<RowKey> inRows = new TreeSet<>();
    asked.forEach(
        (key, id) -> {
          Identity known = window.identity(id.high(), id.low());
          if (known == null) {
            inRows.add(key);
          } else {
            found.put(key, known);
          }
        });
    if (!inRows.isEmpty()) {
      rows.rows(inRows)
          .forEach(
              (key, row) -> {
                Identity id = Objects.requireNonNull(asked.get(key));
                BytesIn in = new BytesIn(row.value());
                found.put(key, new Identity(id.high(), id.low(), in.count(), in.number()));
              });
    }
    question.requireCurrent();
    return found;
  }

  /** What was answered under idempotency keys; nothing for those that are unknown. */
  Map<IdempotencyKey, IdempotencyRecord> answers(Collection<IdempotencyKey> keys) {
    Map<IdempotencyKey, IdempotencyRecord> found = new HashMap<>();
    for (Row row : rows.rows(keys.stream().map(Places::answer).toList()).values()) {
      IdempotencyRecord answer = Values.answer(new BytesIn(row.value()));
      found.put(answer.key(), answer);
    }
    for (IdempotencyKey key : keys) {
      IdempotencyRecord newer = window.answer(key);
      if (newer != null) {
        found.put(key, newer);
      }
    }
    question.requireCurrent();
    return found;
  }

  // ---- Sorted sets ------------------------------------------------------------------------------

  /**
   * The items of a set, of which those of later revisions may be among them.
   *
   * @param from where to begin; null for the end that comes first
   * @param to where to end, exclusive; null for the other end
   */
  Iterator<SortedSets.Item> items(
      RowKey set,
      byte @Nullable [] from,
      boolean inclusive,
      byte @Nullable [] to,
      boolean descending) {
    if (from != null && to != null && Arrays.compareUnsigned(from, to) >= 0 != descending) {
      return Collections.emptyIterator();
    }
    Iterator<SortedSets.Item> there =
        SortedSets.walk(rows, set, from, inclusive, to, descending, ROWS_PER_WALK_MAX);
    return new MergedItems(
        there, window.items(set), set, from, inclusive, to, descending, question);
  }

  /** The pairs of a service as rows have them: the best first, those with an amount at least. */
  SetWalk topRows(RowKey set, long least) {
    byte[] to = OrderedLongs.descending(least - 1);
    return new SetWalk(rows, set, near.path(set), null, true, to, false, ROWS_PER_WALK_MAX);
  }

  /** Takes note of the way of a walk that was begun at the first item of a set. */
  void remember(RowKey set, SetWalk walk) {
    near.remember(set, walk.path());
  }

  /** Whether a commit of the window has changed a cell, so that rows may not tell of it. */
  boolean isChanged(CellKey key) {
    return window.cells.containsKey(key);
  }

  /** The best of those pairs of a service that are changed in the window, but not since. */
  Map<CellKey, long[]> bestChanged(RowKey set, int max) {
    return cells(window.best(set, question.revision(), max));
  }

  /** The pairs of a service that were changed since, as they were. */
  Map<CellKey, long[]> changedSince(RowKey set) {
    return cells(window.changedAfter(question.revision(), set));
  }

  /** Takes in what other nodes have committed, so that what they change in rows is known. */
  void look() {
    log.look();
    question.requireCurrent();
  }
}
