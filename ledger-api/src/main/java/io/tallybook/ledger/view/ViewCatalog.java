package io.tallybook.ledger.view;

import io.tallybook.ledger.Document;
import io.tallybook.ledger.LedgerException;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The views of a ledger as its documents define them. The parsed list is kept for as long as the
 * revision of the definitions stands.
 */
public final class ViewCatalog {
  private volatile @Nullable Parsed newest;

  private record Parsed(long viewsRevision, List<ViewDefinition> views) {}

  /**
   * The views in the order in which they were defined.
   *
   * @param viewsRevision the revision at which a definition last changed
   * @param documents reads the definitions; called only when they are not known
   */
  public List<ViewDefinition> views(long viewsRevision, Supplier<List<Document>> documents) {
    Parsed known = newest;
    if (known != null && known.viewsRevision == viewsRevision) {
      return known.views;
    }
    List<ViewDefinition> views = documents.get().stream().map(ViewDefinition::of).toList();
    if (known == null || known.viewsRevision < viewsRevision) {
      newest = new Parsed(viewsRevision, views);
    }
    return views;
  }

  /** The view that keeps pairs, without which nothing can be settled. */
  public static ViewDefinition pairs(List<ViewDefinition> views) {
    return required(views, CellShape.PAIR, 2);
  }

  /**
   * The first view of a shape and a number of dimensions, which every ledger has.
   *
   * @throws LedgerException.Unavailable if it is missing, which only damage can be the cause of
   */
  public static ViewDefinition required(
      List<ViewDefinition> views, CellShape shape, int dimensions) {
    for (ViewDefinition view : views) {
      if (view.shape() == shape && view.groupBy().size() == dimensions) {
        return view;
      }
    }
    throw new LedgerException.Unavailable(
        "The ledger has no view of shape " + shape + "; its definitions are damaged", true, null);
  }
}
