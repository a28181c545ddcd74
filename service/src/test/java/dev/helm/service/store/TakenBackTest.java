package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.store.TakenBack;
import dev.helm.api.Sha256;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.nio.file.Path;
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
