package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Tenant;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.infinispan.Commit.Changed;
import io.tallybook.ledger.infinispan.Commit.ChangedCell;
import io.tallybook.ledger.infinispan.Commit.ChangedDocument;
import io.tallybook.ledger.infinispan.Commit.Identity;
import io.tallybook.ledger.infinispan.Commit.Owned;
import io.tallybook.ledger.infinispan.Commit.State;
import io.tallybook.ledger.storage.Head;
import io.tallybook.ledger.storage.IdempotencyRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A commit as bytes.
 *
 * <pre>
 *   version | state | follows | tenants | entries | identities | cells | documents | answers
 *   cell    : view, tenant, names, start, whether it is new, columns (what was added, if it is not
 *             new), and what was there before
 * </pre>
 *
 * <p>Names stand once, where they are first used.
 */
final class CommitCodec {
  private static final int VERSION = 1;

  private CommitCodec() {}

  static byte[] encode(Commit commit) {
    BytesOut out = new BytesOut(512 + 256 * commit.entries().size());
    out.octet(VERSION);
    state(commit.state(), out);
    token(commit.follows(), out);
    out.count(commit.tenants().size());
    for (Changed<Tenant> tenant : commit.tenants()) {
      Tenant before = tenant.before();
      out.flag(before != null);
      if (before != null) {
        Values.tenant(before, out);
      }
      Values.tenant(tenant.after(), out);
    }
    out.count(commit.entries().size());
    for (Owned owned : commit.entries()) {
      out.name(owned.tenant());
      Values.entry(owned.entry(), out);
    }
    out.count(commit.identities().size());
    for (Identity id : commit.identities()) {
      out.number(id.high()).number(id.low()).count(id.sequence()).number(id.fingerprint());
    }
    out.count(commit.cells().size());
    for (ChangedCell cell : commit.cells()) {
      cell(cell, out);
    }
    out.count(commit.documents().size());
    for (ChangedDocument document : commit.documents()) {
      Values.documentKey(document.key(), out);
      Values.document(document.before(), out);
      Values.document(document.after(), out);
    }
    out.count(commit.answers().size());
    for (IdempotencyRecord answer : commit.answers()) {
      Values.answer(answer, out);
    }
    return out.toBytes();
  }

  static Commit decode(byte[] bytes) {
    BytesIn in = new BytesIn(bytes);
    in.version(VERSION, "a commit");
    State state = state(in);
    UUID follows = token(in);
    List<Changed<Tenant>> tenants = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      Tenant before = in.flag() ? Values.tenant(in) : null;
      tenants.add(new Changed<>(before, Values.tenant(in)));
    }
    List<Owned> entries = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      entries.add(new Owned(in.required(), Values.entry(in)));
    }
    List<Identity> identities = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      identities.add(new Identity(in.number(), in.number(), in.count(), in.number()));
    }
    List<ChangedCell> cells = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      cells.add(cell(in));
    }
    List<ChangedDocument> documents = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      DocumentKey key = Values.documentKey(in);
      Document before = Values.document(key, in);
      documents.add(new ChangedDocument(key, before, Values.document(key, in)));
    }
    List<IdempotencyRecord> answers = new ArrayList<>();
    for (int i = in.size(); i > 0; i--) {
      answers.add(Values.answer(in));
    }
    return new Commit(state, follows, tenants, entries, identities, cells, documents, answers);
  }

  static void state(State state, BytesOut out) {
    Head head = state.head();
    out.count(head.format()).count(head.minWriter()).count(head.revision());
    out.count(head.lastPosition()).count(head.lastRecordedAt()).count(head.lastOrdinal());
    out.count(head.viewsRevision()).text(head.currency()).number(head.key0()).number(head.key1());
    out.count(state.cells().size());
    state.cells().forEach((view, cells) -> out.name(view).count(cells));
    out.count(state.logBytes());
    token(state.token(), out);
  }

  static State state(BytesIn in) {
    Head head =
        new Head(
            (int) in.count(),
            (int) in.count(),
            in.count(),
            in.count(),
            in.count(),
            in.count(),
            in.count(),
            in.text(),
            in.number(),
            in.number());
    Map<String, Long> cells = new HashMap<>();
    for (int i = in.size(); i > 0; i--) {
      cells.put(in.required(), in.count());
    }
    return new State(head, cells, in.count(), token(in));
  }

  private static void token(UUID token, BytesOut out) {
    out.number(token.getMostSignificantBits()).number(token.getLeastSignificantBits());
  }

  private static UUID token(BytesIn in) {
    return new UUID(in.number(), in.number());
  }

  private static void cell(ChangedCell cell, BytesOut out) {
    CellKey key = cell.key();
    out.name(key.view()).name(key.tenant()).octet(key.names().size());
    key.names().forEach(out::name);
    Values.start(key.start(), out);
    out.flag(cell.isPair());
    long[] before = cell.before();
    long[] after = cell.after();
    out.flag(before != null);
    if (before == null) {
      Values.columns(after, out);
    } else {
      Values.columns(before, out);
      for (int i = 0; i < after.length; i++) {
        out.number(after[i] - before[i]);
      }
    }
  }

  private static ChangedCell cell(BytesIn in) {
    String view = in.required();
    String tenant = in.required();
    List<@Nullable String> names = new ArrayList<>();
    for (int i = in.octet(); i > 0; i--) {
      names.add(in.name());
    }
    CellKey key = new CellKey(view, tenant, Collections.unmodifiableList(names), Values.start(in));
    boolean isPair = in.flag();
    if (!in.flag()) {
      return new ChangedCell(key, isPair, null, Values.columns(in));
    }
    long[] before = Values.columns(in);
    long[] after = new long[before.length];
    for (int i = 0; i < after.length; i++) {
      after[i] = before[i] + in.number();
    }
    return new ChangedCell(key, isPair, before, after);
  }
}
