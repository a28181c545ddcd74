package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.EngineUnavailable;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.WorkspaceRestore;
import dev.helm.api.Role;
import dev.helm.api.event.RunEvent;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.files.Epochs;
import dev.helm.service.files.Leaving;
import dev.helm.service.store.Change;
import dev.helm.service.store.EpochStore;
import dev.helm.service.store.FileStore;
import dev.helm.service.store.Moment;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.StoreFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What can be seen of a workspace whose rollback died in the midst, and of what it cannot hold. */
class UnfinishedRollbackTest {
  private static RunningService service;
  private String run;
  private Path tree;

  @BeforeAll
  static void up() {
    service = RunningService.start();
    service.as(service.person("boss", Map.of("*", Role.OWNER)));
    assertThat(service.putYaml("brief", RunningService.BRIEF).status()).isEqualTo(201);
  }

  @AfterAll
  static void down() {
    service.close();
  }

  @BeforeEach
  void start() throws Exception {
    run = service.post("/api/runs", "{\"blueprint\":\"brief\"}").text("id");
    tree = service.backend().sandbox.workspace(run);
    service.backend().write(run, "a", "old");
    service.backend().write(run, "b", "old");
    Snapshots.Taken taken = service.backend().snapshots().take(run);
    service
        .backend()
        .append(
            run,
            "taken",
            new RunEvent.SnapshotTaken(
                "s-first", "t1", taken.tree(), taken.files(), taken.bytes(), 2));
    service.backend().write(run, "a", "new");
    service.backend().write(run, "b", "new");
  }

  private String at(String path) {
    return "/api/runs/" + run + path;
  }

  @Test
  void nobodySeesAWorkspaceBetweenTwoTrees() throws Exception {
    int[] placed = {0};
    Epochs dying =
        new Epochs(
            service.backend().store,
            service.backend().sandbox,
            service.backend().snapshots(),
            new WorkspaceRestore(
                service.backend().snapshots(),
                -1,
                step -> {
                  if (step.equals("place") && placed[0]++ == 1) {
                    throw new Killed();
                  }
                }),
            (id, epoch, by) -> {},
            id -> {});
    FileStore.Snapshot first =
        Objects.requireNonNull(service.backend().store.files().named(run, "s-first"));
    try {
      dying.rollback(run, first, first.seq(), "boss");
    } catch (Killed e) {
      placed[0] = -1;
    }
    assertThat(placed[0]).isEqualTo(-1);
    assertThat(List.of(Files.readString(tree.resolve("a")), Files.readString(tree.resolve("b"))))
        .containsExactlyInAnyOrder("old", "new");
    for (String path :
        List.of("/files", "/files/content?path=a", "/diff", "/diff?from=now&to=s-first")) {
      RunningService.Answer answer = service.get(at(path));
      assertThat(answer.status()).as(path).isEqualTo(409);
      assertThat(answer.text("code")).as(path).isEqualTo("rollback_under_way");
    }
    assertThat(service.post(at("/rollback"), "{\"to\":\"start\",\"preview\":true}").text("code"))
        .isEqualTo("rollback_under_way");
    // What is kept can be read at all times.
    assertThat(service.get(at("/files/content?path=a&at=s-first")).raw().body()).isEqualTo("old");
    service.backend().epochs().recover();
    for (String name : List.of("a", "b")) {
      assertThat(service.get(at("/files/content?path=" + name)).raw().body()).isEqualTo("old");
    }
    assertThat(service.get(at("/diff?from=s-first")).json().path("files")).isEmpty();
  }

  @Test
  void whatNoSnapshotHoldsIsInThePreview() throws Exception {
    for (String pipe : List.of("pipe", "d/pipe")) {
      Files.createDirectories(tree.resolve("d"));
      Process made = new ProcessBuilder("mkfifo", tree.resolve(pipe).toString()).start();
      assertThat(made.waitFor()).isZero();
    }
    Files.writeString(tree.resolve("d/x"), "new");
    JsonNode preview =
        service.post(at("/rollback"), "{\"to\":\"s-first\",\"preview\":true}").json();
    assertThat(preview.path("unsaved").findValuesAsText("path"))
        .as("the worst first")
        .containsExactly("d/pipe", "pipe");
    JsonNode done = service.post(at("/rollback"), "{\"to\":\"s-first\"}").json();
    for (JsonNode file : done.path("unsaved")) {
      boolean stays = file.path("path").asText().equals("pipe");
      assertThat(file.path("fate").asText()).isEqualTo(stays ? "kept" : "removed");
      assertThat(file.path("why").asText()).contains("FIFO");
    }
    assertThat(Files.exists(tree.resolve("pipe"))).isTrue();
    assertThat(tree.resolve("d")).doesNotExist();
  }

