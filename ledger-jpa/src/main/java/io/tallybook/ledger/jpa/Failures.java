package io.tallybook.ledger.jpa;

import io.tallybook.ledger.LedgerException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Tells what a failure of the database means, by its SQLSTATE. */
final class Failures {
  private static final int DEPTH_MAX = 12;

  private Failures() {}

  /** The failure of the database among the causes, at any depth; null if there is none. */
  static @Nullable SQLException of(@Nullable Throwable failure) {
    return of(failure, DEPTH_MAX);
  }

  private static @Nullable SQLException of(@Nullable Throwable failure, int depth) {
    if (failure instanceof SQLException found) {
      return found;
    }
    if (failure == null || depth == 0) {
      return null;
    }
    SQLException found = of(failure.getCause(), depth - 1);
    for (Throwable suppressed : failure.getSuppressed()) {
      found = found == null ? of(suppressed, depth - 1) : found;
    }
    return found;
  }

  /** Whether the same may well succeed on another connection at once. */
  static boolean isPassing(Throwable failure) {
    SQLException found = of(failure);
    return found != null
        && switch (classOf(found)) {
          case "08", "40" -> true;
          default -> state(found).startsWith("57P");
        };
  }

  /** A refusal to answer, after which nothing has happened. */
  static LedgerException.Unavailable unavailable(String what, Throwable failure) {
    return new LedgerException.Unavailable(
        what + ": " + reason(failure) + "; send it again later", true, failure);
  }

  /** What went wrong, in words that hold no SQL. */
  static String reason(Throwable failure) {
    SQLException found = of(failure);
    if (found == null) {
      return "the database did not answer";
    }
    String state = state(found);
    return switch (state) {
      case "55P03" -> "another node holds the ledger for too long";
      case "57014" -> "the database took too long";
      case "25P03", "25P04" -> "the transaction took too long";
      case "53100" -> "the disk of the database is full";
      case "53300" -> "the database takes no more connections";
      case "25006" -> "the database takes no writes";
      case "42P01", "3F000" -> "the tables of the ledger are missing";
      case "42501" -> "the database denies the user what the ledger needs";
      case "28000", "28P01" -> "the database refuses the user or the password";
      case "3D000" -> "the database of that name does not exist";
      default ->
          switch (classOf(found)) {
            case "", "08", "57" -> "the database cannot be reached or broke off";
            case "40" -> "the database gave way to another transaction";
            case "53" -> "the database is out of resources";
            default -> "the database answered with error " + state;
          };
    };
  }

  private static String classOf(SQLException failure) {
    String state = state(failure);
    return state.length() < 2 ? "" : state.substring(0, 2);
  }

  private static String state(SQLException failure) {
    String state = failure.getSQLState();
    return state == null ? "" : state;
  }
}
