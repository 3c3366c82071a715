package io.tallybook.ledger.memory;

import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Names;
import java.util.Arrays;
import java.util.Set;

/** A filter over columns: the names of an {@link EntryFilter} as codes. */
final class CodedFilter {
  private static final int[] ANY = new int[0];

  private final Columns columns;
  private final EntryFilter filter;
  private final int tenant;
  private final int[] organizations;
  private final int[] agents;
  private final int[] services;
  private final int[] types;
  private final int[] sources;
  private final int kinds;
  private final boolean isEmpty;

  CodedFilter(Columns columns, Dictionary names, int tenant, EntryFilter filter) {
    this.columns = columns;
    this.filter = filter;
    this.tenant = tenant;
    this.organizations = organizations(names, filter.organizations());
    this.agents = codes(names, filter.agents());
    this.services = codes(names, filter.services());
    this.types = codes(names, filter.types());
    this.sources = codes(names, filter.sources());
    int mask = 0;
    for (EntryKind kind : filter.kinds()) {
      mask |= 1 << kind.code();
    }
    this.kinds = mask;
    this.isEmpty =
        isNone(organizations, filter.organizations())
            || isNone(agents, filter.agents())
            || isNone(services, filter.services())
            || isNone(types, filter.types())
            || isNone(sources, filter.sources());
  }

  /** Whether no entry can pass, because the ledger has none of the names. */
  boolean isEmpty() {
    return isEmpty;
  }

  int[] organizations() {
    return organizations;
  }

  int[] agents() {
    return agents;
  }

  int[] services() {
    return services;
  }

  int[] types() {
    return types;
  }

  /** Whether a row passes, but for its id and attributes. */
  boolean matches(int row) {
    if (columns.get(Columns.TENANT, row) != tenant
        || (kinds != 0 && (kinds >>> (columns.get(Columns.KIND, row) & 0xff) & 1) == 0)
        || !isIn(organizations, Columns.ORGANIZATION, row)
        || !isIn(agents, Columns.AGENT, row)
        || !isIn(services, Columns.SERVICE, row)
        || !isIn(types, Columns.TYPE, row)
        || !isIn(sources, Columns.SOURCE, row)) {
      return false;
    }
    long sequence = columns.sequence(row);
    if (sequence < filter.minSequence() || sequence > filter.maxSequence()) {
      return false;
    }
    if (!filter.boundsTime()) {
      return true;
    }
    long time = columns.time(row);
    return time >= filter.from() && time < filter.to();
  }

  private boolean isIn(int[] codes, int column, int row) {
    if (codes.length == 0) {
      return true;
    }
    long code = columns.get(column, row);
    for (int wanted : codes) {
      if (wanted == code) {
        return true;
      }
    }
    return false;
  }

  private static boolean isNone(int[] codes, Set<String> names) {
    return codes.length == 0 && !names.isEmpty();
  }

  private static int[] codes(Dictionary names, Set<String> wanted) {
    return wanted.isEmpty()
        ? ANY
        : wanted.stream().mapToInt(names::find).filter(code -> code > 0).sorted().toArray();
  }

  private static int[] organizations(Dictionary names, Set<String> wanted) {
    int[] codes = codes(names, wanted);
    if (!wanted.contains(Names.NONE)) {
      return codes;
    }
    int none = names.find(Names.NONE);
    int[] personal = Arrays.stream(codes).filter(code -> code != none).toArray();
    int[] all = Arrays.copyOf(personal, personal.length + 1);
    Arrays.sort(all);
    return all;
  }
}
