package io.tallybook.service.http;

import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * The body of an export. The first bytes are kept until it turns out whether it is long enough to
 * be compressed; only then is the head of the answer settled.
 */
public final class ExportStream {
  private final HttpServerResponse response;
  private final OutputStream plain;
  private final boolean packs;
  private final Map<String, String> headers = new LinkedHashMap<>();
  private final byte[] kept = new byte[Exchange.PLAIN_BYTES_MAX];
  private OutputStream out;
  private int length;
  private boolean begun;

  ExportStream(HttpServerResponse response, OutputStream plain, boolean packs) {
    this.response = response;
    this.plain = plain;
    this.packs = packs;
    this.out = plain;
  }

  /** Adds a header to the answer; before the first byte. */
  void header(String name, String value) {
    headers.put(name, value);
  }

  /** Writes a text in UTF-8. */
  public void text(String text) {
    write(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a value in JSON. */
  public void json(Object value) {
    write(Json.write(value, false));
  }

  private void write(byte[] bytes) {
    try {
      if (!begun && length + bytes.length <= kept.length) {
        System.arraycopy(bytes, 0, kept, length, bytes.length);
        length += bytes.length;
        return;
      }
      if (!begun) {
        headers.put("Vary", "Accept-Encoding");
        if (packs) {
          headers.put("Content-Encoding", "gzip");
        }
        begin();
        out = packs ? new GZIPOutputStream(plain, 8_192) : plain;
        out.write(kept, 0, length);
      }
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void begin() {
    begun = true;
    headers.forEach(response::putHeader);
  }

  /** Writes what is still kept. */
  void end() throws IOException {
    if (!begun) {
      begin();
      out.write(kept, 0, length);
    }
    if (out instanceof GZIPOutputStream gzip) {
      gzip.finish();
    }
  }
}
