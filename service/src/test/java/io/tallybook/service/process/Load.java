package io.tallybook.service.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** Single events of one source from several writers at once, and which were acknowledged. */
final class Load implements AutoCloseable {
  private static final int WRITERS = 8;

  /** Writes the next event of a load; returns whether to go on. */
  interface Writer {
    boolean writeNext(Load load) throws IOException, InterruptedException;
  }

  private final String source;
  private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();
  private final CountDownLatch enough;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Future<?>> running = new ArrayList<>();

  /**
   * Starts a load.
   *
   * @param enough how many events are acknowledged until {@link #awaitEnough} returns
   */
  Load(String source, int enough, Writer writer) {
    this.source = source;
    this.enough = new CountDownLatch(enough);
    for (int w = 0; w < WRITERS; w++) {
      running.add(
          threads.submit(
              () -> {
                boolean goesOn = true;
                while (goesOn) {
                  goesOn = writer.writeNext(this);
                }
                return null;
              }));
    }
  }

  /** Sends an event; returns the status of the answer. */
  int send(Client client) throws IOException, InterruptedException {
    long number = numbers.incrementAndGet();
    String id = "e" + number;
    long units = number % 97;
    int status = client.record(source, id, units).statusCode();
    if (status == 200) {
      acknowledged.put(id, units);
      enough.countDown();
    }
    return status;
  }

  void awaitEnough() throws InterruptedException {
    enough.await();
  }

  /** Waits until no writer goes on; fails as the first of them did. */
  void awaitEnd() throws InterruptedException, ExecutionException {
    for (Future<?> writer : running) {
      writer.get();
    }
  }

  /** Checks that everything acknowledged is there, as it was sent. */
  void assertKept(Client client) throws IOException, InterruptedException {
    List<String> events = new ArrayList<>();
    acknowledged.forEach((id, units) -> events.add(Client.event(source, id, units)));
    assertThat(events).isNotEmpty();
    JsonPath again = JsonPath.from(client.record(events).body());
    assertThat(again.getInt("duplicates")).as("acknowledged before").isEqualTo(events.size());
  }

  /** How many events were acknowledged. */
  int acknowledged() {
    return acknowledged.size();
  }

  /** How many events of the source there are. */
  long recorded(Client client) throws IOException, InterruptedException {
    return JsonPath.from(client.get("/entries/count?source=" + source).body()).getLong("count");
  }

  @Override
  public void close() {
    threads.shutdownNow();
    threads.close();
  }
}
