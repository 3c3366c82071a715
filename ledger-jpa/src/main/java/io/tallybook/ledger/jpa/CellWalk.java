package io.tallybook.ledger.jpa;

import io.tallybook.ledger.Names;
import io.tallybook.ledger.storage.CellScan;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.Dimension;
import io.tallybook.ledger.view.ViewDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.hibernate.Session;
import org.jspecify.annotations.Nullable;

/**
 * Walks cells of a view in order of {@code first}, some rows at a time, each time from where the
 * last ended. Where the filter names every dimension, the cells are looked up by their keys and
 * sorted. Else the first dimension that it names is what the index goes by; several names are
 * several lists, merged. A range of buckets is cut out by the start, and then sorted.
 */
final class CellWalk {
  private static final int FIRST_ROWS = 200;
  private static final int SORTED_ROWS = 20_000;
  private static final int ROWS_MAX = 10_000;
  private static final String LIST = "SELECT * FROM ledger_cell WHERE view_tenant = :viewTenant";
  private static final String KEYS =
      "SELECT * FROM ledger_cell WHERE view = :view AND tenant = :tenant";

  private final Session session;
  private final NameDictionary dictionary;
  private final CellScan scan;
  private final ViewDefinition view;
  private final int viewCode;
  private final int tenant;
  private final long viewTenant;
  private final boolean isRanged;

  CellWalk(Session session, NameDictionary dictionary, int tenant, CellScan scan) {
    this.session = session;
    this.dictionary = dictionary;
    this.scan = scan;
    this.view = scan.view();
    this.viewCode = dictionary.code(view.name());
    this.tenant = tenant;
    this.viewTenant = CellRow.viewTenant(viewCode, tenant);
    this.isRanged = scan.from() != Long.MIN_VALUE || scan.to() != Long.MAX_VALUE;
  }

  void run(Predicate<Cell> visitor) {
    @Nullable List<Integer>[] wanted = codes();
    boolean isNamed = wanted.length > 0 && Stream.of(wanted).allMatch(Objects::nonNull);
    long after = scan.afterFirst();
    int rows = isRanged ? SORTED_ROWS : FIRST_ROWS;
    while (true) {
      Sql sql = isNamed ? named(wanted) : isRanged ? inRange(wanted) : inOrder(wanted);
      sql.add("", "after", after);
      List<CellRow> found =
          sql.add(" ORDER BY first LIMIT :rows", "rows", rows).list(session, CellRow.class);
      NameDictionary.Known names = dictionary.known(found.stream().map(CellRow::codes).toList());
      for (CellRow row : found) {
        if (!visitor.test(row.cell(view, names))) {
          return;
        }
        after = row.first;
      }
      session.clear();
      if (found.size() < rows) {
        return;
      }
      rows = Math.max(rows, Math.min(rows * 5, ROWS_MAX));
    }
  }

  /** For each dimension the codes of the names let through; null where all are. */
  @SuppressWarnings({"unchecked", "rawtypes"}) // an array of lists
  private @Nullable List<Integer>[] codes() {
    @Nullable List<Integer>[] wanted = new List[view.groupBy().size()];
    for (int d = 0; d < wanted.length; d++) {
      Dimension dimension = view.groupBy().get(d);
      Set<String> names = scan.filter().get(dimension);
      if (names != null) {
        Map<String, Integer> found = dictionary.codes(names);
        List<Integer> codes = new ArrayList<>();
        for (String name : names) {
          boolean isNone = dimension.equals(Dimension.ORGANIZATION) && name.equals(Names.NONE);
          codes.add(isNone ? 0 : found.getOrDefault(name, -1));
        }
        wanted[d] = codes;
      }
    }
    return wanted;
  }

  /** Cells by their keys, which are all named. */
  private Sql named(@Nullable List<Integer>[] wanted) {
    Sql sql = new Sql().add(KEYS, "view", viewCode).add("", "tenant", tenant);
    filter(wanted, -1, sql);
    for (int d = wanted.length; d < ViewDefinition.DIMENSIONS_MAX; d++) {
      sql.add(" AND k" + (d + 1) + " = 0");
    }
    if (isRanged) {
      range(sql);
    }
    return sql.add(" AND first > :after");
  }

  private Sql inRange(@Nullable List<Integer>[] wanted) {
    Sql sql = new Sql().add("SELECT * FROM (").add(LIST, "viewTenant", viewTenant);
    range(sql);
    filter(wanted, -1, sql);
    if (wanted.length > 1) {
      sql.add(" AND dimensions > " + (wanted.length - 1));
    }
    // The fence keeps the database from walking the whole view in the order asked for.
    return sql.add(" OFFSET 0) AS fenced WHERE first > :after");
  }

  private void range(Sql sql) {
    sql.add(" AND start >= 0 AND start >= :from AND start < :to")
        .add("", "from", scan.from())
        .add("", "to", scan.to());
  }

  private Sql inOrder(@Nullable List<Integer>[] wanted) {
    int by = 0;
    while (by < wanted.length && wanted[by] == null) {
      by++;
    }
    Sql sql = new Sql();
    List<Integer> lists = by < wanted.length ? wanted[by] : null;
    if (lists == null) {
      return sql.add(LIST, "viewTenant", viewTenant).add(" AND first > :after");
    }
    for (int i = 0; i < lists.size(); i++) {
      if (i > 0) {
        sql.add(" ORDER BY first LIMIT :rows) UNION ALL (");
      } else if (lists.size() > 1) {
        sql.add("(");
      }
      String name = "list" + i;
      sql.add(LIST, "viewTenant", viewTenant)
          .add(" AND k" + (by + 1) + " = :" + name, name, lists.get(i))
          .add(" AND dimensions > " + Math.max(1, by))
          .add(" AND first > :after");
      filter(wanted, by, sql);
    }
    return lists.size() > 1 ? sql.add(" ORDER BY first LIMIT :rows)") : sql;
  }

  private static void filter(@Nullable List<Integer>[] wanted, int but, Sql sql) {
    for (int d = 0; d < wanted.length; d++) {
      List<Integer> codes = wanted[d];
      if (codes != null && d != but) {
        sql.in("k" + (d + 1), "wanted" + d, codes);
      }
    }
  }
}
