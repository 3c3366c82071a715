package io.tallybook.service.api;

import java.util.Set;
import java.util.TreeSet;

/**
 * Which parts of the description the tests of this run have seen. It is kept with the process, in
 * its properties, because tests with another configuration have class loaders of their own.
 */
final class Seen {
  private static final String PART = Seen.class.getName() + ".part ";
  private static final String DESCRIPTION = Seen.class.getName() + ".description ";

  private Seen() {}

  /** Notes parts of a description. */
  static void note(Description description, Set<String> parts) {
    String text = description.text();
    System.setProperty(DESCRIPTION + text.hashCode(), text);
    parts.forEach(part -> System.setProperty(PART + part, ""));
  }

  /** The parts that were seen. */
  static Set<String> parts() {
    Set<String> parts = new TreeSet<>();
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith(PART)) {
        parts.add(name.substring(PART.length()));
      }
    }
    return parts;
  }

  /** The texts of the descriptions; one, where all services of the run described the same. */
  static Set<String> descriptions() {
    Set<String> texts = new TreeSet<>();
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith(DESCRIPTION)) {
        texts.add(String.valueOf(System.getProperty(name)));
      }
    }
    return texts;
  }
}
