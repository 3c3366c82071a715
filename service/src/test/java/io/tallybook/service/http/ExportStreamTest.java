package io.tallybook.service.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.http.HttpServerResponse;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

class ExportStreamTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private ExportStream stream(boolean isClosed, boolean packs, int secondsMax) throws IOException {
    HttpServerResponse response =
        (HttpServerResponse)
            Proxy.newProxyInstance(
                HttpServerResponse.class.getClassLoader(),
                new Class<?>[] {HttpServerResponse.class},
                (proxy, method, arguments) -> {
                  assertThat(method.getName()).isEqualTo("closed");
                  return isClosed;
                });
    return new ExportStream(response, out, packs, secondsMax);
  }

  @Test
  void anExportEndsWhenItsTimeIsOver() throws IOException {
    ExportStream stream = stream(false, false, 0);
    assertThatThrownBy(stream::part)
        .isInstanceOf(Problem.class)
        .hasMessage("the export lasted longer than 0 seconds; ask for less at once");
    assertThatThrownBy(stream::item).isInstanceOf(Problem.class);
  }

  @Test
  void nothingIsToldToWhoHasLeft() throws IOException {
    ExportStream stream = stream(true, false, 60);
    assertThatThrownBy(stream::part)
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("The connection was closed");
  }

  @Test
  void theFirstItemIsSentAtOnce() throws IOException {
    ExportStream stream = stream(false, true, 60);
    stream.text("first");
    stream.item();
    byte[] sent = out.toByteArray();
    byte[] first = new GZIPInputStream(new ByteArrayInputStream(sent)).readNBytes(5);
    assertThat(new String(first, UTF_8)).isEqualTo("first");
    assertThat(stream.items()).isEqualTo(1);
  }
}
