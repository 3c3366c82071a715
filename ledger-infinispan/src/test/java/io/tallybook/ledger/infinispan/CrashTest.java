package io.tallybook.ledger.infinispan;

import static io.tallybook.ledger.infinispan.Ledgers.TENANT;
import static io.tallybook.ledger.infinispan.Ledgers.event;
import static io.tallybook.ledger.infinispan.Ledgers.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Entry;
import io.tallybook.ledger.EntryFilter;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Outcome.Status;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.EntryQuery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Nodes that end, or lose their connection, at every piece of what they send to the grid in a short
 * history, checkpoints included. A node that comes after such a one finds each commit whole or not
 * at all, every acknowledged one, and goes on where it ended.
 */
@SuppressWarnings({"MemberName", "NullAway.Init"}) // sentences; set by JUnit
class CrashTest {
  private static final Duration RUN_MAX = Duration.ofMinutes(1);

  /** More pieces than the history takes. */
  private static final int PIECES_MAX = 2_000;

  /**
   * How often the client of the service sends a call again. Once is not always enough: what it had
   * begun to write to a connection that has broken may fail on the next one too.
   */
  private static final int RETRIES = 3;

  private static GridServers servers;
  private static GridClient client;

  /** The history as a node wrote it that nothing happened to. */
  private static Written reference;

  /**
   * A history that was written.
   *
   * @param lasts the last sequence before the first request and after each
   */
  private record Written(List<Receipt> receipts, List<Long> lasts, Kept kept) {}

  /** What is kept of a history, without when. */
  private record Kept(List<Entry> entries, List<Document> documents) {
    static Kept of(Node node) {
      return new Kept(
          node.ledger().read(TENANT, "test", r -> r.entries(ALL)).entries().stream()
              .map(CrashTest::timeless)
              .toList(),
          node.store().read(TENANT, s -> s.documents(TENANT, DocumentKey.SERVICE, 0, 100)));
    }
  }

  private static final EntryQuery ALL = new EntryQuery(EntryFilter.ALL, false, false, null, 1_000);

  private static Entry timeless(Entry entry) {
    return new Entry(
        entry.position(),
        entry.sequence(),
        entry.kind(),
        0,
        0,
        entry.source(),
        entry.id(),
        entry.organization(),
        entry.agent(),
        entry.service(),
        entry.type(),
        entry.window(),
        entry.units(),
        entry.cost(),
        entry.value(),
        entry.billable(),
        entry.reverses(),
        entry.settledBy(),
        entry.settlement(),
        entry.attributes());
  }

