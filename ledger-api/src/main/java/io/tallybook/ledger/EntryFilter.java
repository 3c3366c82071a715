package io.tallybook.ledger;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which entries a question is about. An empty set lets every entry through; a set of names lets
 * through those that have any of them.
 *
 * @param organizations {@value Names#NONE} stands for no organization
 * @param from earliest time, inclusive; {@link Long#MIN_VALUE} for no bound
 * @param to latest time, exclusive; {@link Long#MAX_VALUE} for no bound
 * @param attributes name to the values let through
 * @param words that all must stand, as whole words and in any case, in some attribute's value
 * @param minSequence inclusive
 * @param maxSequence inclusive
 */
public record EntryFilter(
    Set<String> organizations,
    Set<String> agents,
    Set<String> services,
    Set<String> types,
    Set<EntryKind> kinds,
    Set<String> sources,
    Set<String> ids,
    long from,
    long to,
    Map<String, Set<String>> attributes,
    List<String> words,
    long minSequence,
    long maxSequence) {
  /** Most names in one set. */
  public static final int NAMES_MAX = 100;

  /** Lets every entry through. */
  public static final EntryFilter ALL =
      new EntryFilter(
          Set.of(),
          Set.of(),
          Set.of(),
          Set.of(),
          Set.of(),
          Set.of(),
          Set.of(),
          Long.MIN_VALUE,
          Long.MAX_VALUE,
          Map.of(),
          List.of(),
          1,
          Long.MAX_VALUE);

  public EntryFilter {
    organizations = bounded("organization", organizations);
    agents = bounded("agent", agents);
    services = bounded("service", services);
    types = bounded("type", types);
    kinds = Set.copyOf(kinds);
    sources = bounded("source", sources);
    ids = bounded("id", ids);
    if (attributes.size() > Attributes.COUNT_MAX) {
      throw new LedgerException.Rejected(
          Reason.INVALID_REQUEST,
          "attributes",
          "attributes may be named at most "
              + Attributes.COUNT_MAX
              + " times, as an entry has no more");
    }
    attributes = Map.copyOf(attributes);
    attributes.forEach((name, values) -> bounded("attributes." + name, values));
    words = words.stream().map(word -> word.toLowerCase(Locale.ROOT)).toList();
    if (words.size() > NAMES_MAX) {
      throw tooMany("q");
    }
  }

  public EntryFilter withOrganizations(Set<String> names) {
    return with(draft -> draft.organizations = names);
  }

  public EntryFilter withAgents(Set<String> names) {
    return with(draft -> draft.agents = names);
  }

  public EntryFilter withServices(Set<String> names) {
    return with(draft -> draft.services = names);
  }

  public EntryFilter withTypes(Set<String> names) {
    return with(draft -> draft.types = names);
  }

  public EntryFilter withKinds(Set<EntryKind> newKinds) {
    return with(draft -> draft.kinds = newKinds);
  }

  public EntryFilter withIds(Set<String> newSources, Set<String> newIds) {
    return with(
        draft -> {
          draft.sources = newSources;
          draft.ids = newIds;
        });
  }

  /** Only times from one, inclusive, to another, exclusive. */
  public EntryFilter withTimes(long newFrom, long newTo) {
    return with(
        draft -> {
          draft.from = newFrom;
          draft.to = newTo;
        });
  }

  public EntryFilter withAttributes(Map<String, Set<String>> values) {
    return with(draft -> draft.attributes = values);
  }

  public EntryFilter withWords(List<String> newWords) {
    return with(draft -> draft.words = newWords);
  }

  /** Only sequences from one to another, both inclusive. */
  public EntryFilter withSequences(long min, long max) {
    return with(
        draft -> {
          draft.minSequence = min;
          draft.maxSequence = max;
        });
  }

  private EntryFilter with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.filter();
  }

  /** The parts of a filter, to be changed before the next one is made of them. */
  private static final class Draft {
    Set<String> organizations;
    Set<String> agents;
    Set<String> services;
    Set<String> types;
    Set<EntryKind> kinds;
    Set<String> sources;
    Set<String> ids;
    long from;
    long to;
    Map<String, Set<String>> attributes;
    List<String> words;
    long minSequence;
    long maxSequence;

    Draft(EntryFilter filter) {
      organizations = filter.organizations;
      agents = filter.agents;
      services = filter.services;
      types = filter.types;
      kinds = filter.kinds;
      sources = filter.sources;
      ids = filter.ids;
      from = filter.from;
      to = filter.to;
      attributes = filter.attributes;
      words = filter.words;
      minSequence = filter.minSequence;
      maxSequence = filter.maxSequence;
    }

    EntryFilter filter() {
      return new EntryFilter(
          organizations,
          agents,
          services,
          types,
          kinds,
          sources,
          ids,
          from,
          to,
          attributes,
          words,
          minSequence,
          maxSequence);
    }
  }

  /** Whether times are bounded on either side. */
  public boolean boundsTime() {
    return from != Long.MIN_VALUE || to != Long.MAX_VALUE;
  }

  /** Whether an entry is let through. */
  public boolean matches(Entry entry) {
    return entry.sequence() >= minSequence
        && entry.sequence() <= maxSequence
        && entry.time() >= from
        && entry.time() < to
        && (organizations.isEmpty()
            || organizations.contains(
                entry.organization() == null ? Names.NONE : entry.organization()))
        && lets(agents, entry.agent())
        && lets(services, entry.service())
        && lets(types, entry.type())
        && (kinds.isEmpty() || kinds.contains(entry.kind()))
        && lets(sources, entry.source())
        && lets(ids, entry.id())
        && matchesAttributes(entry.attributes());
  }

  /** Whether the attributes of an entry are let through, and its words. */
  public boolean matchesAttributes(Map<String, String> actual) {
    for (Map.Entry<String, Set<String>> wanted : attributes.entrySet()) {
      String value = actual.get(wanted.getKey());
      if (value == null || !wanted.getValue().contains(value)) {
        return false;
      }
    }
    return words.isEmpty() || wordsOf(actual).containsAll(words);
  }

  private static Set<String> wordsOf(Map<String, String> attributes) {
    Set<String> found = new HashSet<>();
    for (String value : attributes.values()) {
      String lower = value.toLowerCase(Locale.ROOT);
      int begin = -1;
      for (int i = 0; i < lower.length(); i += Character.charCount(lower.codePointAt(i))) {
        boolean inWord = Character.isLetterOrDigit(lower.codePointAt(i));
        if (inWord && begin < 0) {
          begin = i;
        } else if (!inWord && begin >= 0) {
          found.add(lower.substring(begin, i));
          begin = -1;
        }
      }
      if (begin >= 0) {
        found.add(lower.substring(begin));
      }
    }
    return found;
  }

  private static boolean lets(Set<String> names, @Nullable String name) {
    return names.isEmpty() || (name != null && names.contains(name));
  }

  private static Set<String> bounded(String field, Set<String> names) {
    if (names.size() > NAMES_MAX) {
      throw tooMany(field);
    }
    return Set.copyOf(names);
  }

  private static LedgerException.Rejected tooMany(String field) {
    return new LedgerException.Rejected(
        Reason.INVALID_REQUEST, field, field + " may be given at most " + NAMES_MAX + " times");
  }
}
