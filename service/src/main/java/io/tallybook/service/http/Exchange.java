package io.tallybook.service.http;

import io.tallybook.ledger.Names;
import io.tallybook.ledger.Tenant;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.RequestScoped;
import jakarta.ws.rs.core.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** One request and its answer: reads the one and writes the other by the rules of the API. */
@RequestScoped
public class Exchange {
  /** Most bytes of a body that is a single object. */
  public static final int OBJECT_BYTES_MAX = 100 * 1024;

  /** A body of more bytes is compressed for who accepts that. */
  static final int PLAIN_BYTES_MAX = 1024;

  /**
   * How much of a body that is too large is read on, so that its sender gets to read the answer.
   */
  private static final long DRAIN_BYTES_MAX = 64L * 1024 * 1024;

  /** The type of what is in JSON. */
  public static final String JSON = "application/json";

  private static final String BODY = "request body";
  private static final Pattern GZIP =
      Pattern.compile("(^|,)\\s*(x-)?gzip\\s*(;\\s*q=(?!0(\\.0*)?\\s*(,|$))[0-9.]+\\s*)?(,|$)");

  private final RoutingContext context;
  private @Nullable Query query;

  public Exchange(RoutingContext context) {
    this.context = context;
  }

  /** The tenant that the request belongs to. */
  public String tenant() {
    return Tenant.PUBLIC;
  }

  // ---- The request ------------------------------------------------------------------------------

  /** The parameters of the query. */
  public Query query() {
    Query known = query;
    if (known == null) {
      known = Query.of(context.request().query());
      query = known;
    }
    return known;
  }

  /**
   * Makes sure that the query can be read, before anything is recorded whose answer looks at it.
   *
   * @throws Problem if it cannot
   */
  public void requireQuery() {
    Query ignored = query();
  }

  /** The value of a header; null where it is absent. */
  public @Nullable String header(String name) {
    return context.request().getHeader(name);
  }

  /** All headers, by their names in lower case; of one that is repeated the first. */
  public Map<String, String> headers() {
    Map<String, String> all = new TreeMap<>();
    context
        .request()
        .headers()
        .forEach((name, value) -> all.putIfAbsent(name.toLowerCase(Locale.ROOT), value));
    return all;
  }

  /** The type of the body. */
  public MediaType mediaType() {
    return MediaType.of(Gate.contentType(context));
  }

  /** A name that stands percent-encoded in the path. */
  public static String name(String field, String encoded) {
    String name = Percent.decode(encoded, false);
    if (name == null) {
      throw Problem.invalid(field + " must be percent-encoded UTF-8");
    }
    if (name.contains("::")) {
      throw Problem.invalid(field + " must not contain '::'");
    }
    return Names.require(field, name);
  }

  /** The body as it arrives. */
  public InputStream body() {
    return Gate.body(context);
  }

  /** The object that is the body; one without members where there is no body. */
  public Members object() {
    return object(OBJECT_BYTES_MAX);
  }

  /** The object that is a body of up to a number of bytes. */
  public Members object(int bytesMax) {
    byte[] bytes = bytes(bytesMax);
    if (bytes.length == 0) {
      return Members.of(Map.of(), BODY);
    }
    MediaType type = mediaType();
    if (!type.is(JSON)) {
      throw unsupported(JSON);
    }
    return Members.of(Json.read(Json.text(bytes, bytes.length, BODY), BODY), BODY);
  }

  /**
   * The whole body.
   *
   * @throws Problem if it is longer than a number of bytes
   */
  public byte[] bytes(int bytesMax) {
    InputStream body = body();
    try {
      byte[] bytes = body.readNBytes(bytesMax + 1);
      if (bytes.length > bytesMax) {
        drain(body);
        throw new Problem(
            ErrorCode.PAYLOAD_TOO_LARGE, BODY + " must be at most " + bytesMax + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw brokenOff();
    }
  }

  /** The refusal of a body that ends before its end; nobody is left to read it. */
  public static Problem brokenOff() {
    return Problem.invalid(BODY + " broke off");
  }

  /** The refusal of a body of another type. */
  public static Problem unsupported(String types) {
    return new Problem(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Content-Type must be " + types);
  }

  private static void drain(InputStream body) throws IOException {
    byte[] buffer = new byte[8192];
    long drained = 0;
    for (int read = 0; read >= 0 && drained < DRAIN_BYTES_MAX; read = body.read(buffer)) {
      drained += read;
    }
  }

  // ---- The answer -------------------------------------------------------------------------------

  /** An answer in JSON. */
  public Response answer(int status, Object body) {
    return begin(status, body).build();
  }

  /** An answer in JSON, to which headers can be added. */
  public Response.ResponseBuilder begin(int status, Object body) {
    return begin(status, body, "string".equals(query().text("numbers")));
  }

  /**
   * An answer whose numbers stay numbers, whatever is asked: for the family of existing clients.
   */
  public Response plain(int status, Object body) {
    return begin(status, body, false).build();
  }

  Response.ResponseBuilder begin(int status, Object body, boolean numbersAsStrings) {
    return body instanceof Csv csv
        ? begin(status, Csv.TYPE, csv.take())
        : packed(status, Json.write(body, numbersAsStrings));
  }

  /** An answer whose JSON is there already; compressed where it is long. */
  public Response.ResponseBuilder packed(int status, byte[] bytes) {
    return begin(status, JSON, bytes);
  }

  /** An answer of any type in one piece. */
  private Response.ResponseBuilder begin(int status, String type, byte[] bytes) {
    Response.ResponseBuilder response = Response.status(status).type(type);
    if (bytes.length > PLAIN_BYTES_MAX) {
      response.header("Vary", "Accept-Encoding");
      if (acceptsGzip()) {
        return response.header("Content-Encoding", "gzip").entity(gzip(bytes));
      }
    }
    return response.entity(bytes);
  }

  /** Writes values in JSON as the request wants their numbers, after the request too. */
  public Function<Object, byte[]> jsonWriter() {
    boolean numbersAsStrings = "string".equals(query().text("numbers"));
    return value -> Json.write(value, numbersAsStrings);
  }

  /** The type of these that the request likes best, the earlier of equals; the first for none. */
  public String preferred(String... types) {
    return MediaType.preferred(Gate.accept(context), types);
  }

  /** Whether the client takes a compressed answer. */
  boolean acceptsGzip() {
    String accepted = header("Accept-Encoding");
    return accepted != null && GZIP.matcher(accepted.toLowerCase(Locale.ROOT)).find();
  }

  private static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream(bytes.length / 4);
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  /** What the request asks for, without where in the list and in which form. */
  byte[] scope() {
    return (tenant() + ' ' + path() + '?' + query().scope()).getBytes(StandardCharsets.UTF_8);
  }

  /** What the request asks for, as it was sent. */
  byte[] whole() {
    return (tenant() + ' ' + path() + '?' + context.request().query())
        .getBytes(StandardCharsets.UTF_8);
  }

  /** The path of the request as it was sent. */
  String path() {
    return String.valueOf(context.request().path());
  }
}
