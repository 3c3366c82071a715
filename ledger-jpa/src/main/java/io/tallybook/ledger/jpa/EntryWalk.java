package io.tallybook.ledger.jpa;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.ledger.storage.EntryScan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.hibernate.Session;
import org.jspecify.annotations.Nullable;

/**
 * Walks entries along an index, some rows at a time, each time from where the last ended.
 *
 * <pre>
 *   list    the entries of the index that are asked for, in its order, as many as may be looked at;
 *           several names are several lists, merged
 *   looked  each with its number, and whether another follows
 *   answer  those that the filter lets through, and the last one, which tells where the walk ended
 * </pre>
 *
 * The database stops reading the list when the answer has its rows, so that a page costs what it
 * looks at. What the filter says of attributes is decided here; the database only leaves out what
 * cannot match.
 */
final class EntryWalk {
  /** Most entries that are sorted because no index has their order. */
  static final int SORTED_MAX = 100_000;

  /** Most lists that are merged. */
  private static final int LISTS_MAX = 100;

  private static final int FIRST_ROWS = 128;
  private static final int ROWS_MAX = 4_096;
  private static final String ENTRIES = "SELECT * FROM ledger_entry WHERE tenant = :tenant";

  private final Session session;
  private final NameDictionary dictionary;
  private final int tenant;
  private final EntryScan scan;
  private final EntryFilter filter;
  private final String order;
  private long looked;

  EntryWalk(Session session, NameDictionary dictionary, int tenant, EntryScan scan) {
    this.session = session;
    this.dictionary = dictionary;
    this.tenant = tenant;
    this.scan = scan;
    this.filter = scan.filter();
    String direction = scan.descending() ? " DESC" : "";
    this.order =
        scan.byTime() ? "time" + direction + ", sequence" + direction : "sequence" + direction;
  }

  EntryScan.End run(Predicate<Entry> visitor) {
    Codes codes = new Codes(dictionary, filter);
    EntryIndex index = index(codes);
    EntryMark mark = scan.after();
    int rows = FIRST_ROWS;
    while (true) {
      List<Object[]> found = query(index, codes, mark, rows).list(session, EntryRow.LOOKED_AT);
      NameDictionary.Known names =
          dictionary.known(found.stream().map(row -> ((EntryRow) row[0]).codes()).toList());
      boolean more = false;
      long lookedNow = 0;
      for (Object[] row : found) {
        Entry entry = ((EntryRow) row[0]).entry(names);
        lookedNow = (Long) row[1];
        more = (Boolean) row[2];
        mark = EntryMark.of(entry);
        if (filter.matches(entry) && !visitor.test(entry)) {
          return new EntryScan.End(looked + lookedNow, true, mark);
        }
      }
      looked += lookedNow;
      session.clear();
      if (!more) {
        return new EntryScan.End(looked, true, mark);
      }
      if (looked >= scan.looksMax()) {
        return new EntryScan.End(looked, false, mark);
      }
      rows = Math.min(rows * 4, ROWS_MAX);
    }
  }

  /** The rows after a mark, up to a number of them. */
  private Sql query(EntryIndex index, Codes codes, @Nullable EntryMark mark, int rows) {
    long looks = Math.min(scan.looksMax() - looked, Integer.MAX_VALUE);
    Sql sql = new Sql();
    sql.add("SELECT * FROM (SELECT entry.*, row_number() OVER (ORDER BY ")
        .add(order)
        .add(") AS looked, lead(entry.sequence) OVER (ORDER BY ")
        .add(order)
        .add(") IS NOT NULL AS more FROM (");
    list(index, codes, mark, sql);
    sql.add(" ORDER BY ")
        .add(order)
        .add(" LIMIT :ahead) AS entry) AS listed WHERE looked <= :looks AND (NOT more OR looked =")
        .add(" :looks OR (true", "ahead", looks + 1)
        .add("", "looks", looks)
        .add("", "tenant", tenant);
    letThrough(codes, sql);
    return sql.add(")) ORDER BY ").add(order).add(" LIMIT :rows", "rows", rows);
  }

