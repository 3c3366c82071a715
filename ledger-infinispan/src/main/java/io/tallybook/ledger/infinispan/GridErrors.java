package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeoutException;
import org.infinispan.client.hotrod.exceptions.TransportException;
import org.jspecify.annotations.Nullable;

/** What failures of the grid are told as. Their causes have the addresses and the classes. */
final class GridErrors {
  private static final int CAUSES_MAX = 20;

  private GridErrors() {}

  static LedgerException.Unavailable unanswered(int millisMax, @Nullable Throwable cause) {
    return unavailable("The grid did not answer within " + millisMax + " ms.", cause);
  }

  static LedgerException.Unavailable interrupted(InterruptedException cause) {
    return unavailable("The wait for the grid was interrupted.", cause);
  }

  static LedgerException.Unavailable unavailable(String message, @Nullable Throwable cause) {
    return new LedgerException.Unavailable(message, true, cause);
  }

  /**
   * What a failure is told as. What the server says about it stands deeper in its causes than that
   * the connection was closed on that account, so all of them are looked through for that first.
   */
  static LedgerException of(Throwable thrown, int millisMax) {
    StringBuilder all = new StringBuilder();
    boolean unreachable = false;
    boolean late = false;
    Throwable at = thrown;
    for (int i = 0; at != null && i < CAUSES_MAX; i++) {
      if (at instanceof LedgerException told) {
        return told;
      }
      unreachable |=
          at instanceof TransportException
              || at instanceof ConnectException
              || at instanceof UnknownHostException
              || at instanceof ClosedChannelException;
      late |= at instanceof TimeoutException || at instanceof SocketTimeoutException;
      all.append(at).append('\n');
      at = at.getCause();
    }
    String says = all.toString();
    if (says.contains("ISPN006024") || says.contains("SaslException") || says.contains("ELY05")) {
      return unavailable("The grid refuses the user or the password.", thrown);
    }
    if (says.contains("SecurityException")) {
      return unavailable(
          "The grid does not permit the user this: grant it reading and writing of the caches, and"
              + " creating them and the schema where they are missing.",
          thrown);
    }
    if (says.contains("AvailabilityException")) {
      return unavailable(
          "The grid is degraded after a split and takes no reads or writes.", thrown);
    }
    if (says.contains("CacheNotFoundException")) {
      return unavailable("A cache of the ledger is missing in the grid.", thrown);
    }
    if (says.contains("IllegalLifecycleState") || says.contains("SuspectException")) {
      return unavailable("A server of the grid is starting or stopping.", thrown);
    }
    if (says.contains("PersistenceException")) {
      return unavailable(
          "The file store of a server of the grid fails; the log of that server says why.", thrown);
    }
    if (late || says.contains("TimeoutException")) {
      return unanswered(millisMax, thrown);
    }
    if (unreachable) {
      return unavailable("The grid cannot be reached.", thrown);
    }
    if (says.contains("RemoteCacheManagerNotStartedException")) {
      return unavailable("The connection to the grid is not open.", thrown);
    }
    return unavailable("The grid failed.", thrown);
  }
}
