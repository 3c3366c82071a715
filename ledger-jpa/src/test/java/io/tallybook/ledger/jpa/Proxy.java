package io.tallybook.ledger.jpa;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Stands between the storage and its database and breaks what a test wants broken. It reads the
 * messages of the client, so that it knows a COMMIT when it comes.
 */
final class Proxy implements AutoCloseable {
  /** What happens at a COMMIT. */
  enum AtCommit {
    PASS,
    /** The connection breaks, and the database never gets it. */
    CUT_BEFORE,
    /** The database commits; the connection breaks before its answer. */
    CUT_AFTER,
    /** From here on nothing arrives, in both directions, and no connection breaks. */
    SILENT_BEFORE,
    /** The database commits; from here on none of its answers arrives. */
    SILENT_AFTER
  }

  private static final int SSL_REQUEST = 80_877_103;
  private static final int GSS_REQUEST = 80_877_104;
  private static final int ACCEPT_MILLIS = 50;
  private static final int CONNECT_MILLIS = 5_000;

  private final ServerSocket front;
  private final int port;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final AtomicReference<AtCommit> atCommit = new AtomicReference<>(AtCommit.PASS);
  private final AtomicReference<Runnable> beforeCommit = new AtomicReference<>(() -> {});
  private final Thread acceptor;
  private volatile boolean requestsLost;
  private volatile boolean answersLost;
  private volatile boolean closed;

  /**
   * A proxy of a database on this machine.
   *
   * @param front where clients connect to; stays open when the proxy is closed
   */
  Proxy(ServerSocket front, int port) throws IOException {
    this.front = front;
    this.port = port;
    front.setSoTimeout(ACCEPT_MILLIS);
    acceptor = Thread.ofPlatform().daemon().start(this::accept);
  }

  /** Says what happens at the next COMMIT, once. */
  void atNextCommit(AtCommit what) {
    atCommit.set(what);
  }

  /** Runs something before the next COMMIT is passed on, once. */
  void beforeNextCommit(Runnable what) {
    beforeCommit.set(what);
  }

  /** From here on the database has vanished: nothing arrives, and no connection breaks. */
  void vanish() {
    requestsLost = true;
    answersLost = true;
  }

  /** The database is back; connections from before it vanished are broken. */
  void comeBack() {
    links.forEach(Link::close);
    requestsLost = false;
    answersLost = false;
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = front.accept();
        Link link = new Link(client);
        links.add(link);
        Thread.ofVirtual().start(link::run);
      } catch (SocketTimeoutException e) {
        // to see whether the proxy is closed
      } catch (IOException e) {
        return; // the front is closed
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      acceptor.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    links.forEach(Link::close);
  }

  /** A connection of a client with that to the database. */
  private final class Link {
    private final Socket client;
    private final Socket server = new Socket();
    private final Set<String> commits = new HashSet<>();
    private volatile boolean cutAtAnswer;

    Link(Socket client) {
      this.client = client;
    }

    /** Passes on in both directions until one side ends; a break of one side breaks the other. */
    void run() {
      try {
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        server.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
        Thread.ofVirtual().start(this::passAnswers);
        passRequests(
            new DataInputStream(client.getInputStream()),
            new DataOutputStream(server.getOutputStream()));
      } catch (IOException e) {
        close();
      }
    }

    private void passRequests(DataInputStream in, DataOutputStream out) throws IOException {
      int code;
      do {
        byte[] greeting = body(in);
        code = number(greeting);
        pass(out, -1, greeting);
      } while (code == SSL_REQUEST || code == GSS_REQUEST);
      for (int type = in.read(); type >= 0; type = in.read()) {
        byte[] body = body(in);
        if (type == 'P' && text(body, text(body, 0).length() + 1).equals("COMMIT")) {
          commits.add(text(body, 0));
        }
        if (type == 'B' && commits.contains(text(body, text(body, 0).length() + 1))) {
          commit();
        }
        pass(out, type, body);
      }
      close();
    }

    private void commit() throws IOException {
      beforeCommit.getAndSet(() -> {}).run();
      switch (atCommit.getAndSet(AtCommit.PASS)) {
        case PASS -> {}
        case CUT_BEFORE -> throw new IOException("cut");
        case CUT_AFTER -> cutAtAnswer = true;
        case SILENT_BEFORE -> vanish();
        case SILENT_AFTER -> answersLost = true;
      }
    }

    private void pass(DataOutputStream out, int type, byte[] body) throws IOException {
      if (!requestsLost) {
        if (type >= 0) {
          out.write(type);
        }
        out.writeInt(body.length + Integer.BYTES);
        out.write(body);
        out.flush();
      }
    }

    private void passAnswers() {
      byte[] buffer = new byte[1 << 16];
      try {
        InputStream in = server.getInputStream();
        OutputStream out = client.getOutputStream();
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          if (cutAtAnswer) {
            break;
          }
          if (!answersLost) {
            out.write(buffer, 0, count);
          }
        }
        if (answersLost) {
          return; // nobody hears of the end either
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
          throw new IllegalStateException(e);
        }
      }
    }
  }

  private static byte[] body(DataInputStream in) throws IOException {
    byte[] body = new byte[in.readInt() - Integer.BYTES];
    in.readFully(body);
    return body;
  }

  private static int number(byte[] body) {
    return ByteBuffer.wrap(body).getInt();
  }

  /** The text from a place to its zero. */
  private static String text(byte[] body, int from) {
    int end = from;
    while (body[end] != 0) {
      end++;
    }
    return new String(Arrays.copyOfRange(body, from, end), StandardCharsets.UTF_8);
  }
}
