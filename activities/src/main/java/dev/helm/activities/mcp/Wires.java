package dev.helm.activities.mcp;

import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.McpServer;

/** Opens the way to a server for a run; tests put others in its place. */
@FunctionalInterface
interface Wires {
  /**
   * Starts or finds the server.
   *
   * @throws Fault with why it cannot be
   */
  Wire open(Runs.Info run, String name, McpServer server);
}
