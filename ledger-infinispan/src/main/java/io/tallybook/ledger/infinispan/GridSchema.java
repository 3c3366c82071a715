package io.tallybook.ledger.infinispan;

import io.tallybook.ledger.LedgerException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;
import org.infinispan.client.hotrod.DataFormat;
import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.commons.marshall.ProtoStreamMarshaller;
import org.infinispan.protostream.FileDescriptorSource;
import org.infinispan.protostream.ProtobufTagMarshaller;
import org.infinispan.protostream.ProtobufUtil;
import org.infinispan.protostream.SerializationContext;
import org.infinispan.protostream.TagReader;
import org.infinispan.protostream.descriptors.WireType;
import org.jspecify.annotations.Nullable;

/**
 * How keys, commits and rows are written in the grid: the messages of a ProtoStream schema, each
 * with its marshaller. What a record carries besides its format and its stamp or token is bytes to
 * the grid.
 *
 * <p>A key has no format: two writings of one key would be two keys. Another writing of keys is
 * another message.
 */
final class GridSchema {
  /** Under which name the servers know the schema. */
  static final String FILE = "tallybook/ledger/v1.proto";

  /** Grows with each change of the schema, which only ever gains fields and messages. */
  static final int REVISION = 1;

  /** The format of records as they are written; older ones are read, newer ones are refused. */
  static final int FORMAT = 1;

  static final String SCHEMA =
      """
      // Tallybook's records in an Infinispan grid.
      // revision: 1
      syntax = "proto3";
      package tallybook.ledger.v1;

      // Of the log: ledger and number. Of the rows: ledger and place.
      message Key {
        string ledger = 1;
        oneof name {
          uint64 number = 2;
          bytes place = 3;
        }
      }

      // A commit, or the mark, which has number 0.
      message Logged {
        uint32 format = 1;
        bytes token = 2;
        bytes value = 3;
      }

      message Row {
        uint32 format = 1;
        uint64 stamp = 2;
        bytes value = 3;
      }
      """;

  private static final String REVISION_SAYS = "// revision: ";
  private static final int TOKEN_BYTES = 16;

  private GridSchema() {}

  /** The key of a row if there is a place, and else of a commit. */
  record Key(String ledger, long number, @Nullable RowKey place) {
    static Key of(String ledger, long number) {
      return new Key(ledger, number, null);
    }

    static Key of(String ledger, RowKey place) {
      return new Key(ledger, 0, place);
    }

