package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.api.Role;
import dev.helm.api.event.RunEvent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Files, differences, rollback and fork over REST. */
class FilesTest {
  private static RunningService service;
  private String run;
  private Path tree;
  private String first;

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
    service.backend().write(run, "notes/a b.md", "one\ntwo\nthree\n");
    service.backend().write(run, "old.txt", "a\nb\nc\nd\ne\nf\n");
    Files.write(tree.resolve("bin"), new byte[] {0, 1, 2, 3});
    Files.createSymbolicLink(tree.resolve("out"), Path.of("/etc/passwd"));
    first = taken("first");
    service.backend().write(run, "notes/a b.md", "one\n2\nthree");
    Files.move(tree.resolve("old.txt"), tree.resolve("new.txt"));
    Files.write(tree.resolve("bin"), new byte[] {0, 9, 9});
    service.backend().write(run, "crlf", "x\r\ny\r\n");
  }

  private String taken(String id) throws Exception {
    Snapshots.Taken taken = service.backend().snapshots().take(run);
    service
        .backend()
        .append(
            run,
            "taken-" + id,
            new RunEvent.SnapshotTaken(
                "s" + id, "t1", taken.tree(), taken.files(), taken.bytes(), 1));
    return "s" + id;
  }

  private String at(String path) {
    return "/api/runs/" + run + path;
  }

  @Test
  void directoriesAndFilesAreReadAtAnyStep() {
    JsonNode now = service.get(at("/files")).json().path("items");
    assertThat(now.findValuesAsText("path"))
        .containsExactly("bin", "crlf", "new.txt", "notes", "out");
    assertThat(now.get(4).path("type").asText()).isEqualTo("link");
    assertThat(now.get(4).path("target").asText()).isEqualTo("/etc/passwd");
    JsonNode then = service.get(at("/files?at=" + first)).json().path("items");
    assertThat(then.findValuesAsText("path")).containsExactly("bin", "notes", "old.txt", "out");
    assertThat(service.get(at("/files?at=start")).json().path("items")).isEmpty();
    RunningService.Answer file = service.get(at("/files/content?path=notes/a%20b.md&at=" + first));
    assertThat(file.raw().body()).isEqualTo("one\ntwo\nthree\n");
    assertThat(file.header("Content-Disposition")).startsWith("attachment");
    assertThat(file.header("X-Content-Type-Options")).isEqualTo("nosniff");
    for (String path : new String[] {"out", "nothing", "out/x", "notes"}) {
      assertThat(service.get(at("/files/content?path=" + path)).status()).as(path).isEqualTo(404);
    }
    for (String path : new String[] {"../x", "/etc/passwd", "notes/../../x", "%00"}) {
      assertThat(service.get(at("/files/content?path=" + path)).status()).as(path).isEqualTo(400);
      assertThat(service.get(at("/files?path=" + path)).status()).as(path).isEqualTo(400);
    }
  }

  @Test
  void readingNowKeepsNothing() throws Exception {
    Path kept = service.home.resolve("snapshots");
    List<Path> before = all(kept);
    RunningService.Answer file = service.get(at("/files/content?path=crlf"));
    assertThat(file.raw().body()).isEqualTo("x\r\ny\r\n");
    assertThat(service.get(at("/diff")).status()).isEqualTo(200);
    assertThat(service.post(at("/rollback"), "{\"to\":\"start\",\"preview\":true}").status())
        .isEqualTo(200);
    assertThat(all(kept)).isEqualTo(before);
  }

  @Test
  void aDiffIsBoundedInBytes() {
    service.backend().write(run, "long", "é".repeat(900_000));
    for (int i = 0; i < 40; i++) {
      service.backend().write(run, "more" + i, ("y".repeat(4_000) + "\n").repeat(50));
    }
    RunningService.Answer diff = service.get(at("/diff?from=" + first));
    assertThat(diff.raw().body().length()).isLessThan(5 << 20);
    assertThat(diff.json().path("truncated").asBoolean()).isTrue();
    for (JsonNode one : diff.json().path("files")) {
      if (one.path("path").asText().equals("long")) {
        assertThat(one.path("truncated").asBoolean()).isTrue();
        assertThat(one.at("/hunks/0/lines/0").asText()).hasSize(2_050).endsWith("é…");
      }
    }
    assertThat(diff.json().path("files").findValuesAsText("path")).contains("long", "more39");
  }

  private static List<Path> all(Path root) throws Exception {
    try (Stream<Path> all = Files.walk(root)) {
      return all.sorted().toList();
    }
  }

  @Test
  void aPatchMakesTheOneOfTheOther(@org.junit.jupiter.api.io.TempDir Path other) throws Exception {
    RunningService.Answer patch =
        service.send(
            service.authorized(at("/diff?from=" + first)).header("Accept", "text/x-diff").GET());
    assertThat(patch.status()).isEqualTo(200);
    Files.createDirectories(other.resolve("notes"));
    Files.writeString(other.resolve("notes/a b.md"), "one\ntwo\nthree\n");
    Files.writeString(other.resolve("old.txt"), "a\nb\nc\nd\ne\nf\n");
    Files.write(other.resolve("bin"), new byte[] {0, 1, 2, 3});
    Process git =
        new ProcessBuilder("git", "apply", "-")
            .directory(other.toFile())
            .redirectErrorStream(true)
            .start();
    git.getOutputStream().write(patch.raw().body().getBytes(StandardCharsets.UTF_8));
    git.getOutputStream().close();
    String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(git.waitFor()).as(said + patch.raw().body()).isZero();
    for (String name : new String[] {"notes/a b.md", "new.txt", "bin", "crlf"}) {
      assertThat(other.resolve(name)).hasSameBinaryContentAs(tree.resolve(name));
    }
    assertThat(other.resolve("old.txt")).doesNotExist();
    JsonNode diff = service.get(at("/diff?from=" + first)).json();
    assertThat(diff.path("files").findValuesAsText("status"))
        .containsExactly("modified", "added", "renamed", "modified");
    assertThat(diff.at("/files/0/binary").asBoolean()).isTrue();
    assertThat(diff.at("/files/0/after/sha256").asText()).hasSize(64);
  }

  @Test
  void aRollbackIsPreviewedDoneAndUndone() throws Exception {
    String body = "{\"to\":\"" + first + "\",\"preview\":true}";
    JsonNode preview = service.post(at("/rollback"), body).json();
    assertThat(preview.path("created").asInt()).isEqualTo(1);
    assertThat(preview.path("deleted").asInt()).isEqualTo(2);
    assertThat(preview.path("changed").asInt()).isEqualTo(2);
    assertThat(tree.resolve("new.txt")).exists();
    String hash = service.backend().ask(run, "p-" + run);
    JsonNode done = service.post(at("/rollback"), body.replace("true", "false")).json();
    assertThat(done.path("epoch").asInt()).isEqualTo(2);
    assertThat(tree.resolve("old.txt")).exists();
    List<JsonNode> told = new ArrayList<>();
    service.get("/api/audit?limit=1000").json().path("items").forEach(told::add);
    told.removeIf(entry -> !entry.at("/data/path").asText().equals(at("/rollback")));
    // It is asked before it begins; that it was made stands in the transaction of the new epoch.
    assertThat(told.subList(told.size() - 2, told.size()))
        .extracting(entry -> entry.path("type").asText())
        .containsExactly("change.asked", "change.made");
    assertThat(told.getLast().at("/data/status").isMissingNode()).isTrue();
    assertThat(
            service
                .post(
                    "/api/permissions/p-" + run,
                    "{\"decision\":\"allow\",\"argumentsHash\":\"" + hash + "\"}")
                .status())
        .isEqualTo(410);
    String undo = done.path("undoSnapshotId").asText();
    assertThat(service.post(at("/rollback"), "{\"to\":\"" + undo + "\"}").status()).isEqualTo(200);
    assertThat(tree.resolve("new.txt")).exists();
    assertThat(tree.resolve("old.txt")).doesNotExist();
  }

  @Test
  void badWishesHaveTheirAnswers() {
    String other = service.post("/api/runs", "{\"blueprint\":\"brief\"}").text("id");
    String path = "/api/runs/" + other + "/rollback";
    assertThat(service.post(path, "{\"to\":\"" + first + "\"}").status()).isEqualTo(404);
    RunningService.Answer unknown = service.post(path, "{\"to\":100000}");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.text("detail")).contains("helm files RUN --snapshots");
    for (String to : new String[] {"\"now\"", "0.5", "true", "[]", "\"\"", "null"}) {
      assertThat(service.post(path, "{\"to\":" + to + "}").status()).as(to).isEqualTo(400);
    }
    assertThat(service.post(at("/fork"), "{\"blueprint\":\"nothing\"}").status()).isEqualTo(404);
    RunningService.Answer fork =
        service.post(at("/fork"), "{\"at\":\"" + first + "\",\"message\":\"Hi.\"}");
    assertThat(fork.status()).as(fork.raw().body()).isEqualTo(201);
    Path child = service.backend().sandbox.workspace(fork.text("id"));
    assertThat(child.resolve("old.txt")).exists();
  }
}
