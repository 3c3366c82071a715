package io.tallybook.ledger.jpa;

import static java.util.Objects.requireNonNull;

import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.storage.GroupNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The codes that the names of one group have in the dictionary. Those that have none yet get the
 * next ones when they are first written; the head, which is locked, says which these are.
 */
final class GroupCodes {
  private static final int UNKNOWN = -1;

  private final NameDictionary dictionary;
  private final Map<String, Integer> views = new HashMap<>();
  private final Map<String, Integer> added = new HashMap<>();
  private final List<String> newNames = new ArrayList<>();
  private final int firstNew;
  private int[] codes = {0};

  GroupCodes(NameDictionary dictionary, int lastName) {
    this.dictionary = dictionary;
    this.firstNew = lastName + 1;
  }

  /** Looks up the names that the group has come to use since the last time. */
  void learn(GroupNames names) {
    int known = codes.length;
    if (names.size() < known) {
      return;
    }
    List<String> unread = new ArrayList<>(names.size() + 1 - known);
    for (int name = known; name <= names.size(); name++) {
      unread.add(requireNonNull(names.name(name)));
    }
    Map<String, Integer> found = dictionary.codes(unread);
    codes = Arrays.copyOf(codes, names.size() + 1);
    for (int i = 0; i < unread.size(); i++) {
      codes[known + i] = found.getOrDefault(unread.get(i), UNKNOWN);
    }
  }

  /** Looks up the name of a view. */
  void learnView(String view) {
    views.computeIfAbsent(view, dictionary::code);
  }

  /** The code of a name of the group, 0 for none; -1 if it is not in the dictionary. */
  int known(int name) {
    return codes[name];
  }

  /** The code of a view; -1 if it has no cells yet. */
  int view(String view) {
    return requireNonNull(views.get(view));
  }

  /** The code of a name of the group, 0 for none; a new one if it has none. */
  int code(GroupNames names, int name) {
    if (codes[name] == UNKNOWN) {
      codes[name] = add(requireNonNull(names.name(name)));
    }
    return codes[name];
  }

  /** The code of a view, a new one if it has none. */
  int viewCode(String view) {
    int code = view(view);
    if (code == UNKNOWN) {
      code = add(view);
      views.put(view, code);
    }
    return code;
  }

  private int add(String name) {
    return added.computeIfAbsent(
        name,
        n -> {
          int code = lastName() + 1;
          if (code < 0) {
            throw new LedgerException.Unavailable(
                "The dictionary of the database is full: it takes 2,147,483,647 names", true, null);
          }
          newNames.add(n);
          return code;
        });
  }

  /** The names that were added, whose codes follow one another from {@link #firstNew} on. */
  List<String> newNames() {
    return newNames;
  }

  int firstNew() {
    return firstNew;
  }

  /** The newest code of the dictionary with those added. */
  int lastName() {
    return firstNew + newNames.size() - 1;
  }

  /** Tells the dictionary of the names that were added, when they are committed. */
  void committed() {
    for (int i = 0; i < newNames.size(); i++) {
      dictionary.committed(newNames.get(i), firstNew + i);
    }
  }
}
