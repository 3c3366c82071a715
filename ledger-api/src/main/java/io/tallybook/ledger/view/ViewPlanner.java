package io.tallybook.ledger.view;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Chooses the view that answers a question: among those that cover its filter, grouping and bucket,
 * the one with the fewest further dimensions, then the coarsest bucket that suffices, then the
 * first by name. A question that no view covers is refused; nothing falls back to a scan.
 */
public final class ViewPlanner {
  private ViewPlanner() {}

  /**
   * The view for a question.
   *
   * @throws LedgerException.Rejected {@link Reason#NO_COVERING_VIEW} with the nearest views and the
   *     definition that would cover it, or {@link Reason#VIEW_BUILDING}
   */
  public static ViewDefinition choose(List<ViewDefinition> views, RollupQuery query) {
    Comparator<ViewDefinition> preference =
        Comparator.<ViewDefinition>comparingInt(view -> view.groupBy().size())
            .thenComparing(ViewDefinition::bucket, Comparator.reverseOrder())
            .thenComparing(ViewDefinition::name);
    List<ViewDefinition> covering =
        views.stream().filter(view -> covers(view, query)).sorted(preference).toList();
    return covering.stream()
        .filter(view -> view.state() == ViewDefinition.State.READY)
        .findFirst()
        .orElseThrow(() -> refusal(views, covering, query));
  }

  /**
   * The views that can serve the ends of a range that a view's buckets leave over, from the
   * coarsest bucket to the finest.
   */
  public static List<ViewDefinition> finer(
      List<ViewDefinition> views, RollupQuery query, ViewDefinition chosen) {
    List<ViewDefinition> finer = new ArrayList<>();
    for (Bucket bucket : List.of(Bucket.DAY, Bucket.HOUR)) {
      if (bucket.compareTo(chosen.bucket()) < 0) {
        views.stream()
            .filter(view -> view.state() == ViewDefinition.State.READY)
            .filter(view -> view.bucket() == bucket && covers(view, query))
            .min(
                Comparator.<ViewDefinition>comparingInt(view -> view.groupBy().size())
                    .thenComparing(ViewDefinition::name))
            .ifPresent(finer::add);
      }
    }
    return finer;
  }

  private static boolean covers(ViewDefinition view, RollupQuery query) {
    return view.source() == ViewDefinition.Source.USAGE
        && coversNames(view, query)
        && coversBucket(view.bucket(), query)
        && (query.measure() != RollupQuery.Measure.OUTSTANDING || view.outstanding());
  }

  private static boolean coversNames(ViewDefinition view, RollupQuery query) {
    for (Map.Entry<Dimension, String> only : view.filter().entrySet()) {
      if (!Set.of(only.getValue()).equals(query.filter().get(only.getKey()))) {
        return false;
      }
    }
    for (Dimension dimension : query.dimensions()) {
      boolean fixed = view.filter().containsKey(dimension) && !query.groupBy().contains(dimension);
      if (!fixed && !view.groupBy().contains(dimension)) {
        return false;
      }
    }
    return true;
  }

  private static boolean coversBucket(Bucket bucket, RollupQuery query) {
    if (query.bucket() != Bucket.NONE) {
      return bucket.compareTo(query.bucket()) <= 0;
    }
    return !query.isRanged() || bucket != Bucket.NONE;
  }

  private static LedgerException.Rejected refusal(
      List<ViewDefinition> views, List<ViewDefinition> covering, RollupQuery query) {
    if (!covering.isEmpty()) {
      ViewDefinition first = covering.getFirst();
      return new LedgerException.Rejected(
          Reason.VIEW_BUILDING,
          "view " + first.name() + " covers the question and is still " + label(first));
    }
    List<Dimension> wanted = query.dimensions();
    String nearest =
        views.stream()
            .filter(view -> view.source() == ViewDefinition.Source.USAGE)
            .sorted(
                Comparator.<ViewDefinition>comparingLong(
                        view -> wanted.stream().filter(d -> !view.groupBy().contains(d)).count())
                    .thenComparing(ViewDefinition::name))
            .limit(3)
            .map(ViewDefinition::name)
            .collect(Collectors.joining(", "));
    Bucket bucket = query.bucket() == Bucket.NONE && query.isRanged() ? Bucket.DAY : query.bucket();
    return new LedgerException.Rejected(
        Reason.NO_COVERING_VIEW,
        "no view covers this question; nearest are "
            + nearest
            + "; a view grouped by ["
            + wanted.stream().map(Dimension::name).collect(Collectors.joining(", "))
            + "] with bucket "
            + bucket.label()
            + " would cover it");
  }

  private static String label(ViewDefinition view) {
    return view.state() == ViewDefinition.State.BUILDING ? "being built" : "failed";
  }
}
