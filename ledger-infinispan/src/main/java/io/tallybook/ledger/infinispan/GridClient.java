package io.tallybook.ledger.infinispan;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.infinispan.client.hotrod.RemoteCacheManager;
import org.infinispan.client.hotrod.configuration.Configuration;
import org.infinispan.client.hotrod.exceptions.TransportException;
import org.infinispan.client.hotrod.impl.transport.netty.ChannelRecord;
import org.infinispan.client.hotrod.impl.transport.netty.OperationChannel;

/**
 * A client of Hot Rod that connects again however its connection ended.
 *
 * <p>That of version 16 may not where a connection ends as soon as it is made, as at a server that
 * is about to stop, or behind a balancer that has none. If the end comes before the client has
 * noted whose connection it was, it takes no notice; then it notes a connection that has ended, and
 * every call to that server waits in vain until the process ends. Here, whoever still has a
 * connection some time after its end is told.
 */
public final class GridClient extends RemoteCacheManager {
  private static final int LOOK_MILLIS_MAX = 10_000;

  /** A client that is not started. */
  public GridClient(Configuration configuration) {
    super(configuration, false);
  }

  @Override
  protected Consumer<ChannelPipeline> pipelineWrapper() {
    return pipeline -> {
      Channel channel = pipeline.channel();
      var _ = channel.closeFuture().addListener(ended -> lookAgain(channel, 1));
    };
  }

  /** Looks after some time, then after twice that, until the client has noted the connection. */
  private void lookAgain(Channel channel, int millis) {
    var _ =
        channel.eventLoop().schedule(() -> look(channel, millis), millis, TimeUnit.MILLISECONDS);
  }

  private void look(Channel channel, int millis) {
    OperationChannel owner = channel.attr(OperationChannel.OPERATION_CHANNEL_ATTRIBUTE_KEY).get();
    if (owner != null) {
      ChannelRecord.set(channel, owner.getAddress());
      // Does nothing if the owner has let go of it.
      getOperationDispatcher()
          .handleChannelFailure(
              channel,
              new TransportException("It ended as soon as it was made", owner.getAddress()));
    } else if (millis < LOOK_MILLIS_MAX) {
      lookAgain(channel, 2 * millis);
    }
  }
}
