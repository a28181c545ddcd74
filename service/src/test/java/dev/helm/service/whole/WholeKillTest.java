package dev.helm.service.whole;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * SIGKILL of every part of a running Helm, at random moments of real runs. docs/chaos.md tells what
 * is checked. {@code -Dhelm.chaos.seed=N} repeats the choices of an earlier test.
 */
@Tag("engine")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WholeKillTest {
  private static final int KILLS_PER_RUN = 4;
  private static final int FIRST_KILL_MS = 18_000;
  private static final long END_MS = 60_000;

  private static @Nullable Witness witness;
  private static @Nullable Launched helm;
  private static @Nullable Rest rest;

  @BeforeAll
  static void up() throws Exception {
    if (!System.getProperty("user.name").equals("root")) {
      abort("needs root: it starts a container engine of its own to kill it");
    }
    if (!"true".equals(System.getenv("CI"))
        && System.getenv("HELM_TEST_DOCKER_HOST") == null
        && !Boolean.getBoolean("helm.chaos")) {
      abort("runs within ./helm test, or with -Dhelm.chaos=true");
    }
    Witness seeing = new Witness();
    witness = seeing;
    Launched installation = Launched.prepare(seeing.smtpUrl());
    helm = installation;
    installation.put("config.yml", seeing.operatorConfig("witness.pem"));
    installation.put("witness.pem", seeing.certificate());
    installation.put("scenarios/rehearsal.scenario.yaml", resource("rehearsal.scenario.yaml"));
    installation.up();
    Rest script = Rest.login(installation);
    rest = script;
    Rest.Answer put =
        script.putYaml("/api/blueprints/kill-rehearsal", resource("rehearsal.blueprint.yaml"));
    assertThat(put.ok()).as(put.toString()).isTrue();
  }

  @AfterAll
  static void down() throws Exception {
    if (helm != null) {
      helm.close();
    }
    if (witness != null) {
      witness.close();
    }
  }

  @Test
  @Order(1)
  void twentyKills() throws Exception {
    kill(20);
  }

  @Test
  @Order(2)
  void aKilledLauncherIsFollowedByTheNext() throws Exception {
    Launched installation = helm();
    try (Stage stage = new Stage()) {
      String run = stage.start();
      try (Follower follower = new Follower(rest(), run)) {
        while (follower.openCall() == null) {
          Thread.sleep(20);
        }
        long launcher = Objects.requireNonNull(installation.pid("launcher"));
        long began = System.nanoTime();
        ProcessHandle.of(launcher).ifPresent(ProcessHandle::destroyForcibly);
        installation.up();
        System.out.printf(
            "chaos: launcher killed, everything up again after %d ms%n",
            (System.nanoTime() - began) / 1_000_000);
        stage.awaitEnd(run);
        stage.check(run, follower);
      }
    }
    containersAreGone();
  }

  @Test
  @Order(3)
  @Tag("campaign")
  void aHundredKills() throws Exception {
    kill(100);
  }

  private void kill(int times) throws Exception {
    long seed = Long.getLong("helm.chaos.seed", System.nanoTime());
    System.out.println("chaos: seed " + seed);
    Killer killer = new Killer(helm(), rest(), new Random(seed));
    Map<String, List<Follower.Arrived>> streams = new HashMap<>();
    int inCalls = 0;
    try (Stage stage = new Stage()) {
      while (killer.kills().size() < times) {
        String run = stage.start();
        int before = killer.kills().size();
        int until = Math.min(times, before + KILLS_PER_RUN);
        try (Follower follower = new Follower(rest(), run)) {
          // A run takes about 25 s: the first kill may fall anywhere in it.
          boolean goesOn = killer.idle(follower, FIRST_KILL_MS);
          while (goesOn && killer.kills().size() < until) {
            goesOn = killer.strike(follower, run);
            stage.steer(run);
          }
          stage.awaitEnd(run);
          assertThat(killer.awaitHealthy(END_MS)).as("healthy after the kills").isTrue();
          RunAudit audit = stage.check(run, follower);
          streams.put(run, follower.arrived());
          for (Killer.Kill kill : killer.kills().subList(before, killer.kills().size())) {
            inCalls += audit.callAt(kill.at) == null ? 0 : 1;
          }
        }
      }
    }
    System.out.println(killer.table(streams));
    System.out.printf("chaos: %d of %d kills fell into a call%n", inCalls, times);
    assertThat(inCalls * 10).as("kills within a call, ten times").isGreaterThanOrEqualTo(times);
    containersAreGone();
  }

  /** One container may wait for the next run; none of an ended run is left. */
  private static void containersAreGone() throws Exception {
    long deadline = System.nanoTime() + END_MS * 1_000_000;
    int known = helm().containersOfEngine();
    while (helm().busySlot() != null || helm().containers().size() > 1 || known < 0 || known > 1) {
      known = helm().containersOfEngine();
      assertThat(System.nanoTime())
          .as("containers %s (%d), slot %s", helm().containers(), known, helm().busySlot())
          .isLessThan(deadline);
      Thread.sleep(200);
    }
  }

  private static Launched helm() {
    return Objects.requireNonNull(helm);
  }

  private static Rest rest() {
    return Objects.requireNonNull(rest);
  }

  private static String resource(String name) throws IOException {
    return Files.readString(Path.of("src/test/resources/whole", name));
  }

  /** The person at the inbox, and the runs that were started in front of it. */
  private static final class Stage implements AutoCloseable {
    private final Map<String, String> runByNonce = new ConcurrentHashMap<>();
    private final Person person = new Person(rest(), this::happened);
    private final List<Thread> steering = new ArrayList<>();
    private final Set<String> steered = ConcurrentHashMap.newKeySet();

    String start() throws InterruptedException {
      String nonce = "%08x".formatted(new Random().nextInt());
      Rest.Answer started =
          rest()
              .post(
                  "/api/runs",
                  Map.of("blueprint", "kill-rehearsal", "input", Map.of("nonce", nonce)));
      assertThat(started.status()).as(started.toString()).isEqualTo(201);
      String run = started.body().path("id").asText();
      runByNonce.put(nonce, run);
      System.out.println("chaos: run " + run + " · nonce " + nonce);
      return run;
    }

    /** Says something right after a kill, again and again until it is accepted. */
    void steer(String run) {
      int number = steering.size();
      steering.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      Rest.Answer said =
                          rest()
                              .post(
                                  "/api/runs/" + run + "/messages",
                                  Map.of("text", "Go on, says message " + number + "."));
                      if (said.ok()) {
                        steered.add(run + "/" + said.body().path("id").asText());
                      }
                    } catch (InterruptedException | IllegalStateException e) {
                      System.out.println("chaos: not steered: " + e);
                    }
                  }));
    }

    private boolean happened(String token) {
      return seen(token.substring(0, 8)).stream().anyMatch(seen -> seen.token().equals(token));
    }

    private List<Witness.Seen> seen(String nonce) {
      List<Witness.Seen> seen = new ArrayList<>(Objects.requireNonNull(witness).seen());
      try {
        seen.addAll(RunAudit.inWorkspaces(helm(), Instant.now()));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      seen.removeIf(effect -> !effect.token().startsWith(nonce));
      return seen;
    }

    /** Waits for the run's end; the time starts anew whenever the person had to answer. */
    void awaitEnd(String run) throws InterruptedException {
      int answers = person.acknowledged().size();
      long deadline = System.nanoTime() + END_MS * 1_000_000;
      JsonNode last = null;
      while (System.nanoTime() < deadline) {
        if (person.acknowledged().size() > answers) {
          answers = person.acknowledged().size();
          deadline = System.nanoTime() + END_MS * 1_000_000;
        }
        Rest.Answer card = rest().tryGet("/api/runs/" + run);
        if (card != null) {
          last = card.body();
          if (last.hasNonNull("finishedAt")) {
            return;
          }
        }
        Thread.sleep(100);
      }
      System.out.println(RunAudit.read(rest(), run).story());
      System.out.println("chaos: status " + rest().get("/api/status").body());
      System.out.println("chaos: inbox " + rest().get("/api/inbox").body());
      throw new AssertionError("run " + run + " is stuck: " + last);
    }

    RunAudit check(String run, Follower follower) throws InterruptedException {
      RunAudit audit = RunAudit.read(rest(), run);
      try {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!follower.finished() && System.nanoTime() < deadline) {
          Thread.sleep(50);
        }
        assertThat(follower.complaints()).as("the stream").isEmpty();
        for (Thread message : steering) {
          message.join();
        }
        Set<String> acknowledged = new HashSet<>(steered);
        acknowledged.addAll(person.acknowledged());
        acknowledged.removeIf(id -> !id.startsWith(run + "/"));
        String nonce =
            runByNonce.entrySet().stream()
                .filter(entry -> entry.getValue().equals(run))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        audit.chainHolds();
        audit.nothingAcknowledgedIsLost(follower.arrived(), acknowledged);
        audit.nothingIsToldTwice();
        audit.everythingWasGated();
        effects(audit, nonce);
        audit.moneyAddsUp();
        assertThat(audit.outcome()).as("the run's end").isEqualTo("succeeded");
      } catch (AssertionError e) {
        System.out.println(audit.story());
        throw e;
      }
      return audit;
    }

    /** A workspace on its way home is met nowhere for a moment; what is doubled stays doubled. */
    private void effects(RunAudit audit, String nonce) throws InterruptedException {
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (true) {
        try {
          audit.effectsHappenedOnce(seen(nonce), person);
          return;
        } catch (AssertionError e) {
          if (System.nanoTime() > deadline) {
            throw e;
          }
          Thread.sleep(200);
        }
      }
    }

    @Override
    public void close() throws InterruptedException {
      person.close();
    }
  }
}
