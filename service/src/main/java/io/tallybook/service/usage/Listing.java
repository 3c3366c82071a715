package io.tallybook.service.usage;

import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.view.Cell;
import io.tallybook.service.http.Exchange;

/** What lists of cells have in common. */
final class Listing {
  private static final int LIMIT_MAX = 1_000;

  private Listing() {}

  /** The limit of a list that is answered whole where none is given. */
  static int limit(Exchange exchange) {
    return (int)
        exchange
            .query()
            .integer(
                "limit",
                exchange.query().has("cursor") ? LIMIT_MAX : LedgerReader.PAGE_MAX,
                1,
                LIMIT_MAX);
  }

  /** The agent of a pair, or the only name of a cell. */
  static String firstName(Cell cell) {
    return String.valueOf(cell.name(0));
  }

  /** The service of a pair. */
  static String secondName(Cell cell) {
    return String.valueOf(cell.name(1));
  }
}
