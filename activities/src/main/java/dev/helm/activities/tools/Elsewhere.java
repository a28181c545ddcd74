package dev.helm.activities.tools;

import dev.helm.activities.secret.Secrets;

/**
 * What tools need beside Helm's own.
 *
 * @param tools the tools of a run, those of MCP servers too
 * @param secrets the secrets of projects
 */
public record Elsewhere(RunTools tools, Secrets secrets) {
  /** Helm's own tools and the blueprint's commands. */
  public static final Elsewhere NOTHING = new Elsewhere(RunTools.NATIVE, Secrets.none());
}
