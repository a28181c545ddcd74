package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.decide.EgressGrant;
import java.util.List;

/**
 * A shell command that the agent's own runtime carries out: the way out is open for its time, as it
 * is for one that Helm carries out.
 */
record GrantedEffect(Effect runtime, Sandbox sandbox, EgressDoor door) implements Effect {
  @Override
  public String prepare(CallContext context) {
    return runtime.prepare(context);
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    List<String> hosts = EgressGrant.hosts(context.info().blueprint(), context.call());
    if (hosts.isEmpty()) {
      return runtime.run(context, attempt, prepared, heart);
    }
    Blueprint.Sandbox limits = context.info().blueprint().sandbox();
    String slot =
        sandbox
            .claim(
                context.run(),
                new SandboxLimits(limits.memoryBytes(), limits.milliCpus(), limits.pids()))
            .id();
    try (EgressDoor.Opening opening = door.open(context.run(), slot, context.toolUseId(), hosts)) {
      return runtime.run(context, attempt, prepared, heart);
    }
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    return runtime.attach(context, attempt, prepared, heart);
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    runtime.interrupt(context, attempt);
  }

  @Override
  public boolean repeatable() {
    return runtime.repeatable();
  }

  @Override
  public Touch touch() {
    return runtime.touch();
  }
}
