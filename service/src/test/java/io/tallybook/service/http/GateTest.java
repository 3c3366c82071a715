package io.tallybook.service.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GateTest {
  private static final int LATE_MILLIS = 200;
  private static final int WAIT_SECONDS = 30;

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() throws InterruptedException, ExecutionException, TimeoutException {
    Void ignored =
        vertx.close().toCompletionStage().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  /** Lets a connection know that it is closed a while after those who wait for its end do. */
  private static final class LateClose extends ChannelInboundHandlerAdapter {
    @Override
    public void channelInactive(ChannelHandlerContext context) throws InterruptedException {
      Thread.sleep(LATE_MILLIS);
      context.fireChannelInactive();
    }
  }

  @Test
  void anAnswerThatIsCutOffIsNotUnderWayAnyMore()
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    Router router = Router.router(vertx);
    Filters filters = new Filters();
    new Gate(new HttpCounts(), false, Optional.of(List.of())).filters(filters);
    router.route().handler(filters.getFilters().getFirst().getHandler());
    CompletableFuture<Void> ended = new CompletableFuture<>();
    router
        .route()
        .handler(
            context -> {
              ((ConnectionBase) context.request().connection())
                  .channelHandlerContext()
                  .pipeline()
                  .addFirst(new LateClose());
              context.addEndHandler(end -> ended.complete(null));
              Thread ignored = Thread.ofVirtual().start(() -> breakOff(context));
            });
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0)
            .toCompletionStage()
            .toCompletableFuture()
            .get(WAIT_SECONDS, TimeUnit.SECONDS);
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort())) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      assertThat(answer).endsWith("\r\n\r\n4\r\npart\r\n");
    }
    assertThat(ended).succeedsWithin(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  /** What an export does that fails, and then the framework. */
  private static void breakOff(RoutingContext context) {
    context.response().setChunked(true).write("part");
    Gate.cutOff(context.request(), Gate.end(context), new IllegalStateException("broken"));
    boolean ignored = context.response().reset();
  }
}
