package io.tallybook.service.usage;

import io.smallrye.common.annotation.RunOnVirtualThread;
import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.LedgerException;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.ledger.facade.LedgerReader;
import io.tallybook.ledger.facade.Page;
import io.tallybook.ledger.view.Cell;
import io.tallybook.ledger.view.CellShape;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Registers services with their prices, and tells who uses them. */
@Path("/services")
@Singleton
@RunOnVirtualThread
public final class ServicesResource {
  private static final Set<String> BULK_MEMBERS = Set.of("items");
  private static final int SCAN_PAGE = 1_000;

  private final Ledger ledger;
  private final Exchange exchange;
  private final Asking asking;
  private final Prices prices;

  ServicesResource(Ledger ledger, Exchange exchange, Asking asking, Prices prices) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.asking = asking;
    this.prices = prices;
  }

  @POST
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
  public Response service(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    return asking.ask("service", reader -> service(registration(reader, name)));
  }

  /** The registration of a service that has to be there. */
  static Document registration(LedgerReader reader, String name) {
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
  public Response changePrice(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    Members members = exchange.object();
    boolean settles = exchange.query().flag("settle");
    long price = prices.change(name, settles, () -> PriceRequest.of(members).priceStroops());
    return exchange.plain(200, new Price(name, price));
  }

  @PATCH
  @Path("/{serviceId}/disabled")
  public Response changeDisabled(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    boolean disabled = DisabledRequest.of(exchange.object()).disabled();
    return switchTo(name, disabled, null);
  }

  @POST
  @Path("/{serviceId}/enable")
  public Response enable(@Encoded @PathParam("serviceId") String serviceId) {
    String name = Exchange.name("serviceId", serviceId);
    exchange.object();
    return switchTo(name, false, new Act(ServiceActs.ENABLED, name, Map.of()));
  }

  @POST
  @Path("/{serviceId}/disable")
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
