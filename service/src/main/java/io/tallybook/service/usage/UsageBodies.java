package io.tallybook.service.usage;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.tallybook.ledger.Names;
import io.tallybook.service.http.Members;
import io.tallybook.service.http.Problem;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The bodies of requests and answers about usage, services and bills. */
@RegisterForReflection(ignoreNested = false)
public final class UsageBodies {
  /** Most characters of an agent in a request. */
  static final int AGENT_MAX = 256;

  /** Most characters of a service in a request. */
  static final int SERVICE_MAX = 128;

  /** Most requests that are recorded at once. */
  static final int REQUESTS_MAX = 1_000_000;

  /** The highest price. */
  static final long PRICE_MAX = 9_007_199_254L;

  private static final int TEXT_MAX = 256;

  private UsageBodies() {}

  /** Usage to record. */
  public record UsageRequest(String agent, String serviceId, long requests) {
    static UsageRequest of(Members members) {
      return new UsageRequest(
          members.id("agent", AGENT_MAX),
          members.id("serviceId", SERVICE_MAX),
          members.integer("requests", 1, REQUESTS_MAX));
    }
  }

  /** A pair to settle. */
  public record PairRequest(String agent, String serviceId) {
    static PairRequest of(Members members) {
      return new PairRequest(members.id("agent", AGENT_MAX), members.id("serviceId", SERVICE_MAX));
    }
  }

  /** What a pair has outstanding. */
  public record PairTotal(String agent, String serviceId, long total) {}

  /** What all pairs have outstanding. */
  public record UsageExport(long exportedAt, List<PairTotal> items) {}

  /** An event of the log; which members its payload has depends on its type. */
  public record LogItem(long id, long ts, String type, LogPayload payload) {}

  /** What an event is about. */
  public record LogPayload(
      @Nullable String agent,
      String serviceId,
      @Nullable Long requests,
      @Nullable Long total,
      @Nullable BigInteger billedStroops,
      @Nullable Boolean bulk,
      @Nullable Long clearedTotal,
      @Nullable String tenantId) {}

  /** A page of the log. */
  public record LogPage(
      long total,
      List<LogItem> items,
      @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String nextCursor) {}

  /** How many events of each type the log has. */
  public record LogSummary(Map<String, Long> counts, long total) {}

  /** What became of one item. */
  public record BulkResult(int index, boolean ok, @Nullable Long total, @Nullable String error) {}

  /** What became of each item. */
  public record BulkResults(List<BulkResult> results) {}

  /** What a pair has outstanding, and what that comes to. */
  public record Bill(
      String agent, String serviceId, long requests, long priceStroops, BigInteger billedStroops) {}

  /** An agent to settle. */
  public record AgentRequest(String agent) {
    static AgentRequest of(Members members) {
      return new AgentRequest(members.id("agent", AGENT_MAX));
    }
  }

  /** What was settled of one of an agent's pairs. */
  public record BillItem(
      String serviceId, long requests, long priceStroops, BigInteger billedStroops) {}

  /** What was settled of an agent. */
  public record AgentBill(String agent, List<BillItem> items, BigInteger totalBilledStroops) {}

  /** What was taken off a pair without a bill. */
  public record ClearedTotal(String agent, String serviceId, long clearedTotal) {}

  /** What all outstanding amounts come to. */
  public record BillingTotal(
      BigInteger totalStroops, BigInteger disabledStroops, BigInteger unpricedRequests) {}

  /** A service to register, or what of it was registered. */
  public record ServicePrice(
      String serviceId, long priceStroops, @Nullable String description, @Nullable String owner) {
    private static final Set<String> MEMBERS =
        Set.of("serviceId", "priceStroops", "description", "owner");

    static ServicePrice of(Members members) {
      members.only(MEMBERS);
      String service = members.id("serviceId", SERVICE_MAX);
      long price = members.integer("priceStroops", 0, PRICE_MAX);
      String description = members.text("description");
      String owner = members.text("owner");
      if ((description == null) != (owner == null)) {
        throw Problem.invalid("description and owner must be given together");
      }
      if (description != null && owner != null) {
        requireTexts(description, owner);
      }
      return new ServicePrice(service, price, description, owner);
    }
  }

  private static void requireTexts(String description, String owner) {
    Names.requireText("description", description, TEXT_MAX);
    Names.requireText("owner", owner, TEXT_MAX);
    if (owner.isEmpty()) {
      throw Problem.invalid("owner must be 1 to " + TEXT_MAX + " characters");
    }
  }

  /** What became of one service. */
  public record ServiceBulkResult(
      int index,
      boolean ok,
      @Nullable String serviceId,
      @Nullable Long priceStroops,
      @Nullable Boolean created,
      @Nullable String error) {}

  /** What became of each service. */
  public record ServiceBulkResults(List<ServiceBulkResult> results) {}

  /** A new price. */
  public record PriceRequest(long priceStroops) {
    static PriceRequest of(Members members) {
      return new PriceRequest(members.integer("priceStroops", 0, PRICE_MAX));
    }
  }

  /** The price of a service. */
  public record Price(String serviceId, long priceStroops) {}

  /** Whether a service is to be disabled. */
  public record DisabledRequest(boolean disabled) {
    static DisabledRequest of(Members members) {
      return new DisabledRequest(members.flag("disabled"));
    }
  }

  /** Whether a service is disabled. */
  public record ServiceState(String serviceId, boolean disabled) {}

  /** What a service is, and whose. */
  public record MetadataRequest(String description, String owner) {
    static MetadataRequest of(Members members) {
      String description = members.required("description");
      String owner = members.required("owner");
      requireTexts(description, owner);
      return new MetadataRequest(description, owner);
    }
  }

  /** What a service is, and whose. */
  public record Metadata(String serviceId, String description, String owner) {}

  /** A registered service. */
  public record Service(
      String serviceId,
      long priceStroops,
      boolean disabled,
      @Nullable String description,
      @Nullable String owner) {}

  /** Registered services in the order of registration. */
  public record Services(List<Service> services) {}

  /** Agents in order of first appearance. */
  public record Agents(
      List<String> agents, @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable String nextCursor) {}

  /** What an agent has outstanding over all services. */
  public record AgentTotal(String agent, long total) {}

  /** What an agent has outstanding with a service. */
  public record ServiceItem(String serviceId, long total) {}

  /** What an agent has outstanding by service. */
  public record AgentUsage(String agent, List<ServiceItem> items, @Nullable String nextCursor) {}

  /** What a service has outstanding, and how many agents have. */
  public record ServiceUsage(String serviceId, long total, long agents) {}

  /** What an agent has outstanding with the service. */
  public record AgentItem(String agent, long total) {}

  /** What a service has outstanding by agent. */
  public record ServiceAgents(
      String serviceId, List<AgentItem> items, @Nullable String nextCursor) {}
}
