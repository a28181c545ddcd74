package dev.helm.service.run;

import dev.helm.activities.images.ImageChoice;
import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.sandbox.AgentContainers;
import dev.helm.activities.sandbox.AgentDoor;
import dev.helm.activities.sandbox.ContainerWish;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import java.net.InetSocketAddress;
import java.net.URI;
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
   * @param keyProxy what is behind {@code model.sock}
   * @param mcp what is behind {@code mcp.sock}
   */
  AgentContainers agents(URI keyProxy, AgentDoor mcp) {
    InetSocketAddress model = new InetSocketAddress(keyProxy.getHost(), keyProxy.getPort());
    return new AgentContainers(this, List.of(AgentDoor.forward("model", model), mcp));
  }

  /** The image that a blueprint's runs have. */
  static ImageChoice choice(Blueprint blueprint) {
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
