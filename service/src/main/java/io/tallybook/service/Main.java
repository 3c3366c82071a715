package io.tallybook.service;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.tallybook.service.ops.StoredDescription;

/** Runs the service. */
@QuarkusMain
public final class Main {
  Main() {}

  /** Runs the service until it is told to end. */
  public static void main(String... args) {
    // A target that is no URI is refused by the gate, as a problem. The framework looks for itself
    // before anything of ours is asked, and would answer with an empty 400.
    System.setProperty("vertx.disableURIValidation", "true");
    StoredDescription.useAsStored();
    Quarkus.run(args);
  }
}
