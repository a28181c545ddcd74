package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.store.TakenBack;
import dev.helm.api.Sha256;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a rollback takes back and cannot undo is known to the gate, sub-agents' calls too. */
@Timeout(120)
class TakenBackTest {
  private static final String TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
  private static final Moment NOTHING = new Moment(0, null, List.of(), List.of());

  @TempDir private Path home;

  private static String hash(String of) {
    return Sha256.hex(of);
  }

  private static Fact started(String agent, String id, String tool) {
    return new Fact(
        "e1/" + agent + "/" + id + "/begins",
        agent,
        new RunEvent.ToolStarted(id, tool, hash(id), new RunEvent.GatePass("rule", tool, null), 1));
  }

  private static Fact spawned(String agent) {
    return new Fact(
        "spawned-" + agent,
        "main",
        new RunEvent.SubagentSpawned(agent, "x", "", 1, List.of("SendEmail"), Content.text("p")));
  }

  private static Fact finished(String agent) {
    return new Fact(
        "finished-" + agent, "main", new RunEvent.SubagentFinished(agent, "x", "succeeded", null));
  }

  private static boolean noted(Store store, String run, String key) {
    return store.log().outcome(run, key) != null;
  }

  private static void rollback(Store store, String run, long toSeq) {
    EpochStore.Open asked =
        Objects.requireNonNull(
            store.epochs().ask(run, new EpochStore.Wanted(false, "s1", TREE, toSeq, "ada")));
    store.epochs().decide(asked, NOTHING, null, TREE, new EpochStore.Counts(0, 0, 0));
    store.epochs().close(run);
  }

  @Test
  void whatCameAfterTheStepAndWhatASubagentHadBegunIsNoted() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      List<Long> seqs =
          store
              .log()
              .append(
                  run,
                  List.of(
                      started("main", "kept", "SendEmail"),
                      spawned("main/1"),
                      started("main/1", "of-ended", "Publish"),
                      finished("main/1"),
                      spawned("main/2"),
                      started("main/2/1", "of-open", "SendEmail"),
                      started("main", "step", "Read"),
                      started("main", "later", "Publish"),
                      started("main", "edit", "Write")));
      rollback(store, run, seqs.get(6));
      assertThat(noted(store, run, TakenBack.call("SendEmail", hash("kept")))).isFalse();
      assertThat(noted(store, run, TakenBack.call("Publish", hash("of-ended")))).isFalse();
      assertThat(noted(store, run, TakenBack.bySubagent("Publish"))).isFalse();
      assertThat(noted(store, run, TakenBack.call("SendEmail", hash("of-open")))).isTrue();
      assertThat(noted(store, run, TakenBack.bySubagent("SendEmail"))).isTrue();
      assertThat(noted(store, run, TakenBack.call("Publish", hash("later")))).isTrue();
      assertThat(noted(store, run, TakenBack.call("Write", hash("edit")))).isFalse();
      // Further back, over what was noted already.
      rollback(store, run, seqs.get(0));
      assertThat(noted(store, run, TakenBack.bySubagent("Publish"))).isTrue();
    }
  }

  @Test
  void theTimeInWhichARunHadEndedIsNotItsOwn() throws Exception {
    ShiftingClock clock = new ShiftingClock();
    try (Store store = Store.open(home, clock)) {
      String run = StoreFixture.run(store);
      store.log().append(run, List.of(started("main", "t1", "Read")));
      rollback(store, run, 1);
      assertThat(idleMs(store, run)).as("it had not ended").isZero();
      store.log().append(run, List.of(StoreFixture.finished()));
      clock.ms += 90_000;
      rollback(store, run, 1);
      assertThat(idleMs(store, run)).isEqualTo(90_000);
      clock.ms += 5_000;
      assertThat(store.bundles().tables(run).differences()).isEmpty();
    }
  }

  @Test
  void whatWasRolledBackBeforeThatTimeWasCountedIsCountedByTheMigration() throws Exception {
    ShiftingClock clock = new ShiftingClock();
    String run;
    try (Store store = Store.open(home, clock)) {
      run = StoreFixture.run(store);
      store.log().append(run, List.of(started("main", "t1", "Read"), StoreFixture.finished()));
      clock.ms += 90_000;
      rollback(store, run, 1);
      clock.ms += 5_000;
      rollback(store, run, 1);
    }
    try (Connection version12 =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        Statement statement = version12.createStatement()) {
      statement.execute("ALTER TABLE runs DROP COLUMN idle_ms");
      statement.execute("DROP TABLE schedule_fires");
      statement.execute("DROP TABLE schedules");
      statement.execute("PRAGMA user_version=12");
    }
    try (Store store = Store.open(home, clock)) {
      assertThat(idleMs(store, run)).isEqualTo(90_000);
      assertThat(store.bundles().tables(run).differences()).isEmpty();
    }
  }

  private static long idleMs(Store store, String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run)).idleMs();
  }

  private static final class ShiftingClock extends Clock {
    private long ms = 1_800_000_000_000L;

    @Override
    public java.time.ZoneId getZone() {
      return java.time.ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(java.time.ZoneId zone) {
      return this;
    }

    @Override
    public java.time.Instant instant() {
      return java.time.Instant.ofEpochMilli(ms);
    }
  }

  @Test
  void aForkKnowsWhatItsParentDidLater() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      List<Long> seqs =
          store
              .log()
              .append(
                  run,
                  List.of(
                      started("main", "kept", "SendEmail"),
                      spawned("main/1"),
                      started("main/1", "of-open", "SendEmail")));
      RunQueries.NewRun child = StoreFixture.newRun(store, 5_000_000, null);
      FileStore.Snapshot start =
          new FileStore.Snapshot(
              "s1", seqs.get(0), "start", TREE, "2026-03-02T14:02:13.000Z", null, 0, 0, 0);
      store
          .epochs()
          .fork(child, new EpochStore.Fork(run, seqs.get(0), start, NOTHING, null, "ada"));
      assertThat(noted(store, child.run(), TakenBack.call("SendEmail", hash("kept")))).isFalse();
      assertThat(noted(store, child.run(), TakenBack.bySubagent("SendEmail"))).isTrue();
      assertThat(noted(store, run, TakenBack.bySubagent("SendEmail"))).isFalse();
    }
  }
}
