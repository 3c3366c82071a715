package io.tallybook.ledger.storage;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Decides settlements, of one pair or of many, and resets: all that takes a pair to 0. */
final class SettleCommands {
  /** Most pairs of an agent that one command settles. */
  private static final int PAIRS_MAX = 10_000;

  /** Most bits of what a tenant has settled in all, besides the sign. */
  private static final int SETTLED_BITS_MAX = 127;

  private final WorkingCopy work;

  SettleCommands(WorkingCopy work) {
    this.work = work;
  }

  Outcome settle(Step step, Command.Settle settle) {
    work.cells.read();
    if (!work.pairs.exists(step)) {
      return Outcome.stated(
          0, List.of(new Outcome.Statement(settle.service(), 0, price(step), BigInteger.ZERO, 0)));
    }
    return settle(List.of(step), false);
  }

  Outcome settleAgent(Step step, Command.SettleAgent settle) {
    work.name(step, null, settle.agent(), null, null, null);
    List<String> services =
        new ArrayList<>(work.state.servicesOf(step.tenant.name, settle.agent(), PAIRS_MAX + 1));
    int[] codes = step.codes;
    for (int service :
        work.cells.appearances().servicesOf(codes[Changes.TENANT], codes[Changes.AGENT])) {
      services.add(String.valueOf(work.names.name(service)));
    }
    if (services.size() > PAIRS_MAX) {
      return Outcome.rejected(
          Reason.TOO_MANY_PAIRS,
          "agent has more than " + PAIRS_MAX + " services; settle them one by one");
    }
    List<Step> each = new ArrayList<>(services.size());
    for (String service : services) {
      each.add(pair(step, settle.agent(), service));
    }
    work.documents.read();
    work.cells.read();
    return settle(each, true);
  }

  Outcome settleService(Step step, Command.SettleService settle) {
    work.name(step, null, null, settle.service(), null, null);
    int serviceRow = work.pairs.serviceRow(step.codes);
    List<Step> each = new ArrayList<>(settle.agents().size());
    for (String agent : settle.agents()) {
      each.add(pair(step, agent, settle.service()));
    }
    work.documents.read();
    work.cells.read();
    each.removeIf(one -> !work.pairs.exists(one));
    if (!work.pairs.isAllThatIsOutstanding(serviceRow, each)) {
      return Outcome.conflict(
          0, "another agent has something outstanding with service " + settle.service());
    }
    return settle(each, true);
  }

  /** A step for one of the pairs that a step is about. */
  private Step pair(Step of, String agent, String service) {
    Step pair = new Step(of.command, of.tenant);
    work.namePair(pair, agent, service);
    pair.document = work.documents.of(DocumentKey.service(of.tenant.name, service));
    return pair;
  }

  /** All or none: amounts that no total can hold are found before the first pair is touched. */
  private Outcome settle(List<Step> pairs, boolean bulk) {
    if (!work.entries.hasRoom(pairs.size())) {
      return Refusals.full();
    }
    if (!canSettle(pairs)) {
      return Refusals.overflow();
    }
    List<Outcome.Statement> statements = new ArrayList<>(pairs.size());
    for (Step pair : pairs) {
      statements.add(state(pair, bulk));
    }
    return Outcome.stated(statements.isEmpty() ? 0 : statements.getLast().sequence(), statements);
  }

  private boolean canSettle(List<Step> pairs) {
    BigInteger settled = BigInteger.ZERO;
    for (Step pair : pairs) {
      settled = settled.add(billed(pair));
    }
    return pairs.isEmpty()
        || (pairs.getFirst().tenant.settledAmount.add(settled).bitLength() <= SETTLED_BITS_MAX
            && work.pairs.canClose(pairs));
  }

  private Outcome.Statement state(Step pair, boolean bulk) {
    WorkingTenant tenant = pair.tenant;
    long units = work.pairs.outstanding(pair);
    long price = price(pair);
    BigInteger billed = billed(pair);
    pair.time = work.now;
    Entry entry =
        work.entries.settlement(
            pair,
            units,
            new Entry.Settlement(
                price, billed, work.pairs.openSince(pair), tenant.lastSequence, bulk));
    work.pairs.close(pair, entry.sequence());
    tenant.settlements++;
    tenant.settledAmount = tenant.settledAmount.add(billed);
    String service = String.valueOf(entry.service());
    return new Outcome.Statement(service, units, price, billed, entry.sequence());
  }

  Outcome reset(Step step, Command.Reset reset) {
    work.cells.read();
    if (!work.pairs.exists(step)) {
      return Outcome.rejected(
          Reason.NOT_FOUND,
          "agent " + reset.agent() + " has never used service " + reset.service());
    }
    if (!work.entries.hasRoom(1)) {
      return Refusals.full();
    }
    if (!work.pairs.canClose(List.of(step))) {
      return Refusals.overflow();
    }
    long units = work.pairs.outstanding(step);
    step.time = work.now;
    long sequence = work.entries.reset(step, units).sequence();
    work.pairs.reset(step, sequence);
    return Outcome.stated(
        sequence,
        List.of(new Outcome.Statement(reset.service(), units, 0, BigInteger.ZERO, sequence)));
  }

  private static long price(Step pair) {
    return pair.document == null ? 0 : pair.document.integer(Document.PRICE);
  }

  private BigInteger billed(Step pair) {
    return BigInteger.valueOf(work.pairs.outstanding(pair))
        .multiply(BigInteger.valueOf(price(pair)));
  }
}
