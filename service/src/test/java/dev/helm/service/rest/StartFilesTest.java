package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.WorkspaceRestore;
import dev.helm.service.files.Epochs;
import dev.helm.workflows.HelmJson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that a run begins with. */
class StartFilesTest {
  private static RunningService service;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    assertThat(service.putYaml("brief", RunningService.BRIEF).status()).isEqualTo(201);
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private static Map<String, Object> file(String path, String content) {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    return new HashMap<>(
        Map.of("path", path, "content", Base64.getEncoder().encodeToString(bytes)));
  }

  private static RunningService.Answer run(List<Map<String, Object>> files) {
    return service.post("/api/runs", HelmJson.write(Map.of("blueprint", "brief", "files", files)));
  }

  @Test
  void theyLieInTheWorkspaceAndAreItsStart() throws Exception {
    Map<String, Object> tool = file("bin/tool", "#!/bin/sh\n");
    tool.put("executable", true);
    int before = service.backend().starts.get();
    RunningService.Answer made = run(List.of(file("a/b/in.csv", "x,y\n1,2\n"), tool));
    assertThat(made.status()).as(made.raw().body()).isEqualTo(201);
    assertThat(service.backend().starts.get() - before).isOne();
    String id = made.text("id");
    Path workspace = service.backend().sandbox.workspace(id);
    assertThat(workspace.resolve("a/b/in.csv")).hasContent("x,y\n1,2\n");
    assertThat(Files.isExecutable(workspace.resolve("a/b/in.csv"))).isFalse();
    assertThat(Files.isExecutable(workspace.resolve("bin/tool"))).isTrue();
    String at = "/api/runs/" + id;
    assertThat(service.get(at + "/files/content?path=a/b/in.csv&at=start").raw().body())
        .isEqualTo("x,y\n1,2\n");
    assertThat(service.get(at + "/diff?from=start").json().path("files")).isEmpty();
    JsonNode snapshot = service.get(at + "/snapshots").json().path("items").path(0);
    assertThat(snapshot.path("kind").asText()).isEqualTo("start");
    assertThat(snapshot.path("files").asInt()).isEqualTo(2);
    service.backend().write(id, "a/b/in.csv", "spoilt");
    assertThat(service.post(at + "/rollback", "{\"to\":\"start\"}").status()).isEqualTo(200);
    assertThat(workspace.resolve("a/b/in.csv")).hasContent("x,y\n1,2\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/etc/passwd",
        "/workspace/a",
        "../a",
        "a/../../b",
        "a/./b",
        "a//b",
        "a/",
        ".",
        "..",
        "a\u0000b",
        "a\nb",
        "a\u202eb"
      })
  void oddPathsAreRefusedAndNoRunIsMade(String path) {
    int before = runs();
    RunningService.Answer refused = run(List.of(file("ok", "x"), file(path, "x")));
    assertThat(refused.status()).as(refused.raw().body()).isBetween(400, 422);
    assertThat(refused.raw().body()).contains("files[1]");
    assertThat(runs()).isEqualTo(before);
  }

  private static int runs() {
    return service.get("/api/runs?limit=1000").json().path("items").size();
  }

  @Test
  void whatCannotBeTogetherIsRefused() {
    List<Map<String, Object>> many = new ArrayList<>();
    IntStream.rangeClosed(0, StartFiles.FILES_MAX).forEach(i -> many.add(file("f" + i, "")));
    for (List<Map<String, Object>> files :
        List.of(
            List.of(file("a", "1"), file("a", "2")),
            List.of(file("a/b/c", "1"), file("a", "2")),
            List.<Map<String, Object>>of(Map.of("path", "a", "content", "no base64!")),
            List.<Map<String, Object>>of(Map.of("path", "a")),
            many)) {
      RunningService.Answer refused = run(files);
      assertThat(refused.status()).as(refused.raw().body()).isBetween(400, 422);
      assertThat(refused.text("code")).isNotEmpty();
    }
    // A name that only begins like another one is not its folder.
    assertThat(run(List.of(file("a", "1"), file("a-b/c", "2"))).status()).isEqualTo(201);
    assertThat(run(many.subList(0, StartFiles.FILES_MAX)).status()).isEqualTo(201);
    assertThat(run(List.of()).status()).isEqualTo(201);
  }

  /** The service dies after the log has the run and before its files are in place. */
  @Test
  void aRunThatWasAcceptedGetsItsFilesAndStartsOnce() throws Exception {
    List<String> started = new ArrayList<>();
    boolean[] dies = {true};
    Snapshots snapshots = service.backend().snapshots();
    Epochs dying =
        new Epochs(
            service.backend().store,
            service.backend().sandbox,
            snapshots,
            new WorkspaceRestore(
                snapshots,
                -1,
                step -> {
                  if (dies[0] && step.equals("place")) {
                    throw new Died();
                  }
                }),
            (id, epoch, by) -> {},
            started::add);
    var template = service.backend().store.queries().started(run(List.of()).text("id"));
    String id = dev.helm.api.RunId.random().value();
    var wanted =
        new dev.helm.service.store.RunQueries.NewRun(
            id,
            "dies",
            java.util.Objects.requireNonNull(template).blueprint(),
            "p",
            "boss",
            new dev.helm.api.Usd(1_000_000),
            Map.of(),
            "{}",
            null,
            true,
            null);
    var files = List.of(new Snapshots.First("in/a", new byte[] {1, 2, 3}, false));
    try {
      dying.create(wanted, files);
    } catch (Died e) {
      dies[0] = false;
    }
    assertThat(dies[0]).isFalse();
    assertThat(started).isEmpty();
    assertThat(service.backend().store.epochs().open(id)).isNotNull();
    dying.recover();
    dying.recover();
    assertThat(started).containsExactly(id);
    assertThat(service.backend().sandbox.workspace(id).resolve("in/a"))
        .hasBinaryContent(new byte[] {1, 2, 3});
    assertThat(service.backend().store.epochs().open(id)).isNull();
  }

  private static final class Died extends Error {
    private static final long serialVersionUID = 1;
  }
}
