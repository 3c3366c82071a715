package io.tallybook.ledger.jpa;

import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.ViewDefinition;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/** A cell; its view and names are codes of the dictionary, its values the columns of its shape. */
@Entity
@Immutable
@IdClass(CellRow.Key.class)
@Table(name = "ledger_cell")
class CellRow {
  @Id int view;
  @Id int tenant;
  @Id int k1;
  @Id int k2;
  @Id int k3;
  @Id int k4;
  @Id int k5;
  @Id int k6;
  @Id long start;
  short dimensions;
  long c0;
  long c1;
  long c2;
  long first;
  @Nullable Long c4;
  @Nullable Long c5;
  @Nullable Long c6;
  @Nullable Long c7;

  @Column(name = "view_tenant", insertable = false, updatable = false)
  long viewTenant;

  record Key(int view, int tenant, int k1, int k2, int k3, int k4, int k5, int k6, long start) {
    static Key of(int view, int tenant, int[] k, long start) {
      return new Key(view, tenant, k[0], k[1], k[2], k[3], k[4], k[5], start);
    }
  }

  /** What the lists of a tenant's cells of a view go by; the database makes it of the key. */
  static long viewTenant(int view, int tenant) {
    return ((long) view << Integer.SIZE) + tenant;
  }

  int[] codes() {
    return new int[] {k1, k2, k3, k4, k5, k6};
  }

  Cell cell(ViewDefinition definition, NameDictionary.Known names) {
    int[] codes = codes();
    List<@Nullable String> found = new ArrayList<>(definition.groupBy().size());
    for (int d = 0; d < definition.groupBy().size(); d++) {
      found.add(names.name(codes[d]));
    }
    @Nullable Long[] all = {c0, c1, c2, first, c4, c5, c6, c7};
    long[] values = new long[definition.shape().width()];
    for (int column = 0; column < values.length; column++) {
      Long value = all[column];
      values[column] = value == null ? 0 : value;
    }
    return new Cell(found, start, values);
  }
}