  /**
   * The index whose order serves the walk. A range of time in order of sequence, and an agent's
   * entries in order of time, are sorted where they are few, and else found on another way.
   */
  private EntryIndex index(Codes codes) {
    if (!isSorted(scan.index())) {
      return scan.index();
    }
    Sql sql = new Sql().add("SELECT count(*) FROM (SELECT 1 FROM ledger_entry WHERE tenant = ");
    sql.add(":tenant", "tenant", tenant);
    within(scan.index(), codes, sql);
    long count = sql.add(" LIMIT :max) AS listed", "max", SORTED_MAX + 1).number(session);
    if (count <= SORTED_MAX) {
      return scan.index();
    }
    return scan.byTime() ? EntryIndex.TIME : EntryIndex.SEQUENCE;
  }

  private boolean isSorted(EntryIndex index) {
    return switch (index) {
      case TIME -> !scan.byTime();
      case SEQUENCE, ID -> scan.byTime();
      default -> scan.byTime();
    };
  }

  private void list(EntryIndex index, Codes codes, @Nullable EntryMark mark, Sql sql) {
    if (isSorted(index)) {
      // The fence keeps the database from walking another index in the order asked for.
      sql.add("SELECT * FROM (").add(ENTRIES);
      within(index, codes, sql);
      sql.add(" OFFSET 0) AS fenced WHERE true");
      after(mark, sql);
      return;
    }
    List<String> lists = lists(index, codes, sql);
    if (lists.size() == 1) {
      sql.add(ENTRIES).add(lists.getFirst());
      after(mark, sql);
      return;
    }
    for (int i = 0; i < lists.size(); i++) {
      sql.add(i == 0 ? "(" : " UNION ALL (").add(ENTRIES).add(lists.get(i));
      after(mark, sql);
      sql.add(" ORDER BY ").add(order).add(" LIMIT :ahead)");
    }
  }

  /** The conditions of the lists whose merged order is that of the walk. */
  private List<String> lists(EntryIndex index, Codes codes, Sql sql) {
    return switch (index) {
      case AGENT_TYPE -> pairs(codes, sql);
      case AGENT -> each("agent", " AND agent <> 0", codes.agents, sql);
      case ORGANIZATION -> each("organization", "", codes.organizations, sql);
      case SERVICE -> each("service", " AND service <> 0", codes.services, sql);
      case TYPE -> each("type", " AND type <> 0", codes.types, sql);
      case TIME -> {
        sql.add("", "from", filter.from()).add("", "to", filter.to());
        yield List.of(" AND time >= :from AND time < :to");
      }
      case ID, SEQUENCE -> List.of("");
    };
  }

  private static List<String> each(String column, String also, List<Integer> codes, Sql sql) {
    List<String> lists = new ArrayList<>(codes.size());
    for (int i = 0; i < codes.size(); i++) {
      String name = column + i;
      sql.add("", name, codes.get(i));
      lists.add(also + " AND " + column + " = :" + name);
    }
    return lists;
  }

  private static List<String> pairs(Codes codes, Sql sql) {
    if (codes.agents.size() * codes.types.size() > LISTS_MAX) {
      String types = " AND agent <> 0 AND type IN (:listedTypes)";
      sql.add("", "listedTypes", codes.types);
      return each("agent", types, codes.agents, sql);
    }
    List<String> lists = new ArrayList<>();
    List<String> types = each("type", "", codes.types, sql);
    for (String agent : each("agent", " AND agent <> 0", codes.agents, sql)) {
      for (String type : types) {
        lists.add(agent + type);
      }
    }
    return lists;
  }

