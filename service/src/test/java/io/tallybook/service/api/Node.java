package io.tallybook.service.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The Node that the build brings along, so that nobody needs to install one. */
final class Node {
  private static final Path HOME = Path.of("target", "node");
  private static final Path BUNDLE = HOME.resolve("driver-bundle.jar");

  private Node() {}

  /** The executable for this machine. */
  static Path executable() throws IOException {
    String name = executableName();
    Path executable = HOME.resolve(Path.of(name).getFileName()).toAbsolutePath();
    if (!Files.exists(executable)) {
      assertThat(BUNDLE).as("The build puts Node there: run ./mvnw verify once.").exists();
      try (ZipFile bundle = new ZipFile(BUNDLE.toFile())) {
        ZipEntry entry = bundle.getEntry(name);
        assertThat(entry).as("%s in %s", name, BUNDLE).isNotNull();
        Path unpacked = Files.createTempFile(HOME, "node", "");
        try (InputStream in = bundle.getInputStream(entry)) {
          Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
        }
        assertThat(unpacked.toFile().setExecutable(true)).isTrue();
        Files.move(unpacked, executable, StandardCopyOption.ATOMIC_MOVE);
      }
    }
    return executable;
  }

  private static String executableName() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    boolean isArm = System.getProperty("os.arch").equals("aarch64");
    if (system.startsWith("windows")) {
      return "driver/win32_x64/node.exe";
    }
    return "driver/"
        + (system.startsWith("mac") ? "mac" : "linux")
        + (isArm ? "-arm64" : "")
        + "/node";
  }
}
