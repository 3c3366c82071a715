package io.tallybook.service;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;

/**
 * The API. Its resources run on virtual threads, or on worker threads where {@code
 * quarkus.virtual-threads.enabled} is false; that setting is the one switch.
 */
@ApplicationPath(Api.ROOT)
public class Api extends Application {
  /** Where every path begins. */
  public static final String ROOT = "/api/v1";
}
