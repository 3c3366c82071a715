package io.tallybook.ledger.facade;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.storage.LedgerStore;
import io.tallybook.ledger.storage.StoreStatistics;
import io.tallybook.ledger.view.ViewCatalog;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The usage ledger: the one way to change it and the one way to ask it, over any storage.
 *
 * <p>Every command of a request has an {@link Outcome} of its own; a question sees exactly one
 * revision. Both may fail by {@link LedgerException} and by nothing else. Safe for use by many
 * threads.
 */
public final class Ledger implements AutoCloseable {
  private final LedgerStore store;
  private final GroupCommit groupCommit;
  private final LedgerObserver observer;
  private final LedgerTracer tracer;
  private final ViewCatalog catalog = new ViewCatalog();

  /** A ledger over a storage, which it closes with itself. Call {@link #start} before use. */
  public Ledger(LedgerStore store, GroupCommitSettings settings, LedgerObserver observer) {
    this(store, settings, observer, LedgerTracer.NONE);
  }

  /** The same with traces. */
  public Ledger(
      LedgerStore store,
      GroupCommitSettings settings,
      LedgerObserver observer,
      LedgerTracer tracer) {
    this.store = store;
    this.observer = observer;
    this.tracer = tracer;
    this.groupCommit = new GroupCommit(store, settings, observer, tracer);
  }

  /**
   * Checks the storage and, in a new ledger, puts the definitions of the built-in views.
   *
   * @throws LedgerException.Unavailable if the storage cannot be used; the message says why
   */
  public void start() {
    store.check();
    boolean isNew = store.read(Tenant.SYSTEM, snapshot -> snapshot.head().viewsRevision() == 0);
    if (isNew) {
      List<Command> definitions = new ArrayList<>();
      for (ViewDefinition view : ViewDefinition.builtIn()) {
        // Another node that starts at the same time may be first: then this is a conflict.
        definitions.add(
            new Command.PutDocument(
                DocumentKey.view(view.name()),
                view.fields(),
                Set.of(),
                Command.PutDocument.ABSENT,
                null));
      }
      groupCommit.commit(Request.of(Tenant.SYSTEM, definitions));
    }
  }

  /**
   * Commits a request; returns when it is committed, with one outcome for each command.
   *
   * @throws LedgerException.Rejected if nothing happened, and never will
   * @throws LedgerException.Unavailable if the storage did not answer; says whether to send it
   *     again
   */
  public Receipt commit(Request request) {
    if (!request.isSplittable()) {
      return groupCommit.commit(request);
    }
    List<Outcome> outcomes = new ArrayList<>(request.commands().size());
    long revision = 0;
    for (int from = 0; from < request.commands().size(); from += Request.UNSPLIT_MAX) {
      int to = Math.min(from + Request.UNSPLIT_MAX, request.commands().size());
      Receipt receipt = commitPiece(request, from, to);
      outcomes.addAll(receipt.outcomes());
      revision = receipt.revision();
    }
    return new Receipt(revision, false, outcomes);
  }

  /** Commits a part of a request. After the first, nothing can be said to have not happened. */
  private Receipt commitPiece(Request request, int from, int to) {
    try {
      return groupCommit.commit(Request.of(request.tenant(), request.commands().subList(from, to)));
    } catch (LedgerException failure) {
      if (from == 0) {
        throw failure;
      }
      throw new LedgerException.Unavailable(
          "The first " + from + " commands were committed. " + failure.getMessage(),
          GroupCommit.isRepeatable(request),
          failure);
    }
  }

  /**
   * Answers a question of a tenant from one revision.
   *
   * @param operation what is asked, for metrics and traces
   * @throws LedgerException.Rejected if the question cannot be answered as it is
   * @throws LedgerException.Unavailable if the storage did not answer
   */
  public <T extends @Nullable Object> T read(
      String tenant, String operation, Function<LedgerReader, T> question) {
    long start = System.nanoTime();
    return tracer.read(
        operation,
        () ->
            store.read(
                tenant,
                snapshot -> {
                  LedgerReader reader = new LedgerReader(snapshot, catalog);
                  T answer = question.apply(reader);
                  observer.read(operation, reader.servedBy(), System.nanoTime() - start);
                  return answer;
                }));
  }

  /** The word by which configuration chose the storage. */
  public String storage() {
    return store.name();
  }

  /**
   * Whether the storage can be used.
   *
   * @throws LedgerException.Unavailable if it cannot; the message says what was tried
   */
  public void check() {
    store.check();
  }

  /** How much is stored. */
  public StoreStatistics statistics() {
    return store.statistics();
  }

  @Override
  public void close() {
    store.close();
  }
}
