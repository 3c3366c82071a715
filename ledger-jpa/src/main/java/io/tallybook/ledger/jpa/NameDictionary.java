package io.tallybook.ledger.jpa;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.tallybook.ledger.LedgerException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Names and their codes. A row of the dictionary never changes, so that what was committed is kept
 * at hand for good; a name that a transaction has just made is added when that has committed.
 *
 * <p>Code 0 stands for no name.
 */
final class NameDictionary {
  /** How many names one query asks for at most. */
  private static final int ASKED_MAX = 1_000;

  private final Repositories.Names rows;
  private final Cache<String, Integer> codes;
  private final Cache<Integer, String> names;

  NameDictionary(Repositories.Names rows, int cached) {
    this.rows = rows;
    this.codes = Caffeine.newBuilder().maximumSize(cached).build();
    this.names = Caffeine.newBuilder().maximumSize(cached).build();
  }

  /** The code of a name; -1 if no entry has ever had it. */
  int code(String name) {
    return codes(List.of(name)).getOrDefault(name, -1);
  }

  /** The codes of those of some names that have one. */
  Map<String, Integer> codes(Collection<String> wanted) {
    Map<String, Integer> found = new HashMap<>(codes.getAllPresent(wanted));
    if (found.size() < wanted.size()) {
      List<String> missing = new ArrayList<>();
      for (String name : wanted) {
        if (!found.containsKey(name)) {
          missing.add(name);
        }
      }
      for (List<String> part : parts(missing)) {
        for (NameRow row : rows.list("name in ?1", part)) {
          found.put(row.name, row.code);
          committed(row.name, row.code);
        }
      }
    }
    return found;
  }

  /** Keeps a name at hand that was committed. */
  void committed(String name, int code) {
    codes.put(name, code);
    names.put(code, name);
  }

  /** The names of some codes. */
  Known known(Collection<int[]> wanted) {
    Map<Integer, String> found = new HashMap<>();
    TreeSet<Integer> missing = new TreeSet<>();
    for (int[] some : wanted) {
      for (int code : some) {
        if (code != 0 && !found.containsKey(code)) {
          String name = names.getIfPresent(code);
          if (name == null) {
            missing.add(code);
          } else {
            found.put(code, name);
          }
        }
      }
    }
    for (List<Integer> part : parts(List.copyOf(missing))) {
      for (NameRow row : rows.list("code in ?1", part)) {
        found.put(row.code, row.name);
        committed(row.name, row.code);
      }
    }
    return new Known(found);
  }

  /** Cuts a list into what one query may ask for. */
  static <T> List<List<T>> parts(List<T> all) {
    List<List<T>> parts = new ArrayList<>();
    for (int from = 0; from < all.size(); from += ASKED_MAX) {
      parts.add(all.subList(from, Math.min(from + ASKED_MAX, all.size())));
    }
    return parts;
  }

  /** The names of the codes that some rows have. */
  record Known(Map<Integer, String> names) {
    /** The name of a code; null for 0. */
    @Nullable String name(int code) {
      if (code == 0) {
        return null;
      }
      String name = names.get(code);
      if (name == null) {
        throw new LedgerException.Unavailable(
            "The dictionary of the database has no name " + code + "; rows of it are lost",
            true,
            null);
      }
      return name;
    }
  }
}
