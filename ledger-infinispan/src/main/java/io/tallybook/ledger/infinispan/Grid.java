package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.infinispan.GridSchema.StoredLogged;
import io.tallybook.ledger.infinispan.GridSchema.StoredRow;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.infinispan.client.hotrod.Flag;
import org.infinispan.client.hotrod.MetadataValue;
import org.infinispan.client.hotrod.RemoteCache;
import org.jspecify.annotations.Nullable;

/**
 * The calls to the grid: a cache for the log and one for rows. Nothing of Hot Rod is known outside
 * of it.
 *
 * <p>A call that was given up, or that a paused server or client still has, may be executed at any
 * time later. So none overwrites blindly: commits and new rows are put where nothing is, the mark
 * and rows that are there are compared and set by their version.
 *
 * <p>Each call is bounded in time, also the many that {@link #rows}, {@link #update} and {@link
 * #forget} are made of; those are sent side by side, a bounded number of them.
 */
final class Grid implements SortedSets.ChangingRows {
  private static final int ROWS_READ_MAX = 250;
  private static final int PARTS_AT_ONCE_MAX = 4;

  /** How many calls that write are on their way at once, at most. */
  static final int WRITES_AT_ONCE_MAX = 128;

  private static final int CHANGE_ATTEMPTS_MAX = 10_000;

  /** Whether a commit is in the log is not known: the call that puts it there was not answered. */
  static final class Unanswered extends Exception {
    private static final long serialVersionUID = 1;

    Unanswered(Throwable cause) {
      super(cause);
    }
  }

  /** The caches, once they are open; `telling` ones answer what was there before. */
  private record Caches(
      RemoteCache<GridSchema.Key, StoredLogged> log,
      RemoteCache<GridSchema.Key, StoredLogged> tellingLog,
      RemoteCache<GridSchema.Key, StoredRow> rows,
      RemoteCache<GridSchema.Key, StoredRow> tellingRows) {}

  private final Supplier<GridClient> connection;
  private final InfinispanSettings settings;
  private final IntSupplier writesAtOnce;
  private volatile @Nullable Caches caches;

  /** A grid that many rows are written to as fast as it takes them. */
  Grid(Supplier<GridClient> connection, InfinispanSettings settings) {
    this(connection, settings, () -> WRITES_AT_ONCE_MAX);
  }

  /**
   * Does nothing yet with the connection, which {@link #open} starts if need be.
   *
   * @param writesAtOnce how many calls may be on their way at once where many rows are written, as
   *     it changes, at least 1
   */
  Grid(Supplier<GridClient> connection, InfinispanSettings settings, IntSupplier writesAtOnce) {
    this.connection = connection;
    this.settings = settings;
    this.writesAtOnce = writesAtOnce;
  }

  /** Creates what is missing, refuses what cannot be used. */
  void open() {
    GridSetup setup = new GridSetup(connection, settings);
    setup.open();
    RemoteCache<GridSchema.Key, StoredLogged> log = setup.cache(GridSetup.logName(settings));
    RemoteCache<GridSchema.Key, StoredRow> rows = setup.cache(GridSetup.rowsName(settings));
    caches =
        new Caches(
            log,
            log.withFlags(Flag.FORCE_RETURN_VALUE),
            rows,
            rows.withFlags(Flag.FORCE_RETURN_VALUE));
  }

  private Caches caches() {
    Caches open = caches;
    if (open == null) {
      throw GridErrors.unavailable("The grid is not open yet.", null);
    }
    return open;
  }

  /** What the log has under some numbers; nothing for those that it does not have. One call. */
  Map<Long, Logged> logged(Collection<Long> numbers) {
    Set<GridSchema.Key> keys = new HashSet<>();
    for (long number : numbers) {
      keys.add(GridSchema.Key.of(settings.ledger(), number));
    }
    if (keys.isEmpty()) {
      return Map.of();
    }
    Map<GridSchema.Key, StoredLogged> found =
        answer(() -> caches().log().getAllAsync(keys), settings.readMillisMax());
    Map<Long, Logged> logged = new HashMap<>();
    found.forEach((key, stored) -> logged.put(key.number(), stored.logged()));
    return logged;
  }

