package io.tallybook.service.http;

import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Asks the ledger and answers what it says, once for each revision and client. */
@Singleton
public final class Asking {
  private final Ledger ledger;
  private final Exchange exchange;

  Asking(Ledger ledger, Exchange exchange) {
    this.ledger = ledger;
    this.exchange = exchange;
  }

  /**
   * What is to be answered.
   *
   * @param body in JSON
   * @param next cursor of the next page; null where there is none
   * @param previous cursor of the page before; null where there is none
   */
  public record Answer(Object body, @Nullable String next, @Nullable String previous) {
    /** An answer that is no page. */
    public static Answer of(Object body) {
      return new Answer(body, null, null);
    }
  }

  /** What the ledger says to a question of the request's tenant. */
  public <T> T read(String operation, Function<LedgerReader, T> question) {
    return ledger.read(exchange.tenant(), operation, question);
  }

  /** Answers a question without a tag. */
  public Response ask(String operation, Function<LedgerReader, Object> question) {
    return exchange.plain(200, read(operation, question));
  }

  /** Answers a question for a list of section 2. */
  public Response askList(String operation, Function<LedgerReader, Answer> question) {
    return ask(operation, "", question, false);
  }

  /** Answers a question for a list whose numbers may be asked for as strings. */
  public Response askWithNumbers(String operation, Function<LedgerReader, Answer> question) {
    return askInForm(operation, "", question);
  }

  /**
   * Answers a question for a list that has several forms, of which Accept has chosen one.
   *
   * @param form tells it from the others
   */
  public Response askInForm(
      String operation, String form, Function<LedgerReader, Answer> question) {
    return ask(operation, form, question, "string".equals(exchange.query().text("numbers")));
  }

  /** Answers a list that is not of the tenant's revision alone; its tag goes by what is in it. */
  public Response answerList(Object body) {
    MessageDigest digest = Cursors.sha256();
    digest.update(exchange.whole());
    digest.update(exchange.jsonWriter().apply(body));
    String tag = tag(digest);
    return matches(exchange.header("If-None-Match"), tag)
        ? Response.notModified().header("ETag", tag).build()
        : exchange.begin(200, body).header("ETag", tag).build();
  }

  private Response ask(
      String operation,
      String form,
      Function<LedgerReader, Answer> question,
      boolean numbersAsStrings) {
    String held = exchange.header("If-None-Match");
    Tagged tagged =
        read(
            operation,
            reader -> {
              String tag = tag(reader, form);
              return new Tagged(tag, matches(held, tag) ? null : question.apply(reader));
            });
    Answer answer = tagged.answer;
    if (answer == null) {
      return varied(Response.notModified(), form).header("ETag", tagged.tag).build();
    }
    Response.ResponseBuilder response =
        varied(exchange.begin(200, answer.body, numbersAsStrings), form).header("ETag", tagged.tag);
    if (answer.next != null) {
      response.header("Link", Cursors.link(exchange, answer.next, "next"));
    }
    if (answer.previous != null) {
      response.header("Link", Cursors.link(exchange, answer.previous, "prev"));
    }
    return response.build();
  }

  private record Tagged(String tag, @Nullable Answer answer) {}

  /** A weak tag: the same for the same question while the tenant's revision stands. */
  private String tag(LedgerReader reader, String form) {
    MessageDigest digest = Cursors.sha256();
    digest.update(exchange.whole());
    digest.update(form.getBytes(StandardCharsets.UTF_8));
    digest.update(
        ByteBuffer.allocate(24)
            .putLong(reader.identity())
            .putLong(reader.revision())
            .putLong(reader.viewsRevision())
            .flip());
    return tag(digest);
  }

  private static Response.ResponseBuilder varied(Response.ResponseBuilder response, String form) {
    return form.isEmpty() ? response : response.header("Vary", "Accept");
  }

  private static String tag(MessageDigest digest) {
    byte[] cut = Arrays.copyOf(digest.digest(), 12);
    return "W/\"" + Base64.getUrlEncoder().withoutPadding().encodeToString(cut) + "\"";
  }

  private static boolean matches(@Nullable String held, String tag) {
    if (held == null) {
      return false;
    }
    String opaque = tag.substring(2);
    for (String one : held.split(",", -1)) {
      String stripped = one.strip();
      if (stripped.equals("*") || stripped.equals(tag) || stripped.equals(opaque)) {
        return true;
      }
    }
    return false;
  }
}
