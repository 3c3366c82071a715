package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.service.Api;
import io.tallybook.service.http.Csv;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Export;
import io.tallybook.service.http.ExportStream;
import io.tallybook.service.http.Exports;
import io.tallybook.service.usage.UsageBodies.PairTotal;
import io.tallybook.service.usage.UsageBodies.UsageExport;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.util.function.BiConsumer;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.headers.Header;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Hands out what all pairs have outstanding, as files. */
@Path("/usage")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.USAGE)
public final class ExportsResource {
  private final Exports exports;

  ExportsResource(Exports exports) {
    this.exports = exports;
  }

  @GET
  @Path("/export.json")
  @Operation(summary = "Exports all pairs of one revision in JSON, in order of first appearance")
  @APIResponse(
      responseCode = "200",
      description = "The pairs, those at 0 included; exportedAt is in milliseconds since 1970",
      headers = {
        @Header(
            name = "Ledger-Sequence",
            description = "The newest sequence of the revision",
            schema = @Schema(type = SchemaType.INTEGER)),
        @Header(
            name = "Content-Disposition",
            description = "attachment; filename=usage.json",
            schema = @Schema(type = SchemaType.STRING))
      },
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = UsageExport.class),
              examples =
                  @ExampleObject(
                      name = "one",
                      value =
                          "{\"exportedAt\":1769860800000,\"items\":[{\"agent\":\"alice\","
                              + "\"serviceId\":\"search\",\"total\":3}]}")))
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
  @Operation(summary = "Exports all pairs of one revision as CSV, in order of first appearance")
  @APIResponse(
      responseCode = "200",
      description =
          "A line for each pair, those at 0 included. A cell that a spreadsheet would take for a"
              + " formula begins with an apostrophe",
      headers = {
        @Header(
            name = "Ledger-Sequence",
            description = "The newest sequence of the revision",
            schema = @Schema(type = SchemaType.INTEGER)),
        @Header(
            name = "Content-Disposition",
            description = "attachment; filename=usage.csv",
            schema = @Schema(type = SchemaType.STRING))
      },
      content =
          @Content(
              mediaType = "text/csv",
              schema = @Schema(type = SchemaType.STRING),
              examples =
                  @ExampleObject(name = "one", value = "agent,serviceId,total\nalice,search,3\n")))
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
