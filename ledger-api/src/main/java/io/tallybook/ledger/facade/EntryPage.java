package io.tallybook.ledger.facade;

import io.tallybook.ledger.Entry;
import io.tallybook.ledger.storage.EntryIndex;
import io.tallybook.ledger.storage.EntryMark;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of entries.
 *
 * @param index which served it
 * @param looked how many entries were looked at
 * @param complete whether the page is full or reaches the end, rather than stopping at {@link
 *     EntryQuery#LOOKS_MAX}
 * @param next where the next page begins; null at the end
 */
public record EntryPage(
    List<Entry> entries,
    EntryIndex index,
    long looked,
    boolean complete,
    @Nullable EntryMark next) {
  public EntryPage {
    entries = List.copyOf(entries);
  }
}
