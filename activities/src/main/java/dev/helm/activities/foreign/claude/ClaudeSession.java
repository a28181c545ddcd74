package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.foreign.AgentEvents;
import dev.helm.activities.foreign.Next;
import dev.helm.workflows.HelmJson;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one life of the runtime has said and asks for. Everything that it writes is hostile input:
 * it can ask and it can end, and nothing that it says makes a call pass.
 */
final class ClaudeSession implements ControlLine.Peer, Gates.Side, RuntimeWork.Waiting {
  /** How long a stopped call may take to end. */
  private static final long STOP_MS = 5_000;

  /** How long the second lock waits for the runtime itself to ask about the same call. */
  static final long KNOWN_MS = 10_000;

  /** Most that may wait at the second lock for one call: its hook, and one that was repeated. */
  private static final int WAITING_MAX = 4;

  /** How long the second lock waits for a verdict: less than its hook may take. */
  static final long VERDICT_MS = 85_000_000;

  private static final int SAID_CHARS_MAX = 1 << 20;

  /** How long a result of a call may lag behind the hook that says that it has ended. */
  private static final long RESULT_LAG_MS = 500;

  /** How long a message that is queued may be without a sign of life, once a turn has ended. */
  private static final long QUEUED_MS = 10_000;

  private final HelmTools tools;
  private final AgentEvents events;
  private final ControlLine line;
  private final RuntimeCalls calls = new RuntimeCalls();
  private final Subagents subagents;
  private final Set<String> queued = new HashSet<>();
  private final StringBuilder said = new StringBuilder();
  private final Refusals refusals;
  private boolean interrupted;
  private @Nullable JsonNode result;
  private long resultNs;
  private @Nullable String over;

  /** Talks with a runtime, once its {@link #line} is open. */
  ClaudeSession(
      java.io.InputStream out, java.io.OutputStream in, HelmTools tools, AgentEvents events) {
    this.tools = tools;
    this.events = events;
    this.refusals = new Refusals(events);
    this.subagents = new Subagents(events);
    this.line = new ControlLine(out, in, this);
  }

  ControlLine line() {
    return line;
  }

  // ---- what Helm does ------------------------------------------------------------------------

  /** Gives the runtime a message; {@code now}: it drops what it does. */
  synchronized void say(String text, boolean now) {
    String uuid = UUID.randomUUID().toString();
    ObjectNode message = HelmJson.mapper().createObjectNode().put("type", "user");
    message.put("uuid", uuid).putNull("parent_tool_use_id");
    if (now) {
      message.put("priority", "now");
    }
    message.putObject("message").put("role", "user").put("content", text);
    queued.add(uuid);
    result = null;
    line.tell(message);
  }

  @Override
  public synchronized @Nullable PendingCall call(String id) {
    return calls.of(id);
  }

  @Override
  public synchronized boolean allow(String id, JsonNode arguments) {
    return over == null && calls.allow(id, arguments);
  }

  @Override
  public synchronized void deny(String id, String reason) {
    calls.deny(id, reason);
  }

  @Override
  public synchronized void spawns(String toolUseId, String label, String kind) {
    subagents.spawns(toolUseId, label, kind);
  }

  /**
   * What the second lock asks: the verdict on exactly this call, as soon as there is one. Attack:
   * any process of the container can ask here. So only a call that the runtime itself asks about is
   * one, and nobody is asked about another.
   */
  @Override
  public Gates.Answer asked(JsonNode question) throws InterruptedException {
    if (!question.path("hook_event_name").asText().equals("PreToolUse")) {
      return Gates.Answer.NOTHING; // The session hears of the rest by itself.
    }
    CompletableFuture<PendingCall.Verdict> verdict = new CompletableFuture<>();
    String refusal = asks(question, verdict);
    if (refusal != null) {
      return Gates.Answer.denied(refusal);
    }
    try {
      return Gates.Answer.of(verdict.get(VERDICT_MS, TimeUnit.MILLISECONDS));
    } catch (ExecutionException | TimeoutException e) {
      return Gates.Answer.denied("Helm has not allowed this call.");
    }
  }

  private synchronized @Nullable String asks(
      JsonNode question, CompletableFuture<PendingCall.Verdict> verdict)
      throws InterruptedException {
    String id = question.path("tool_use_id").asText();
    long untilNs = System.nanoTime() + ms(KNOWN_MS);
    while (!calls.named(id) && over == null && untilNs > System.nanoTime()) {
      TimeUnit.NANOSECONDS.timedWait(this, Math.max(1, untilNs - System.nanoTime()));
    }
    String tool = question.path("tool_name").asText();
    JsonNode input = question.path("tool_input");
    PendingCall call = calls.announced(id, tool, input) ? begun(id, tool, input) : calls.of(id);
    String why =
        over != null
            ? "No session of this run is at work."
            : call == null
                ? "The runtime knows of no such call."
                : !call.asks(tool, input)
                    ? "The runtime asks about another call under this id."
                    : call.waiting() >= WAITING_MAX ? "This call is asked about already." : null;
    if (why == null && call != null) {
      call.asked(verdict::complete);
    } else if (over == null) {
      return refusals.refused(tool, String.valueOf(why));
    }
    return why;
  }

