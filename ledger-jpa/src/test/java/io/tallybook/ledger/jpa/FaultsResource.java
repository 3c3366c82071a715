package io.tallybook.ledger.jpa;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the storage looks for its database, in tests that put a {@link Proxy} with a {@link Server}
 * of their own behind it. They get it by a field of type {@link ServerSocket}.
 */
public final class FaultsResource implements QuarkusTestResourceLifecycleManager {
  private @Nullable ServerSocket front;

  @Override
  public Map<String, String> start() {
    try {
      ServerSocket opened = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      front = opened;
      return Map.of(
          "quarkus.datasource.jdbc.url",
          "jdbc:postgresql://127.0.0.1:" + opened.getLocalPort() + "/postgres",
          "quarkus.datasource.username",
          "postgres",
          "quarkus.datasource.jdbc.max-size",
          "6",
          "quarkus.hibernate-orm.database.version-check.enabled",
          "false");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void inject(TestInjector injector) {
    injector.injectIntoFields(front, new TestInjector.MatchesType(ServerSocket.class));
  }

  @Override
  public void stop() {
    ServerSocket opened = front;
    if (opened != null) {
      try {
        opened.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
