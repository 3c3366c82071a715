package io.tallybook.service.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Receipt;
import io.tallybook.ledger.Request;
import java.util.List;
import org.junit.jupiter.api.Test;

class LedgerTracingTest {
  private final InMemorySpanExporter spans = InMemorySpanExporter.create();
  private final LedgerTracing tracing =
      new LedgerTracing(
          SdkTracerProvider.builder()
              .addSpanProcessor(SimpleSpanProcessor.create(spans))
              .build()
              .get("test"));

  @Test
  void aCommitOfTheStorageIsUnderItsLeaderAndLinkedToWhoeverIsJoined() {
    Request joined = Request.of("t", List.of(new Command.Reset("joined", "s")));
    Request leader = Request.of("t", List.of(new Command.Reset("leader", "s")));
    Receipt receipt = new Receipt(1, false, List.of());
    Receipt answer =
        tracing.commit(
            joined,
            () ->
                tracing.commit(
                    leader,
                    () ->
                        tracing
                            .store(List.of(leader, joined), () -> List.of(receipt, receipt))
                            .getFirst()));
    assertThat(answer).isSameAs(receipt);
    SpanData store = spans.getFinishedSpanItems().get(0);
    SpanData ofLeader = spans.getFinishedSpanItems().get(1);
    SpanData ofJoined = spans.getFinishedSpanItems().get(2);
    assertThat(store.getName()).isEqualTo("storage commit");
    assertThat(store.getParentSpanId()).isEqualTo(ofLeader.getSpanId());
    assertThat(store.getLinks())
        .extracting(LinkData::getSpanContext)
        .containsExactly(ofJoined.getSpanContext());
  }

  @Test
  void whatTheStorageCannotAnswerIsAnErrorAndWhatTheCallerDidWrongIsNone() {
    assertThatThrownBy(
            () ->
                tracing.read(
                    "total",
                    () -> {
                      throw new LedgerException.Unavailable("away", true, null);
                    }))
        .isInstanceOf(LedgerException.Unavailable.class);
    assertThatThrownBy(
            () ->
                tracing.read(
                    "total",
                    () -> {
                      throw new LedgerException.Rejected(
                          Reason.INVALID_REQUEST, "agent", "agent is empty");
                    }))
        .isInstanceOf(LedgerException.Rejected.class);
    assertThat(spans.getFinishedSpanItems())
        .extracting(span -> span.getStatus().getStatusCode())
        .containsExactly(StatusCode.ERROR, StatusCode.UNSET);
  }
}
