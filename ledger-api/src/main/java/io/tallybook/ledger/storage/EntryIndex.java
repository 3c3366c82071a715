package io.tallybook.ledger.storage;

/**
 * The orders in which a storage can walk entries without looking at all of them. The first that
 * fits a question, in this order, serves it.
 */
public enum EntryIndex {
  /** By identity: one entry for each source and id. */
  ID("id"),
  /** By agent with type. */
  AGENT_TYPE("agent-type"),
  /** By agent. */
  AGENT("agent"),
  /** By organization; personal usage has a list too. */
  ORGANIZATION("organization"),
  /** By service. */
  SERVICE("service"),
  /** By type. */
  TYPE("type"),
  /** By time. */
  TIME("time"),
  /** By sequence: all entries of the tenant. */
  SEQUENCE("sequence");

  private final String label;

  EntryIndex(String label) {
    this.label = label;
  }

  /** The name that answers and metrics use. */
  public String label() {
    return label;
  }
}
