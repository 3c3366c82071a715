package io.tallybook.service.usage;

/** The types and attributes of acts that record changes of services. */
final class ServiceActs {
  static final String ENABLED = "service.enabled";
  static final String DISABLED = "service.disabled";
  static final String DELETED = "service.deleted";
  static final String PRICED = "service.priced";

  /** Attribute of {@link #PRICED}: the price before. */
  static final String OLD_PRICE = "oldPriceStroops";

  /** Attribute of {@link #PRICED}: the price after. */
  static final String NEW_PRICE = "newPriceStroops";

  private ServiceActs() {}
}
