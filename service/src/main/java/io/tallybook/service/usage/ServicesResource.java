package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.facade.Page;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
import io.tallybook.service.Api;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Cursors;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Members;
import io.tallybook.service.http.Problem;
import io.tallybook.service.http.Query;
import io.tallybook.service.usage.UsageBodies.AgentItem;
import io.tallybook.service.usage.UsageBodies.DisabledRequest;
import io.tallybook.service.usage.UsageBodies.Metadata;
import io.tallybook.service.usage.UsageBodies.MetadataRequest;
import io.tallybook.service.usage.UsageBodies.Price;
import io.tallybook.service.usage.UsageBodies.PriceRequest;
import io.tallybook.service.usage.UsageBodies.Service;
import io.tallybook.service.usage.UsageBodies.ServiceAgents;
import io.tallybook.service.usage.UsageBodies.ServiceBulkRequest;
import io.tallybook.service.usage.UsageBodies.ServiceBulkResult;
import io.tallybook.service.usage.UsageBodies.ServiceBulkResults;
import io.tallybook.service.usage.UsageBodies.ServicePrice;
import io.tallybook.service.usage.UsageBodies.ServiceState;
import io.tallybook.service.usage.UsageBodies.ServiceUsage;
import io.tallybook.service.usage.UsageBodies.Services;
import jakarta.inject.Singleton;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.Encoded;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Registers services with their prices, and tells who uses them. */
@Path("/services")
@Singleton
@RunOnVirtualThread
@Tag(name = Api.SERVICES)
public final class ServicesResource {
  private static final String SERVICE =
      "{\"serviceId\":\"search\",\"priceStroops\":250,\"disabled\":false}";
  private static final String AGENTS =
      "{\"serviceId\":\"search\",\"items\":[{\"agent\":\"alice\",\"total\":3}]}";
  private static final String DISABLED = "{\"serviceId\":\"search\",\"disabled\":true}";
  private static final String METADATA =
      "{\"serviceId\":\"search\",\"description\":\"Full-text search\",\"owner\":\"team-a\"}";
  private static final Set<String> BULK_MEMBERS = Set.of("items");
  private static final int SCAN_PAGE = 1_000;

  /** How often a new price is tried while others are quicker. */
  private static final int PRICE_ATTEMPTS_MAX = 10;

  private final Ledger ledger;
  private final Exchange exchange;
  private final Asking asking;

