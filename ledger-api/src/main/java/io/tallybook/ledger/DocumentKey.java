package io.tallybook.ledger;

import org.jspecify.annotations.Nullable;

/**
 * Names a document.
 *
 * @param kind {@link #SERVICE} or {@link #VIEW}
 */
public record DocumentKey(String tenant, String kind, String name) {
  /** A registered service, with its price. */
  public static final String SERVICE = "service";

  /** The definition of a view; of the tenant {@link Tenant#SYSTEM}. */
  public static final String VIEW = "view";

  /** The key of a tenant's service. */
  public static DocumentKey service(String tenant, String name) {
    return new DocumentKey(tenant, SERVICE, name);
  }

  /** The key of a view, which the whole ledger shares. */
  public static DocumentKey view(String name) {
    return new DocumentKey(Tenant.SYSTEM, VIEW, name);
  }

  @Override // as Dimension tells
  public boolean equals(@Nullable Object other) {
    return other instanceof DocumentKey that
        && tenant.equals(that.tenant)
        && kind.equals(that.kind)
        && name.equals(that.name);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * tenant.hashCode() + kind.hashCode()) + Names.hash(name);
  }
}
