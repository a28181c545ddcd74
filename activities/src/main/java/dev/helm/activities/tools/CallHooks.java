package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.run.Heart;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.RunStart.CallResult;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.decide.Verdict;
import io.temporal.activity.Activity;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the blueprint's hooks have to say of a tool call, before and after it. */
final class CallHooks {
  private static final Logger LOG = LoggerFactory.getLogger(CallHooks.class);
  private static final int RESPONSE_CHARS_MAX = 100_000;

  private final Hooks hooks;
  private final Blobs blobs;

  CallHooks(Hooks hooks, Blobs blobs) {
    this.hooks = hooks;
    this.blobs = blobs;
  }

  // ---- before ------------------------------------------------------------------------------

  /** What they have said of the call by now; none is asked. */
  Hooks.Said before(ToolActivity.Request request, Runs.Info info) {
    return Hooks.any(info.blueprint(), HookEvent.PRE_TOOL_USE, request.tool())
        ? hooks.recorded(moment(HookEvent.PRE_TOOL_USE, request, info, ""))
        : Hooks.Said.NOTHING;
  }

  /** Asks them of a call that the gate has not decided. */
  Hooks.Said ask(CallContext context) {
    return ask(context, "");
  }

  /** Asks them again, of what a person made of the call. */
  Hooks.Said askOfEdit(CallContext context) {
    return ask(context, "/" + context.argumentsHash().substring(0, 16));
  }

  private Hooks.Said ask(CallContext context, String which) {
    if (!Hooks.any(context.info().blueprint(), HookEvent.PRE_TOOL_USE, context.call().tool())) {
      return Hooks.Said.NOTHING;
    }
    ObjectNode input = ofCall(context);
    try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
      return hooks.ask(
          moment(HookEvent.PRE_TOOL_USE, context.request(), context.info(), which),
          input,
          heart::interrupted);
    }
  }

  /** As the gate reads it. */
  static Verdict verdict(Hooks.Said said) {
    return switch (said.decision()) {
      case "allow" -> new Verdict.Allow("hook", said.hook(), null);
      case "ask" -> new Verdict.Ask("hook " + said.hook(), said.told());
      case "block" -> new Verdict.Deny("hook", said.told(), null);
      default -> new Verdict.Pass();
    };
  }

  // ---- after -------------------------------------------------------------------------------

  /** Whether any of them wants to know of the end of such a call. */
  static boolean afterwards(CallContext context) {
    return Hooks.any(context.info().blueprint(), HookEvent.POST_TOOL_USE, context.call().tool());
  }

  /** The result with what they say of it. */
  CallResult after(CallContext context, CallResult result) {
    byte[] bytes = blobs.get(result.sha256());
    String text = bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    ObjectNode input = ofCall(context);
    input
        .putObject("tool_response")
        .put("content", Cut.middle(text, RESPONSE_CHARS_MAX))
        .put("is_error", result.error());
    Hooks.Said said;
    try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
      said =
          hooks.ask(
              moment(HookEvent.POST_TOOL_USE, context.request(), context.info(), ""),
              input,
              heart::interrupted);
    }
    String objection =
        said.blocks() ? "\n\n(Of this call, which has been made, " + said.told() + ")" : "";
    String whole = text + objection + words(said);
    return whole.equals(text)
        ? result
        : new CallResult(
            result.toolUseId(),
            blobs.put(whole.getBytes(StandardCharsets.UTF_8), "text/plain"),
            result.error());
  }

  /** What the model is to read besides, behind a result. */
  static String words(Hooks.Said said) {
    return said.context().isEmpty()
        ? ""
        : "\n\n(A hook adds:)\n" + String.join("\n", said.context());
  }

  // ---- notification ------------------------------------------------------------------------

  /** Tells them that people are waited for; nothing waits for what they say. */
  void waits(CallContext context, Reply.Waits waits) {
    if (!Hooks.any(context.info().blueprint(), HookEvent.NOTIFICATION, "")) {
      return;
    }
    ObjectNode input = HelmJson.mapper().createObjectNode();
    input.put("notification_type", waits.reason() + "_prompt");
    input.put("title", context.info().name());
    input.put(
        "message",
        waits.reason().equals("permission")
            ? "The agent needs your permission to use " + context.call().tool()
            : "The agent waits for your input");
    Hooks.Moment moment =
        moment(HookEvent.NOTIFICATION, context.request(), context.info(), "/" + waits.waitId());
    Thread.startVirtualThread(
        () -> {
          try {
            hooks.ask(moment, input, () -> false);
          } catch (RuntimeException e) {
            LOG.warn("a notification hook of run {} was not told: {}", context.run(), e.toString());
          }
        });
  }

  // ---- parts -------------------------------------------------------------------------------

  private static Hooks.Moment moment(
      HookEvent event, ToolActivity.Request request, Runs.Info info, String which) {
    boolean ofTool = event == HookEvent.PRE_TOOL_USE || event == HookEvent.POST_TOOL_USE;
    return new Hooks.Moment(
        info,
        event,
        "e" + request.epoch() + "/" + request.agent() + "/" + request.toolUseId() + which,
        request.agent(),
        request.toolUseId(),
        ofTool ? request.tool() : "");
  }

  private static ObjectNode ofCall(CallContext context) {
    ObjectNode input = HelmJson.mapper().createObjectNode();
    input.put("tool_name", context.call().tool());
    input.set("tool_input", HelmJson.read(context.call().source(), JsonNode.class));
    return input.put("tool_use_id", context.toolUseId());
  }
}