  private Epochs epochs(Leaving leaving, WorkspaceRestore.Steps steps) {
    return new Epochs(
        service.backend().store,
        service.backend().sandbox,
        service.backend().snapshots(),
        new WorkspaceRestore(service.backend().snapshots(), -1, steps),
        leaving,
        id -> {});
  }

  private FileStore.Snapshot first() {
    return Objects.requireNonNull(service.backend().store.files().named(run, "s-first"));
  }

  private List<JsonNode> told() {
    List<JsonNode> told = new ArrayList<>();
    service.get("/api/audit?limit=1000&action=change.made").json().path("items").forEach(told::add);
    told.removeIf(
        entry ->
            !entry.at("/data/run").asText().equals(run)
                || !entry.at("/data/what").asText().equals("rollback"));
    return told;
  }

  @Test
  void aRollbackThatFailedIsNotToldAsMade() {
    int[] made = {0};
    Change change = new Change(tx -> made[0]++, () -> {}, (member, text) -> {});
    Epochs failing =
        epochs(
            (id, epoch, by) -> {},
            step -> {
              throw new EngineUnavailable("no engine");
            });
    Change.atWork(change);
    try {
      assertThatThrownBy(() -> failing.rollback(run, first(), first().seq(), "boss"))
          .isInstanceOf(EpochFailure.class);
    } finally {
      Change.atWork(null);
    }
    assertThat(service.backend().store.epochs().settled(run)).isEqualTo(2);
    assertThat(change.isDone()).isFalse();
    assertThat(made[0]).isZero();
    assertThat(told()).isEmpty();
  }

  @Test
  void whatIsCarriedOutAfterItsAnswerIsToldAndThatAnswerIsNotKept() {
    Leaving away =
        (id, epoch, by) -> {
          throw new EpochFailure(EpochFailure.Kind.LATER, "later", null);
        };
    assertThatThrownBy(() -> epochs(away, step -> {}).rollback(run, first(), first().seq(), "boss"))
        .isInstanceOf(EpochFailure.class);
    RunningService.Answer busy = service.post(at("/rollback"), "{\"to\":\"s-first\"}", "k-" + run);
    assertThat(busy.text("code")).isEqualTo("rollback_under_way");
    assertThat(told()).isEmpty();
    service.backend().epochs().recover();
    assertThat(told()).extracting(entry -> entry.path("agent").asText()).containsExactly("boss");
    RunningService.Answer again = service.post(at("/rollback"), "{\"to\":\"s-first\"}", "k-" + run);
    assertThat(again.status()).as(again.raw().body()).isEqualTo(200);
  }

  /** Attack: the answer was "later", the client tries again, and a day's work is undone twice. */
  @Test
  void whatWasDecidedAndAnsweredAsLaterIsNotMadeTwice() {
    Epochs failing =
        epochs(
            (id, epoch, by) -> {},
            step -> {
              if (step.equals("place")) {
                throw new EngineUnavailable("no engine");
              }
            });
    assertThatThrownBy(() -> failing.rollback(run, first(), first().seq(), "boss", "k1"))
        .isInstanceOfSatisfying(
            EpochFailure.class,
            later -> assertThat(later.kind()).isEqualTo(EpochFailure.Kind.LATER));
    Epochs epochs = service.backend().epochs();
    assertThatThrownBy(() -> epochs.made(run, first(), first().seq(), "k1"))
        .isInstanceOf(EpochFailure.class);
    epochs.recover();
    Epochs.Done again = epochs.rollback(run, first(), first().seq(), "boss", "k1");
    assertThat(again.epoch()).isEqualTo(2);
    assertThat(again.counts().changed()).isEqualTo(2);
    assertThatThrownBy(() -> epochs.rollback(run, first(), first().seq() - 1, "boss", "k1"))
        .isInstanceOfSatisfying(
            EpochFailure.class,
            other -> assertThat(other.kind()).isEqualTo(EpochFailure.Kind.OTHER));
    assertThat(epochs.made(run, first(), first().seq(), "k2")).isNull();
    assertThat(epochs.rollback(run, first(), first().seq(), "boss", "k2").epoch()).isEqualTo(3);
  }

