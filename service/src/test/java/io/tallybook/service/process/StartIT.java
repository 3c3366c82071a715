package io.tallybook.service.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.infinispan.Certificate;
import io.tallybook.ledger.infinispan.GridServers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stops the start, and what a storage that is not chosen leaves alone. */
class StartIT {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ledger.storage=paper| Set ledger.storage to one of infinispan, jpa, memory: there is no storage 'paper'.",
        "ledger.storage=jpa| Start with quarkus.profile=jpa instead of ledger.storage=jpa",
        "ledger.storage=infinispan| Start with quarkus.profile=infinispan instead of ledger.storage=infinispan",
        "ledger.max-entries=5| Remove or rename ledger.max-entries: the settings of the ledger are",
        "ledger.jpa.schema=Public| Set ledger.jpa.schema to a lower-case letter",
        "ledger.infinispan.owners=0| Set ledger.infinispan.owners between 1 and 10: it is 0.",
        "ledger.currency=dollar| Set ledger.currency to three capital letters"
      })
  void aWrongSettingStopsTheStartWithWhatToDo(String setting, String message)
      throws IOException, InterruptedException {
    String[] parts = setting.split("=", 2);
    assertStops(Map.of(parts[0], parts[1]), message);
  }

  @Test
  void withoutItsDatabaseTheServiceDoesNotStartAndSaysWhatItTried()
      throws IOException, InterruptedException {
    int port;
    try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = nobody.getLocalPort();
    }
    String url = "jdbc:postgresql://127.0.0.1:" + port + "/usage";
    assertStops(
        Map.of(
            "quarkus.profile",
            "jpa",
            "quarkus.datasource.jdbc.url",
            url + "?user=who&password=secret"),
        "Cannot use PostgreSQL at "
            + url
            + ": the database cannot be reached or broke off; set quarkus.datasource.jdbc.url,"
            + " quarkus.datasource.username and quarkus.datasource.password to a database whose"
            + " tables the user may create.");
  }

  @Test
  void withoutItsGridTheServiceDoesNotStartAndSaysWhatItTried()
      throws IOException, InterruptedException {
    int port;
    try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = nobody.getLocalPort();
    }
    assertStops(
        Map.of(
            "quarkus.profile",
            "infinispan",
            "quarkus.infinispan-client.hosts",
            "127.0.0.1:" + port,
            "quarkus.infinispan-client.password",
            "secret"),
        "Cannot use the Infinispan grid at 127.0.0.1:"
            + port
            + ": the grid cannot be reached; set quarkus.infinispan-client.hosts,"
            + " quarkus.infinispan-client.username and quarkus.infinispan-client.password to a grid"
            + " whose caches the user may create.");
  }

  @Test
  void withAWrongPasswordTheServiceDoesNotStartAndSaysSo()
      throws IOException, InterruptedException {
    try (GridServers servers = GridServers.secured("who", "right")) {
      assertStops(
          Map.of(
              "quarkus.profile",
              "infinispan",
              "quarkus.infinispan-client.hosts",
              servers.hosts(),
              "quarkus.infinispan-client.username",
              "who",
              "quarkus.infinispan-client.password",
              "secret"),
          "Cannot use the Infinispan grid at "
              + servers.hosts()
              + ": the grid refuses the user or the password; set ");
      try (ServiceProcess service =
          ServiceProcess.start(
              Map.of(
                  "quarkus.profile",
                  "infinispan",
                  "quarkus.infinispan-client.hosts",
                  servers.hosts(),
                  "quarkus.infinispan-client.username",
                  "who",
                  "quarkus.infinispan-client.password",
                  "right"))) {
        assertThat(new Client(service).record("/start", "1", 5).statusCode()).isEqualTo(200);
        assertThat(service.terminate()).isEqualTo(ServiceProcess.TERMINATED);
      }
    }
  }

  @Test
  void anEncryptedGridIsKnownByItsCertificateAndName(@TempDir Path folder)
      throws IOException, InterruptedException {
    Certificate certificate = Certificate.in(folder);
    try (GridServers servers = GridServers.encrypted("who", "right", certificate)) {
      Map<String, String> settings =
          Map.of(
              "quarkus.profile",
              "infinispan",
              "quarkus.infinispan-client.hosts",
              servers.hosts(),
              "quarkus.infinispan-client.client-intelligence",
              "BASIC",
              "quarkus.infinispan-client.username",
              "who",
              "quarkus.infinispan-client.password",
              "right",
              "quarkus.infinispan-client.trust-store",
              certificate.pem().toString(),
              "quarkus.infinispan-client.trust-store-type",
              "pem");
      assertStops(
          settings,
          "Set quarkus.infinispan-client.sni-host-name to the name in the certificate of the grid");
      assertStops(named(settings, "other.example.org"), "Cannot use the Infinispan grid at ");
      try (ServiceProcess service = ServiceProcess.start(named(settings, Certificate.NAME))) {
        assertThat(new Client(service).record("/start", "1", 5).statusCode()).isEqualTo(200);
        assertThat(service.terminate()).isEqualTo(ServiceProcess.TERMINATED);
      }
    }
  }

  private static Map<String, String> named(Map<String, String> settings, String name) {
    Map<String, String> named = new HashMap<>(settings);
    named.put("quarkus.infinispan-client.sni-host-name", name);
    return named;
  }

  @Test
  void aStorageThatIsNotChosenOpensNoConnection() throws IOException, InterruptedException {
    try (ServerSocket database = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        ServerSocket grid = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      String url = "jdbc:postgresql://127.0.0.1:" + database.getLocalPort() + "/usage";
      try (ServiceProcess service =
          ServiceProcess.start(
              Map.of(
                  "quarkus.datasource.jdbc.url",
                  url,
                  "quarkus.datasource.username",
                  "who",
                  "quarkus.infinispan-client.hosts",
                  "127.0.0.1:" + grid.getLocalPort(),
                  "quarkus.infinispan-client.use-auth",
                  "true",
                  "quarkus.infinispan-client.username",
                  "who",
                  "quarkus.infinispan-client.password",
                  "secret"))) {
        Client client = new Client(service);
        assertThat(client.get("/health/ready").statusCode()).isEqualTo(200);
        assertThat(client.record("/start", "1", 5).statusCode()).isEqualTo(200);
        assertThat(service.terminate()).isEqualTo(ServiceProcess.TERMINATED);
      }
      assertThat(connects(database)).isFalse();
      assertThat(connects(grid)).isFalse();
    }
  }

  private static boolean connects(ServerSocket server) throws IOException {
    server.setSoTimeout(1);
    try {
      server.accept().close();
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    }
  }

  private static void assertStops(Map<String, String> settings, String message)
      throws IOException, InterruptedException {
    try (ServiceProcess service = ServiceProcess.launch(settings)) {
      assertThat(service.await()).isEqualTo(1);
      assertThat(service.output())
          .contains(message)
          .doesNotContain("Exception")
          .doesNotContain("secret");
    }
  }
}
