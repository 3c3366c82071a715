package io.tallybook.ledger.facade;

import java.util.List;

/**
 * A part of a list.
 *
 * @param next where the next part begins; 0 where there is none
 */
public record Page<T>(List<T> items, long next) {
  public Page {
    items = List.copyOf(items);
  }
}