  /** The first try's workspace is made by the first try, or by the next round. */
  @Test
  void aForkThatIsAskedForAgainIsLeftToWhoeverMakesIt() throws Exception {
    EpochStore.Fork fork =
        new EpochStore.Fork(
            run, first().seq(), first(), new Moment(0, null, List.of(), List.of()), null, "boss");
    List<String> steps = new ArrayList<>();
    Epochs dying =
        epochs(
            (id, epoch, by) -> {},
            step -> {
              steps.add(step);
              throw new EngineUnavailable("no engine");
            });
    RunQueries.NewRun one = StoreFixture.newRun(service.backend().store, 5_000_000, "again");
    RunQueries.NewRun two = StoreFixture.newRun(service.backend().store, 5_000_000, "again");
    assertThat(dying.fork(one, fork).run().id()).isEqualTo(one.run());
    int tried = steps.size();
    assertThat(tried).isPositive();
    assertThat(dying.fork(two, fork).run().id()).isEqualTo(one.run());
    assertThat(steps).hasSize(tried);
    try (java.util.stream.Stream<Path> kept = Files.walk(service.home, 2)) {
      assertThat(kept.map(path -> String.valueOf(path.getFileName())))
          .contains(one.run() + ".git")
          .doesNotContain(two.run() + ".git");
    }
    service.backend().epochs().recover();
  }

  @Test
  void whatCannotBeDoneIsRefusedBeforeAnythingIsInterrupted() throws Exception {
    Path deep = tree;
    for (int i = 0; i < 140; i++) {
      deep = Files.createDirectory(deep.resolve("d"));
    }
    Files.writeString(deep.resolve("file"), "content");
    String before = service.get(at("/events?limit=1000")).raw().body();
    RunningService.Answer refused = service.post(at("/rollback"), "{\"to\":\"s-first\"}");
    assertThat(refused.status()).as(refused.raw().body()).isEqualTo(409);
    assertThat(refused.text("code")).isEqualTo("files_not_saved");
    assertThat(service.get(at("/events?limit=1000")).raw().body()).isEqualTo(before);
    assertThat(service.get(at("")).text("status")).isEqualTo("running");
  }

  @Test
  void whatIsDoneIsWhatThePreviewShowed() throws Exception {
    String preview = "{\"to\":\"s-first\",\"preview\":true}";
    String state = service.post(at("/rollback"), preview).text("state");
    assertThat(service.post(at("/rollback"), preview).text("state")).isEqualTo(state);
    String body = "{\"to\":\"s-first\",\"state\":\"" + state + "\"}";
    service.backend().write(run, "c", "made since");
    RunningService.Answer stale = service.post(at("/rollback"), body);
    assertThat(stale.status()).isEqualTo(409);
    assertThat(stale.text("code")).isEqualTo("stale");
    assertThat(tree.resolve("a")).hasContent("new");
    Files.delete(tree.resolve("c"));
    RunningService.Answer done = service.post(at("/rollback"), body);
    assertThat(done.status()).as(done.raw().body()).isEqualTo(200);
    assertThat(done.json().has("state")).isFalse();
  }

  @Test
  void aRollbackThatIsDoneAndCannotBeListedIsAnsweredAsDone() {
    service
        .backend()
        .store
        .writer()
        .write(
            tx ->
                tx.sql()
                    .update(
                        "CREATE TRIGGER no_undo AFTER DELETE ON rollbacks BEGIN"
                            + " DELETE FROM snapshots WHERE run = OLD.run; END"));
    try {
      RunningService.Answer answer = service.post(at("/rollback"), "{\"to\":\"s-first\"}");
      assertThat(answer.status()).as(answer.raw().body()).isEqualTo(200);
      assertThat(answer.json().path("epoch").asInt()).isEqualTo(2);
      assertThat(answer.json().path("changed").asInt()).isEqualTo(2);
      assertThat(answer.json().path("files")).isEmpty();
      assertThat(answer.json().path("truncated").asBoolean()).isTrue();
    } finally {
      service.backend().store.writer().write(tx -> tx.sql().update("DROP TRIGGER no_undo"));
    }
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }
}
