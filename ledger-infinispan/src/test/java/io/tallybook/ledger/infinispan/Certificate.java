package io.tallybook.ledger.infinispan;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate that a server of the tests shows, signed by itself. */
public final class Certificate {
  /** The name that it is for. */
  public static final String NAME = "grid.example.org";

  private static final String PASSWORD = "of-the-store";
  private static final int SECONDS_MAX = 60;

  private final Path store;
  private final Path pem;

  private Certificate(Path folder) {
    this.store = folder.resolve("server.p12");
    this.pem = folder.resolve("ca.crt");
  }

  /** Makes one, and what belongs to it, in a folder. */
  public static Certificate in(Path folder) {
    Certificate certificate = new Certificate(folder);
    certificate.keytool(
        "-genkeypair",
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-validity",
        "2",
        "-dname",
        "CN=" + NAME,
        "-ext",
        "SAN=dns:" + NAME + ",ip:127.0.0.1");
    certificate.keytool("-exportcert", "-rfc", "-file", certificate.pem.toString());
    return certificate;
  }

  private void keytool(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", "server", "-storetype", "PKCS12"));
    command.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD));
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IllegalStateException("keytool " + arguments[0]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The file by which a client knows it. */
  public Path pem() {
    return pem;
  }

  /** What a realm of a server has for it. */
  String identity() {
    return "<server-identities><ssl><keystore path=\"%s\" password=\"%s\" alias=\"server\"/></ssl></server-identities>"
        .formatted(store, PASSWORD);
  }

  SSLContext trusted() {
    try (InputStream in = Files.newInputStream(store)) {
      KeyStore known = KeyStore.getInstance("PKCS12");
      known.load(in, PASSWORD.toCharArray());
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("server", known.getCertificate("server"));
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
