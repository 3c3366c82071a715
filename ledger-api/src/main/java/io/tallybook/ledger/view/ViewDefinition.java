package io.tallybook.ledger.view;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.Reason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A named, maintained rollup: which entries it counts, what it groups them by, and how it cuts
 * time.
 *
 * @param source what it counts: usage with its reversals, or readings
 * @param filter dimension to the one name that counted entries have there
 * @param groupBy at most {@link #DIMENSIONS_MAX} dimensions
 * @param outstanding whether its cells hold outstanding amounts; then without filter and buckets
 * @param state whether it can be asked
 * @param fence the position up to which entries are folded in by a job; later ones count as they
 *     come
 * @param coversFrom the earliest time that it can tell of, {@link Long#MIN_VALUE} for all
 */
public record ViewDefinition(
    String name,
    Source source,
    Map<Dimension, String> filter,
    List<Dimension> groupBy,
    Bucket bucket,
    boolean outstanding,
    State state,
    long fence,
    long coversFrom) {
  /** Most dimensions of a view. */
  public static final int DIMENSIONS_MAX = 6;

  /** Most views of a ledger. */
  public static final int VIEWS_MAX = 64;

  /** What a view counts. */
  public enum Source {
    USAGE,
    READINGS
  }

  /** Whether a view can be asked. */
  public enum State {
    BUILDING,
    READY,
    FAILED
  }

  /** The version of the definition's stored form. */
  private static final String FORMAT = "1";

  public ViewDefinition {
    Names.require("name", name, 64);
    filter = Map.copyOf(filter);
    groupBy = List.copyOf(groupBy);
    if (groupBy.size() > DIMENSIONS_MAX) {
      throw invalid("groupBy", "groupBy must be at most " + DIMENSIONS_MAX + " dimensions");
    }
    if (groupBy.stream().distinct().count() != groupBy.size()) {
      throw invalid("groupBy", "groupBy must not name a dimension twice");
    }
    if (outstanding
        && (source != Source.USAGE
            || !filter.isEmpty()
            || bucket != Bucket.NONE
            || !List.of(Dimension.AGENT, Dimension.SERVICE).containsAll(groupBy))) {
      throw invalid(
          "outstanding",
          "a view with outstanding amounts counts all usage, groups by agent and service at most, and"
              + " has no buckets");
    }
  }

  /** A view of usage that is ready. */
  public static ViewDefinition of(String name, Bucket bucket, Dimension... groupBy) {
    return ready(name, Source.USAGE, bucket, false, groupBy);
  }

  /**
   * The views that every ledger starts with. They are put into a new ledger as documents; from then
   * on the documents count, not this list.
   */
  public static List<ViewDefinition> builtIn() {
    return List.of(
        ready("total", Source.USAGE, Bucket.NONE, true),
        ready("by-agent", Source.USAGE, Bucket.NONE, true, Dimension.AGENT),
        ready("by-service", Source.USAGE, Bucket.NONE, true, Dimension.SERVICE),
        ready(
            "by-agent-service",
            Source.USAGE,
            Bucket.NONE,
            true,
            Dimension.AGENT,
            Dimension.SERVICE),
        of("by-service-type", Bucket.NONE, Dimension.SERVICE, Dimension.TYPE),
        of("daily-by-organization-agent", Bucket.DAY, Dimension.ORGANIZATION, Dimension.AGENT),
        of("hourly-by-organization-type", Bucket.HOUR, Dimension.ORGANIZATION, Dimension.TYPE),
        of("hourly-by-service", Bucket.HOUR, Dimension.SERVICE),
        ready(
            "latest-by-agent-window",
            Source.READINGS,
            Bucket.NONE,
            false,
            Dimension.AGENT,
            Dimension.WINDOW),
        ready(
            "hourly-by-agent-window",
            Source.READINGS,
            Bucket.HOUR,
            false,
            Dimension.AGENT,
            Dimension.WINDOW));
  }

  /** Whether a view of this name is among those that every ledger starts with, and keeps. */
  public static boolean isBuiltIn(String name) {
    return builtIn().stream().anyMatch(view -> view.name().equals(name));
  }

  private static ViewDefinition ready(
      String name, Source source, Bucket bucket, boolean outstanding, Dimension... groupBy) {
    return new ViewDefinition(
        name,
        source,
        Map.of(),
        List.of(groupBy),
        bucket,
        outstanding,
        State.READY,
        0,
        Long.MIN_VALUE);
  }

  /** What the cells hold. */
  public CellShape shape() {
    if (source == Source.READINGS) {
      return CellShape.READING;
    }
    if (!outstanding) {
      return CellShape.USAGE;
    }
    if (groupBy.equals(List.of(Dimension.SERVICE))) {
      return CellShape.SERVICE;
    }
    if (groupBy.equals(List.of(Dimension.AGENT, Dimension.SERVICE))) {
      return CellShape.PAIR;
    }
    return CellShape.OUTSTANDING;
  }

  /** Whether cells of another definition of the view are cells of this one too. */
  public boolean hasCellsOf(ViewDefinition other) {
    return source == other.source
        && filter.equals(other.filter)
        && groupBy.equals(other.groupBy)
        && bucket.equals(other.bucket)
        && outstanding == other.outstanding;
  }

  /** The same definition in another state. */
  public ViewDefinition in(State newState, long newFence) {
    return new ViewDefinition(
        name, source, filter, groupBy, bucket, outstanding, newState, newFence, coversFrom);
  }

  /** The fields of the document that keeps the definition. */
  public Map<String, String> fields() {
    TreeMap<String, String> fields = new TreeMap<>(Names.ORDER);
    fields.put("format", FORMAT);
    fields.put("source", source.name());
    filter.forEach((dimension, value) -> fields.put("filter." + dimension, value));
    for (int i = 0; i < groupBy.size(); i++) {
      fields.put("groupBy." + i, groupBy.get(i).name());
    }
    fields.put("bucket", bucket.label());
    fields.put("outstanding", Boolean.toString(outstanding));
    fields.put("state", state.name());
    fields.put("fence", Long.toString(fence));
    fields.put("coversFrom", Long.toString(coversFrom));
    return Collections.unmodifiableMap(fields);
  }

  /**
   * The definition that a document keeps.
   *
   * @throws LedgerException.Unavailable if a newer version wrote it
   */
  public static ViewDefinition of(Document document) {
    Map<String, String> fields = document.fields();
    String name = document.key().name();
    if (!FORMAT.equals(fields.get("format"))) {
      throw new LedgerException.Unavailable(
          "The view " + name + " has a definition of a newer version; start that version",
          true,
          null);
    }
    Map<Dimension, String> filter =
        new TreeMap<>((a, b) -> Names.ORDER.compare(a.name(), b.name()));
    fields.forEach(
        (field, value) -> {
          if (field.startsWith("filter.")) {
            filter.put(new Dimension(field.substring("filter.".length())), value);
          }
        });
    List<Dimension> groupBy = new ArrayList<>();
    for (String d = fields.get("groupBy.0");
        d != null;
        d = fields.get("groupBy." + groupBy.size())) {
      groupBy.add(new Dimension(d));
    }
    return new ViewDefinition(
        name,
        Source.valueOf(text(document, "source")),
        filter,
        groupBy,
        Bucket.parse(text(document, "bucket")),
        document.flag("outstanding"),
        State.valueOf(text(document, "state")),
        document.integer("fence"),
        document.integer("coversFrom"));
  }

  private static String text(Document document, String field) {
    String text = document.field(field);
    if (text == null) {
      throw new LedgerException.Unavailable(
          "The document of view "
              + document.key().name()
              + " has no "
              + field
              + "; it has "
              + Arrays.toString(document.fields().keySet().toArray()),
          true,
          null);
    }
    return text;
  }

  private static LedgerException.Rejected invalid(String field, String message) {
    return new LedgerException.Rejected(Reason.INVALID_REQUEST, field, message);
  }
}
