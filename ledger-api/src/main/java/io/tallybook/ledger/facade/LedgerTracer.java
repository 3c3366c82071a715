package io.tallybook.ledger.facade;

import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Follows the work of the ledger step by step, for traces. Each method runs the work that it is
 * given exactly once, in the thread that calls, and returns or throws what the work does.
 */
public interface LedgerTracer {
  /** Follows nothing. */
  LedgerTracer NONE =
      new LedgerTracer() {
        @Override
        public Receipt commit(Request request, Supplier<Receipt> work) {
          return work.get();
        }

        @Override
        public List<Receipt> store(List<Request> group, Supplier<List<Receipt>> work) {
          return work.get();
        }

        @Override
        public <T extends @Nullable Object> T read(String operation, Supplier<T> work) {
          return work.get();
        }
      };

  /** Runs the commit of a request, from its place in the queue to its receipt. */
  Receipt commit(Request request, Supplier<Receipt> work);

  /**
   * Runs the storage's part of a commit, inside that of the request whose thread leads.
   *
   * @param group the requests that are joined in it, all of which are being committed
   */
  List<Receipt> store(List<Request> group, Supplier<List<Receipt>> work);

  /**
   * Runs the storage's answer to a question.
   *
   * @param operation what is asked, as in metrics
   */
  <T extends @Nullable Object> T read(String operation, Supplier<T> work);
}