  /**
   * Puts a commit under a number that has none.
   *
   * @return what is there instead; null if it was put, and all owners have it. Sent again with the
   *     same token, as after an answer that was lost, null too
   */
  @Nullable Logged append(long number, Logged commit, long deadlineNanos) throws Unanswered {
    try {
      StoredLogged there =
          Grid.<@Nullable StoredLogged>answer(
              () ->
                  caches()
                      .tellingLog()
                      .putIfAbsentAsync(
                          GridSchema.Key.of(settings.ledger(), number), StoredLogged.of(commit)),
              millisLeft(deadlineNanos));
      if (there == null) {
        return null;
      }
      Logged other = there.logged();
      if (!other.token().equals(commit.token())) {
        return other;
      }
      // An earlier call has put it, perhaps on the first of its owners only.
      if (hold(number, commit.token(), deadlineNanos)) {
        return null;
      }
    } catch (LedgerException e) {
      throw new Unanswered(e);
    }
    throw new Unanswered(new IllegalStateException("commit " + number + " is gone again"));
  }

  /**
   * Writes a commit again as it is, so that all its owners have it when this returns.
   *
   * @return whether it is there
   */
  boolean hold(long number, UUID token, long deadlineNanos) {
    GridSchema.Key key = GridSchema.Key.of(settings.ledger(), number);
    for (int attempt = 0; attempt < CHANGE_ATTEMPTS_MAX; attempt++) {
      MetadataValue<StoredLogged> there =
          Grid.<@Nullable MetadataValue<StoredLogged>>answer(
              () -> caches().log().getWithMetadataAsync(key), millisLeft(deadlineNanos));
      if (there == null || !there.getValue().logged().token().equals(token)) {
        return false;
      }
      if (answer(
          () -> caches().log().replaceWithVersionAsync(key, there.getValue(), there.getVersion()),
          millisLeft(deadlineNanos))) {
        return true;
      }
    }
    throw othersChange();
  }

  /**
   * Changes what is under a number by comparing and setting, until nobody was faster. A change that
   * answers what it was told leaves it; else its answer must have a token that is new.
   *
   * @return what is there now
   */
  @SuppressWarnings("ReferenceEquality") // the same instance says that nothing changes
  Logged change(long number, UnaryOperator<@Nullable Logged> change) {
    GridSchema.Key key = GridSchema.Key.of(settings.ledger(), number);
    long deadlineNanos = deadlineNanos(settings.commitMillisMax());
    Logged sent = null;
    for (int attempt = 0; attempt < CHANGE_ATTEMPTS_MAX; attempt++) {
      MetadataValue<StoredLogged> there =
          Grid.<@Nullable MetadataValue<StoredLogged>>answer(
              () -> caches().log().getWithMetadataAsync(key), millisLeft(deadlineNanos));
      Logged before = there == null ? null : there.getValue().logged();
      if (before != null && sent != null && before.token().equals(sent.token())) {
        // Set by a try whose answer was lost, so that the client sent it again and it was refused.
        return before;
      }
      Logged after = change.apply(before);
      if (after == null) {
        throw new IllegalArgumentException("A change must leave something.");
      }
      if (after == before) {
        return after;
      }
      StoredLogged stored = StoredLogged.of(after);
      boolean done;
      if (there == null) {
        done =
            Grid.<@Nullable StoredLogged>answer(
                    () -> caches().tellingLog().putIfAbsentAsync(key, stored),
                    millisLeft(deadlineNanos))
                == null;
      } else {
        done =
            answer(
                () -> caches().log().replaceWithVersionAsync(key, stored, there.getVersion()),
                millisLeft(deadlineNanos));
      }
      if (done) {
        return after;
      }
      sent = after;
    }
    throw othersChange();
  }

  private static LedgerException.Unavailable othersChange() {
    return GridErrors.unavailable("Others changed the same in the grid all the time.", null);
  }

  /** Removes commits that nobody will ask for. */
  void forget(List<Long> numbers) {
    Calls calls = new Calls(writesAtOnce, settings.commitMillisMax());
    for (long number : numbers) {
      calls.makeRoom();
      calls.<@Nullable StoredLogged>send(
          calls.deadlineNanos(),
          () -> caches().log().removeAsync(GridSchema.Key.of(settings.ledger(), number)),
          _ -> {});
    }
    calls.end();
  }

  /** The rows of some keys, those that there are. One call for some hundred. */
  @Override
  public Map<RowKey, Row> rows(Collection<RowKey> keys) {
    return rows(keys, new Calls(() -> PARTS_AT_ONCE_MAX, settings.readMillisMax()));
  }

  /** The rows as they are asked for by whoever has until some time. */
  SortedSets.Rows until(long deadlineNanos) {
    return keys -> {
      InfinispanStore.requireInTime(deadlineNanos);
      return rows(
          keys, new Calls(() -> PARTS_AT_ONCE_MAX, settings.readMillisMax(), deadlineNanos));
    };
  }