  ServicesResource(Ledger ledger, Exchange exchange, Asking asking) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.asking = asking;
  }

  @POST
  @Operation(summary = "Registers a service with its price, or changes one")
  @APIResponse(
      responseCode = "201",
      description = "Registered",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServicePrice.class),
              examples =
                  @ExampleObject(
                      name = "registered",
                      value = "{\"serviceId\":\"search\",\"priceStroops\":250}")))
  @APIResponse(
      responseCode = "200",
      description = "Changed; what was not sent stays as it was",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServicePrice.class),
              examples =
                  @ExampleObject(
                      name = "changed",
                      value = "{\"serviceId\":\"search\",\"priceStroops\":300}")))
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServicePrice.class),
              examples =
                  @ExampleObject(
                      name = "search",
                      value = "{\"serviceId\":\"search\",\"priceStroops\":250}")))
  public Response register() {
    ServicePrice service = ServicePrice.of(exchange.object());
    Outcome outcome = commit(List.of(put(service))).getFirst();
    return exchange.plain(isNew(outcome) ? 201 : 200, service);
  }

  private Command put(ServicePrice service) {
    Map<String, String> fields = new HashMap<>();
    fields.put(Document.PRICE, Long.toString(service.priceStroops()));
    if (service.description() != null && service.owner() != null) {
      fields.put(Document.DESCRIPTION, service.description());
      fields.put(Document.OWNER, service.owner());
    }
    return new Command.PutDocument(
        key(service.serviceId()), fields, Set.of(), Command.PutDocument.ANY, null);
  }

  private DocumentKey key(String service) {
    return DocumentKey.service(exchange.tenant(), service);
  }

  /** Commits commands of which none may be refused. */
  private List<Outcome> commit(List<Command> commands) {
    List<Outcome> outcomes = ledger.commit(Request.of(exchange.tenant(), commands)).outcomes();
    for (Outcome outcome : outcomes) {
      if (outcome.refused()) {
        throw Problem.of(outcome);
      }
    }
    return outcomes;
  }

  private static boolean isNew(Outcome put) {
    Document document = put.document();
    return document != null && document.revision() == 1;
  }

  @POST
  @Path("/bulk")
  @Operation(summary = "Registers or changes services item by item; good items are kept")
  @APIResponse(
      responseCode = "201",
      description = "What became of each item",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceBulkResults.class),
              examples =
                  @ExampleObject(
                      name = "a new one and one without a price",
                      value =
                          "{\"results\":[{\"index\":0,\"ok\":true,\"serviceId\":\"search\",\"priceStroops\":250,\"created\":true},"
                              + "{\"index\":1,\"ok\":false,\"error\":\"invalid_item\"}]}")))
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceBulkRequest.class),
              examples =
                  @ExampleObject(
                      name = "one",
                      value = "{\"items\":[{\"serviceId\":\"search\",\"priceStroops\":250}]}")))
  public Response registerBulk() {
    Members members = exchange.object();
    members.only(BULK_MEMBERS);
    List<@Nullable Object> items = members.items("items", UsageResource.BULK_ITEMS_MAX);
    List<@Nullable ServicePrice> read = new ArrayList<>();
    Map<String, Command> first = new LinkedHashMap<>();
    for (Object item : items) {
      ServicePrice service = readItem(item);
      read.add(service);
      if (service != null) {
        first.putIfAbsent(service.serviceId(), put(service));
      }
    }
    Iterator<Outcome> outcomes =
        (first.isEmpty() ? List.<Outcome>of() : commit(List.copyOf(first.values()))).iterator();
    Set<String> answered = new HashSet<>();
    List<ServiceBulkResult> results = new ArrayList<>();
    for (int i = 0; i < read.size(); i++) {
      ServicePrice service = read.get(i);
      if (service == null) {
        results.add(new ServiceBulkResult(i, false, null, null, null, "invalid_item"));
      } else if (answered.add(service.serviceId())) {
        boolean created = isNew(outcomes.next());
        results.add(
            new ServiceBulkResult(
                i, true, service.serviceId(), service.priceStroops(), created, null));
      } else {
        results.add(
            new ServiceBulkResult(i, false, service.serviceId(), null, null, "duplicate_in_batch"));
      }
    }
    return exchange.plain(201, new ServiceBulkResults(results));
  }

  private static @Nullable ServicePrice readItem(@Nullable Object item) {
    try {
      return ServicePrice.of(Members.of(item, "item"));
    } catch (Problem | LedgerException.Rejected invalid) {
      return null;
    }
  }

  @GET
  @Operation(summary = "Lists services in the order of registration")
  @Parameter(
      name = "prefix",
      in = ParameterIn.QUERY,
      description = "What the id begins with; case counts",
      schema = @Schema(type = SchemaType.STRING))
  @Parameter(
      name = "q",
      in = ParameterIn.QUERY,
      description = "A part of the id in any case",
      schema = @Schema(type = SchemaType.STRING))
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      schema =
          @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "1000", defaultValue = "200"))
  @Parameter(name = "disabled", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.BOOLEAN))
  @Parameter(name = "minPrice", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.INTEGER))
  @Parameter(name = "maxPrice", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.INTEGER))
  @APIResponse(
      responseCode = "200",
      description = "The services",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Services.class),
              examples = @ExampleObject(name = "one", value = "{\"services\":[" + SERVICE + "]}")))
  public Response services() {
    Query query = exchange.query();
    int limit = (int) query.integer("limit", 200, 1, 1_000);
    Predicate<Document> filter = filter(query);
    return asking.askList(
        "services", reader -> Asking.Answer.of(new Services(services(reader, filter, limit))));
  }

  private static Predicate<Document> filter(Query query) {
    String prefix = query.text("prefix");
    String part = query.text("q");
    String lowerPart = part == null ? "" : part.toLowerCase(Locale.ROOT);
    String disabled = query.text("disabled");
    long minPrice = query.whole("minPrice", Long.MIN_VALUE);
    long maxPrice = query.whole("maxPrice", Long.MAX_VALUE);
    return service -> {
      String id = service.key().name();
      long price = service.integer(Document.PRICE);
      return (prefix == null || id.startsWith(prefix))
          && id.toLowerCase(Locale.ROOT).contains(lowerPart)
          && (!"true".equals(disabled) || service.flag(Document.DISABLED))
          && (!"false".equals(disabled) || !service.flag(Document.DISABLED))
          && price >= minPrice
          && price <= maxPrice;
    };
  }

  private static List<Service> services(
      LedgerReader reader, Predicate<Document> filter, int limit) {
    List<Service> found = new ArrayList<>();
    long after = 0;
    do {
      Page<Document> page = reader.registrations(after, SCAN_PAGE);
      for (Document service : page.items()) {
        if (found.size() < limit && filter.test(service)) {
          found.add(service(service));
        }
      }
      after = page.next();
    } while (after != 0 && found.size() < limit);
    return found;
  }

  @GET
  @Path("/{serviceId}")
  @Operation(summary = "Tells of a service")
  @APIResponse(
      responseCode = "200",
      description = "The service",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Service.class),
              examples = @ExampleObject(name = "service", value = SERVICE)))
  public Response service(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    return asking.ask("service", reader -> service(registration(reader, name)));
  }

  private static Document registration(LedgerReader reader, String name) {
    Document registration = reader.registration(name);
    if (registration == null) {
      throw Problem.notFound("there is no service " + name);
    }
    return registration;
  }

  private static Service service(Document registration) {
    return new Service(
        registration.key().name(),
        registration.integer(Document.PRICE),
        registration.flag(Document.DISABLED),
        registration.field(Document.DESCRIPTION),
        registration.field(Document.OWNER));
  }

  @DELETE
  @Path("/{serviceId}")
  @Operation(summary = "Deletes a service; its usage stays and has no price")
  @APIResponse(responseCode = "204", description = "Deleted")
  public Response delete(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    commit(
        List.of(
            new Command.DeleteDocument(
                key(name),
                Command.PutDocument.PRESENT,
                new Act(ServiceActs.DELETED, name, Map.of()))));
    return Response.noContent().build();
  }

  @PATCH
  @Path("/{serviceId}/price")
  @Operation(
      summary = "Gives a service another price",
      description =
          "It applies to everything not yet settled. With settle=true every pair of the service that"
              + " is not at 0 is settled at the old price first, in the same commit.")
  @Parameter(
      name = "settle",
      in = ParameterIn.QUERY,
      description = "Whether to settle at the old price first; at most 10,000 pairs",
      schema = @Schema(type = SchemaType.BOOLEAN, defaultValue = "false"))
  @APIResponse(
      responseCode = "200",
      description = "The new price",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Price.class),
              examples =
                  @ExampleObject(
                      name = "price",
                      value = "{\"serviceId\":\"search\",\"priceStroops\":300}")))
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = PriceRequest.class),
              examples = @ExampleObject(name = "price", value = "{\"priceStroops\":300}")))
  public Response changePrice(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    Members members = exchange.object();
    boolean settles = exchange.query().flag("settle");
    Pricing pricing = pricing(name, settles);
    long price = PriceRequest.of(members).priceStroops();
    Outcome refusal = changePrice(name, price, pricing);
    for (int i = 1; i < PRICE_ATTEMPTS_MAX && isOutrun(refusal); i++) {
      pricing = pricing(name, settles);
      refusal = changePrice(name, price, pricing);
    }
    if (refusal != null) {
      throw Problem.of(refusal);
    }
    return exchange.plain(200, new Price(name, price));
  }

  /**
   * What a new price is decided on.
   *
   * @param agents to settle; null for none to be settled
   */
  private record Pricing(Document registration, @Nullable List<String> agents) {}

  private Pricing pricing(String name, boolean settles) {
    return asking.read(
        "service-price",
        reader ->
            new Pricing(
                registration(reader, name),
                settles
                    ? reader
                        .pairsOfService(name, 0, Command.SettleService.AGENTS_MAX + 1)
                        .items()
                        .stream()
                        .map(Listing::firstName)
                        .toList()
                    : null));
  }

  /** Changes a price if all is as it was when it was decided on; else tells what was refused. */
  private @Nullable Outcome changePrice(String name, long price, Pricing pricing) {
    Document before = pricing.registration;
    List<Command> commands = new ArrayList<>();
    if (pricing.agents != null) {
      commands.add(new Command.SettleService(name, pricing.agents));
    }
    commands.add(
        new Command.PutDocument(
            key(name),
            Map.of(Document.PRICE, Long.toString(price)),
            Set.of(),
            before.revision(),
            new Act(
                ServiceActs.PRICED,
                name,
                Map.of(
                    ServiceActs.OLD_PRICE,
                    Long.toString(before.integer(Document.PRICE)),
                    ServiceActs.NEW_PRICE,
                    Long.toString(price)))));
    List<Outcome> outcomes =
        ledger
            .commit(new Request(exchange.tenant(), UUID.randomUUID(), null, "", true, commands))
            .outcomes();
    // Of an atomic request the others are undone for the sake of the one that was refused.
    return outcomes.stream()
        .filter(Outcome::refused)
        .max(Comparator.comparing(ServicesResource::isRefusedItself))
        .orElse(null);
  }

  private static boolean isRefusedItself(Outcome outcome) {
    return outcome.status() == Outcome.Status.CONFLICT || outcome.reason() != Reason.CONFLICT;
  }

  /** Whether others were quicker, so that it can be tried again. */
  private static boolean isOutrun(@Nullable Outcome refusal) {
    return refusal != null && refusal.status() == Outcome.Status.CONFLICT;
  }

  @PATCH
  @Path("/{serviceId}/disabled")
  @Operation(summary = "Disables or enables a service, without an event")
  @APIResponse(
      responseCode = "200",
      description = "Whether it is disabled",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceState.class),
              examples = @ExampleObject(name = "disabled", value = DISABLED)))
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = DisabledRequest.class),
              examples = @ExampleObject(name = "disabled", value = "{\"disabled\":true}")))
  public Response changeDisabled(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    boolean disabled = DisabledRequest.of(exchange.object()).disabled();
    return switchTo(name, disabled, null);
  }

  @POST
  @Path("/{serviceId}/enable")
  @Operation(summary = "Enables a service, with an event even where it is enabled")
  @APIResponse(
      responseCode = "200",
      description = "It is enabled",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceState.class),
              examples =
                  @ExampleObject(
                      name = "enabled",
                      value = "{\"serviceId\":\"search\",\"disabled\":false}")))
  public Response enable(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    exchange.object();
    return switchTo(name, false, new Act(ServiceActs.ENABLED, name, Map.of()));
  }

  @POST
  @Path("/{serviceId}/disable")
  @Operation(summary = "Disables a service, with an event even where it is disabled")
  @APIResponse(
      responseCode = "200",
      description = "It is disabled and takes no usage",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceState.class),
              examples = @ExampleObject(name = "disabled", value = DISABLED)))
  public Response disable(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    exchange.object();
    return switchTo(name, true, new Act(ServiceActs.DISABLED, name, Map.of()));
  }

  private Response switchTo(String name, boolean disabled, @Nullable Act act) {
    commit(
        List.of(
            new Command.PutDocument(
                key(name),
                disabled ? Map.of(Document.DISABLED, "true") : Map.of(),
                disabled ? Set.of() : Set.of(Document.DISABLED),
                Command.PutDocument.PRESENT,
                act)));
    return exchange.plain(200, new ServiceState(name, disabled));
  }

  @PUT
  @Path("/{serviceId}/metadata")
  @Operation(summary = "Says what a service is, and whose")
  @APIResponse(
      responseCode = "200",
      description = "What it is",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Metadata.class),
              examples = @ExampleObject(name = "metadata", value = METADATA)))
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = MetadataRequest.class),
              examples =
                  @ExampleObject(
                      name = "metadata",
                      value = "{\"description\":\"Full-text search\",\"owner\":\"team-a\"}")))
  public Response describe(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    Members members = exchange.object();
    asking.read("service-metadata", reader -> registration(reader, name));
    MetadataRequest metadata = MetadataRequest.of(members);
    commit(
        List.of(
            new Command.PutDocument(
                key(name),
                Map.of(
                    Document.DESCRIPTION, metadata.description(), Document.OWNER, metadata.owner()),
                Set.of(),
                Command.PutDocument.PRESENT,
                null)));
    return exchange.plain(200, new Metadata(name, metadata.description(), metadata.owner()));
  }

  @GET
  @Path("/{serviceId}/metadata")
  @Operation(summary = "Tells what a service is, and whose")
  @APIResponse(
      responseCode = "200",
      description = "What it is",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = Metadata.class),
              examples = @ExampleObject(name = "metadata", value = METADATA)))
  public Response metadata(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    return asking.ask(
        "service-metadata",
        reader -> {
          Document registration = registration(reader, name);
          String description = registration.field(Document.DESCRIPTION);
          String owner = registration.field(Document.OWNER);
          if (description == null || owner == null) {
            throw Problem.notFound("service " + name + " has no metadata");
          }
          return new Metadata(name, description, owner);
        });
  }

  @GET
  @Path("/{serviceId}/usage")
  @Operation(summary = "Tells what a service has outstanding, and how many agents above 0")
  @APIResponse(
      responseCode = "200",
      description = "The sums; zeros if nobody used it",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceUsage.class),
              examples =
                  @ExampleObject(
                      name = "sums",
                      value = "{\"serviceId\":\"search\",\"total\":3,\"agents\":1}")))
  public Response usage(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    return asking.ask(
        "service-usage",
        reader -> {
          Cell cell = reader.service(name);
          return new ServiceUsage(
              name,
              UsageResource.total(cell),
              cell == null ? 0 : cell.value(CellShape.AGENTS_ABOVE_ZERO));
        });
  }

  @GET
  @Path("/{serviceId}/agents")
  @Operation(
      summary = "Lists the agents of a service that are not at 0, in order of first appearance")
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      description = "Everything at once where it is absent",
      schema = @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "1000"))
  @Parameter(name = "cursor", in = ParameterIn.QUERY, schema = @Schema(type = SchemaType.STRING))
  @APIResponse(
      responseCode = "200",
      description = "The agents",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceAgents.class),
              examples = @ExampleObject(name = "one", value = AGENTS)))
  public Response agents(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    int limit = Listing.limit(exchange);
    long after = Cursors.number(exchange);
    return asking.askList(
        "service-agents",
        reader -> {
          Page<Cell> page = reader.pairsOfService(name, after, limit);
          String next = Cursors.ofNumber(exchange, page.next());
          return new Asking.Answer(new ServiceAgents(name, items(page.items()), next), next, null);
        });
  }

  @GET
  @Path("/{serviceId}/agents/top")
  @Operation(summary = "Lists the agents that have most outstanding with a service")
  @Parameter(
      name = "limit",
      in = ParameterIn.QUERY,
      schema =
          @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "100", defaultValue = "10"))
  @APIResponse(
      responseCode = "200",
      description = "The agents above 0: greatest first, then by name",
      content =
          @Content(
              mediaType = "application/json",
              schema = @Schema(implementation = ServiceAgents.class),
              examples = @ExampleObject(name = "one", value = AGENTS)))
  public Response top(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    int limit = (int) exchange.query().integer("limit", 10, 1, 100);
    return asking.askList(
        "service-top",
        reader ->
            Asking.Answer.of(
                new ServiceAgents(name, items(reader.topOfService(name, limit)), null)));
  }

  private static List<AgentItem> items(List<Cell> pairs) {
    return pairs.stream()
        .map(cell -> new AgentItem(Listing.firstName(cell), UsageResource.total(cell)))
        .toList();
  }
}
