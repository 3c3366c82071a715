package io.tallybook.ledger.infinispan;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Stands between clients and their server: breaks a connection at a piece of what the client sends,
 * or lets nobody in. A piece is what is read at once; where connections are to break, it is short,
 * so that it ends within calls too.
 */
final class Proxy implements AutoCloseable {
  /** What is lost when the connection breaks. */
  enum Loss {
    /** The piece, so that the server has at most a part of the call. */
    CALL,
    /** What the server answers after the piece has come to it. */
    ANSWER
  }

  /** Pieces of which a call has several. */
  static final int SHORT_PIECE_BYTES = 2_048;

  private static final int PIECE_BYTES = 1 << 16;
  private static final int CONNECT_MILLIS = 5_000;

  private final ServerSocket front;
  private final int serverPort;
  private final int pieceBytes;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private long pieces;
  private long cutAt;
  private Loss loss = Loss.CALL;
  private boolean isForGood;
  private volatile @Nullable Link cutAtAnswer;
  private volatile boolean isCut;
  private volatile boolean isShut;
  private volatile Runnable onCut = () -> {};

  /** A proxy of a server at a port of this machine. */
  Proxy(int serverPort) {
    this(serverPort, PIECE_BYTES);
  }

  /** A proxy that reads at most so many bytes of a client at once. */
  Proxy(int serverPort, int pieceBytes) {
    this.serverPort = serverPort;
    this.pieceBytes = pieceBytes;
    try {
      front = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread _ = Thread.ofPlatform().daemon().name("proxy").start(this::accept);
  }

  /** Where clients connect to. */
  String host() {
    return "127.0.0.1:" + port();
  }

  /** The port where clients connect to. */
  int port() {
    return front.getLocalPort();
  }

  /**
   * Says at which piece from now on the connection breaks, once.
   *
   * @param forGood whether nobody can connect any more then
   * @param then is done when it has broken
   */
  synchronized void cutAt(long piece, Loss what, boolean forGood, Runnable then) {
    pieces = 0;
    cutAt = piece;
    loss = what;
    isForGood = forGood;
    isCut = false;
    onCut = then;
  }

  /** Whether it has broken since. */
  boolean isCut() {
    return isCut;
  }

  /** Breaks all connections, and lets nobody in. */
  void shut() {
    isShut = true;
    links.forEach(Link::close);
  }

  /** Lets clients in again. */
  void open() {
    isShut = false;
  }

  private void accept() {
    while (true) {
      try {
        Link link = new Link(front.accept());
        links.add(link);
        if (isShut) {
          link.close();
          continue;
        }
        Thread _ = Thread.ofVirtual().start(link::passCalls);
      } catch (IOException e) {
        return; // it is closed
      }
    }
  }

  private synchronized @Nullable Loss lossNow() {
    pieces++;
    return pieces == cutAt ? loss : null;
  }

  private synchronized void cut(Link link) {
    cutAtAnswer = null;
    cutAt = 0;
    if (isForGood) {
      close();
    }
    isCut = true; // before the client can tell
    link.close();
    onCut.run();
  }

  @Override
  public void close() {
    try {
      front.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    links.forEach(Link::close);
  }

  /** A connection of a client with that to the server. */
  private final class Link {
    private final Socket client;
    private final Socket server = new Socket();

    Link(Socket client) {
      this.client = client;
    }

    void passCalls() {
      byte[] buffer = new byte[pieceBytes];
      try {
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        server.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort), CONNECT_MILLIS);
        Thread _ = Thread.ofVirtual().start(this::passAnswers);
        InputStream in = client.getInputStream();
        OutputStream out = server.getOutputStream();
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          Loss lost = lossNow();
          if (lost == Loss.CALL) {
            cut(this);
            return;
          }
          if (lost == Loss.ANSWER) {
            cutAtAnswer = this;
          }
          out.write(buffer, 0, count);
        }
      } catch (IOException e) {
        // the end, like that of the stream
      }
      close();
    }

    private void passAnswers() {
      byte[] buffer = new byte[PIECE_BYTES];
      try {
        InputStream in = server.getInputStream();
        OutputStream out = client.getOutputStream();
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          if (cutAtAnswer == this) {
            cut(this);
            return;
          }
          out.write(buffer, 0, count);
        }
      } catch (IOException e) {
        // the end, like that of the stream
      }
      close();
    }

    void close() {
      links.remove(this);
      for (Socket socket : new Socket[] {client, server}) {
        try {
          socket.close();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }
}
