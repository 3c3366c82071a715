package io.tallybook.benchmarks;

import jakarta.transaction.SystemException;
import jakarta.transaction.TransactionManager;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.infinispan.AdvancedCache;
import org.infinispan.context.Flag;
import org.infinispan.tasks.ServerTask;
import org.infinispan.tasks.TaskContext;
import org.infinispan.tasks.TaskInstantiationMode;

/**
 * A commit that {@link InfinispanCommits} has a server make: reads the head, writes the head and
 * rows, and answers the commit's number. It is packed into a jar of its own, so it uses nothing of
 * its package.
 *
 * <p>It runs in a transaction of the cache, which it begins by locking the head. So it is atomic
 * against any other such task, a failure within it, and a client that goes away. The lock on the
 * head stands for those on rows, each of which would be a call to another server: nobody else may
 * write rows.
 *
 * <p>It is not atomic against readers outside of transactions, who see row after row, nor against
 * the end of a server in the middle of a commit: such a transaction is committed in one phase, the
 * owners apply it each on its own, and the file store writes its rows one after the other. A client
 * that gets no answer, or sends the call again, does not learn whether it was carried out, or
 * twice: that would need a token beside the head.
 */
public final class CommitTask implements ServerTask<Long> {
  static final String NAME = "commit";

  /** The name of the parameter that has the rows: their count, then each one's key and value. */
  static final String ROWS = "rows";

  /** The key of the head, whose value is the number of the newest commit. */
  static final String HEAD = "head";

  private TaskContext context = new TaskContext();

  /** Called by the server, by reflection. */
  public CommitTask() {}

  @Override
  public String getName() {
    return NAME;
  }

  @Override
  public TaskInstantiationMode getInstantiationMode() {
    return TaskInstantiationMode.ISOLATED;
  }

  @Override
  public void setTaskContext(TaskContext context) {
    this.context = context;
  }

  @Override
  @SuppressWarnings("unchecked") // the keys and values of the benchmark's caches
  public Long call() throws Exception {
    AdvancedCache<String, Object> cache =
        (AdvancedCache<String, Object>) context.getCache().orElseThrow().getAdvancedCache();
    Map<String, Object> parameters = context.getParameters().orElseThrow();
    Map<String, byte[]> rows = rows((byte[]) Objects.requireNonNull(parameters.get(ROWS)));
    TransactionManager transactions = cache.getTransactionManager();
    transactions.begin();
    try {
      cache.lock(HEAD);
      Object head = cache.get(HEAD);
      long number = head == null ? 1 : (Long) head + 1;
      AdvancedCache<String, Object> writing = cache.withFlags(Flag.IGNORE_RETURN_VALUES);
      writing.put(HEAD, number);
      writing.withFlags(Flag.SKIP_LOCKING).putAll(rows);
      transactions.commit();
      return number;
    } catch (RuntimeException e) {
      rollBack(transactions, e);
      throw e;
    }
  }

  private static void rollBack(TransactionManager transactions, RuntimeException cause) {
    try {
      transactions.rollback();
    } catch (SystemException | IllegalStateException e) {
      cause.addSuppressed(e);
    }
  }

  private static Map<String, byte[]> rows(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int count = in.readInt();
      Map<String, byte[]> rows = HashMap.newHashMap(count);
      for (int i = 0; i < count; i++) {
        String key = in.readUTF();
        byte[] value = new byte[in.readInt()];
        in.readFully(value);
        rows.put(key, value);
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
