package io.tallybook.service.usage;

import io.tallybook.ledger.Act;
import io.tallybook.ledger.Command;
import io.tallybook.ledger.Document;
import io.tallybook.ledger.DocumentKey;
import io.tallybook.ledger.Outcome;
import io.tallybook.ledger.Reason;
import io.tallybook.ledger.Request;
import io.tallybook.ledger.facade.Ledger;
import io.tallybook.service.http.Asking;
import io.tallybook.service.http.Exchange;
import io.tallybook.service.http.Problem;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Gives services other prices, in one commit with what is settled at the old ones first. */
@Singleton
final class Prices {
  /** How often a new price is tried while others are quicker. */
  private static final int ATTEMPTS_MAX = 10;

  private final Ledger ledger;
  private final Exchange exchange;
  private final Asking asking;

  Prices(Ledger ledger, Exchange exchange, Asking asking) {
    this.ledger = ledger;
    this.exchange = exchange;
    this.asking = asking;
  }

  /**
   * Changes the price of a service.
   *
   * @param settles whether every pair of the service that is not at 0 is settled first
   * @param given the new price, read once it is known that the service is there
   * @return the new price
   * @throws Problem if there is no such service, or the ledger refuses
   */
  long change(String name, boolean settles, LongSupplier given) {
    Pricing pricing = pricing(name, settles);
    long price = given.getAsLong();
    Outcome refusal = change(name, price, pricing);
    for (int i = 1; i < ATTEMPTS_MAX && isOutrun(refusal); i++) {
      pricing = pricing(name, settles);
      refusal = change(name, price, pricing);
    }
    if (refusal != null) {
      throw Problem.of(refusal);
    }
    return price;
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
                ServicesResource.registration(reader, name),
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
  private @Nullable Outcome change(String name, long price, Pricing pricing) {
    Document before = pricing.registration;
    List<Command> commands = new ArrayList<>();
    if (pricing.agents != null) {
      commands.add(new Command.SettleService(name, pricing.agents));
    }
    commands.add(
        new Command.PutDocument(
            DocumentKey.service(exchange.tenant(), name),
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
        .max(Comparator.comparing(Prices::isRefusedItself))
        .orElse(null);
  }

  private static boolean isRefusedItself(Outcome outcome) {
    return outcome.status() == Outcome.Status.CONFLICT || outcome.reason() != Reason.CONFLICT;
  }

  /** Whether others were quicker, so that it can be tried again. */
  private static boolean isOutrun(@Nullable Outcome refusal) {
    return refusal != null && refusal.status() == Outcome.Status.CONFLICT;
  }
}