  /** What is in the index for the walk, as one condition. */
  private void within(EntryIndex index, Codes codes, Sql sql) {
    switch (index) {
      case AGENT, AGENT_TYPE -> {
        sql.add(" AND agent <> 0").in("agent", "withinAgents", codes.agents);
        if (index == EntryIndex.AGENT_TYPE) {
          sql.in("type", "withinTypes", codes.types);
        }
      }
      case ORGANIZATION -> sql.in("organization", "withinOrganizations", codes.organizations);
      case SERVICE -> sql.in("service", "withinServices", codes.services);
      case TYPE -> sql.in("type", "withinTypes", codes.types);
      case TIME ->
          sql.add(" AND time >= :withinFrom", "withinFrom", filter.from())
              .add(" AND time < :withinTo", "withinTo", filter.to());
      case ID, SEQUENCE -> {}
    }
  }

  private void after(@Nullable EntryMark mark, Sql sql) {
    if (mark == null) {
      return;
    }
    String than = scan.descending() ? " < " : " > ";
    sql.add("", "afterSequence", mark.sequence());
    if (scan.byTime()) {
      sql.add(" AND (time, sequence)" + than + "(:afterTime, :afterSequence)");
      sql.add("", "afterTime", mark.time());
    } else {
      sql.add(" AND sequence" + than + ":afterSequence");
    }
  }

  /** What the filter lets through, as far as columns tell. */
  private void letThrough(Codes codes, Sql sql) {
    sql.in("organization", "organizations", codes.organizations)
        .in("agent", "agents", codes.agents)
        .in("service", "services", codes.services)
        .in("type", "types", codes.types)
        .in("source", "sources", codes.sources)
        .in("kind", "kinds", filter.kinds().stream().map(EntryKind::code).toList())
        .in("id", "ids", filter.ids());
    if (filter.boundsTime()) {
      sql.add(" AND time >= :timeFrom", "timeFrom", filter.from())
          .add(" AND time < :timeTo", "timeTo", filter.to());
    }
    if (filter.minSequence() > 1 || filter.maxSequence() != Long.MAX_VALUE) {
      sql.add(" AND sequence >= :minSequence", "minSequence", filter.minSequence())
          .add(" AND sequence <= :maxSequence", "maxSequence", filter.maxSequence());
    }
    if (!filter.words().isEmpty()) {
      sql.add(" AND attributes IS NOT NULL");
    }
    int number = 0;
    for (Map.Entry<String, Set<String>> wanted : filter.attributes().entrySet()) {
      sql.add(" AND (false");
      for (String value : wanted.getValue()) {
        String name = "member" + number++;
        sql.add(
            " OR position(:" + name + " IN attributes) > 0",
            name,
            JsonTexts.member(wanted.getKey(), value));
      }
      sql.add(")");
    }
  }

  /** The names of a filter as codes; a name that the ledger has never had is left out. */
  private static final class Codes {
    private static final List<Integer> NOBODY = List.of(-1);

    final List<Integer> organizations;
    final List<Integer> agents;
    final List<Integer> services;
    final List<Integer> types;
    final List<Integer> sources;

    Codes(NameDictionary dictionary, EntryFilter filter) {
      organizations = codes(dictionary, filter.organizations(), true);
      agents = codes(dictionary, filter.agents(), false);
      services = codes(dictionary, filter.services(), false);
      types = codes(dictionary, filter.types(), false);
      sources = codes(dictionary, filter.sources(), false);
    }

    private static List<Integer> codes(
        NameDictionary dictionary, Set<String> names, boolean hasNone) {
      if (names.isEmpty()) {
        return List.of();
      }
      List<Integer> codes = new ArrayList<>();
      dictionary
          .codes(names)
          .forEach((name, code) -> codes.add(hasNone && name.equals(Names.NONE) ? 0 : code));
      if (hasNone && names.contains(Names.NONE) && !codes.contains(0)) {
        codes.add(0);
      }
      return codes.isEmpty() ? NOBODY : codes;
    }
  }
}
