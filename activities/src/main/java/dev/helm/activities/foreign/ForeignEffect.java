package dev.helm.activities.foreign;

import dev.helm.activities.run.Heart;
import dev.helm.activities.tools.CallContext;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ToolEnd;

/**
 * A call that the agent's own runtime carries out. Once it was let go, only that runtime knows how
 * it ended: when the runtime is gone before its end was seen, the outcome is unknown.
 */
final class ForeignEffect implements Effect {
  private static final String GONE =
      "the agent's runtime was carrying it out and is gone; what it did by then is not known";

  private final ForeignSessions sessions;

  ForeignEffect(ForeignSessions sessions) {
    this.sessions = sessions;
  }

  @Override
  public String prepare(CallContext context) {
    return "";
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    ForeignSession session = sessions.of(context.run(), context.request().epoch());
    if (session == null) {
      return new Result.Ended(
          ToolEnd.failed(
              "failed · the agent is gone",
              "The agent's runtime ended before this call was let go; it was not carried out."),
          null);
    }
    if (!prepared.isEmpty()) {
      session.driver().spawns(context.toolUseId(), prepared);
    }
    try {
      return session
          .driver()
          .perform(context.toolUseId(), context.call().tool(), context.call().source());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Result.Unknown("the service stopped while the agent's runtime carried it out");
    }
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    return new Result.Unknown(GONE);
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    ForeignSession session = sessions.of(context.run(), context.request().epoch());
    if (session != null) {
      session.driver().stop(context.toolUseId());
    }
  }

  @Override
  public boolean repeatable() {
    return false;
  }

  @Override
  public Touch touch() {
    return Touch.UNTOLD;
  }
}
