package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.service.http.Csv;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Export;
import io.tallybook.service.http.ExportStream;
import io.tallybook.service.http.Exports;
import io.tallybook.service.usage.UsageBodies.PairTotal;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.util.function.BiConsumer;

/** Hands out what all pairs have outstanding, as files. */
@Path("/usage")
@Singleton
@RunOnVirtualThread
public final class ExportsResource {
  private final Exports exports;

  ExportsResource(Exports exports) {
    this.exports = exports;
  }

  @GET
  @Path("/export.json")
  public Response json() {
    return file(
        Exchange.JSON,
        "usage.json",
        (reader, out) -> {
          out.text("{\"exportedAt\":" + System.currentTimeMillis() + ",\"items\":[");
          reader.eachPair(
              (cell, number) -> {
                if (number > 1) {
                  out.text(",");
                }
                out.json(
                    new PairTotal(
                        Listing.firstName(cell),
                        Listing.secondName(cell),
                        UsageResource.total(cell)));
                out.item();
              });
          out.text("]}");
        });
  }

  @GET
  @Path("/export.csv")
  public Response csv() {
    return file(
        Csv.TYPE + "; charset=utf-8",
        "usage.csv",
        (reader, out) -> {
          out.text(Csv.line("agent", "serviceId", "total"));
          reader.eachPair(
              (cell, number) -> {
                out.text(
                    Csv.line(
                        Listing.firstName(cell),
                        Listing.secondName(cell),
                        Long.toString(UsageResource.total(cell))));
                out.item();
              });
        });
  }

  private Response file(String type, String name, BiConsumer<LedgerReader, ExportStream> content) {
    return exports
        .begin(new PairExport(type, content))
        .header("Content-Disposition", "attachment; filename=" + name)
        .build();
  }

  private record PairExport(String type, BiConsumer<LedgerReader, ExportStream> content)
      implements Export {
    @Override
    public String operation() {
      return "usage-export";
    }

    @Override
    public void write(LedgerReader reader, ExportStream out) {
      content.accept(reader, out);
    }
  }
}
