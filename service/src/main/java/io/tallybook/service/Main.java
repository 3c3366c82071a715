package io.tallybook.service;

import io.quarkus.runtime.ImageMode;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.tallybook.service.ops.StoredDescription;

/** Runs the service. */
@QuarkusMain
public final class Main {
  private static final String POLLER_MODE = "jdk.pollerMode";

  Main() {}

  /** Runs the service until it is told to end. */
  public static void main(String... args) {
    // A target that is no URI is refused by the gate, as a problem. The framework looks for itself
    // before anything of ours is asked, and would answer with an empty 400.
    System.setProperty("vertx.disableURIValidation", "true");
    if (ImageMode.current() == ImageMode.NATIVE_RUN) {
      pollWithThreadsOfTheSystem();
    }
    StoredDescription.useAsStored();
    Quarkus.run(args);
  }

  /**
   * Has sockets of virtual threads watched by threads of the system. By default virtual threads
   * watch them, and in an executable of GraalVM 25 one of these is now and then not woken itself
   * (its issue 13787): what it would have woken, like a commit that waits for its database, waits
   * until the other side gives up.
   */
  private static void pollWithThreadsOfTheSystem() {
    if (System.getProperty(POLLER_MODE) == null) {
      System.setProperty(POLLER_MODE, "SYSTEM_THREADS");
    }
  }
}
