package dev.helm.activities.sandbox;

import java.util.List;

/**
 * What is said of runs' containers besides the machine's settings.
 *
 * @param wishes image and limits of each run
 * @param doors what listens in the containers of foreign agents
 */
public record AgentContainers(ContainerWish.Source wishes, List<AgentDoor> doors) {
  /** The default container for every run. */
  public static final AgentContainers NONE =
      new AgentContainers(run -> ContainerWish.DEFAULT, List.of());

  /** Keeps the doors as they are. */
  public AgentContainers {
    doors = List.copyOf(doors);
  }
}