  @BeforeAll
  static void start() {
    servers = GridServers.start(1);
    client = servers.client();
    try (Node node = Node.started(Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX), client)) {
      List<Receipt> receipts = new ArrayList<>();
      List<Long> lasts = new ArrayList<>(List.of(0L));
      for (Request request : history()) {
        receipts.addAll(node.store().commit(List.of(request)));
        lasts.add(node.lastSequence());
      }
      node.audit();
      reference = new Written(receipts, lasts, Kept.of(node));
    }
    for (int i = 0; i < reference.receipts.size(); i++) {
      assertThat(reference.receipts.get(i).revision()).as("each is a commit").isEqualTo(i + 2L);
    }
  }

  @AfterAll
  static void stop() {
    client.close();
    servers.close();
  }

  /** Each request changes something, so that the revision tells which are there. */
  private static List<Request> history() {
    DocumentKey service = DocumentKey.service(TENANT, "s");
    return List.of(
        Request.of(TENANT, events(0, 4)),
        Request.of(
            TENANT,
            new Command.PutDocument(
                service, Map.of("price", "5"), Set.of(), Command.PutDocument.ABSENT, null)),
        Request.of(TENANT, events(4, 10)),
        Request.of(TENANT, new Command.Settle("a0", "s"), event("with", "a1", "t")),
        Request.of(TENANT, new Command.Reverse(2, Command.Reverse.At.ORIGINAL)),
        new Request(TENANT, UUID.randomUUID(), "key", "print", true, events(10, 13)),
        Request.of(TENANT, new Command.Reset("a1", "t"), event("after", "a1", "t")),
        Request.of(
            TENANT,
            new Command.DeleteDocument(service, Command.PutDocument.PRESENT, null),
            event("last", "a0", "s")));
  }

  private static List<Command> events(int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(i -> event("id-" + i, "a" + i % 3, i % 2 == 0 ? "s" : "t"))
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void a_node_that_ends_anywhere_leaves_each_commit_whole_or_not_at_all(Proxy.Loss loss) {
    for (int piece = 1; piece <= PIECES_MAX; piece++) {
      InfinispanSettings settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
      List<Receipt> acknowledged = new ArrayList<>();
      boolean ended = endAt(piece, loss, settings, acknowledged);
      goOn(settings, acknowledged, "piece " + piece);
      if (!ended) {
        assertThat(acknowledged).hasSameSizeAs(history());
        return;
      }
    }
    throw new AssertionError("the history is longer than " + PIECES_MAX + " pieces");
  }

  /** Writes the history until the node ends; answers whether it did. */
  private static boolean endAt(
      int piece, Proxy.Loss loss, InfinispanSettings settings, List<Receipt> acknowledged) {
    try (Proxy proxy = new Proxy(servers.port(0), Proxy.SHORT_PIECE_BYTES);
        GridClient own = GridServers.client(proxy.host(), null, null, 5_000);
        Node node = Node.of(settings, own)) {
      Thread writer =
          Thread.ofVirtual()
              .unstarted(
                  () -> {
                    try {
                      node.ledger().start();
                      for (Request request : history()) {
                        acknowledged.addAll(node.store().commit(List.of(request)));
                      }
                    } catch (LedgerException.Unavailable e) {
                      // it has ended
                    }
                  });
      proxy.cutAt(piece, loss, true, writer::interrupt);
      writer.start();
      await().atMost(RUN_MAX).pollInterval(Duration.ofMillis(1)).until(() -> !writer.isAlive());
      node.ledger().close(); // what goes on in the background ends too
      return proxy.isCut();
    }
  }

  /** Another node goes on with the history where it finds that it ended. */
  private static void goOn(InfinispanSettings settings, List<Receipt> acknowledged, String what) {
    List<Request> history = history();
    try (Node next = Node.started(settings, client)) {
      int there = (int) next.head().revision() - 1;
      assertThat(there).as(what).isBetween(acknowledged.size(), acknowledged.size() + 1);
      assertThat(there).as(what).isLessThanOrEqualTo(history.size());
      assertThat(next.lastSequence()).as(what).isEqualTo(reference.lasts.get(there));
      next.audit();
      if (there > 0) {
        Request last = history.get(there - 1);
        if (last.commands().stream().allMatch(command -> command instanceof Command.Record)) {
          assertThat(next.store().commit(List.of(last)).getFirst().outcomes())
              .as("%s, sent again", what)
              .allSatisfy(
                  outcome -> assertThat(outcome.status()).isIn(Status.RECORDED, Status.DUPLICATE));
          assertThat(next.lastSequence()).as(what).isEqualTo(reference.lasts.get(there));
        }
      }
      List<Receipt> all = new ArrayList<>(acknowledged);
      for (int i = there; i < history.size(); i++) {
        if (all.size() < i) {
          all.add(reference.receipts.get(i - 1)); // what was not acknowledged, and is there
        }
        all.addAll(next.store().commit(List.of(history.get(i))));
      }
      for (int i = 0; i < all.size(); i++) {
        Receipt expected = reference.receipts.get(i);
        assertThat(all.get(i)).as("%s, request %d", what, i).isEqualTo(expected);
      }
    }
    try (Node last = Node.started(settings, client)) {
      last.audit();
      assertThat(last.head().revision()).as(what).isEqualTo(history.size() + 1L);
      assertThat(Kept.of(last)).as(what).isEqualTo(reference.kept);
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_node_that_can_connect_again_acknowledges_everything_once(Proxy.Loss loss) {
    try (Proxy proxy = new Proxy(servers.port(0), Proxy.SHORT_PIECE_BYTES);
        GridClient own = connected(proxy.host(), RETRIES)) {
      for (int piece = 1; piece <= PIECES_MAX; piece++) {
        InfinispanSettings settings = Ledgers.fresh("EUR", Ledgers.ENTRIES_MAX);
        List<Receipt> acknowledged = new ArrayList<>();
        try (Node node = Node.started(settings, own)) {
          proxy.cutAt(piece, loss, false, () -> {});
          for (Request request : history()) {
            acknowledged.addAll(node.store().commit(List.of(request)));
          }
        }
        assertThat(acknowledged).as("piece %d", piece).isEqualTo(reference.receipts);
        goOn(settings, acknowledged, "piece " + piece);
        if (!proxy.isCut()) {
          return;
        }
      }
    }
    throw new AssertionError("the history is longer than " + PIECES_MAX + " pieces");
  }

  @Test
  void the_outcome_of_a_commit_whose_answer_is_lost_is_found_without_the_client_asking_again() {
    InfinispanSettings settings =
        Ledgers.settings("lost_answer", "EUR", Ledgers.ENTRIES_MAX, 20_000, 1_000);
    try (Proxy proxy = new Proxy(servers.port(0), Proxy.SHORT_PIECE_BYTES);
        GridClient own = connected(proxy.host(), 0);
        Node node = Node.started(settings, own)) {
      Status last = Status.REJECTED;
      int recorded = 0;
      for (int piece = 1; piece <= PIECES_MAX; piece++) {
        Request request = request("id-" + piece);
        proxy.cutAt(piece, Proxy.Loss.ANSWER, false, () -> {});
        LedgerException.Unavailable failure =
            catchThrowableOfType(
                LedgerException.Unavailable.class, () -> node.store().commit(List.of(request)));
        boolean wasCut = proxy.isCut();
        proxy.cutAt(0, Proxy.Loss.ANSWER, false, () -> {});
        Outcome again = node.store().commit(List.of(request)).getFirst().outcomes().getFirst();
        // Where a question was cut nothing was recorded; an outcome was never left open.
        assertThat(again.status()).isEqualTo(failure == null ? Status.DUPLICATE : Status.RECORDED);
        assertThat(again.sequence()).isEqualTo(++recorded);
        if (!wasCut) {
          assertThat(last).as("the last call is that which commits").isEqualTo(Status.DUPLICATE);
          node.audit();
          return;
        }
        last = again.status();
      }
    }
    throw new AssertionError("a commit is longer than " + PIECES_MAX + " pieces");
  }

  /** A started client that sends a call again so many times. */
  private static GridClient connected(String host, int retries) {
    GridClient client =
        new GridClient(
            GridServers.configuration(host, null, null, 5_000).maxRetries(retries).build());
    client.start();
    return client;
  }
}