  private Map<RowKey, Row> rows(Collection<RowKey> keys, Calls calls) {
    Map<RowKey, Row> rows = HashMap.newHashMap(keys.size());
    Set<GridSchema.Key> part = new HashSet<>();
    for (RowKey key : keys) {
      part.add(GridSchema.Key.of(settings.ledger(), key));
      if (part.size() == ROWS_READ_MAX) {
        read(part, calls, rows);
        part = new HashSet<>();
      }
    }
    if (!part.isEmpty()) {
      read(part, calls, rows);
    }
    calls.end();
    return rows;
  }

  private void read(Set<GridSchema.Key> part, Calls calls, Map<RowKey, Row> rows) {
    calls.makeRoom();
    calls.send(
        calls.deadlineNanos(),
        () -> caches().rows().getAllAsync(part),
        found ->
            found.forEach(
                (key, stored) -> {
                  RowKey place = key.place();
                  if (place != null) {
                    rows.put(place, stored.row());
                  }
                }));
  }

  @Nullable Row row(RowKey key) {
    return rows(List.of(key)).get(key);
  }

  /**
   * Changes rows, each by comparing and setting: a change is told the row that is there, null for
   * none, and answers what to put in its place, null to remove it, or the same to leave it. It may
   * be called again, also with the row that it answered before, which it knows by the stamp. Many
   * at a time are on their way; the changes are called by the thread that calls this.
   *
   * <p>Each row is a call of its own: a server that is given several at once locks them all, and
   * two nodes that write the same ones may wait for each other until the locks expire.
   */
  @Override
  public void update(
      Map<RowKey, UnaryOperator<@Nullable Row>> changes, Predicate<RowKey> isLikelyNew) {
    Calls calls = new Calls(writesAtOnce, settings.commitMillisMax());
    for (Map.Entry<RowKey, UnaryOperator<@Nullable Row>> change : changes.entrySet()) {
      calls.makeRoom();
      Update update =
          new Update(
              calls, GridSchema.Key.of(settings.ledger(), change.getKey()), change.getValue());
      if (isLikelyNew.test(change.getKey())) {
        update.set(null);
      } else {
        update.send();
      }
    }
    calls.end();
  }

  /** One row on its way to be changed. */
  private final class Update {
    private final Calls calls;
    private final GridSchema.Key key;
    private final UnaryOperator<@Nullable Row> change;
    private final long deadlineNanos;

    Update(Calls calls, GridSchema.Key key, UnaryOperator<@Nullable Row> change) {
      this.calls = calls;
      this.key = key;
      this.change = change;
      this.deadlineNanos = calls.deadlineNanos();
    }

    void send() {
      calls.<@Nullable MetadataValue<StoredRow>>send(
          deadlineNanos, () -> caches().rows().getWithMetadataAsync(key), this::set);
    }

    @SuppressWarnings("ReferenceEquality") // the same instance says that nothing changes
    private void set(@Nullable MetadataValue<StoredRow> there) {
      Row before = there == null ? null : there.getValue().row();
      Row after = change.apply(before);
      if (after == before) {
        return;
      }
      if (after == null) {
        if (there != null) {
          calls.send(
              deadlineNanos,
              () -> caches().rows().removeWithVersionAsync(key, there.getVersion()),
              this::again);
        }
        return;
      }
      StoredRow stored = StoredRow.of(after);
      if (there == null) {
        calls.<@Nullable StoredRow>send(
            deadlineNanos,
            () -> caches().tellingRows().putIfAbsentAsync(key, stored),
            other -> {
              if (other != null) {
                send();
              }
            });
      } else {
        calls.send(
            deadlineNanos,
            () -> caches().rows().replaceWithVersionAsync(key, stored, there.getVersion()),
            this::again);
      }
    }

    private void again(boolean done) {
      if (!done) {
        send();
      }
    }
  }

  static long deadlineNanos(int millisMax) {
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millisMax);
  }

  private static int millisLeft(long deadlineNanos) {
    return (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime()));
  }

  /** The answer to one call. */
  private static <T extends @Nullable Object> T answer(
      Supplier<CompletableFuture<T>> call, int millisMax) {
    try {
      return call.get().get(millisMax, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw GridErrors.interrupted(e);
    } catch (TimeoutException e) {
      throw GridErrors.unanswered(millisMax, e);
    } catch (ExecutionException | RuntimeException e) {
      throw GridErrors.of(e, millisMax);
    }
  }
}
