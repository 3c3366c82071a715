package io.tallybook.ledger.infinispan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tallybook.ledger.LedgerException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.infinispan.client.hotrod.exceptions.HotRodClientException;
import org.infinispan.client.hotrod.exceptions.TransportException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What operators are told of a failure of the grid. */
class GridErrorsTest {
  private static final int MILLIS_MAX = 1_500;

  static Stream<Arguments> failures() {
    return Stream.of(
        arguments(
            server("org.infinispan.server.core.security.SaslException: ELY05055"),
            "The grid refuses the user or the password."),
        arguments(
            server("java.lang.SecurityException: ISPN000287: Unauthorized access"),
            "The grid does not permit the user this: grant it reading and writing of the caches, and"
                + " creating them and the schema where they are missing."),
        arguments(
            server("org.infinispan.partitionhandling.AvailabilityException: ISPN000306"),
            "The grid is degraded after a split and takes no reads or writes."),
        arguments(
            server("org.infinispan.server.hotrod.CacheNotFoundException: Cache 'tallybook_log'"),
            "A cache of the ledger is missing in the grid."),
        arguments(
            server("org.infinispan.commons.IllegalLifecycleStateException: ISPN000323"),
            "A server of the grid is starting or stopping."),
        arguments(
            server("org.infinispan.persistence.spi.PersistenceException: ISPN029019: Cannot load"),
            "The file store of a server of the grid fails; the log of that server says why."),
        arguments(
            server("org.infinispan.util.concurrent.TimeoutException: ISPN000476"),
            "The grid did not answer within 1500 ms."),
        arguments(new TimeoutException(), "The grid did not answer within 1500 ms."),
        arguments(new SocketTimeoutException(), "The grid did not answer within 1500 ms."),
        arguments(new ConnectException(), "The grid cannot be reached."),
        arguments(new ClosedChannelException(), "The grid cannot be reached."),
        arguments(new TransportException("none", null), "The grid cannot be reached."),
        arguments(server("something else"), "The grid failed."));
  }

  private static HotRodClientException server(String says) {
    return new HotRodClientException(says);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void a_failure_is_told_in_a_sentence_also_as_a_cause(Throwable thrown, String told) {
    for (Throwable failure : new Throwable[] {thrown, new CompletionException(thrown)}) {
      LedgerException answer = GridErrors.of(failure, MILLIS_MAX);
      assertThat(answer).isInstanceOf(LedgerException.Unavailable.class).hasMessage(told);
      assertThat(answer.getCause()).isSameAs(failure);
    }
  }

  @Test
  void what_the_ledger_itself_says_is_told_as_it_is() {
    LedgerException said = GridErrors.unavailable("The log is no chain.", null);
    assertThat(GridErrors.of(new CompletionException(said), MILLIS_MAX)).isSameAs(said);
  }

  /** A closed connection says least: what the server said before it tells more. */
  @Test
  void what_the_server_says_counts_before_how_it_was_told() {
    TransportException closed =
        new TransportException(server("org.infinispan.persistence.spi.PersistenceException"), null);
    assertThat(GridErrors.of(closed, MILLIS_MAX)).hasMessageContaining("file store");
  }
}
