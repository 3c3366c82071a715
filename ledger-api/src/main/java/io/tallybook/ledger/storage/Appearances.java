package io.tallybook.ledger.storage;

import java.util.ArrayList;
import java.util.List;

/** Agents, services and pairs that are seen for the first time in a group: their cells are new. */
final class Appearances {
  private final int agentView;
  private final int serviceView;
  private final int pairView;
  private final List<Pair> pairs = new ArrayList<>();

  private record Pair(int tenant, int agent, int service) {}

  /** Of views by their place among the definitions; -1 for one that there is not. */
  Appearances(int agentView, int serviceView, int pairView) {
    this.agentView = agentView;
    this.serviceView = serviceView;
    this.pairView = pairView;
  }

  /** Notes that a step has made a new cell of a view. */
  void add(Step step, int view) {
    if (view == pairView) {
      step.tenant.pairs++;
      int[] codes = step.codes;
      pairs.add(new Pair(codes[Changes.TENANT], codes[Changes.AGENT], codes[Changes.SERVICE]));
    } else if (view == serviceView) {
      step.tenant.servicesUsed++;
    } else if (view == agentView) {
      step.tenant.agents++;
    }
  }

  /** The codes of the services with which an agent has made new pairs, in order. */
  int[] servicesOf(int tenant, int agent) {
    return pairs.stream()
        .filter(pair -> pair.tenant == tenant && pair.agent == agent)
        .mapToInt(pair -> pair.service)
        .toArray();
  }

  /** How many pairs are new. */
  int pairs() {
    return pairs.size();
  }

  /** Forgets the newest pairs, so that a number of them is left. */
  void cutPairs(int left) {
    pairs.subList(left, pairs.size()).clear();
  }
}
