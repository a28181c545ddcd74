package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.foreign.AgentEvents;
import dev.helm.activities.foreign.Given;
import dev.helm.activities.foreign.ProgramCall;
import dev.helm.activities.foreign.ProgramCalls;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the managed hooks of a program's runtimes ask and tell. Any process of the container can
 * speak here: what it says can have people asked, but lets nothing run that they did not allow, and
 * a call whose hook has left, or whose turn is over, waits for nothing.
 */
final class ProgramHooks implements Gates.Side, RuntimeWork.Waiting {
  private static final String ERROR = "<tool_use_error>";

  private final Supplier<ProgramCalls> program;
  private final Runnable ends;
  private final Predicate<String> askedByModel;
  private final RuntimeCalls calls = new RuntimeCalls();
  private final Subagents subagents;
  private final Map<String, String> sessions = new HashMap<>();
  private final Map<String, Runnable> leaves = new HashMap<>();
  private final Set<String> withoutEnd = new HashSet<>();
  private final List<Given.Message> heard = new ArrayList<>();
  private final Refusals refusals;
  private boolean over;
  private String fault = "";

  /**
   * Of one life of a program.
   *
   * @param askedByModel whether the run's model has asked for a call with this id
   * @param ends ends the program
   */
  ProgramHooks(
      AgentEvents events,
      Supplier<ProgramCalls> program,
      Predicate<String> askedByModel,
      Runnable ends) {
    this.askedByModel = askedByModel;
    this.refusals = new Refusals(events);
    this.program = program;
    this.ends = ends;
    this.subagents = new Subagents(events);
  }

  /** Why the program had to be ended; empty when it had not. */
  synchronized String fault() {
    return fault;
  }

  // ---- what Helm does ------------------------------------------------------------------------

  @Override
  public synchronized @Nullable PendingCall call(String id) {
    return calls.of(id);
  }

  @Override
  public synchronized boolean allow(String id, JsonNode arguments) {
    return !over && calls.allow(id, arguments);
  }

  @Override
  public synchronized void deny(String id, String reason) {
    calls.deny(id, reason);
  }

  @Override
  public synchronized void spawns(String toolUseId, String label, String kind) {
    subagents.spawns(toolUseId, label, kind);
  }

  /** The program is gone. */
  synchronized void over() {
    over = true;
    calls.gone(new java.io.IOException("the program is gone"));
    subagents.gone();
  }

  // ---- what the hooks say --------------------------------------------------------------------

  @Override
  public boolean watched() {
    return true;
  }

  @Override
  public Gates.Answer asked(JsonNode question) throws InterruptedException {
    return asked(question, () -> false);
  }

  @Override
  public Gates.Answer asked(JsonNode question, BooleanSupplier gone) throws InterruptedException {
    return switch (question.path("hook_event_name").asText()) {
      case "PostToolUse" -> {
        after(question, ResultText.of(question.path("tool_response")), false);
        yield told("PostToolUse");
      }
      case "PostToolUseFailure" -> {
        after(question, question.path("error").asText("it failed"), true);
        yield told("PostToolUseFailure");
      }
      case "PostToolBatch" -> {
        question.path("tool_calls").forEach(this::batched);
        yield Gates.Answer.NOTHING;
      }
      case "Stop" -> stops(question.path("session_id").asText());
      // Whatever it is called: nothing passes by.
      default -> before(question, gone);
    };
  }

  private Gates.Answer before(JsonNode question, BooleanSupplier gone) throws InterruptedException {
    CompletableFuture<PendingCall.Verdict> verdict = new CompletableFuture<>();
    String refusal = raised(question, gone, verdict);
    if (refusal != null) {
      return Gates.Answer.denied(refusal);
    }
    try {
      PendingCall.Verdict made = verdict.get(ClaudeSession.VERDICT_MS, TimeUnit.MILLISECONDS);
      String said = said();
      if (!made.allowed()) {
        return Gates.Answer.denied(made.reason() + (said.isEmpty() ? "" : "\n\n" + said));
      }
      ObjectNode output = made.asHook();
      if (!said.isEmpty()) {
        ((ObjectNode) output.path("hookSpecificOutput")).put("additionalContext", said);
      }
      return new Gates.Answer("", output);
    } catch (ExecutionException | TimeoutException e) {
      return Gates.Answer.denied("Helm has not allowed this call.");
    }
  }

  private synchronized @Nullable String raised(
      JsonNode question, BooleanSupplier gone, CompletableFuture<PendingCall.Verdict> verdict) {
    String id = question.path("tool_use_id").asText();
    String tool = question.path("tool_name").asText();
    JsonNode input = question.path("tool_input");
    if (over) {
      return "The program is over.";
    }
    if (calls.named(id)) {
      return refusals.refused(tool, "There was a call with this id already.");
    }
    if (!askedByModel.test(id)) {
      return refusals.refused(tool, "No model of this run has asked for it.");
    }
    String agentId = question.path("agent_id").asText();
    String label =
        agentId.isEmpty() ? null : subagents.label(agentId, question.path("agent_type").asText());
    if (label == null && !agentId.isEmpty()) {
      return refusals.refused(tool, "It names a sub-agent that Helm has not let begin.");
    }
    calls.announce(id, tool, input, label);
    PendingCall call = calls.begin(id, tool, input);
    if (call == null) {
      return refusals.refused(tool, "It cannot be told which call this is.");
    }
    calls.take();
    boolean fetched = tool.startsWith(HelmTools.PREFIX);
    ProgramCall raised;
    try {
      raised = program.get().raise(id, call.tool(), call.arguments(), label, fetched);
    } catch (ProgramCalls.Refused e) {
      calls.ended(call);
      return String.valueOf(e.getMessage());
    }
    sessions.put(id, question.path("session_id").asText());
    CompletableFuture<ProgramCall.Answer> caller = raised.caller();
    leaves.put(id, () -> raised.leave(caller));
    call.asked(verdict::complete);
    // On a thread of its own: whoever answers holds the lock of the calls, which is taken after
    // this one elsewhere.
    var unused =
        caller.whenCompleteAsync(
            (answer, none) -> decided(call, input, answer),
            task -> Thread.ofVirtual().name("agent-decided").start(task));
    if (gone.getAsBoolean()) {
      left(question);
    }
    return null;
  }