    @Override // as Dimension tells
    public boolean equals(@Nullable Object other) {
      return other instanceof Key that
          && number == that.number
          && Objects.equals(place, that.place)
          && ledger.equals(that.ledger);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * ledger.hashCode() + Long.hashCode(number)) + Objects.hashCode(place);
    }
  }

  /** A {@link Logged} with its format, which may be one that is not known here. */
  @SuppressWarnings("ArrayRecordComponent") // compared with nothing
  record StoredLogged(int format, byte[] token, byte[] value) {
    static StoredLogged of(Logged logged) {
      byte[] token =
          ByteBuffer.allocate(TOKEN_BYTES)
              .putLong(logged.token().getMostSignificantBits())
              .putLong(logged.token().getLeastSignificantBits())
              .array();
      return new StoredLogged(FORMAT, token, logged.value());
    }

    Logged logged() {
      requireFormat(format);
      if (token.length != TOKEN_BYTES) {
        throw damaged();
      }
      ByteBuffer bytes = ByteBuffer.wrap(token);
      return new Logged(new UUID(bytes.getLong(), bytes.getLong()), value);
    }
  }

  /** A {@link Row} with its format, which may be one that is not known here. */
  @SuppressWarnings("ArrayRecordComponent") // compared with nothing
  record StoredRow(int format, long stamp, byte[] value) {
    static StoredRow of(Row row) {
      return new StoredRow(FORMAT, row.stamp(), row.value());
    }

    Row row() {
      requireFormat(format);
      return new Row(stamp, value);
    }
  }

  private static void requireFormat(int format) {
    if (format > FORMAT) {
      throw new LedgerException.Unavailable(
          "The grid has a record of format "
              + format
              + ", which was written by a newer version; start that version. This one knows "
              + FORMAT
              + ".",
          true,
          null);
    }
    if (format < 1) {
      throw damaged();
    }
  }

  private static LedgerException.Unavailable damaged() {
    return new LedgerException.Unavailable(
        "A record in the grid is damaged: restore the caches from a backup.", true, null);
  }

  /** What caches of this storage are spoken to with, whatever else their client speaks. */
  static DataFormat dataFormat() {
    SerializationContext context = ProtobufUtil.newSerializationContext();
    context.registerProtoFiles(FileDescriptorSource.fromString(FILE, SCHEMA));
    context.registerMarshaller(new KeyMarshaller());
    context.registerMarshaller(new LoggedMarshaller());
    context.registerMarshaller(new RowMarshaller());
    ProtoStreamMarshaller marshaller = new ProtoStreamMarshaller(context);
    return DataFormat.builder()
        .keyType(MediaType.APPLICATION_PROTOSTREAM)
        .keyMarshaller(marshaller)
        .valueType(MediaType.APPLICATION_PROTOSTREAM)
        .valueMarshaller(marshaller)
        .build();
  }

  /** The revision that a schema says it is; 0 if it says none. */
  static int revision(String schema) {
    return schema
        .lines()
        .filter(line -> line.startsWith(REVISION_SAYS))
        .map(line -> line.substring(REVISION_SAYS.length()).strip())
        .filter(number -> number.matches("[0-9]{1,9}"))
        .mapToInt(Integer::parseInt)
        .findFirst()
        .orElse(0);
  }

  private static int tag(int field, WireType type) {
    return WireType.makeTag(field, type);
  }

  private static final class KeyMarshaller implements ProtobufTagMarshaller<Key> {
    @Override
    public Class<Key> getJavaClass() {
      return Key.class;
    }

    @Override
    public String getTypeName() {
      return "tallybook.ledger.v1.Key";
    }

    @Override
    public void write(WriteContext context, Key key) throws IOException {
      context.getWriter().writeString(1, key.ledger());
      RowKey place = key.place();
      if (place == null) {
        context.getWriter().writeUInt64(2, key.number());
      } else {
        context.getWriter().writeBytes(3, place.bytes());
      }
    }

    @Override
    public Key read(ReadContext context) throws IOException {
      TagReader in = context.getReader();
      String ledger = "";
      long number = 0;
      RowKey place = null;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == tag(1, WireType.LENGTH_DELIMITED)) {
          ledger = in.readString();
        } else if (tag == tag(2, WireType.VARINT)) {
          number = in.readUInt64();
        } else if (tag == tag(3, WireType.LENGTH_DELIMITED)) {
          place = new RowKey(in.readByteArray());
        } else {
          in.skipField(tag);
        }
      }
      return new Key(ledger, number, place);
    }
  }

  private static final class LoggedMarshaller implements ProtobufTagMarshaller<StoredLogged> {
    @Override
    public Class<StoredLogged> getJavaClass() {
      return StoredLogged.class;
    }

    @Override
    public String getTypeName() {
      return "tallybook.ledger.v1.Logged";
    }

    @Override
    public void write(WriteContext context, StoredLogged logged) throws IOException {
      context.getWriter().writeUInt32(1, logged.format());
      context.getWriter().writeBytes(2, logged.token());
      context.getWriter().writeBytes(3, logged.value());
    }

    @Override
    public StoredLogged read(ReadContext context) throws IOException {
      TagReader in = context.getReader();
      int format = 0;
      byte[] token = {};
      byte[] value = {};
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == tag(1, WireType.VARINT)) {
          format = in.readUInt32();
        } else if (tag == tag(2, WireType.LENGTH_DELIMITED)) {
          token = in.readByteArray();
        } else if (tag == tag(3, WireType.LENGTH_DELIMITED)) {
          value = in.readByteArray();
        } else {
          in.skipField(tag);
        }
      }
      return new StoredLogged(format, token, value);
    }
  }

  private static final class RowMarshaller implements ProtobufTagMarshaller<StoredRow> {
    @Override
    public Class<StoredRow> getJavaClass() {
      return StoredRow.class;
    }

    @Override
    public String getTypeName() {
      return "tallybook.ledger.v1.Row";
    }

    @Override
    public void write(WriteContext context, StoredRow row) throws IOException {
      context.getWriter().writeUInt32(1, row.format());
      context.getWriter().writeUInt64(2, row.stamp());
      context.getWriter().writeBytes(3, row.value());
    }

    @Override
    public StoredRow read(ReadContext context) throws IOException {
      TagReader in = context.getReader();
      int format = 0;
      long stamp = 0;
      byte[] value = {};
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == tag(1, WireType.VARINT)) {
          format = in.readUInt32();
        } else if (tag == tag(2, WireType.VARINT)) {
          stamp = in.readUInt64();
        } else if (tag == tag(3, WireType.LENGTH_DELIMITED)) {
          value = in.readByteArray();
        } else {
          in.skipField(tag);
        }
      }
      return new StoredRow(format, stamp, value);
    }
  }
}
