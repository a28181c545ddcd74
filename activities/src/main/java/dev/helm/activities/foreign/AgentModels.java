package dev.helm.activities.foreign;

import dev.helm.activities.agents.AgentView;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Conversations;
import dev.helm.activities.store.LiveText;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.ModelActivity;

/**
 * What the workflow asks for the next step of an agent: the model for Helm's own loop, the foreign
 * agent itself for every other. Sub-agents that Helm starts are its own loop.
 */
public final class AgentModels implements ModelActivity {
  private final Runs runs;
  private final ModelActivity own;
  private final ForeignModel foreign;

  /**
   * With the store's ports.
   *
   * @param own Helm's own loop
   */
  public AgentModels(
      RunLog log,
      Blobs blobs,
      Conversations conversations,
      Runs runs,
      LiveText live,
      ModelActivity own,
      ForeignSessions sessions) {
    this.runs = runs;
    this.own = own;
    this.foreign =
        new ForeignModel(
            sessions,
            conversations,
            runs,
            new TurnFacts(log, blobs, conversations, runs),
            new Told(log, runs, live));
  }

  @Override
  public Reply call(Request request) {
    boolean ofHelm =
        !AgentView.isMain(request.agent())
            || runs.info(request.run()).blueprint().agent().equals(Blueprint.NATIVE);
    return ofHelm ? own.call(request) : foreign.call(request);
  }
}
