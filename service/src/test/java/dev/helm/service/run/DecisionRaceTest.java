package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Role;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.service.run.DecisionRig.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Decisions over real HTTP through a real Temporal: races (R4), edits, rules, several people. */
class DecisionRaceTest {
  private static TemporalServer temporal;
  private static DecisionRig rig;
  private static String operator;
  private static String ann;
  private static String bob;

  @BeforeAll
  static void start() throws Exception {
    Path home = Files.createTempDirectory(Path.of("/tmp"), "helm-race");
    temporal = TemporalServer.start(home);
    rig = new DecisionRig(home, temporal.address());
    operator = rig.caller("operator", Role.OPERATOR);
    ann = rig.caller("ann", Role.APPROVER);
    bob = rig.caller("bob", Role.APPROVER);
  }

  @AfterAll
  static void stop() throws Exception {
    if (rig != null) {
      rig.close();
    }
    if (temporal != null) {
      temporal.close();
    }
  }

  private static String body(String decision, String hash, String more) {
    return "{\"decision\":\"" + decision + "\",\"argumentsHash\":\"" + hash + "\"" + more + "}";
  }

  /** As a client does it: what is not yet in the log is asked for again. */
  private static Answer decide(
      String token, DecisionBodies.InboxItem item, String decision, String more) {
    for (int i = 0; ; i++) {
      Answer answer =
          rig.call(
              token,
              "POST",
              "/api/permissions/" + item.id(),
              body(decision, String.valueOf(item.argumentsHash()), more));
      if (i == 30 || answer.status() != 202 || !answer.text("state").equals("accepted")) {
        return answer;
      }
    }
  }

  private static DecisionBodies.Asked asked(DecisionBodies.InboxItem item) {
    return Objects.requireNonNull(item.asked());
  }

  private static String edit(String command) {
    return ",\"arguments\":{\"command\":\"" + command + "\"}";
  }

  @Test
  @Timeout(300)
  void twoDevicesRaceForAFewPermissions() throws Exception {
    race(5, 4);
  }

  /** R4. */
  @Test
  @Tag("campaign")
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void twoDevicesRaceForAThousandPermissions() throws Exception {
    race(200, 5);
  }

