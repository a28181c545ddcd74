package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.Usd;
import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.LogActivity;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLogTest {
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

  private List<LoggedEvent> events(String run) {
    List<LoggedEvent> all = new ArrayList<>();
    while (true) {
      List<LoggedEvent> page =
          store.queries().events(Access.system(), run, all.size(), 1000, Set.of()).items();
      if (page.isEmpty()) {
        return all;
      }
      all.addAll(page);
    }
  }

  @Test
  void sameFactTwiceIsWrittenOnce() {
    String run = StoreFixture.run(store);
    Fact fact = StoreFixture.output("k", "hello");
    assertThat(store.log().append(run, List.of(fact, StoreFixture.turn(1))))
        .containsExactly(2L, 3L);
    assertThat(store.log().append(run, List.of(fact, StoreFixture.turn(2))))
        .containsExactly(2L, 4L);
    assertThat(events(run)).hasSize(4);
  }

  @Test
  void aRunDoesNotSucceedWhileAMessageWaits() {
    String run = StoreFixture.run(store);
    List<Fact> end = List.of(StoreFixture.finished());
    store.messages().queue(run, "m1", "wait", "next", "ada");
    store.messages().queue(run, "m2", "and this", "next", "ada");
    store.messages().cancel(run, "m2", "ada");
    assertThat(store.log().finish(run, end)).containsExactly("m1");
    assertThat(events(run)).extracting(LoggedEvent::type).doesNotContain("run.finished");
    store.log().append(run, List.of(new Fact("r", "main", new RunEvent.MessageRead("m1", 2))));
    assertThat(store.log().finish(run, end)).isEmpty();
    assertThat(store.log().finish(run, end)).isEmpty();
    assertThat(events(run)).extracting(LoggedEvent::type).endsWith("run.finished");
    assertThatThrownBy(() -> store.messages().queue(run, "m3", "late", "next", "ada"))
        .isInstanceOf(RunEndedException.class);
  }

  @Test
  void whatWaitsForTheAgentIsBounded() {
    String run = StoreFixture.run(store);
    for (int i = 0; i < MessageStore.UNREAD_MAX; i++) {
      store.messages().queue(run, "m" + i, "wait", "next", "ada");
    }
    assertThatThrownBy(() -> store.messages().queue(run, "more", "wait", "next", "ada"))
        .isInstanceOf(MessageStore.QueueFullException.class);
    // Sent again after a lost answer: the same message.
    assertThat(store.messages().queue(run, "m7", "wait", "next", "ada").id()).isEqualTo("m7");
    store.messages().cancel(run, "m7", "ada");
    assertThat(store.messages().queue(run, "more", "wait", "next", "ada").id()).isEqualTo("more");
  }

  @Test
  void subagentsThatARollbackTookBackAreNotKept() {
    String run = StoreFixture.run(store);
    long first = store.log().append(run, List.of(spawned(1))).getFirst();
    store.log().append(run, List.of(spawned(2)));
    assertThat(store.runs().subagents(run)).extracting(Runs.Subagent::kept).containsOnly(true);
    store
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    "e2/main/rolledback",
                    "main",
                    new RunEvent.RunRolledback(
                        "s", "a".repeat(40), first, 2, "ada", "u", "b".repeat(40), 0L, 0L, 0L)),
                spawned(3)));
    assertThat(store.runs().subagents(run))
        .extracting(Runs.Subagent::kept)
        .containsExactly(true, false, true);
  }

  private static Fact spawned(int n) {
    return new Fact(
        "subagents/" + n,
        "main",
        new RunEvent.SubagentSpawned(
            "main/" + n, "a" + n, "", 1, List.of("Bash"), Content.text("p")));
  }

  @Test
  void theNameThatWorkflowsDoNotTryAgainIsTheExceptions() {
    assertThat(LogActivity.RUN_ENDED).isEqualTo(RunEndedException.class.getName());
  }

  @Test
  void everyStartedCallHasAnEndBeforeTheRunHas() {
    String run = StoreFixture.run(store);
    store
        .log()
        .append(
            run,
            List.of(
                started("a", "begins", 1),
                started("b", "begins", 1),
                started("b", "begins-2", 2),
                RunLog.endOfOpen("e1/main/a/finished", "main", "a", "Bash")));
    List<Fact> end =
        List.of(new Fact("end", "main", new RunEvent.RunFinished("cancelled", null, "ada")));
    store.messages().queue(run, "m1", "never read", "next", "ada");
    assertThat(store.log().finish(run, end)).isEmpty();
    assertThat(store.log().finish(run, end)).isEmpty();
    List<LoggedEvent> all = events(run);
    assertThat(all)
        .extracting(LoggedEvent::type)
        .endsWith("tool.finished", "message.queued", "tool.finished", "run.finished");
    assertThat(all.get(all.size() - 2).data())
        .containsEntry("toolUseId", "b")
        .containsEntry("outcome", "interrupted");
  }

  private static Fact started(String call, String name, int attempt) {
    return new Fact(
        "e1/main/" + call + "/" + name,
        "main",
        new RunEvent.ToolStarted(
            call, "Bash", "0".repeat(64), new RunEvent.GatePass("rule", "Bash", null), attempt));
  }

  @Test
  void sameKeyWithOtherContentWritesNothing() {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(StoreFixture.output("k", "hello")));
    for (Fact other :
        List.of(
            StoreFixture.output("k", "bye"),
            new Fact("k", "child", StoreFixture.output("k", "hello").event()),
            new Fact("k", "main", new RunEvent.TurnStarted(1)))) {
      assertThatThrownBy(() -> store.log().append(run, List.of(StoreFixture.turn(7), other)))
          .isInstanceOf(RunLog.KeyConflictException.class);
    }
    assertThat(events(run)).hasSize(2);
  }

  @Test
  void journalKeepsTheFirstOutcome() {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(StoreFixture.turn(1)), "j", "{\"a\":1}");
    store.log().append(run, List.of(StoreFixture.turn(1)), "j", "{\"a\":1}");
    assertThat(store.log().outcome(run, "j")).isEqualTo("{\"a\":1}");
    assertThat(store.log().outcome(run, "other")).isNull();
    assertThatThrownBy(() -> store.log().append(run, List.of(StoreFixture.turn(2)), "j", "{}"))
        .isInstanceOf(RunLog.KeyConflictException.class);
    assertThat(events(run)).hasSize(2);
  }

  @Test
  void unknownRunIsRefused() {
    assertThatThrownBy(() -> store.log().append("0".repeat(32), List.of(StoreFixture.turn(1))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aFailingUnitSpoilsNoOther() throws Exception {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(StoreFixture.output("k", "one")));
    List<Callable<Boolean>> work = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      int n = i;
      work.add(
          () -> {
            if (n % 3 == 0) {
              assertThatThrownBy(
                      () ->
                          store
                              .log()
                              .append(
                                  run,
                                  List.of(
                                      StoreFixture.turn(1000 + n),
                                      StoreFixture.output("k", "two"))))
                  .isInstanceOf(RunLog.KeyConflictException.class);
            } else {
              store.log().append(run, List.of(StoreFixture.turn(n)));
            }
            return true;
          });
    }
    try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> done : pool.invokeAll(work)) {
        assertThat(done.get()).isTrue();
      }
    }
    List<LoggedEvent> all = events(run);
    assertThat(all).hasSize(2 + 133);
    verifyChain(all);
  }

  @Test
  void chainOfAThousandEventsVerifies() {
    String run = StoreFixture.run(store);
    for (int i = 0; i < 10; i++) {
      List<Fact> facts = new ArrayList<>();
      for (int j = 0; j < 100; j++) {
        facts.add(
            StoreFixture.output(
                i + "/" + j, "text \"" + j + "\"\n\u0001 é 漢 \ud83d\ude00 half \ud800 end"));
      }
      store.log().append(run, facts);
    }
    List<LoggedEvent> all = events(run);
    assertThat(all).hasSize(1001);
    verifyChain(all);
    assertThat(String.valueOf(all.get(5).data().get("text"))).contains("⟦\\ud800⟧");
  }

  static void verifyChain(List<LoggedEvent> all) {
    String prev = LoggedEvent.NO_PREV;
    String at = "";
    for (int i = 0; i < all.size(); i++) {
      LoggedEvent event = all.get(i);
      assertThat(event.seq()).isEqualTo(i + 1);
      assertThat(event.prev()).isEqualTo(prev);
      assertThat(event.hash()).isEqualTo(event.computedHash());
      assertThat(event.at()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
      assertThat(event.at().compareTo(at)).isGreaterThanOrEqualTo(0);
      prev = event.hash();
      at = event.at();
    }
  }

  @Test
  void timeNeverGoesBack() {
    store.close();
    Instant[] now = {Instant.parse("2026-01-01T12:00:00Z")};
    Clock clock =
        new Clock() {
          @Override
          public ZoneOffset getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(java.time.ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return now[0];
          }
        };
    store = Store.open(home, clock);
    String run = StoreFixture.run(store);
    now[0] = now[0].minus(Duration.ofDays(1));
    store.log().append(run, List.of(StoreFixture.turn(1)));
    store.close();
    store = Store.open(home, clock);
    store.log().append(run, List.of(StoreFixture.turn(2)));
    assertThat(events(run).stream().map(LoggedEvent::at)).containsOnly("2026-01-01T12:00:00.000Z");
  }

  @Test
  void onlySomeTypesFollowTheEnd() {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(StoreFixture.turn(1), StoreFixture.finished()));
    for (int life = 0; life < 2; life++) {
      assertThatThrownBy(() -> store.log().append(run, List.of(StoreFixture.turn(2))))
          .isInstanceOf(RunEndedException.class);
      assertThat(store.log().append(run, List.of(StoreFixture.turn(1)))).containsExactly(2L);
      store.close();
      store = Store.open(home, Clock.systemUTC());
    }
    Fact charge =
        new Fact(
            "c", "main", new RunEvent.BudgetCharged(new Usd(1), "m", null, 1, 1, 0, 0, null, null));
    assertThat(store.log().append(run, List.of(charge))).containsExactly(4L);
    Fact back = new Fact("rb", "main", new RunEvent.Unknown("run.rolledback", Map.of("epoch", 2)));
    store.log().append(run, List.of(back, StoreFixture.turn(2)));
    verifyChain(events(run));
  }

  @Test
  void rawSqlCannotChangeTheLog() throws SQLException {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(StoreFixture.turn(1)), "j", "{}");
    String blob = store.blobs().put(new byte[] {1, 2, 3}, "application/octet-stream");
    String row =
        "SELECT %s, run, %s, '9999-01-01T00:00:00.000Z', 'x', 'main', %s, '{}', %s,"
            + " '%s' FROM events WHERE seq = 2";
    String zeros = LoggedEvent.NO_PREV;
    List<String> attacks =
        List.of(
            "UPDATE events SET data = '{}'",
            "UPDATE OR REPLACE events SET seq = 1 WHERE seq = 2",
            "DELETE FROM events",
            "DELETE FROM events WHERE seq = 2",
            "INSERT OR REPLACE INTO events SELECT * FROM events",
            "REPLACE INTO events " + row.formatted("pos", "seq", "key", "prev", zeros),
            "INSERT OR IGNORE INTO events " + row.formatted("pos+5", "seq+1", "'n'", "hash", zeros),
            "INSERT INTO events " + row.formatted("pos+1", "seq+2", "'n'", "hash", zeros),
            "INSERT INTO events " + row.formatted("pos+1", "seq+1", "key", "hash", zeros),
            "INSERT INTO events " + row.formatted("pos+1", "seq+1", "'n'", "prev", zeros),
            "INSERT INTO events " + row.formatted("pos+1", "seq+1", "'n'", "hash", "z".repeat(64)),
            "INSERT INTO events "
                + row.formatted("pos+1", "seq+1", "'n'", "hash", zeros).replace("9999", "0001"),
            "INSERT INTO events (run, seq, at, type, agent, key, data, prev, hash) "
                + row.formatted("'a'", "seq+1", "'n'", "hash", zeros).replace("'a', run", "run"),
            "UPDATE journal SET outcome = '1'",
            "DELETE FROM journal",
            "INSERT OR REPLACE INTO journal SELECT run, key, at, 'other' FROM journal",
            "UPDATE blobs SET bytes = x'00'",
            "DELETE FROM blobs",
            "INSERT OR REPLACE INTO blobs SELECT sha256, media_type, x'00', at FROM blobs",
            "DELETE FROM runs",
            "UPDATE talk SET message = ''");
    store.conversations().append(null, List.of("{}"));
    String before = store.queries().events(Access.system(), run, 0, 10, Set.of()).toString();
    // A foreign connection: none of Helm's pragmas is set on it.
    try (Connection raw = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        Statement statement = raw.createStatement()) {
      for (String attack : attacks) {
        if (attack.startsWith("DELETE FROM runs")) {
          statement.execute("PRAGMA foreign_keys=ON");
        }
        assertThatThrownBy(() -> statement.executeUpdate(attack))
            .as(attack)
            .isInstanceOf(SQLException.class);
      }
    }
    assertThat(store.queries().events(Access.system(), run, 0, 10, Set.of()).toString())
        .isEqualTo(before);
    assertThat(store.blobs().get(blob)).containsExactly(1, 2, 3);
    store.log().append(run, List.of(StoreFixture.turn(2)));
    verifyChain(events(run));
  }

  @Test
  void positionsAreGlobalAndGapless() {
    List<CommitListener.Committed> heard = new java.util.concurrent.CopyOnWriteArrayList<>();
    store.onCommit(heard::addAll);
    String a = StoreFixture.run(store);
    String b = StoreFixture.run(store);
    for (int i = 0; i < 20; i++) {
      store.log().append(i % 2 == 0 ? a : b, List.of(StoreFixture.turn(i)));
    }
    store.close();
    store = Store.open(home, Clock.systemUTC());
    assertThat(heard).hasSize(22);
    assertThat(store.replay(Access.system(), 0, 100)).isEqualTo(heard);
    for (int i = 0; i < heard.size(); i++) {
      assertThat(heard.get(i).pos()).isEqualTo(i + 1);
    }
  }
}
