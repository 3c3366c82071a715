package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Names;
import io.tallybook.ledger.infinispan.Commit.CellKey;
import io.tallybook.ledger.storage.IdempotencyKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where everything is: the keys of rows, and the names of sorted sets with the keys of their items.
 *
 * <pre>
 *   row            key                                   value
 *   TENANT         name                                  Tenant
 *   CELL           view, tenant, names, start            its columns
 *   DOCUMENT       tenant, kind, name                    Document, or that there is none
 *   ENTRIES        tenant, sequence / 16                 up to 16 entries
 *   IDENTITY       128 bits                              sequence, fingerprint
 *   ANSWER         tenant, idempotency key               IdempotencyRecord
 *   SET            a set, a place in it                  a node of {@link SortedSets}
 *
 *   set            of                                    item                 what it carries
 *   AGENT ... TYPE tenant, the names                     sequence
 *   TIME           tenant                                time, sequence
 *   SETTLED        tenant, agent, service                sequence
 *   CELLS          view, tenant                          first                names, start
 *   CELLS_OF       view, tenant, dimension, name         first                names, start
 *   STARTS         view, tenant                          start, first         names, start
 *   STARTS_OF      view, tenant, dimension, name         start, first         names, start
 *   TOP            tenant, service                       outstanding from the highest, agent
 *   DOCUMENTS      tenant, kind                          ordinal, name
 * </pre>
 *
 * <p>Items are in order of their bytes; numbers in them are {@link OrderedLongs}.
 */
final class Places {
  /** How many entries one row holds. */
  static final int ENTRIES_PER_ROW = 16;

  private static final int TENANT = 1;
  private static final int CELL = 2;
  private static final int DOCUMENT = 3;
  private static final int ENTRIES = 4;
  private static final int IDENTITY = 5;
  private static final int ANSWER = 6;
  private static final int SET = 7;

  /** What a set is of. Keys have the code; never renumber. */
  enum Of {
    AGENT(1),
    AGENT_TYPE(2),
    ORGANIZATION(3),
    SERVICE(4),
    TYPE(5),
    TIME(6),
    SETTLED(7),
    CELLS(8),
    CELLS_OF(9),
    STARTS(10),
    STARTS_OF(11),
    TOP(12),
    DOCUMENTS(13);

    private final int code;

    Of(int code) {
      this.code = code;
    }
  }

  private Places() {}

  // ---- Rows -------------------------------------------------------------------------------------

  static RowKey tenant(String name) {
    return key(new BytesOut().octet(TENANT).text(name));
  }

  static RowKey cell(CellKey cell) {
    BytesOut out = new BytesOut().octet(CELL).text(cell.view()).text(cell.tenant());
    Values.place(cell.names(), cell.start(), out);
    return key(out);
  }

  static RowKey document(DocumentKey key) {
    return key(new BytesOut().octet(DOCUMENT).text(key.tenant()).text(key.kind()).text(key.name()));
  }

  static RowKey entries(String tenant, long sequence) {
    return key(new BytesOut().octet(ENTRIES).text(tenant).count(sequence / ENTRIES_PER_ROW));
  }

  static RowKey identity(long high, long low) {
    return key(new BytesOut().octet(IDENTITY).raw(eight(high)).raw(eight(low)));
  }

  static RowKey answer(IdempotencyKey key) {
    return key(new BytesOut().octet(ANSWER).text(key.tenant()).text(key.key()));
  }

  // ---- Sets -------------------------------------------------------------------------------------

  static RowKey set(Of of, String... names) {
    BytesOut out = new BytesOut().octet(SET).octet(of.code);
    for (String name : names) {
      out.text(name);
    }
    return key(out);
  }

  static RowKey organization(String tenant, @Nullable String organization) {
    return set(Of.ORGANIZATION, tenant, organization == null ? Names.NONE : organization);
  }

  /** The cells of a view that have a name in a dimension, or none there. */
  static RowKey cellsOf(Of of, String view, String tenant, int dimension, @Nullable String name) {
    BytesOut out =
        new BytesOut().octet(SET).octet(of.code).text(view).text(tenant).octet(dimension);
    out.flag(name != null);
    return key(name == null ? out : out.text(name));
  }

  // ---- Items ------------------------------------------------------------------------------------

  /** Two numbers as an item. */
  static byte[] ascending(long number, long then) {
    return joined(OrderedLongs.ascending(number), OrderedLongs.ascending(then));
  }

  /** A pair among those of its service: the highest amounts first, then by name. */
  static byte[] top(long outstanding, String agent) {
    return joined(OrderedLongs.descending(outstanding), agent.getBytes(StandardCharsets.UTF_8));
  }

  /** A document among those of its kind. */
  static byte[] document(long ordinal, String name) {
    return joined(OrderedLongs.ascending(ordinal), name.getBytes(StandardCharsets.UTF_8));
  }

  /** The name that an item of {@link #top} or {@link #document(long, String)} ends with. */
  static String name(byte[] item) {
    int number = OrderedLongs.width(item, 0);
    return new String(item, number, item.length - number, StandardCharsets.UTF_8);
  }

  /** The second number of an item of two. */
  static long second(byte[] item) {
    return OrderedLongs.decode(item, OrderedLongs.width(item, 0));
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] item = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, item, first.length, second.length);
    return item;
  }

  private static byte[] eight(long value) {
    byte[] bytes = new byte[Long.BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (value >>> (56 - 8 * i));
    }
    return bytes;
  }

  private static RowKey key(BytesOut out) {
    return new RowKey(out.toBytes());
  }
}
