package dev.helm.activities.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.agents.AgentView;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity.Reply;
import dev.helm.workflows.ModelActivity.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What the blueprint's hooks have to say between an agent's turns. */
final class ModelHooks {
  /** Most times that hooks keep one agent from stopping. */
  private static final int GOES_ON_MAX = 8;

  private final Hooks hooks;

  ModelHooks(Hooks hooks) {
    this.hooks = hooks;
  }

  // ---- start -------------------------------------------------------------------------------

  /** What hooks say when an agent begins; nothing for a sub-agent. */
  Hooks.Said start(Request request, Runs.Info info, BooleanSupplier stopped) {
    if (request.head() != null || !AgentView.isMain(request.agent())) {
      return Hooks.Said.NOTHING;
    }
    ObjectNode input = HelmJson.mapper().createObjectNode();
    input.put("source", request.epoch() == 1 ? "startup" : "resume");
    return ask(HookEvent.SESSION_START, request, info, "session", input, stopped);
  }

  // ---- steering ----------------------------------------------------------------------------

  /** What the agent reads of a person's message: nothing when a hook keeps it back. */
  List<String> message(
      Request request, Runs.Info info, Runs.QueuedMessage message, BooleanSupplier stopped) {
    ObjectNode input = HelmJson.mapper().createObjectNode().put("prompt", message.text());
    Hooks.Said said =
        ask(
            HookEvent.USER_PROMPT_SUBMIT,
            request,
            info,
            "message-" + message.messageId(),
            input,
            stopped);
    if (said.blocks()) {
      return List.of();
    }
    List<String> texts = new ArrayList<>(List.of(message.text()));
    texts.addAll(added(said));
    return texts;
  }

  /** Context as the model reads it. */
  static List<String> added(Hooks.Said said) {
    return said.context().isEmpty()
        ? List.of()
        : List.of("(A hook adds:)\n" + String.join("\n", said.context()));
  }

  // ---- stop --------------------------------------------------------------------------------

  /** The reply, with the agent going on if it wants to stop and a hook does not let it. */
  Reply stopped(Request request, Runs.Info info, Reply reply, BooleanSupplier stopped) {
    if (!(reply instanceof Reply.Answered answered) || !answered.calls().isEmpty()) {
      return reply;
    }
    HookEvent event = stop(request);
    if (!Hooks.any(info.blueprint(), event, "")) {
      return reply;
    }
    int before = held(request, info, event);
    if (before >= GOES_ON_MAX) {
      return reply;
    }
    ObjectNode input = HelmJson.mapper().createObjectNode().put("stop_hook_active", before > 0);
    return ask(event, request, info, ofTurn(request.turn()), input, stopped).blocks()
        ? new Reply.Answered(answered.head(), answered.calls(), true)
        : reply;
  }

  /** Why the turn before was not the last, for the model; null when no hook said so. */
  @Nullable String goesOn(Request request, Runs.Info info) {
    HookEvent event = stop(request);
    if (!Hooks.any(info.blueprint(), event, "")) {
      return null;
    }
    Hooks.Said said = hooks.recorded(moment(event, request, info, ofTurn(request.turn() - 1)));
    return said.blocks()
        ? "Your work is not done: " + said.told() + String.join("\n", added(said))
        : null;
  }

  private int held(Request request, Runs.Info info, HookEvent event) {
    int held = 0;
    for (int turn = request.turn() - 1; turn > 0 && held < GOES_ON_MAX; turn--) {
      if (hooks.recorded(moment(event, request, info, ofTurn(turn))).blocks()) {
        held++;
      }
    }
    return held;
  }

  private static String ofTurn(int turn) {
    return "t" + turn;
  }

  private static HookEvent stop(Request request) {
    return AgentView.isMain(request.agent()) ? HookEvent.STOP : HookEvent.SUBAGENT_STOP;
  }

  // ---- parts -------------------------------------------------------------------------------

  private Hooks.Said ask(
      HookEvent event,
      Request request,
      Runs.Info info,
      String at,
      ObjectNode input,
      BooleanSupplier stopped) {
    return Hooks.any(info.blueprint(), event, "")
        ? hooks.ask(moment(event, request, info, at), input, stopped)
        : Hooks.Said.NOTHING;
  }

  private static Hooks.Moment moment(HookEvent event, Request request, Runs.Info info, String at) {
    return new Hooks.Moment(
        info,
        event,
        "e" + request.epoch() + "/" + request.agent() + "/" + at,
        request.agent(),
        null,
        "");
  }
}