  /** What gate, people or Helm's tools gave; for a call that was let go, its own result. */
  private synchronized void decided(
      PendingCall call, JsonNode input, ProgramCall.@Nullable Answer answer) {
    if (answer != null) {
      heard.addAll(answer.messages());
    }
    if (answer == null || answer.error()) {
      call.deny(answer == null ? "The program is over." : answer.text());
    } else if (call.wireTool.equals(OwnTools.QUESTION)) {
      call.allow(OwnTools.answered(input, answer.text()));
    } else if (call.wireTool.startsWith(HelmTools.PREFIX)) {
      call.allow(input);
    } else {
      call.deny(answer.text());
    }
    if (!call.allowed()) {
      ended(call);
    }
  }

  private void ended(PendingCall call) {
    calls.ended(call);
    program.get().fetched(call.id);
    sessions.remove(call.id);
    leaves.remove(call.id);
  }

  @Override
  public synchronized void left(JsonNode question) {
    String id = question.path("tool_use_id").asText();
    PendingCall call = calls.of(id);
    Runnable leave = leaves.remove(id);
    if (call != null && leave != null && !call.decided()) {
      leave.run();
      call.deny("Nobody waits for this call any more.");
      ended(call);
    }
  }

  private synchronized void after(JsonNode told, String text, boolean error) {
    String id = told.path("tool_use_id").asText();
    PendingCall call = calls.of(id);
    String tool = told.path("tool_name").asText();
    if (call == null && calls.named(id)) {
      if (withoutEnd.remove(id)) {
        fails("the end of a call of " + Shown.name(tool) + " came after it was said to have none");
      }
      return;
    }
    if (call == null || !call.allowed()) {
      fails(
          "its runtime says that it carried out a call of "
              + Shown.name(tool)
              + " that Helm had not allowed");
      return;
    }
    boolean asAllowed = call.runs(tool, told.path("tool_input"));
    subagents.ended(id, error);
    call.end.complete(
        asAllowed
            ? ResultText.end(call, text, error)
            : dev.helm.activities.tools.ToolEnd.failed(
                "failed · not what was allowed",
                "The runtime carried this out with other arguments: " + told.path("tool_input")));
    ended(call);
    if (!asAllowed) {
      fails(
          "its runtime carried out a call of "
              + Shown.name(tool)
              + " with other arguments than Helm had allowed");
    }
  }

  private void fails(String why) {
    if (fault.isEmpty() && !over) {
      fault = "the agent's program was ended: " + why;
      Thread.ofVirtual().name("agent-fault").start(ends);
    }
  }

  /** All ends of a batch have been told by now. */
  private void batched(JsonNode each) {
    withoutEnd(each.path("tool_use_id").asText(), denied(each));
  }

  /** Whether a hook of the program's own denied it, as the runtime words that for the model. */
  private static boolean denied(JsonNode each) {
    String said = each.path("tool_response").asText();
    String plain = said.startsWith(ERROR) ? said.substring(ERROR.length()) : said;
    return plain.startsWith("PreToolUse:" + each.path("tool_name").asText() + " hook error:");
  }

  /** Of what Helm let go no end was told, and none is to come. */
  private synchronized void withoutEnd(String id, boolean denied) {
    PendingCall call = calls.of(id);
    if (call == null || !call.allowed()) {
      return;
    }
    if (denied) {
      call.end.complete(
          dev.helm.activities.tools.ToolEnd.failed(
              "failed · given up", "The program's runtime did not carry this out."));
    } else {
      call.end.completeExceptionally(new RuntimeWork.NoEnd());
    }
    subagents.ended(id, true);
    withoutEnd.add(id);
    ended(call);
  }

  private synchronized Gates.Answer stops(String session) {
    for (Map.Entry<String, String> each : Map.copyOf(sessions).entrySet()) {
      if (each.getValue().equals(session)) {
        withoutEnd(each.getKey(), false);
      }
    }
    String said = said();
    return said.isEmpty()
        ? Gates.Answer.NOTHING
        : new Gates.Answer(
            "", HelmJson.mapper().createObjectNode().put("decision", "block").put("reason", said));
  }

  private Gates.Answer told(String event) {
    String said = said();
    if (said.isEmpty()) {
      return Gates.Answer.NOTHING;
    }
    ObjectNode output = HelmJson.mapper().createObjectNode();
    output
        .putObject("hookSpecificOutput")
        .put("hookEventName", event)
        .put("additionalContext", said);
    return new Gates.Answer("", output);
  }

  /** What people say, once; empty when nobody said anything. */
  private synchronized String said() {
    heard.addAll(program.get().said());
    StringBuilder all = new StringBuilder();
    for (Given.Message message : heard) {
      all.append(all.isEmpty() ? "" : "\n")
          .append("Message from a person: ")
          .append(message.text());
    }
    heard.clear();
    return all.toString();
  }
}