  /**
   * Stops what the runtime does. A call that has not ended in time ends as unknown, and the session
   * with it: the runtime cannot be believed to have stopped.
   */
  void stop(PendingCall call) {
    ObjectNode request = HelmJson.mapper().createObjectNode().put("subtype", "interrupt");
    var asked = line.ask(request, java.time.Duration.ofSeconds(30));
    if (call.tool().equals("Agent")) {
      return; // It is at work beside the others, and Helm does not wait for its end.
    }
    var unused =
        CompletableFuture.runAsync(
            () -> {
              if (call.end.completeExceptionally(new java.io.IOException("it did not stop"))) {
                line.close();
              }
            },
            CompletableFuture.delayedExecutor(STOP_MS, TimeUnit.MILLISECONDS));
  }

  synchronized void interrupt() {
    interrupted = true;
    notifyAll();
  }

  /** Whether a call is carried out by the runtime now. */
  synchronized boolean working() {
    return calls.working();
  }

  /** What comes next; see {@code AgentDriver.next}. */
  synchronized Next next() throws InterruptedException {
    while (true) {
      long nowNs = System.nanoTime();
      if (interrupted) {
        interrupted = false;
        return new Next.Interrupted();
      }
      long settlesNs = calls.settlesInNs();
      if (settlesNs == 0) {
        return new Next.Calls(take(), calls.take());
      }
      JsonNode end = result;
      if (settlesNs < 0 && end != null && ended(end, nowNs)) {
        return ResultText.next(take(), end);
      }
      String fault = over;
      if (settlesNs < 0 && fault != null) {
        return new Next.Lost(take(), fault.isEmpty() ? "the runtime ended" : fault);
      }
      TimeUnit.NANOSECONDS.timedWait(this, settlesNs > 0 ? settlesNs : waitNs());
    }
  }

  private long waitNs() {
    return result != null ? ms(QUEUED_MS) / 10 : ms(60_000);
  }

  /** A message that waits behind a turn's end begins another turn. */
  private boolean ended(JsonNode end, long nowNs) {
    return queued.isEmpty() || end.path("is_error").asBoolean() || nowNs - resultNs > ms(QUEUED_MS);
  }

  private String take() {
    String text = said.toString().strip();
    said.setLength(0);
    return text;
  }

  private static long ms(long ms) {
    return ms * 1_000_000;
  }

  // ---- what the runtime says -----------------------------------------------------------------

  @Override
  public synchronized void asks(String requestId, JsonNode request) {
    switch (request.path("subtype").asText()) {
      case "hook_callback" -> hook(requestId, request);
      case "can_use_tool" ->
          gate(
              request.path("tool_use_id").asText(),
              request.path("tool_name").asText(),
              request.path("input"),
              request,
              false,
              verdict -> line.answer(requestId, verdict.asPermission()));
      case "mcp_message" -> mcp(requestId, request);
      default -> line.refuse(requestId, "Helm does not know this request");
    }
  }

  private void hook(String requestId, JsonNode request) {
    JsonNode input = request.path("input");
    ObjectNode nothing = HelmJson.mapper().createObjectNode();
    switch (request.path("callback_id").asText()) {
      case "PostToolUse" -> {
        line.answer(requestId, nothing);
        later(input, ResultText.of(input.path("tool_response")), false);
      }
      case "PostToolUseFailure" -> {
        line.answer(requestId, nothing);
        later(input, input.path("error").asText("it failed"), true);
      }
      case "PreCompact" -> {
        line.answer(requestId, nothing);
        note("(The conversation grew too long: the runtime goes on with a summary of it.)");
      }
      case "SubagentStart", "SubagentStop" -> line.answer(requestId, nothing);
      // Whatever it is called, the runtime waits for an answer before a tool: nothing passes by.
      default ->
          gate(
              input.path("tool_use_id").asText(request.path("tool_use_id").asText()),
              input.path("tool_name").asText(),
              input.path("tool_input"),
              input,
              true,
              verdict -> line.answer(requestId, verdict.asHook()));
    }
  }

