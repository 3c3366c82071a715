package io.tallybook.ledger;

import java.security.SecureRandom;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The rules for names: every dimension, source, id and attribute name is 1 to 256 code points and
 * at most 512 bytes of UTF-8, without unpaired surrogates, control characters, or a space at either
 * end. Names are compared as they are; nothing is normalised.
 */
public final class Names {
  /** Most code points of a name. */
  public static final int CODE_POINTS_MAX = 256;

  /** Most bytes of a name in UTF-8. */
  public static final int BYTES_MAX = 512;

  /** The organization that no entry can have: in queries it stands for personal usage. */
  public static final String NONE = "none";

  /**
   * The one order of names: by their bytes in UTF-8, which is the order of code points. It differs
   * from {@link String#compareTo} where surrogates meet U+E000 to U+FFFF.
   */
  public static final Comparator<String> ORDER = Names::compare;

  private static final long SEED = new SecureRandom().nextLong();
  private static final long MULTIPLIER = new SecureRandom().nextLong() | 1;

  private Names() {}

  /**
   * A hash of a name that differs from process to process. Clients choose names, and could choose
   * many that share their {@link String#hashCode}; of this one they cannot tell.
   *
   * <p>Four characters at a time are multiplied to 128 bits, whose halves are folded together (as
   * in Wang Yi's "wyhash", 2019).
   */
  public static int hash(@Nullable String name) {
    if (name == null) {
      return 0;
    }
    int length = name.length();
    long hash = SEED ^ length;
    int i = 0;
    for (; i + 4 <= length; i += 4) {
      hash =
          folded(
              hash
                  ^ ((long) name.charAt(i) << 48
                      | (long) name.charAt(i + 1) << 32
                      | (long) name.charAt(i + 2) << 16
                      | name.charAt(i + 3)));
    }
    long rest = 0;
    for (; i < length; i++) {
      rest = rest << 16 | name.charAt(i);
    }
    hash = folded(hash ^ rest);
    return (int) (hash ^ hash >>> 32);
  }

  private static long folded(long word) {
    return word * MULTIPLIER ^ Math.unsignedMultiplyHigh(word, MULTIPLIER);
  }

  /**
   * Returns the name unchanged.
   *
   * @throws LedgerException.Rejected if it breaks a rule; the message names the field and the bound
   */
  public static String require(String field, @Nullable String name) {
    return require(field, name, CODE_POINTS_MAX);
  }

  /** Like {@link #require(String, String)} with a smaller bound of code points. */
  public static String require(String field, @Nullable String name, int codePointsMax) {
    if (name == null) {
      throw invalid(field, field + " is required");
    }
    if (name.isEmpty()) {
      throw invalid(field, field + " must not be empty");
    }
    requireText(field, name, codePointsMax);
    if (isSpace(name.codePointAt(0)) || isSpace(name.codePointBefore(name.length()))) {
      throw invalid(field, field + " must not begin or end with a space");
    }
    if (name.length() * 3L > BYTES_MAX && utf8Length(name) > BYTES_MAX) {
      throw invalid(field, field + " must be at most " + BYTES_MAX + " bytes of UTF-8");
    }
    return name;
  }

  /** The name of an organization: as any other, and not {@value #NONE}. */
  public static String requireOrganization(String field, String name) {
    if (NONE.equals(name)) {
      throw invalid(field, field + " must not be '" + NONE + "', which stands for no organization");
    }
    return require(field, name);
  }

  /** A text of bounded length without control characters or unpaired surrogates; may be empty. */
  public static String requireText(String field, String text, int codePointsMax) {
    int points = 0;
    for (int i = 0; i < text.length(); i++, points++) {
      char c = text.charAt(i);
      if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        throw invalid(field, field + " must not contain control characters");
      }
      if (Character.isSurrogate(c)) {
        if (Character.isLowSurrogate(c)
            || i + 1 == text.length()
            || !Character.isLowSurrogate(text.charAt(i + 1))) {
          throw invalid(field, field + " must not contain unpaired surrogates");
        }
        i++;
      }
    }
    if (points > codePointsMax) {
      throw invalid(field, field + " must be at most " + codePointsMax + " characters");
    }
    return text;
  }

  /** Bytes of a well-formed text in UTF-8. */
  static int utf8Length(String text) {
    int bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        bytes++;
      } else if (c < 0x800) {
        bytes += 2;
      } else if (Character.isHighSurrogate(c)) {
        bytes += 4;
        i++;
      } else {
        bytes += 3;
      }
    }
    return bytes;
  }

  private static int compare(String a, String b) {
    int length = Math.min(a.length(), b.length());
    for (int i = 0; i < length; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        return rank(x) - rank(y);
      }
    }
    return a.length() - b.length();
  }

  /** Lifts surrogates, which stand for code points above U+FFFF, over all other characters. */
  private static int rank(char c) {
    return Character.isSurrogate(c) ? c + 0x10000 : c;
  }

  private static boolean isSpace(int codePoint) {
    return Character.isSpaceChar(codePoint) || Character.isWhitespace(codePoint);
  }

  private static LedgerException.Rejected invalid(String field, String message) {
    return new LedgerException.Rejected(Reason.INVALID_REQUEST, field, message);
  }
}
