package io.tallybook.ledger.parity;

import static io.tallybook.ledger.parity.Book.usage;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryKind;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.LedgerReader;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Services and other documents: put, changed, deleted, with their acts. */
@SuppressWarnings("MemberName") // sentences
abstract class DocumentsParity extends ParityTopic {
  DocumentsParity(Book.Opener opener) {
    super(opener);
  }

  @Test
  final void a_document_is_put_changed_and_deleted() {
    DocumentKey key = DocumentKey.service(book.tenant, "s");
    Outcome put = book.one(book.put("s", -1, Map.of("price", "5", "owner", "o")));
    Document first = Objects.requireNonNull(put.document());
    assertThat(first.revision()).isEqualTo(1);
    assertThat(first.fields()).isEqualTo(Map.of("price", "5", "owner", "o"));
    Outcome changed =
        book.one(
            new Command.PutDocument(
                key, Map.of("price", "6", "disabled", "true"), Set.of("owner", "x"), -1, null));
    assertThat(changed.document())
        .isEqualTo(new Document(key, 2, first.ordinal(), Map.of("price", "6", "disabled", "true")));
    assertThat(registration("s")).isEqualTo(changed.document());
    Outcome deleted = book.one(new Command.DeleteDocument(key, -1, null));
    assertThat(deleted.document()).isEqualTo(changed.document());
    assertThat(registration("s")).isNull();
    assertRefused(book.one(new Command.DeleteDocument(key, -1, null)), Reason.NOT_FOUND);
  }

  @Test
  final void what_is_set_and_cleared_at_once_is_set() {
    book.one(
        new Command.PutDocument(
            DocumentKey.service(book.tenant, "s"), Map.of("a", "1"), Set.of("a"), -1, null));
    Document document = Objects.requireNonNull(registration("s"));
    assertThat(document.fields()).isEqualTo(Map.of("a", "1"));
  }

  @Test
  final void a_document_without_fields_is_there() {
    book.one(book.put("s", 0, Map.of()));
    Document document = Objects.requireNonNull(registration("s"));
    assertThat(document.fields()).isEmpty();
    assertThat(document.integer("price")).isZero();
  }

  @ParameterizedTest(name = "expected {0} of a document at {1}: {2}")
  @CsvSource({
    "-1, 0, RECORDED",
    "-1, 2, RECORDED",
    "0, 0, RECORDED",
    "0, 2, CONFLICT",
    "-2, 0, REJECTED",
    "-2, 2, RECORDED",
    "1, 0, REJECTED",
    "1, 2, CONFLICT",
    "2, 2, RECORDED",
    "3, 2, CONFLICT",
  })
  final void a_put_expects_a_revision(long expected, int revision, Status status) {
    for (int i = 0; i < revision; i++) {
      book.price("s", i);
    }
    Outcome outcome = book.one(book.put("s", expected, Map.of("price", "9")));
    assertThat(outcome.status()).isEqualTo(status);
    if (status == Status.REJECTED) {
      assertThat(outcome.reason()).isEqualTo(Reason.NOT_FOUND);
    }
  }

  @ParameterizedTest(name = "expected {0}: {1}")
  @CsvSource({"-1, RECORDED", "-2, RECORDED", "0, CONFLICT", "1, CONFLICT", "2, RECORDED"})
  final void a_delete_expects_a_revision(long expected, Status status) {
    book.price("s", 1);
    book.price("s", 2);
    Outcome outcome =
        book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "s"), expected, null));
    assertThat(outcome.status()).isEqualTo(status);
  }

  @Test
  final void documents_are_listed_in_the_order_of_their_first_putting() {
    for (String name : List.of("m", "z", "a", "\ud83d\ude00", "\ufffd")) {
      book.price(name, 1);
    }
    book.price("m", 2);
    book.one(new Command.DeleteDocument(DocumentKey.service(book.tenant, "z"), -1, null));
    assertThat(names()).containsExactly("m", "a", "\ud83d\ude00", "\ufffd");
    book.price("z", 3);
    assertThat(names()).containsExactly("m", "a", "\ud83d\ude00", "\ufffd", "z");
    Document again = Objects.requireNonNull(registration("z"));
    assertThat(again.revision()).isEqualTo(1);
  }

  private List<String> names() {
    return book.read(reader -> reader.registrations(0, 100)).items().stream()
        .map(document -> document.key().name())
        .toList();
  }

  @Test
  final void a_document_may_come_and_go_in_one_request() {
    DocumentKey key = DocumentKey.service(book.tenant, "s");
    List<Outcome> outcomes =
        book.commit(
            book.put("s", 0, Map.of("price", "1")),
            new Command.DeleteDocument(key, 1, null),
            new Command.DeleteDocument(key, -1, null),
            book.put("s", -2, Map.of()),
            book.put("s", 0, Map.of("price", "2")),
            book.put("s", 1, Map.of("price", "3")));
    assertThat(outcomes.stream().map(Outcome::reason))
        .containsExactly(null, null, Reason.NOT_FOUND, Reason.NOT_FOUND, null, null);
    book.commit(new Command.DeleteDocument(key, 2, null), book.put("z", 0, Map.of()));
    assertThat(names()).containsExactly("z");
  }

  @Test
  final void a_tenant_s_documents_are_its_own() {
    book.price("s", 1);
    DocumentKey other = DocumentKey.service("other", "s");
    book.group(
        Request.of(
            "other", new Command.PutDocument(other, Map.of("price", "2"), Set.of(), 0, null)));
    assertThat(names()).containsExactly("s");
    book.group(Request.of("other", new Command.DeleteDocument(other, -1, null)));
    assertThat(names()).containsExactly("s");
  }

  @Test
  final void an_act_is_recorded_with_its_change_and_only_then() {
    Act act = new Act("service.price", "s", Map.of("old", "1", "new", "2"));
    DocumentKey key = DocumentKey.service(book.tenant, "s");
    Outcome refused =
        book.one(new Command.PutDocument(key, Map.of("price", "2"), Set.of(), -2, act));
    assertRefused(refused, Reason.NOT_FOUND);
    Outcome put = book.one(new Command.PutDocument(key, Map.of("price", "2"), Set.of(), -1, act));
    assertThat(put.sequence()).isEqualTo(1);
    assertThat(book.entry(1))
        .isEqualTo(
            new Entry(
                1,
                1,
                EntryKind.ACT,
                book.clock.last(),
                book.clock.last(),
                null,
                null,
                null,
                null,
                "s",
                "service.price",
                null,
                0,
                0,
                0,
                false,
                0,
                0,
                null,
                Map.of("old", "1", "new", "2")));
    Outcome deleted =
        book.one(new Command.DeleteDocument(key, -1, new Act("service.deleted", null, Map.of())));
    assertThat(deleted.sequence()).isEqualTo(2);
    assertThat(sequences(book.entries(all().withServices(Set.of("s"))))).containsExactly(1L);
    assertThat(book.read(LedgerReader::total)).isNull();
  }

  @Test
  final void a_service_that_is_disabled_takes_usage_again_when_enabled() {
    book.disable("s");
    List<Outcome> outcomes =
        book.commit(
            usage("a", "s", 1),
            book.put("s", -1, Map.of("disabled", "false")),
            usage("a", "s", 2),
            book.put("s", -1, Map.of("disabled", "true")),
            usage("a", "s", 4));
    assertThat(outcomes.stream().map(Outcome::reason))
        .containsExactly(Reason.SERVICE_DISABLED, null, null, null, Reason.SERVICE_DISABLED);
    assertThat(pair("a", "s").units()).isEqualTo(2);
  }
}
