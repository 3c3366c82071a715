package io.tallybook.ledger.facade;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Receipt;
import java.util.List;

/** Is told what the ledger does, for metrics. It must be quick and must not throw. */
public interface LedgerObserver {
  /** Observes nothing. */
  LedgerObserver NONE =
      new LedgerObserver() {
        @Override
        public void committed(int requests, List<Receipt> receipts, long nanos) {}

        @Override
        public void failed(LedgerException failure) {}

        @Override
        public void read(String operation, String servedBy, long nanos) {}
      };

  /**
   * A group was committed.
   *
   * @param requests how many there were in it
   */
  void committed(int requests, List<Receipt> receipts, long nanos);

  /** A commit failed, or was refused as a whole. */
  void failed(LedgerException failure);

  /**
   * A question was answered.
   *
   * @param servedBy the index or view that served it; empty for the ledger's own records
   */
  void read(String operation, String servedBy, long nanos);
}
