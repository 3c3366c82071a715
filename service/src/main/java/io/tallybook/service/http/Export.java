package io.tallybook.service.http;

import io.tallybook.ledger.facade.LedgerReader;

/** What an export tells, and up to where. */
public interface Export {
  /** What is asked, for metrics. */
  String operation();

  /** The media type of the answer. */
  String type();

  /**
   * The newest sequence that the export tells of. Looks at next to nothing, and refuses what cannot
   * be answered.
   *
   * @throws io.tallybook.ledger.LedgerException.Rejected if it cannot
   */
  default long sequence(LedgerReader reader) {
    return reader.lastSequence();
  }

  /** Writes the whole answer, and tells the stream of each item. */
  void write(LedgerReader reader, ExportStream out);
}
