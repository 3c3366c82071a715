package io.tallybook.service.api;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Which parts of the description the tests of this run have seen. It is kept with the process,
 * because tests with another configuration have class loaders of their own.
 */
final class Seen {
  private static final String KEY = Seen.class.getName();

  private Seen() {}

  /** Notes parts of a description. */
  static void note(Description description, Set<String> parts) {
    all().computeIfAbsent(description.text(), d -> new ConcurrentSkipListSet<>()).addAll(parts);
  }

  /** The parts that were seen, by the text of the description; one, where all went well. */
  @SuppressWarnings("unchecked") // is put here alone
  static ConcurrentMap<String, Set<String>> all() {
    return (ConcurrentMap<String, Set<String>>)
        System.getProperties().computeIfAbsent(KEY, k -> new ConcurrentHashMap<>());
  }
}