  /**
   * Asks Helm about a call, new or known. Attack: another call under an id that was allowed.
   *
   * @param from says which sub-agent asks, if one does
   * @param exact whether the arguments have to be those that were asked about, or that the lock has
   *     made of them; the runtime's own check is only told what was allowed
   */
  private void gate(
      String id,
      String tool,
      JsonNode input,
      JsonNode from,
      boolean exact,
      Consumer<PendingCall.Verdict> question) {
    PendingCall call = calls.of(id);
    if (call == null) {
      call = begun(id, tool, input, from);
    } else if (exact ? !call.isOf(tool, input) : !call.wireTool.equals(tool)) {
      call = null;
    }
    if (call == null) {
      question.accept(PendingCall.Verdict.denied("Helm cannot tell which call this is."));
    } else {
      call.asked(question);
    }
  }

  private @Nullable PendingCall begun(String id, String tool, JsonNode input, JsonNode from) {
    String agentId = from.path("agent_id").asText();
    if (!agentId.isEmpty()) {
      String label = subagents.label(agentId, from.path("agent_type").asText());
      if (label == null) {
        return null;
      }
      calls.announce(id, tool, input, label);
    } else if (!calls.announced(id, tool, input)) {
      calls.announce(id, tool, input, null);
    }
    return begun(id, tool, input);
  }

  private @Nullable PendingCall begun(String id, String tool, JsonNode input) {
    PendingCall call = over == null ? calls.begin(id, tool, input) : null;
    if (call != null) {
      result = null;
      notifyAll();
    }
    return call;
  }

  private void mcp(String requestId, JsonNode request) {
    ObjectNode response = HelmJson.mapper().createObjectNode();
    ObjectNode reply = tools.answer(request.path("message"));
    if (reply == null) {
      response.putObject("mcp_response").put("jsonrpc", "2.0").put("id", 0).putObject("result");
    } else {
      response.set("mcp_response", reply);
    }
    line.answer(requestId, response);
  }

  @Override
  public void cancels(String requestId) {
    // The call's own end follows as a result.
  }

  @Override
  public synchronized void says(JsonNode message) {
    boolean main = message.path("parent_tool_use_id").isNull();
    switch (message.path("type").asText()) {
      case "stream_event" -> {
        JsonNode delta = message.path("event").path("delta");
        if (main && delta.path("type").asText().equals("text_delta")) {
          events.says(delta.path("text").asText());
        }
      }
      case "assistant" ->
          asked(message.path("parent_tool_use_id"), message.path("message").path("content"));
      case "user" -> results(message.path("message").path("content"));
      case "command_lifecycle" -> {
        String state = message.path("state").asText();
        if (!state.equals("queued")
            && queued.remove(message.path("command_uuid").asText())
            && state.equals("started")) {
          // It begins another turn: an end that was said before is not the end of that.
          result = null;
        }
      }
      case "result" -> {
        result = message;
        resultNs = System.nanoTime();
        notifyAll();
      }
      default -> {}
    }
  }

  private void asked(JsonNode parent, JsonNode content) {
    boolean main = parent.isNull();
    String label = main ? null : subagents.labelOf(parent.asText());
    for (JsonNode block : content) {
      String type = block.path("type").asText();
      if (main && type.equals("text")) {
        note(block.path("text").asText());
      } else if (type.equals("tool_use") && (main || label != null)) {
        calls.announce(
            block.path("id").asText(), block.path("name").asText(), block.path("input"), label);
        notifyAll();
      }
    }
  }

  private void note(String text) {
    if (said.length() + text.length() <= SAID_CHARS_MAX && !text.isBlank()) {
      said.append(said.isEmpty() ? "" : "\n\n").append(text);
    }
  }

  private void results(JsonNode content) {
    for (JsonNode block : content) {
      if (block.path("type").asText().equals("tool_result")) {
        PendingCall call = calls.of(block.path("tool_use_id").asText());
        if (call != null) {
          boolean error = block.path("is_error").asBoolean();
          subagents.ended(call.id, error);
          if (call.tool().equals("Agent") && call.allowed()) {
            note("(A sub-agent's report:)\n" + ResultText.of(block.path("content")));
          }
          ended(call, ResultText.of(block.path("content")), error);
        }
      }
    }
  }

  /** The hook tells first; the text that the model reads follows, unless other calls hold it up. */
  private void later(JsonNode input, String text, boolean error) {
    PendingCall call = calls.of(input.path("tool_use_id").asText());
    if (call != null && !call.end.isDone()) {
      var unused =
          CompletableFuture.runAsync(
              () -> ended(call, text, error),
              CompletableFuture.delayedExecutor(RESULT_LAG_MS, TimeUnit.MILLISECONDS));
    }
  }

  private synchronized void ended(PendingCall call, String text, boolean error) {
    calls.ended(call);
    call.end.complete(ResultText.end(call, text, error));
  }

  @Override
  public synchronized void over(String fault) {
    over = fault;
    notifyAll();
    calls.gone(new java.io.IOException("the runtime is gone"));
    tools.forget();
    subagents.gone();
  }
}
