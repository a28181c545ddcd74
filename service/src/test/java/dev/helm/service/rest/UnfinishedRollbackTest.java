package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.WorkspaceRestore;
import dev.helm.api.Role;
import dev.helm.api.event.RunEvent;
import dev.helm.service.files.Epochs;
import dev.helm.service.store.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
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
        .containsExactlyInAnyOrder("pipe", "d/pipe");
    JsonNode done = service.post(at("/rollback"), "{\"to\":\"s-first\"}").json();
    for (JsonNode file : done.path("unsaved")) {
      boolean stays = file.path("path").asText().equals("pipe");
      assertThat(file.path("fate").asText()).isEqualTo(stays ? "kept" : "removed");
      assertThat(file.path("why").asText()).contains("FIFO");
    }
    assertThat(Files.exists(tree.resolve("pipe"))).isTrue();
    assertThat(tree.resolve("d")).doesNotExist();
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }
}
