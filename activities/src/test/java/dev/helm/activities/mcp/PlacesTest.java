package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Reply;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs of servers are ended where nobody uses them, and no run has the places of all. */
@Timeout(120)
class PlacesTest {
  private static final String HELLO = "{\"text\":\"hello\"}";
  private static final String A = "a".repeat(32);
  private static final String B = "b".repeat(32);
  private static final String C = "c".repeat(32);

  /** Remembers its boxes. */
  private static class Counted extends ScriptedServer {
    final List<Box> boxes = new CopyOnWriteArrayList<>();

    @Override
    public Box open(BoxSpec spec) {
      Box box = super.open(spec);
      boxes.add(box);
      return box;
    }

    long running() {
      return boxes.stream().filter(box -> !box.end().toCompletableFuture().isDone()).count();
    }
  }

  /** Answers no call. */
  private static final class Silent extends Counted {
    @Override
    void call(Life life, JsonNode message) {}
  }

  private final Set<String> waits = ConcurrentHashMap.newKeySet();
  private final Places places =
      new Places(
          run -> waits.contains(run) ? OptionalLong.of(60_000) : OptionalLong.empty(), 2, 3, 4_000);

  private static Connection started(ScriptedServer server, String run) {
    Connection connection =
        new Connection(
            "s",
            McpRig.program(60_000),
            new StreamWire(server.open(BoxSpec.own(run, "mcp-s", List.of("server")))),
            "test",
            text -> text,
            (fault, callId) -> {},
            (token, said) -> {});
    connection.begin();
    return connection;
  }

  private Connection held(ScriptedServer server, String run) {
    Places.Place place = places.enter(run);
    Connection connection = started(server, run);
    place.holds(connection);
    return connection;
  }

  private static void busy(Connection connection) {
    connection.call(new OpenCall("token", "t1", "echo", 60_000), "echo", Map.of("text", "x"));
  }

  @Test
  void oneRunTakesPlacesOfItsOwnOnlyAndThenOfTheRunThatHasMost() {
    Counted server = new Counted();
    Connection first = held(server, A);
    Connection second = held(server, A);
    Connection third = held(server, A);
    // The run has two places: the one that was idle for longest was ended for the third.
    assertThat(first.alive()).isFalse();
    assertThat(second.alive()).isTrue();
    Connection other = held(server, B);
    Connection more = held(server, C);
    assertThat(List.of(other.alive(), more.alive())).containsOnly(true);
    assertThat(second.alive() && third.alive()).isFalse();
  }

  @Test
  void aRunThatWaitsGivesItsPlaceFirst() {
    Counted server = new Counted();
    Connection one = held(server, A);
    Connection two = held(server, A);
    Connection waiting = held(server, B);
    waits.add(B);
    held(server, C);
    assertThat(waiting.alive()).isFalse();
    assertThat(one.alive() && two.alive()).isTrue();
  }

  @Test
  void whatIsInUseIsNotEndedAndWhoGetsNoPlaceIsToldWhy() {
    Silent server = new Silent();
    List<Connection> used = new ArrayList<>();
    for (String run : List.of(A, A, B)) {
      Connection connection = held(server, run);
      busy(connection);
      used.add(connection);
    }
    assertThatThrownBy(() -> places.enter(A)).hasMessageContaining("this run has 2 servers");
    assertThatThrownBy(() -> places.enter(C)).hasMessageContaining("have all 3 places");
    assertThat(used).allMatch(Connection::alive);
    used.getFirst().close(new Fault(Fault.Kind.LOST, "done"));
    held(server, C);
  }

  @Test
  void aRunMayHaveMoreServersThanPlaces() {
    Counted server = new Counted();
    Map<String, McpServer> servers = new LinkedHashMap<>();
    List<String> allow = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      servers.put("s" + i, McpRig.program(10_000));
      allow.add("mcp__s" + i);
    }
    var plan = Plans.withServers(Plans.rules(List.of(), List.of(), allow), servers);
    try (McpRig rig = new McpRig(plan, server)) {
      String told = rig.told();
      for (int i = 0; i < 20; i++) {
        assertThat(told).contains("mcp__s" + i + "__echo");
        assertThat(rig.told(rig.call("mcp__s" + i + "__echo", HELLO))).isEqualTo("hello");
      }
      assertThat(server.running()).isLessThanOrEqualTo(Places.OF_RUN_MAX);
      assertThat(rig.store.all(RunEvent.McpFailed.class)).isEmpty();
    }
  }

  /** What has just been used stays for a moment. */
  private static void endIdle(McpRig rig) {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (rig.store.all(RunEvent.LimitReached.class).isEmpty() && System.nanoTime() < endNs) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      rig.hub.endIdle();
    }
  }

  @Test
  void theServersOfARunThatWaitsForLongAreEndedAndStartedAgain() throws Exception {
    Counted server = new Counted();
    try (McpRig rig = new McpRig(McpRig.plan(McpRig.program(10_000)), server)) {
      rig.told();
      Reply asked = rig.call("mcp__s__echo", HELLO);
      rig.hub.endIdle();
      rig.waitingMs.put(MemoryStore.RUN, 9 * 60_000L);
      rig.hub.endIdle();
      assertThat(server.running()).isOne();
      rig.waitingMs.put(MemoryStore.RUN, 10 * 60_000L);
      endIdle(rig);
      server.boxes.getFirst().end().toCompletableFuture().get();
      assertThat(rig.store.all(RunEvent.LimitReached.class).getFirst().detail())
          .contains("MCP server s was ended while the run waits");
      assertThat(rig.store.all(RunEvent.McpFailed.class)).isEmpty();
      rig.waitingMs.clear();
      assertThat(rig.told(rig.allow(asked))).isEqualTo("hello");
      assertThat(server.lives).hasValue(2);
    }
  }

  @Test
  void aListThatIsAnotherAfterTheWaitIsNotUsed() throws Exception {
    Counted server = new Counted();
    try (McpRig rig = new McpRig(McpRig.plan(McpRig.program(10_000)), server)) {
      rig.told();
      Reply asked = rig.call("mcp__s__echo", HELLO);
      rig.waitingMs.put(MemoryStore.RUN, 10 * 60_000L);
      endIdle(rig);
      server.boxes.getFirst().end().toCompletableFuture().get();
      server.tools = ScriptedServer.ECHO.replace("again", "twice");
      rig.allow(asked);
      assertThat(server.calls).isEmpty();
    }
  }

  @Test
  void aServerWithAnOpenCallIsKept() {
    Silent server = new Silent();
    try (McpRig rig = new McpRig(McpRig.plan(McpRig.program(1_000), "mcp__s"), server)) {
      rig.told();
      String id = rig.asked("mcp__s__echo", HELLO);
      Thread call =
          Thread.startVirtualThread(
              () -> {
                var unused = rig.step(id, new dev.helm.workflows.ToolActivity.Phase.Asked());
              });
      while (server.calls.isEmpty()) {
        Thread.onSpinWait();
      }
      rig.waitingMs.put(MemoryStore.RUN, 10 * 60_000L);
      rig.hub.endIdle();
      assertThat(server.running()).isOne();
      call.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
