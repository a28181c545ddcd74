package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.api.Role;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.EpochStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What rollback and fork answer to wishes that cannot be, come twice, or come at once. */
class RollbackWishesTest {
  private static RunningService service;
  private String run;
  private Path tree;
  private String first;

  @BeforeAll
  static void up() {
    service = RunningService.start();
    service.as(service.person("wisher", Map.of("*", Role.OWNER)));
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
    service.backend().write(run, "a", "one");
    Snapshots.Taken taken = service.backend().snapshots().take(run);
    first = "s" + run.substring(0, 15);
    service
        .backend()
        .append(
            run,
            "taken",
            new RunEvent.SnapshotTaken(first, "t1", taken.tree(), taken.files(), 3, 1));
    service.backend().write(run, "a", "two");
  }

  private RunningService.Answer rollback(String of, String to) {
    return service.post("/api/runs/" + of + "/rollback", "{\"to\":" + to + "}");
  }

  private RunningService.Answer fork(String of, String body) {
    return service.post("/api/runs/" + of + "/fork", body);
  }

  private String log(String of) {
    return service.get("/api/runs/" + of + "/events?limit=1000").raw().body();
  }

  private static String text(String word) {
    return "\"" + word + "\"";
  }

  @Test
  void stepsThatAreNotThisRunsChangeNothing() {
    String other = service.post("/api/runs", "{\"blueprint\":\"brief\"}").text("id");
    String before = log(run);
    // A snapshot of another run is as unknown as one of nobody.
    for (String to : List.of(text("s0123456789abcdef"), "0", "99999999", "999999999999999")) {
      assertThat(rollback(run, to).status()).as(to).isEqualTo(404);
      assertThat(fork(run, "{\"at\":" + to + "}").status()).as(to).isEqualTo(404);
    }
    assertThat(rollback(other, text(first)).status()).isEqualTo(404);
    assertThat(fork(other, "{\"at\":" + text(first) + "}").status()).isEqualTo(404);
    assertThat(rollback("f".repeat(32), text("start")).status()).isEqualTo(404);
    assertThat(fork("f".repeat(32), "{}").status()).isEqualTo(404);
    for (String to : List.of("-1", "1.5", "{}", text("../start"), text("s".repeat(65)))) {
      assertThat(rollback(run, to).status()).as(to).isIn(400, 404);
      assertThat(fork(run, "{\"at\":" + to + "}").status()).as(to).isIn(400, 404);
    }
    assertThat(fork(run, "{\"message\":" + text("x".repeat(10_001)) + "}").status()).isEqualTo(400);
    assertThat(log(run)).isEqualTo(before);
    assertThat(tree.resolve("a")).hasContent("two");
  }

  private void called(String id, String tool, String arguments, String outcome) {
    Content source = Content.text(arguments);
    String hash = "a".repeat(64);
    service
        .backend()
        .append(run, id, new RunEvent.ToolRequested(id, tool, source, hash, tool + " it", 1));
    if (id.startsWith("edited")) {
      service
          .backend()
          .append(
              run,
              id + "/decided",
              new RunEvent.PermissionDecided(
                  "p" + id,
                  id,
                  "allow",
                  "ada",
                  null,
                  null,
                  hash,
                  Content.text("{\"to\":\"boss@a.test\"}"),
                  null));
    }
    service
        .backend()
        .append(
            run,
            id + "/finished",
            new RunEvent.ToolFinished(
                id, tool, outcome, "sent", Content.text("x"), null, 1, 1, null));
  }

  @Test
  void thePreviewNamesWhatWentOutSince() {
    called("mail-1", "SendEmail", "{\"to\":[\"a@a.test\",\"b@a.test\"]}", "ok");
    called("read-1", "Read", "{\"file_path\":\"a\"}", "ok");
    called("edited-1", "SendEmail", "{\"to\":\"leadership@a.test\"}", "unknown");
    String body = "{\"preview\":true,\"to\":" + text(first) + "}";
    JsonNode would = service.post("/api/runs/" + run + "/rollback", body).json();
    assertThat(would.path("outwardCalls").asInt()).isEqualTo(2);
    assertThat(would.path("outward").findValuesAsText("tool"))
        .containsExactly("SendEmail", "SendEmail");
    assertThat(would.at("/outward/0/to/1").asText()).isEqualTo("b@a.test");
    // Not whom the agent named, but whom the person who allowed it did.
    assertThat(would.at("/outward/1/to").toString()).isEqualTo("[\"boss@a.test\"]");
    JsonNode done = rollback(run, text(first)).json();
    assertThat(done.path("outward")).isEqualTo(would.path("outward"));
    // What an earlier life did is not undone by its end.
    assertThat(rollback(run, text("start")).json().path("outwardCalls").asInt()).isEqualTo(2);
  }

