package io.tallybook.service.query;

import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.facade.EntryPage;
import io.tallybook.ledger.facade.EntryQuery;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.storage.EntryMark;
import io.tallybook.service.http.Problem;
import io.tallybook.service.http.Query;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which entries a request asks for, and in which order.
 *
 * @param settlement only what this settlement covered; null for no such bound
 */
record EntryQuestion(
    EntryFilter filter, @Nullable Long settlement, boolean byTime, boolean descending) {
  /** Most entries that are looked at to count some. */
  static final long COUNT_LOOKS_MAX = 10_000_000;

  private static final String[] FILTERS = {
    "organization",
    "agent",
    "service",
    "type",
    "kind",
    "source",
    "id",
    "from",
    "to",
    "attributes.NAME",
    "q",
    "minSequence",
    "maxSequence",
    "settlement"
  };
  private static final String ATTRIBUTE = "attributes.";
  private static final Pattern WORDS = Pattern.compile("[^\\p{L}\\p{Nd}]+");
  private static final Pattern SEQUENCE = Pattern.compile("[0-9]{1,18}");

  /**
   * The question that parameters put; those of other names are refused.
   *
   * @param more names beside those of the filters
   */
  static EntryQuestion of(Query query, String... more) {
    query.only(Stream.of(FILTERS, more).flatMap(Arrays::stream).toArray(String[]::new));
    String settlement = query.text("settlement");
    return new EntryQuestion(
        filter(query),
        settlement == null ? null : sequence("settlement", settlement),
        query.word("order", "sequence", "time").equals("time"),
        query.word("sort", "asc", "desc").equals("desc"));
  }

  /** The sequence that a text is. */
  static long sequence(String field, String text) {
    if (!SEQUENCE.matcher(text).matches()) {
      throw Problem.invalid(field + " must be an integer of at most 18 digits");
    }
    return Long.parseLong(text);
  }

  /**
   * A page of the answer.
   *
   * @param back against the order that was asked for
   */
  EntryPage page(LedgerReader reader, boolean back, @Nullable EntryMark after, int limit) {
    EntryQuery query = new EntryQuery(filter, byTime, descending != back, after, limit);
    return settlement == null ? reader.entries(query) : reader.covered(settlement, query);
  }

  /** How many entries the answer has. */
  long count(LedgerReader reader) {
    long count = 0;
    long looked = 0;
    EntryMark after = null;
    do {
      EntryPage page = page(reader, false, after, EntryQuery.LIMIT_MAX);
      count += page.entries().size();
      looked += page.looked();
      if (looked > COUNT_LOOKS_MAX) {
        throw new LedgerException.Rejected(
            Reason.RANGE_TOO_RAGGED,
            "more than "
                + COUNT_LOOKS_MAX
                + " entries would have to be looked at; bound times or sequences");
      }
      after = page.next();
    } while (after != null);
    return count;
  }

  private static EntryFilter filter(Query query) {
    Set<EntryKind> kinds =
        query.texts("kind").stream().map(EntryQuestion::kind).collect(Collectors.toSet());
    Map<String, Set<String>> attributes = new TreeMap<>(Names.ORDER);
    for (String name : query.names()) {
      if (name.startsWith(ATTRIBUTE)) {
        attributes.put(Names.require(name, name.substring(ATTRIBUTE.length())), query.texts(name));
      }
    }
    String words = query.text("q");
    long from = query.time("from", Long.MIN_VALUE);
    long to = query.time("to", Long.MAX_VALUE);
    if (from >= to) {
      throw Problem.invalid("from must be before to");
    }
    return EntryFilter.ALL
        .withOrganizations(query.names("organization"))
        .withAgents(query.names("agent"))
        .withServices(query.names("service"))
        .withTypes(query.names("type"))
        .withKinds(kinds)
        .withIds(query.names("source"), query.names("id"))
        .withTimes(from, to)
        .withAttributes(attributes)
        .withWords(words == null ? List.of() : words(words))
        .withSequences(
            query.integer("minSequence", 1, 1, Long.MAX_VALUE),
            query.integer("maxSequence", Long.MAX_VALUE, 1, Long.MAX_VALUE));
  }

  private static List<String> words(String text) {
    return Arrays.stream(WORDS.split(text)).filter(word -> !word.isEmpty()).toList();
  }

  private static EntryKind kind(String label) {
    for (EntryKind kind : EntryKind.values()) {
      if (kind.label().equals(label)) {
        return kind;
      }
    }
    throw Problem.invalid("kind must be one of usage, reading, settlement, reset, reversal, act");
  }
}
