package dev.helm.service.stream;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.stream.Frame;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.HelmJson;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamHubTest {
  private static final int DEADLINE_MS = 30_000;

  @TempDir Path home;
  private Store store;

  @BeforeEach
  void open() {
    store = Store.open(home, Clock.systemUTC());
  }

  @AfterEach
  void close() {
    store.close();
  }

  /** A client that keeps what it gets, in the order it got it. */
  private static final class Client implements Subscriber {
    final List<Long> numbers = new CopyOnWriteArrayList<>();
    final List<String> others = new CopyOnWriteArrayList<>();
    final boolean all;
    volatile long lastPos;
    volatile Frame.@Nullable Error lastWords;
    volatile @Nullable CompletableFuture<Void> stuck;
    private boolean underWay;

    Client(boolean all) {
      this.all = all;
    }

    @Override
    public CompletableFuture<Void> send(String json) {
      assertThat(underWay).isFalse();
      underWay = true;
      read(json);
      underWay = false;
      CompletableFuture<Void> wait = stuck;
      return wait == null ? CompletableFuture.completedFuture(null) : wait;
    }

    private void read(String json) {
      try {
        JsonNode frame = HelmJson.mapper().readTree(json);
        if (!frame.path("op").asText().equals("events")) {
          others.add(json);
          return;
        }
        assertThat(frame.path("events").size()).isBetween(1, Frame.EVENTS_MAX);
        for (JsonNode event : frame.path("events")) {
          numbers.add(event.path("seq").asLong());
        }
        lastPos = frame.path("pos").asLong();
      } catch (java.io.IOException e) {
        throw new AssertionError(json, e);
      }
    }

    @Override
    public void close(Frame.Error words) {
      lastWords = words;
    }

    long count(String op) {
      return others.stream().filter(json -> json.startsWith("{\"op\":\"" + op + "\"")).count();
    }
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + DEADLINE_MS * 1_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("deadline").isLessThan(end);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static String subscribe(String run, long after) {
    return "{\"op\":\"subscribe\",\"run\":\"" + run + "\",\"after\":" + after + "}";
  }

  private void turns(String run, int from, int to) {
    for (int i = from; i < to; i++) {
      store.log().append(run, List.of(StoreFixture.turn(i)));
    }
  }

  private static List<Long> upTo(long last) {
    return java.util.stream.LongStream.rangeClosed(1, last).boxed().toList();
  }

  @Test
  void replaysThenCatchesUpOnceThenGoesLive() {
    String run = StoreFixture.run(store);
    turns(run, 0, 700);
    try (StreamHub hub = new StreamHub(store)) {
      Client client = new Client(false);
      Session session = hub.open(Access.system(), client);
      session.receive(subscribe(run.substring(0, 16), 0));
      await(() -> client.count("caughtUp") == 1);
      assertThat(client.numbers).isEqualTo(upTo(701));
      assertThat(client.others)
          .containsExactly("{\"op\":\"caughtUp\",\"run\":\"" + run + "\",\"seq\":701}");
      turns(run, 700, 710);
      await(() -> client.numbers.size() == 711);
      assertThat(client.numbers).isEqualTo(upTo(711));
      session.receive("{\"op\":\"unsubscribe\",\"run\":\"" + run + "\"}");
      session.receive(subscribe(run, 711));
      await(() -> client.count("caughtUp") == 2);
      assertThat(client.others.getLast()).endsWith("\"seq\":0}");
      session.close();
      await(() -> hub.connected() == 0);
    }
  }

  @Test
  void mistakesAreToldAndTheSocketStays() {
    try (StreamHub hub = new StreamHub(store)) {
      Client client = new Client(false);
      Session session = hub.open(Access.system(), client);
      session.receive("nonsense");
      session.receive("{\"op\":\"dance\",\"run\":\"*\"}");
      session.receive(subscribe("f".repeat(32), 0));
      session.receive(subscribe("*", 0));
      await(() -> client.count("caughtUp") == 1);
      assertThat(client.count("error")).isEqualTo(3);
      assertThat(client.others.get(2)).contains("\"code\":\"not_found\"");
      assertThat(client.lastWords).isNull();
    }
  }

  @Test
  void liveTextGoesOnlyToWhoCaughtUpWithThatRun() {
    String run = StoreFixture.run(store);
    try (StreamHub hub = new StreamHub(store)) {
      Client one = new Client(false);
      Client all = new Client(true);
      hub.open(Access.system(), one).receive(subscribe(run, 0));
      hub.open(Access.system(), all).receive(subscribe("*", 0));
      await(() -> one.count("caughtUp") == 1 && all.count("caughtUp") == 1);
      await(
          () -> {
            hub.send(new Frame.Delta(run, "model.delta", "main", 1, 1, "he", null));
            return one.count("delta") > 0;
          });
      assertThat(all.count("delta")).isZero();
    }
  }

  @Test
  void allRunsLeaveOutBulk() {
    try (StreamHub hub = new StreamHub(store)) {
      Client all = new Client(true);
      hub.open(Access.system(), all).receive(subscribe("*", 0));
      String run = StoreFixture.run(store);
      store.log().append(run, List.of(StoreFixture.output("o", "bulk"), StoreFixture.turn(1)));
      await(() -> all.numbers.size() == 2);
      assertThat(all.numbers).containsExactly(1L, 3L);
      assertThat(all.lastPos).isEqualTo(3);
    }
  }

  @Test
  void aClientHearsOfNoRunInAProjectThatItDoesNotSee() {
    String theirs = StoreFixture.runIn(store, "market-intel");
    String mine = StoreFixture.runIn(store, "infra-ops");
    turns(theirs, 0, 300);
    Access ann = Access.only("ann", Set.of("infra-ops"));
    // A small ring, so that both the past and the live part come from database and ring.
    StreamLimits limits = new StreamLimits(64, 1 << 20, 1_000, 1_000, 10_000, 8);
    try (StreamHub hub = new StreamHub(store, limits)) {
      Client all = new Client(true);
      Session session = hub.open(ann, all);
      session.receive(subscribe("*", 0));
      await(() -> all.count("caughtUp") == 1);
      assertThat(all.numbers).containsExactly(1L);
      assertThat(all.others.getFirst()).endsWith("\"seq\":2}");
      session.receive(subscribe(theirs, 0));
      session.receive(subscribe(theirs.substring(0, 20), 0));
      await(() -> all.count("error") == 2);
      assertThat(all.others)
          .filteredOn(json -> json.contains("\"error\""))
          .allMatch(json -> json.contains("\"code\":\"not_found\""));
      for (int i = 0; i < 200; i++) {
        store.log().append(theirs, List.of(StoreFixture.turn(1_000 + i)));
        if (i % 20 == 0) {
          store.log().append(mine, List.of(StoreFixture.turn(i)));
        }
      }
      hub.send(new Frame.Delta(theirs, "model.delta", "main", 1, 1, "he", null));
      store.log().append(mine, List.of(StoreFixture.turn(2_000)));
      await(() -> all.numbers.size() == 12);
      assertThat(all.numbers).isEqualTo(upTo(12));
      assertThat(all.count("delta")).isZero();
    }
  }

  @Test
  void aStuckClientIsClosed() {
    String run = StoreFixture.run(store);
    StreamLimits limits = new StreamLimits(64, 1 << 20, 200, 1_000, 10_000, 8);
    try (StreamHub hub = new StreamHub(store, limits)) {
      Client client = new Client(false);
      client.stuck = new CompletableFuture<>();
      hub.open(Access.system(), client).receive(subscribe(run, 0));
      await(() -> client.lastWords != null);
      assertThat(String.valueOf(client.lastWords)).contains("too_slow");
      await(() -> hub.connected() == 0);
    }
  }

  @Test
  void silenceIsBrokenByPings() {
    StreamLimits limits = new StreamLimits(64, 1 << 20, 1_000, 1_000, 20, 8);
    try (StreamHub hub = new StreamHub(store, limits)) {
      Client client = new Client(false);
      hub.open(Access.system(), client);
      await(() -> client.count("ping") >= 2);
    }
  }

  @Test
  void fiftyClientsThatComeAndGoHaveTheSameList() throws Exception {
    long seed = System.nanoTime();
    System.out.println("stream seed " + seed);
    String run = StoreFixture.run(store);
    String other = StoreFixture.run(store);
    int last = 3_000;
    // A ring far smaller than the log, so that slow clients fall off it again and again.
    StreamLimits limits = new StreamLimits(32, 1 << 20, 10_000, 1 << 30, 10_000, 8);
    try (StreamHub hub = new StreamHub(store, limits);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Long>>> lists = new ArrayList<>();
      Random random = new Random(seed);
      for (int i = 0; i < 50; i++) {
        long own = random.nextLong();
        lists.add(pool.submit(() -> follow(hub, run, last, new Random(own))));
      }
      for (int i = 0; i < last - 1; i += 10) {
        List<dev.helm.workflows.Fact> facts = new ArrayList<>();
        for (int j = i; j < Math.min(i + 10, last - 1); j++) {
          facts.add(StoreFixture.turn(j));
        }
        store.log().append(run, facts);
        turns(other, i, i + 2);
      }
      for (Future<List<Long>> list : lists) {
        assertThat(list.get()).isEqualTo(upTo(last));
      }
    }
  }

  /** Connects, reads some, drops the socket, and goes on from the last seq, until it has all. */
  private static List<Long> follow(StreamHub hub, String run, long last, Random random) {
    List<Long> have = new ArrayList<>();
    while (have.size() < last) {
      Client client = new Client(false);
      Session session = hub.open(Access.system(), client);
      session.receive(subscribe(run, have.isEmpty() ? 0 : have.getLast()));
      int wanted = 1 + random.nextInt(800);
      long before = have.size();
      await(() -> client.numbers.size() >= wanted || before + client.numbers.size() >= last);
      session.close();
      // What arrives after the list was read is what the next connection asks for again.
      have.addAll(List.copyOf(client.numbers));
    }
    return have;
  }
}