  @Test
  void aForkOfAFinishedRunNeedsAStepOrSomethingToDo() {
    service.backend().append(run, "end", new RunEvent.RunFinished("succeeded", null, null));
    String before = log(run);
    for (String body : List.of("{}", "{\"at\":\"now\"}")) {
      RunningService.Answer refused = fork(run, body);
      assertThat(refused.status()).as(body).isEqualTo(409);
      assertThat(refused.text("code")).isEqualTo("run_finished");
      assertThat(refused.text("detail")).contains("--at").contains("--message");
    }
    assertThat(log(run)).isEqualTo(before);
    assertThat(fork(run, "{\"message\":\"And now in French.\"}").status()).isEqualTo(201);
    assertThat(fork(run, "{\"at\":" + text(first) + "}").status()).isEqualTo(201);
  }

  @Test
  void whileOneIsUnderWayTheNextIsToldSo() {
    EpochStore epochs = service.store().epochs();
    assertThat(epochs.ask(run, new EpochStore.Wanted(false, first, "", 1, "ada"))).isNotNull();
    RunningService.Answer refused = rollback(run, text(first));
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.text("code")).isEqualTo("rollback_under_way");
    assertThat(tree.resolve("a")).hasContent("two");
    epochs.close(run);
    assertThat(rollback(run, text(first)).status()).isEqualTo(200);
  }

  @Test
  void atOnceEachIsDoneWholeOrNotAtAll() throws Exception {
    List<Callable<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String to = i % 2 == 0 ? text("start") : text(first);
      calls.add(() -> rollback(run, to).status());
    }
    int won = 0;
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Integer> answer : pool.invokeAll(calls)) {
        assertThat(answer.get()).isIn(200, 409);
        won += answer.get() == 200 ? 1 : 0;
      }
    }
    assertThat(won).isPositive();
    assertThat(log(run).split("\"run.rolledback\"", -1)).hasSize(won + 1);
    assertThat(service.get("/api/runs/" + run + "/diff?from=" + first + "&to=now").status())
        .isEqualTo(200);
    assertThat(service.get("/api/runs/" + run).text("status")).isEqualTo("paused");
  }

  @Test
  void theSameRequestAgainIsTheSameRollbackAndTheSameFork() {
    String path = "/api/runs/" + run;
    String body = "{\"to\":" + text(first) + "}";
    RunningService.Answer one = service.post(path + "/rollback", body, "k-" + run);
    assertThat(one.status()).isEqualTo(200);
    assertThat(service.post(path + "/rollback", body, "k-" + run).raw().body())
        .isEqualTo(one.raw().body());
    assertThat(log(run).split("\"run.rolledback\"", -1)).hasSize(2);
    assertThat(service.post(path + "/rollback", "{\"to\":\"start\"}", "k-" + run).status())
        .isEqualTo(422);
    RunningService.Answer child = service.post(path + "/fork", "{}", "f-" + run);
    assertThat(child.status()).isEqualTo(201);
    assertThat(service.post(path + "/fork", "{}", "f-" + run).text("id"))
        .isEqualTo(child.text("id"));
    assertThat(log(run).split("\"run.forked\"", -1)).hasSize(2);
  }

  @Test
  void aForkOfARunAtWorkLeavesItAsItIs() throws Exception {
    assertThat(service.get("/api/runs/" + run).text("status")).isEqualTo("running");
    RunningService.Answer fork = fork(run, "{\"message\":\"Mind the gap.\"}");
    assertThat(fork.status()).as(fork.raw().body()).isEqualTo(201);
    assertThat(service.get("/api/runs/" + run).text("status")).isEqualTo("running");
    assertThat(tree.resolve("a")).hasContent("two");
    // It begins with the newest snapshot, not with what is half written now.
    assertThat(service.backend().sandbox.workspace(fork.text("id")).resolve("a")).hasContent("one");
    assertThat(log(fork.text("id"))).contains("\"parent\":\"" + run + "\"");
  }

  @Test
  void whereTheWorkflowsAreAwayNothingIsBegun() {
    service.backend().down = true;
    try {
      assertThat(rollback(run, text(first)).status()).isEqualTo(503);
    } finally {
      service.backend().down = false;
    }
    assertThat(service.store().epochs().open(run)).isNull();
    assertThat(log(run)).doesNotContain("run.rolledback");
    assertThat(tree.resolve("a")).hasContent("two");
    assertThat(rollback(run, text(first)).status()).isEqualTo(200);
    assertThat(tree.resolve("a")).hasContent("one");
  }
}
