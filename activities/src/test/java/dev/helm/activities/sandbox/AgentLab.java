package dev.helm.activities.sandbox;

import dev.helm.activities.images.ImageChoice;
import dev.helm.activities.images.ImageRecipe;
import dev.helm.activities.images.SandboxImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A machine on which foreign agents are tried: every run's container has their image and doors. */
public final class AgentLab implements AutoCloseable {
  private final TestEngine machine;
  private final EngineImages engine;
  private final DockerSandbox sandbox;

  private AgentLab(TestEngine machine, EngineImages engine, DockerSandbox sandbox) {
    this.machine = machine;
    this.engine = engine;
    this.sandbox = sandbox;
  }

  /** Aborts the test where there is no engine. */
  public static AgentLab open(ImageRecipe recipe, List<AgentDoor> doors) throws IOException {
    TestEngine machine = TestEngine.open(0, List.of());
    EngineImages engine =
        new EngineImages(machine.settings.engine(), machine.settings.installation());
    SandboxImages images =
        new SandboxImages(machine.home, engine, machine.settings.imageId(), ImageLab.ALL);
    String image = images.prepare(new ImageChoice.Recipe(recipe)).join().id();
    AgentContainers agents =
        new AgentContainers(
            run -> new ContainerWish(image, new SandboxLimits(1 << 30, 2000, 256), true), doors);
    DockerSandbox sandbox =
        DockerSandbox.start(
            machine.settings,
            machine.store(),
            machine.workspaces,
            List.of(),
            agents,
            WaitingRuns.NONE);
    return new AgentLab(machine, engine, sandbox);
  }

  /** A run with an empty workspace. */
  public String newRun() throws IOException {
    String run = TestEngine.newRun();
    machine.workspaces.create(run);
    return run;
  }

  /** Its programs. */
  public Boxes boxes() {
    return sandbox.boxes();
  }

  /** Where the run's workspace lies now. */
  public Path workspace(String run) {
    return machine.inside(run);
  }

  /** MB of each running container, least first. */
  public List<Double> megabytes() {
    return ContainerMemory.megabytes(machine);
  }

  /** Removes the run's container as kill -9 of all in it does. */
  public void killContainer(String run) {
    machine.engine.remove(TestEngine.containerOf(sandbox.claim(run)));
  }

  @Override
  public void close() throws IOException {
    sandbox.close();
    engine.close();
    machine.close();
  }
}
