package io.tallybook.ledger.infinispan;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.infinispan.client.hotrod.configuration.ClientIntelligence;
import org.infinispan.client.hotrod.configuration.ConfigurationBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Infinispan servers of one test, each a process on this machine, which can be stopped, killed,
 * paused, and started again over what it wrote. Several are a cluster, which finds within about two
 * seconds that one is gone.
 *
 * <p>A server listens before its caches are open, and calls that reach it then are misread. Clients
 * of servers that are started again under load come by a proxy that lets them in when the server
 * says that it is ready, as the Service of a cluster does.
 */
public final class GridServers implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofMinutes(3);
  private static final Duration STOP_MAX = Duration.ofSeconds(60);
  private static final int HEAP_MB = 512;
  private static final String LOOPBACK = "127.0.0.1";

  /** One server; its folder and its ports are the same each time that it is started. */
  private static final class Server {
    private final int index;
    private final Path home;
    private final int port;
    private final int clusterPort;
    private final Proxy door;
    private @Nullable Process process;

    Server(int index, Path home, int port, int clusterPort) {
      this.index = index;
      this.home = home;
      this.port = port;
      this.clusterPort = clusterPort;
      this.door = new Proxy(port);
    }

    Process running() {
      Process running = process;
      if (running == null || !running.isAlive()) {
        throw new IllegalStateException("Server " + index + " does not run.");
      }
      return running;
    }

    Path log() {
      return home.resolve("server.log");
    }
  }

  /** A user of secured servers who reads and writes, and creates nothing. */
  public static final String CLERK = "clerk";

  private final @Nullable String user;
  private final @Nullable String password;
  private final int heapMb;
  private final List<Path> jars;
  private final Path lib;
  private final Path folder;
  private final List<Server> servers = new ArrayList<>();
  private final @Nullable Certificate certificate;
  private final HttpClient http;
  private final Thread endAll = new Thread(this::endProcesses, "grid-servers-end");

  private GridServers(
      int count,
      int heapMb,
      List<Path> jars,
      @Nullable String user,
      @Nullable String password,
      @Nullable Certificate certificate) {
    this.certificate = certificate;
    this.http =
        certificate == null
            ? HttpClient.newHttpClient()
            : HttpClient.newBuilder().sslContext(certificate.trusted()).build();
    this.user = user;
    this.password = password;
    this.heapMb = heapMb;
    this.jars = jars;
    this.lib = lib();
    Runtime.getRuntime().addShutdownHook(endAll);
    try {
      folder = Files.createTempDirectory("grid-servers-");
      List<Integer> ports = freePorts(2 * count);
      for (int i = 0; i < count; i++) {
        Path home = Files.createDirectories(folder.resolve("server-" + i));
        servers.add(new Server(i, home, ports.get(i), ports.get(count + i)));
      }
      for (Server server : servers) {
        configure(server);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts so many servers, which ask nobody for a password; returns when they answer. */
  public static GridServers start(int servers) {
    return start(servers, HEAP_MB);
  }

  /** Starts so many servers, each with a heap of so many megabytes. */
  public static GridServers start(int servers, int heapMb) {
    return start(servers, heapMb, List.of());
  }

  /** The same, with jars that are deployed on each server, as those of tasks are. */
  public static GridServers start(int servers, int heapMb, List<Path> jars) {
    return started(new GridServers(servers, heapMb, jars, null, null, null));
  }

  /**
   * Starts one server that wants a user and a password, and lets that user do everything. Another,
   * {@link #CLERK}, with the same password, has the role `application` only.
   */
  public static GridServers secured(String user, String password) {
    return started(new GridServers(1, HEAP_MB, List.of(), user, password, null));
  }

  /** The same, for clients that know it by a certificate. */
  public static GridServers encrypted(String user, String password, Certificate certificate) {
    return started(new GridServers(1, HEAP_MB, List.of(), user, password, certificate));
  }

  private static GridServers started(GridServers servers) {
    try {
      servers.servers.forEach(servers::launch);
      servers.servers.forEach(servers::awaitReady);
    } catch (RuntimeException e) {
      servers.close();
      throw e;
    }
    return servers;
  }

  /** How many there are, whether they run or not. */
  public int size() {
    return servers.size();
  }

  /** The addresses, as the client's list of servers takes them. */
  public String hosts() {
    return servers.stream()
        .map(server -> LOOPBACK + ":" + server.port)
        .collect(Collectors.joining(";"));
  }

  /** The addresses at which only servers answer that are ready. */
  private String guardedHosts() {
    return servers.stream().map(server -> server.door.host()).collect(Collectors.joining(";"));
  }

  /** The port of one of them. */
  int port(int index) {
    return servers.get(index).port;
  }

  /** A started client of all servers, with their user. */
  public GridClient client() {
    return client(hosts(), user, password, 15_000);
  }

  /**
   * A started client that comes to servers only when they are ready, and asks for values where they
   * are.
   */
  public GridClient guardedClient() {
    GridClient client =
        new GridClient(
            configuration(guardedHosts(), user, password, 5_000)
                .clientIntelligence(ClientIntelligence.HASH_DISTRIBUTION_AWARE)
                .build());
    client.start();
    return client;
  }

  /** A client that is not started; it gives up a call within twice the milliseconds. */
  public static GridClient unstartedClient(
      String hosts, @Nullable String user, @Nullable String password, int timeoutMillis) {
    return new GridClient(configuration(hosts, user, password, timeoutMillis).build());
  }

  /** How a client is configured that sends a call again once. */
  static ConfigurationBuilder configuration(
      String hosts, @Nullable String user, @Nullable String password, int timeoutMillis) {
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder
        .addServers(hosts)
        .clientIntelligence(ClientIntelligence.BASIC)
        .socketTimeout(timeoutMillis)
        .connectionTimeout(Math.min(timeoutMillis, 2_000))
        .maxRetries(1)
        .statistics()
        .disable()
        .jmxDisable();
    if (user != null && password != null) {
      builder
          .security()
          .authentication()
          .enable()
          .username(user)
          .password(password)
          .realm("default")
          .saslMechanism("SCRAM-SHA-256");
    }
    return builder;
  }

  /** A started client. */
  public static GridClient client(
      String hosts, @Nullable String user, @Nullable String password, int timeoutMillis) {
    GridClient client = unstartedClient(hosts, user, password, timeoutMillis);
    client.start();
    return client;
  }

  /** Ends one as a failing machine would. */
  public void kill(int index) {
    Server server = servers.get(index);
    end(server.running().destroyForcibly());
    server.door.shut();
  }

  /** Ends one as its keeper would. */
  public void stop(int index) {
    Server server = servers.get(index);
    Process process = server.running();
    process.destroy();
    end(process);
    server.door.shut();
  }

  /** Starts one that was killed or stopped over what it wrote; returns when it answers. */
  public void restart(int index) {
    Server server = servers.get(index);
    launch(server);
    awaitReady(server);
    server.door.open();
  }

  /** Removes the indexes of the file stores of one that does not run. */
  void removeIndexes(int index) throws IOException {
    List<Path> indexes;
    try (Stream<Path> files = Files.walk(servers.get(index).home.resolve("server/data"))) {
      indexes = files.filter(file -> file.endsWith("index") && Files.isDirectory(file)).toList();
    }
    if (indexes.isEmpty()) {
      throw new IllegalStateException("Server " + index + " has no index.");
    }
    indexes.forEach(GridServers::removeAll);
  }

  /** Stops its time; returns when none of its threads runs any more. */
  public void pause(int index) {
    Process process = servers.get(index).running();
    signal("STOP", process);
    await()
        .atMost(STOP_MAX)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> isPaused(process.pid()));
  }

  /** Lets its time go on. */
  public void resume(int index) {
    signal("CONT", servers.get(index).running());
  }

  /** Waits until a server sees so many in the cluster. */
  public void awaitMembers(int index, int members) {
    await()
        .atMost(START_MAX)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () ->
                get(servers.get(index), "/rest/v2/container")
                    .contains("\"cluster_size\":" + members));
  }

  /** Waits until a server knows of nothing that is still moved between servers. */
  public void awaitBalanced(int index) {
    await()
        .atMost(START_MAX)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> isHealthy(servers.get(index)));
  }

  /** What a server said. */
  public String log(int index) {
    try {
      return Files.readString(servers.get(index).log());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    endProcesses();
    servers.forEach(server -> server.door.close());
    try {
      Runtime.getRuntime().removeShutdownHook(endAll);
    } catch (IllegalStateException e) {
      // It is running.
    }
    http.close();
    removeAll(folder);
  }

  private static void removeAll(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void endProcesses() {
    List<Process> ended = new ArrayList<>();
    for (Server server : servers) {
      Process process = server.process;
      if (process != null) {
        ended.add(process.destroyForcibly());
      }
    }
    ended.forEach(GridServers::end);
  }

  private static void end(Process process) {
    try {
      if (!process.waitFor(STOP_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("The server did not end within " + STOP_MAX + ".");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Whether all threads stand still: the system stops them a little after it took the signal. */
  private static boolean isPaused(long pid) {
    try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path thread : threads.toList()) {
        String stat = Files.readString(thread.resolve("stat"));
        if (!stat.startsWith(" T", stat.lastIndexOf(')') + 1)) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false; // a thread has ended meanwhile
    }
  }

  private static void signal(String name, Process process) {
    try {
      int code =
          new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
      if (code != 0) {
        throw new IllegalStateException("kill ended with " + code + ".");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void launch(Server server) {
    Process before = server.process;
    if (before != null && before.isAlive()) {
      throw new IllegalStateException("Server " + server.index + " runs already.");
    }
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + heapMb + "m",
            // The serial one is cheap, and stops everything: in a heap of gigabytes for seconds.
            heapMb > HEAP_MB ? "-XX:+UseG1GC" : "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=4",
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.net.preferIPv4Stack=true",
            "-Dvisualvm.display.name=infinispan-server",
            "-Dinfinispan.server.home.path=" + server.home,
            "-cp",
            lib + "/*",
            "org.infinispan.server.Bootstrap");
    try {
      server.process =
          new ProcessBuilder(command)
              .directory(server.home.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(server.log().toFile()))
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitReady(Server server) {
    try {
      await()
          .atMost(START_MAX)
          .pollInterval(Duration.ofMillis(25))
          .until(() -> server.running().isAlive() && isHealthy(server));
    } catch (ConditionTimeoutException | IllegalStateException e) {
      throw new IllegalStateException(
          "Server " + server.index + " did not start:\n" + log(server.index), e);
    }
  }

  private boolean isHealthy(Server server) {
    return get(server, "/rest/v2/container/health/status").equals("HEALTHY");
  }

  /** The answer to a GET; empty if there is none. */
  private String get(Server server, String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create(
                    (certificate == null ? "http://" : "https://")
                        + LOOPBACK
                        + ":"
                        + server.port
                        + path))
            .timeout(Duration.ofSeconds(5));
    if (user != null) {
      String credentials = user + ":" + password;
      request.header(
          "Authorization",
          "Basic "
              + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8)));
    }
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return response.statusCode() == 200 ? response.body() : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void configure(Server server) throws IOException {
    Path conf = Files.createDirectories(server.home.resolve("server/conf"));
    Files.createDirectories(server.home.resolve("server/data"));
    Path deployed = Files.createDirectories(server.home.resolve("server/lib"));
    for (Path jar : jars) {
      Files.copy(jar, deployed.resolve(jar.getFileName()));
    }
    Files.writeString(conf.resolve("infinispan.xml"), configuration(server));
    Files.writeString(
        conf.resolve("log4j2.xml"),
        """
        <Configuration name="server" monitorInterval="0">
          <Appenders>
            <Console name="out"><PatternLayout pattern="%d{HH:mm:ss,SSS} %-5p [%c] %m%throwable%n"/></Console>
          </Appenders>
          <Loggers>
            <Root level="INFO"><AppenderRef ref="out"/></Root>
          </Loggers>
        </Configuration>
        """);
    if (user != null) {
      Files.writeString(
          conf.resolve("users.properties"),
          user + "=" + password + "\n" + CLERK + "=" + password + "\n");
      Files.writeString(
          conf.resolve("groups.properties"), user + "=admin\n" + CLERK + "=application\n");
    }
  }

  private String configuration(Server server) {
    boolean clustered = servers.size() > 1;
    String members =
        servers.stream()
            .map(one -> LOOPBACK + "[" + one.clusterPort + "]")
            .collect(Collectors.joining(","));
    String stack =
        clustered
            ? """
                <jgroups>
                  <stack name="loopback">
                    <TCP bind_addr="%s" bind_port="%d" port_range="0" sock_conn_timeout="300" linger="-1" tcp_nodelay="true"
                         diag.enabled="false" thread_naming_pattern="pl" bundler_type="transfer-queue"
                         thread_pool.min_threads="0" thread_pool.max_threads="200" thread_pool.keep_alive_time="30000"/>
                    <TCPPING initial_hosts="%s" port_range="0"/>
                    <MERGE3 min_interval="1000" max_interval="3000"/>
                    <FD_SOCK2 offset="1" port_range="1"/>
                    <FD_ALL3 timeout="2000" interval="500"/>
                    <VERIFY_SUSPECT2 timeout="500"/>
                    <pbcast.NAKACK2 use_mcast_xmit="false" xmit_interval="200"/>
                    <UNICAST3 conn_close_timeout="5000" xmit_interval="200"/>
                    <pbcast.STABLE desired_avg_gossip="5000" max_bytes="1M"/>
                    <pbcast.GMS print_local_addr="false" join_timeout="1000" leave_timeout="1000"/>
                    <UFC max_credits="4m" min_threshold="0.40"/>
                    <MFC max_credits="4m" min_threshold="0.40"/>
                    <FRAG4 frag_size="60000"/>
                  </stack>
                </jgroups>
              """
                .formatted(LOOPBACK, server.clusterPort, members)
            : "";
    String transport =
        clustered
            ? """
              <transport cluster="grid-%s" stack="loopback" node-name="server-%d"
                         initial-cluster-size="%d" initial-cluster-timeout="%d"/>
              """
                .formatted(folder.getFileName(), server.index, majority(), START_MAX.toMillis())
            : "";
    String authorization = user == null ? "" : "<security><authorization/></security>";
    String realm =
        user == null
            ? ""
            : """
              <security>
                <security-realms>
                  <security-realm name="default">
                    %s
                    <properties-realm groups-attribute="Roles">
                      <user-properties path="users.properties" plain-text="true"/>
                      <group-properties path="groups.properties"/>
                    </properties-realm>
                  </security-realm>
                </security-realms>
              </security>
              """
                .formatted(certificate == null ? "" : certificate.identity());
    return """
        <infinispan xmlns="urn:infinispan:config:16.0">
          %s
          <cache-container name="default" statistics="false" zero-capacity-node="false">
            %s
            %s
          </cache-container>
          <server xmlns="urn:infinispan:server:16.0">
            <interfaces>
              <interface name="public"><inet-address value="%s"/></interface>
            </interfaces>
            <socket-bindings default-interface="public" port-offset="0">
              <socket-binding name="default" port="%d"/>
            </socket-bindings>
            %s
            <endpoints>
              <endpoint socket-binding="default"%s>
                <hotrod-connector external-host="%s" external-port="%d"/>
                <rest-connector/>
              </endpoint>
            </endpoints>
          </server>
        </infinispan>
        """
        .formatted(
            stack,
            transport,
            authorization,
            LOOPBACK,
            server.port,
            realm,
            user == null ? "" : " security-realm=\"default\"",
            LOOPBACK,
            server.door.port());
  }

  /** So many must have found each other before one begins: alone it knows what it once wrote. */
  private int majority() {
    return servers.size() / 2 + 1;
  }

  /** The jars of the server, which the build copies beside the module `ledger-infinispan`. */
  private static Path lib() {
    Path at = Path.of(System.getProperty("user.dir")).toAbsolutePath();
    while (at != null) {
      Path module = at.resolve("ledger-infinispan/server");
      if (Files.isDirectory(module)) {
        Path lib = module.resolve("target/infinispan-server/lib");
        if (!Files.isDirectory(lib)) {
          throw new IllegalStateException(
              "The jars of the Infinispan server are missing: ./mvnw package -pl"
                  + " ledger-infinispan/server");
        }
        return lib;
      }
      at = at.getParent();
    }
    throw new IllegalStateException("Run this in the project's folder.");
  }

  /** Ports that nobody has now, and neither the one after each: there, failures are detected. */
  private static List<Integer> freePorts(int count) throws IOException {
    List<Integer> ports = new ArrayList<>();
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      while (ports.size() < count) {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        sockets.add(socket);
        int port = socket.getLocalPort();
        try {
          sockets.add(new ServerSocket(port + 1, 1, InetAddress.getLoopbackAddress()));
          ports.add(port);
        } catch (IOException | IllegalArgumentException e) {
          // Somebody has the one after it; the next try is with another.
        }
      }
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
    return ports;
  }
}