  private void race(int turns, int each) throws Exception {
    long seed = Long.getLong("helm.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    rig.blueprint(operator, "deny: [\"Bash(rm *)\"], timeout: 10m");
    List<String> commands = IntStream.range(0, each).mapToObj(i -> "make t%d-" + i).toList();
    String run = rig.run(operator, turns, commands);
    int lost = 0;
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int turn = 1; turn <= turns; turn++) {
        List<Future<Integer>> races = new ArrayList<>();
        for (int i = 0; i < each; i++) {
          DecisionBodies.InboxItem item = rig.asked(run, "make t" + turn + "-" + i);
          String place = "seed " + seed + " turn " + turn + "-" + i;
          List<String[]> sides = List.of(side(random, turn, i, 0), side(random, turn, i, 1));
          long lateNanos = random.nextInt(4) == 0 ? random.nextInt(20_000_000) : 0;
          races.add(pool.submit(() -> raceOne(pool, item, sides, lateNanos, place)));
        }
        for (Future<Integer> race : races) {
          lost += race.get();
        }
      }
    }
    rig.awaitEnd(operator, run);
    assertThat(rig.events(operator, run, "permission.decided")).hasSize(turns * each);
    assertThat(rig.open(run)).isEmpty();
    assertNothingUngated(run);
    System.out.println(turns * each + " races, " + lost + " told that the other was first");
  }

  private static String[] side(Random random, int turn, int i, int device) {
    return switch (random.nextInt(4)) {
      case 0 -> new String[] {"deny", ",\"reason\":\"no\""};
      case 1 -> new String[] {"allow", edit("make e" + turn + "-" + i + "-" + device)};
      case 2 -> new String[] {"allow", edit("make same" + turn + "-" + i)};
      default -> new String[] {"allow", ""};
    };
  }

  /** Two devices at once; gives how many were told that the other had been first. */
  private static int raceOne(
      ExecutorService pool,
      DecisionBodies.InboxItem item,
      List<String[]> sides,
      long lateNanos,
      String place)
      throws Exception {
    CyclicBarrier together = new CyclicBarrier(2);
    List<Future<Answer>> answers = new ArrayList<>();
    for (int device = 0; device < 2; device++) {
      String token = device == 0 ? ann : bob;
      String[] side = sides.get(device);
      long late = device * lateNanos;
      answers.add(
          pool.submit(
              () -> {
                together.await();
                LockSupport.parkNanos(late);
                return decide(token, item, side[0], side[1]);
              }));
    }
    Answer first = answers.get(0).get();
    Answer second = answers.get(1).get();
    boolean agree =
        sides.get(0)[0].equals(sides.get(1)[0])
            && (sides.get(0)[0].equals("deny") || sides.get(0)[1].equals(sides.get(1)[1]));
    List<Integer> statuses = List.of(first.status(), second.status());
    String told = place + " " + first + " " + second;
    Answer now = rig.call(ann, "GET", "/api/permissions/" + item.id(), null);
    assertThat(now.text("state")).as(told).isEqualTo("decided");
    if (agree) {
      assertThat(statuses).as(told).containsExactly(200, 200);
      return 0;
    }
    assertThat(statuses).as(told).containsExactlyInAnyOrder(200, 409);
    Answer won = first.status() == 200 ? first : second;
    Answer lost = first.status() == 200 ? second : first;
    String[] wonSide = sides.get(first.status() == 200 ? 0 : 1);
    assertThat(lost.text("code")).as(told).isEqualTo("already_decided");
    assertThat(lost.json().path("winner")).as(told).isEqualTo(won.json().path("winner"));
    assertThat(now.json().path("winner").path("decision").asText()).as(told).isEqualTo(wonSide[0]);
    assertThat(now.json().path("winner").path("by").path("user").asText())
        .as(told)
        .isEqualTo(first.status() == 200 ? "token:ann" : "token:bob");
    return 1;
  }

  /** Every started call has a decision of the same hash, and every denied one none. */
  private static void assertNothingUngated(String run) {
    List<String> allowed = new ArrayList<>();
    for (JsonNode decided : rig.events(operator, run, "permission.decided")) {
      JsonNode data = decided.path("data");
      if (data.path("decision").asText().equals("allow")) {
        allowed.add(data.path("toolUseId").asText() + data.path("argumentsHash").asText());
      }
    }
    List<String> started = new ArrayList<>();
    for (JsonNode start : rig.events(operator, run, "tool.started")) {
      JsonNode data = start.path("data");
      started.add(data.path("toolUseId").asText() + data.path("argumentsHash").asText());
    }
    assertThat(started).containsExactlyInAnyOrderElementsOf(allowed);
  }

  @Test
  @Timeout(120)
  void anEditIsCheckedAndIsWhatRuns() {
    rig.blueprint(operator, "deny: [\"Bash(git push --force*)\"]");
    String run = rig.run(operator, 1, List.of("make edit%d"));
    DecisionBodies.InboxItem item = rig.asked(run, "make edit1");
    Answer schema = decide(ann, item, "allow", ",\"arguments\":{\"command\":7,\"cmd\":1}");
    assertThat(schema.status()).isEqualTo(422);
    assertThat(schema.text("code")).isEqualTo("invalid_arguments");
    assertThat(schema.json().path("errors").findValuesAsText("path"))
        .containsExactlyInAnyOrder("arguments.command", "arguments.cmd");
    for (String refused : List.of("git push --force x", "rm -rf /")) {
      Answer answer = decide(ann, item, "allow", edit(refused));
      assertThat(answer.status()).as(refused).isEqualTo(409);
      assertThat(answer.text("code")).isEqualTo("edit_refused");
    }
    assertThat(decide(ann, item, "allow", ",\"arguments\":[1]").status()).isEqualTo(400);
    assertThat(decide(ann, item, "deny", edit("make x")).status()).isEqualTo(400);
    assertThat(rig.open(run)).hasSize(1);
    Answer allowed = decide(ann, item, "allow", edit("make edited"));
    assertThat(allowed.status()).as(allowed.toString()).isEqualTo(200);
    assertThat(allowed.text("arguments")).isEqualTo("{\"command\":\"make edited\"}");
    rig.awaitEnd(operator, run);
    assertThat(rig.ran).contains("make edited").doesNotContain("make edit1");
    assertThat(decide(bob, item, "allow", "").status()).isEqualTo(409);
    assertThat(decide(bob, item, "allow", edit("make edited")).status()).isEqualTo(409);
  }

  @Test
  @Timeout(120)
  void aRememberedRuleIsListedUsedAndRevoked() {
    rig.blueprint(operator, "timeout: 10m");
    String run = rig.run(operator, 4, List.of("npm run build%d --quiet"));
    DecisionBodies.InboxItem item = rig.asked(run, "npm run build1 --quiet");
    assertThat(asked(item).remember())
        .extracting(suggestion -> suggestion.rule())
        .isEqualTo("Bash(npm run *)");
    assertRefused(item, "Bash(ls *)", "does not match");
    assertRefused(item, "Bsh(ls *)", "no tool");
    assertRefused(item, "Bash(egress=x.test)", "may not reach");
    Answer expired =
        decide(
            ann,
            item,
            "allow",
            ",\"remember\":{\"scope\":\"run\",\"rule\":\"Bash(npm run *)\","
                + "\"expiresAt\":\"2020-01-01T00:00:00Z\"}");
    assertThat(expired.status()).isEqualTo(400);
    Answer tooSmall =
        decide(
            ann,
            item,
            "allow",
            ",\"remember\":{\"scope\":\"blueprint\",\"rule\":\"Bash(npm run *)\"}");
    assertThat(tooSmall.status()).isEqualTo(403);
    Answer allowed =
        decide(
            ann, item, "allow", ",\"remember\":{\"scope\":\"run\",\"rule\":\"Bash(npm run *)\"}");
    assertThat(allowed.status()).as(allowed.toString()).isEqualTo(200);
    assertThat(allowed.json().path("remembered").path("rule").asText())
        .isEqualTo("Bash(npm run *)");
    rig.awaitEnd(operator, run);
    assertThat(rig.events(operator, run, "permission.requested")).hasSize(1);
    JsonNode gate = rig.events(operator, run, "tool.started").get(3).path("data").path("gate");
    assertThat(gate.path("by").asText()).isEqualTo("rule");
    assertThat(gate.path("rule").asText()).isEqualTo("Bash(npm run *)");
    assertThat(gate.path("permissionId").asText()).isEqualTo(item.id());
    // Another run of the blueprint is asked again: the rule was for the first.
    String other = rig.run(operator, 1, List.of("npm run build%d --quiet"));
    DecisionBodies.InboxItem again = rig.asked(other, "npm run build1 --quiet");
    Answer whole =
        decide(
            operator,
            again,
            "allow",
            ",\"remember\":{\"scope\":\"blueprint\",\"rule\":\"Bash(npm run *)\","
                + "\"expiresAt\":\""
                + java.time.Instant.now().plusSeconds(3600)
                + "\"}");
    assertThat(whole.status()).as(whole.toString()).isEqualTo(200);
    rig.awaitEnd(operator, other);
    rig.blueprint(operator, "timeout: 11m");
    String third = rig.run(operator, 1, List.of("npm run build%d --quiet"));
    rig.awaitEnd(operator, third);
    assertThat(rig.events(operator, third, "permission.requested")).isEmpty();
    JsonNode rules = rig.call(ann, "GET", "/api/rules?run=" + third, null).json().path("items");
    assertThat(rules).hasSize(1);
    String id = rules.get(0).path("id").asText();
    assertThat(rig.call(ann, "DELETE", "/api/rules/" + id, null).status()).isEqualTo(403);
    assertThat(rig.call(operator, "DELETE", "/api/rules/" + id, null).text("state"))
        .isEqualTo("revoked");
    String fourth = rig.run(operator, 1, List.of("npm run build%d --quiet"));
    assertThat(decide(ann, rig.asked(fourth, "npm run build1 --quiet"), "deny", "").status())
        .isEqualTo(200);
  }

  private static void assertRefused(DecisionBodies.InboxItem item, String rule, String why) {
    Answer answer =
        decide(ann, item, "allow", ",\"remember\":{\"scope\":\"run\",\"rule\":\"" + rule + "\"}");
    assertThat(answer.status()).as(answer.toString()).isEqualTo(422);
    assertThat(answer.text("code")).isEqualTo("invalid_rule");
    assertThat(answer.text("title")).contains(why);
  }

  @Test
  @Timeout(120)
  void twoPeopleMustAllowTheSameArguments() throws Exception {
    String amy = rig.person("amy", Role.APPROVER);
    String ben = rig.person("ben", Role.APPROVER);
    rig.blueprint(operator, "approvers: 2");
    String run = rig.run(operator, 1, List.of("make both%d"));
    DecisionBodies.InboxItem item = rig.asked(run, "make both1");
    assertThat(asked(item).remember()).isNull();
    Answer remember =
        decide(amy, item, "allow", ",\"remember\":{\"scope\":\"run\",\"rule\":\"Bash(make *)\"}");
    assertThat(remember.status()).isEqualTo(422);
    for (int i = 0; i < 2; i++) {
      Answer one = decide(amy, item, "allow", "");
      assertThat(one.status()).as(one.toString()).isEqualTo(202);
      assertThat(one.json().path("have").asInt()).isEqualTo(1);
      assertThat(one.json().path("need").asInt()).isEqualTo(2);
    }
    // Attack: one of them makes a service token and says it twice.
    Answer program = decide(bob, item, "allow", "");
    assertThat(program.status()).isEqualTo(403);
    assertThat(program.text("title")).contains("service token does not count");
    Answer edits = decide(ben, item, "allow", edit("make other"));
    assertThat(edits.status()).as(edits.toString()).isEqualTo(202);
    assertThat(edits.json().path("have").asInt()).isEqualTo(1);
    Answer stale = decide(rig.person("cat", Role.APPROVER), item, "allow", "");
    assertThat(stale.status()).isEqualTo(409);
    assertThat(stale.text("code")).isEqualTo("stale");
    DecisionBodies.InboxItem edited = rig.open(run).getFirst();
    assertThat(asked(edited).editedBy()).isEqualTo("ben");
    assertThat(asked(edited).approvals()).containsExactly("ben");
    Answer done = decide(amy, edited, "allow", "");
    assertThat(done.status()).as(done.toString()).isEqualTo(200);
    rig.awaitEnd(operator, run);
    assertThat(rig.ran).contains("make other").doesNotContain("make both1");
    assertThat(rig.events(operator, run, "permission.approved")).hasSize(2);
    assertNothingUngated(run);
  }

  @Test
  @Timeout(120)
  void silenceIsRemindedEscalatedAndDeniedAndThenItIsOver() {
    rig.blueprint(operator, "timeout: 4s, escalate: {after: 3s, to: [owner]}");
    String run = rig.run(operator, 1, List.of("make silent%d"));
    DecisionBodies.InboxItem item = rig.asked(run, "make silent1");
    rig.awaitEnd(operator, run);
    assertThat(rig.events(operator, run, "permission.reminded"))
        .extracting(event -> event.path("data").path("stage").asText())
        .containsExactly("half", "escalated");
    assertThat(
            rig.events(operator, run, "permission.decided")
                .getFirst()
                .path("data")
                .path("reason")
                .asText())
        .isEqualTo("timed out");
    assertThat(decide(ann, item, "allow", "").status()).isEqualTo(410);
    assertThat(rig.ran).doesNotContain("make silent1");
  }
}
