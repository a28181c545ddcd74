package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A Helm home on a real engine, named by the environment; skipped where there is none. */
final class TestEngine implements AutoCloseable {
  final Path home;
  final SandboxSettings settings;
  final Workspaces workspaces;
  final Engine engine;

  private final @Nullable LoopDisks disks;

  private TestEngine(
      Path home, SandboxSettings settings, @Nullable LoopDisks disks, WorkspaceLimits limits) {
    this.home = home;
    this.settings = settings;
    this.disks = disks;
    this.workspaces = new Workspaces(home, settings.ownerUid(), disks, limits);
    this.engine = new Engine(settings.engine());
  }

  static TestEngine open(int pool, List<Path> certificates) throws IOException {
    return open(pool, certificates, false, WorkspaceLimits.DEFAULT);
  }

  /** With a disk of its own for each slot, if the test is root. */
  static TestEngine open(int pool, List<Path> certificates, boolean onDisks, WorkspaceLimits limits)
      throws IOException {
    Map<String, String> environment = System.getenv();
    String host = environment.getOrDefault("HELM_TEST_DOCKER_HOST", "");
    String image = environment.getOrDefault("HELM_TEST_IMAGE", "");
    if (host.isEmpty() || image.isEmpty()) {
      String why = "needs HELM_TEST_DOCKER_HOST (unix:///…) and HELM_TEST_IMAGE (sha256:…)";
      if ("true".equals(environment.get("CI"))) {
        fail(why);
      }
      abort(why);
    }
    return open(Files.createTempDirectory("hs"), pool, certificates, onDisks, limits);
  }

  /** In the home of another process's machine; whoever opened that closes it. */
  static TestEngine again(Path home) throws IOException {
    return open(home, 0, List.of(), false, WorkspaceLimits.DEFAULT);
  }

  private static TestEngine open(
      Path home, int pool, List<Path> certificates, boolean onDisks, WorkspaceLimits limits) {
    String host = System.getenv("HELM_TEST_DOCKER_HOST");
    String image = System.getenv("HELM_TEST_IMAGE");
    return new TestEngine(
        home,
        new SandboxSettings(
            home,
            "test-" + home.getFileName(),
            URI.create(host),
            image,
            Workspaces.defaultOwnerUid(),
            pool,
            8,
            certificates),
        onDisks ? new LoopDisks(home, (int) (limits.bytes() >> 20), (int) limits.files()) : null,
        limits);
  }

  FileSlotStore store() {
    return new FileSlotStore(home.resolve("slots.json"));
  }

  DockerSandbox sandbox(SlotStore store, SlotDoor... doors) {
    return DockerSandbox.start(settings, store, workspaces, List.of(doors), WaitingRuns.NONE);
  }

  ContainerPlan plan(String slot) {
    return new ContainerPlan(
        settings.imageId(),
        settings.installation(),
        slot,
        settings.ownerUid(),
        workspaces.box(slot),
        workspaces.sockets(slot),
        SandboxLimits.DEFAULT,
        true);
  }

  JsonNode inspect(Slot slot) {
    JsonNode answer = engine.inspect(containerOf(slot));
    if (answer == null) {
      throw new AssertionError("no container for " + slot);
    }
    return answer;
  }

  /** Where the run's workspace lies now. */
  Path inside(String run) {
    return store().list().stream()
        .filter(kept -> run.equals(kept.run()))
        .findFirst()
        .map(kept -> workspaces.inSlot(kept.slot()))
        .orElseGet(() -> workspaces.home(run));
  }

  static String containerOf(Slot slot) {
    return slot.life().substring(0, slot.life().indexOf('@'));
  }

  static String newRun() {
    return UUID.randomUUID().toString().replace("-", "");
  }

  @Override
  public void close() throws IOException {
    engine.list(settings.installation()).keySet().forEach(engine::remove);
    engine.close();
    if (disks != null) {
      disks.dropAll();
    }
    Trees.delete(home, Path.of(System.getProperty("java.io.tmpdir")));
  }

  /** What a command of bash says; it has to end within so many seconds. */
  static String bash(DockerSandbox sandbox, Slot slot, String key, String script, int seconds)
      throws Exception {
    Collected output = new Collected(0);
    Execution execution =
        sandbox.execute(
            slot.run(),
            EffectAttempt.first(key, slot),
            ToolCommand.of("/bin/bash", "-c", script),
            output);
    assertThat(execution.outcome().get(seconds, TimeUnit.SECONDS))
        .isInstanceOf(EffectOutcome.Ended.class);
    execution.acknowledge();
    return output.text();
  }
}
