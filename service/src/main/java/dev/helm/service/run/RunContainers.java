package dev.helm.service.run;

import dev.helm.activities.foreign.claude.ClaudeImage;
import dev.helm.activities.images.ImageChoice;
import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.sandbox.AgentContainers;
import dev.helm.activities.sandbox.AgentDoor;
import dev.helm.activities.sandbox.ContainerWish;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import java.util.List;

/** What each run's container is, from its blueprint: image, limits, and a foreign agent's doors. */
final class RunContainers implements ContainerWish.Source {
  private final Runs runs;
  private final SandboxImages images;

  RunContainers(Runs runs, SandboxImages images) {
    this.runs = runs;
    this.images = images;
  }

  /**
   * For the sandbox.
   *
   * @param doors what is behind a socket
   */
  AgentContainers agents(AgentDoor... doors) {
    return new AgentContainers(this, List.of(doors));
  }

  /** The image that a blueprint's runs have. */
  static ImageChoice choice(Blueprint blueprint) {
    if (blueprint.agent().equals(Blueprint.CLAUDE_AGENT_SDK)
        && blueprint.sandbox().image().equals("default")) {
      List<String> packages = blueprint.sandbox().packages();
      return new ImageChoice.Recipe(
          blueprint.program() == null
              ? ClaudeImage.recipe(packages)
              : ClaudeImage.ofProgram(packages));
    }
    return ImageChoice.of(blueprint.sandbox().image(), blueprint.sandbox().packages());
  }

  @Override
  public ContainerWish of(String run) {
    Blueprint blueprint = runs.info(run).blueprint();
    Blueprint.Sandbox sandbox = blueprint.sandbox();
    ImageChoice choice = choice(blueprint);
    return new ContainerWish(
        choice instanceof ImageChoice.Default ? null : images.require(choice).id(),
        new SandboxLimits(sandbox.memoryBytes(), sandbox.milliCpus(), sandbox.pids()),
        !blueprint.agent().equals(Blueprint.NATIVE));
  }

  /** How {@code run.started} names a blueprint's image; one that is not there yet is begun. */
  String imageOf(Blueprint blueprint) {
    return images.begun(choice(blueprint));
  }
}
