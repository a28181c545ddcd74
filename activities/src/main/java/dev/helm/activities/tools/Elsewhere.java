package dev.helm.activities.tools;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.publish.Publishing;
import dev.helm.activities.secret.Secrets;
import org.jspecify.annotations.Nullable;

/**
 * What tools need beside Helm's own.
 *
 * @param tools the tools of a run, those of MCP servers too
 * @param secrets the secrets of projects
 * @param outgoing how requests leave Helm itself; null where they cannot
 * @param hooks what runs the blueprint's hooks
 * @param foreign what agents' own runtimes carry out
 * @param publishing the operator's destinations
 */
public record Elsewhere(
    RunTools tools,
    Secrets secrets,
    @Nullable Outgoing outgoing,
    HookRunner hooks,
    ForeignTools foreign,
    Publishing publishing) {
  /** Helm's own tools and the blueprint's commands. */
  public static final Elsewhere NOTHING =
      new Elsewhere(RunTools.NATIVE, Secrets.none(), null, HookRunner.none());

  /** With no runtime but Helm's, and without destinations. */
  public Elsewhere(RunTools tools, Secrets secrets, @Nullable Outgoing outgoing, HookRunner hooks) {
    this(tools, secrets, outgoing, hooks, ForeignTools.NONE, Publishing.NOWHERE);
  }

  /** With no runtime but Helm's. */
  public Elsewhere(
      RunTools tools,
      Secrets secrets,
      @Nullable Outgoing outgoing,
      HookRunner hooks,
      Publishing publishing) {
    this(tools, secrets, outgoing, hooks, ForeignTools.NONE, publishing);
  }
}
