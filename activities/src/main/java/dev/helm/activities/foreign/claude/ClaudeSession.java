package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.foreign.Next;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one life of the runtime has said and asks for. Everything that it writes is hostile input:
 * it can ask and it can end, and nothing that it says makes a call pass.
 */
final class ClaudeSession implements ControlLine.Peer {
  /** How long a stopped call may take to end. */
  private static final long STOP_MS = 5_000;

  /** Calls that come within this time are one batch. */
  static final long SETTLE_MS = 120;

  /** Most calls of one life. */
  static final int CALLS_MAX = 100_000;

  /** Most calls that wait for Helm at one time. */
  static final int BATCH_MAX = 64;

  /** How long the second lock waits for a verdict: less than its hook may take. */
  static final long VERDICT_MS = 85_000_000;

  private static final int SAID_CHARS_MAX = 1 << 20;

  /** How long a result of a call may lag behind the hook that says that it has ended. */
  private static final long RESULT_LAG_MS = 500;

  /** How long a message that is queued may be without a sign of life, once a turn has ended. */
  private static final long QUEUED_MS = 10_000;

  private final HelmTools tools;
  private final Consumer<String> live;
  private final ControlLine line;
  private final Map<String, PendingCall> calls = new LinkedHashMap<>();
  private final List<PendingCall> fresh = new ArrayList<>();
  private final Set<String> queued = new HashSet<>();
  private final StringBuilder said = new StringBuilder();
  private long freshNs;
  private boolean interrupted;
  private @Nullable JsonNode result;
  private long resultNs;
  private @Nullable String over;

  /**
   * @param live for text as it comes
   */
  ClaudeSession(
      java.io.InputStream out, java.io.OutputStream in, HelmTools tools, Consumer<String> live) {
    this.tools = tools;
    this.live = live;
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

  /** A call of this life, or null. */
  synchronized @Nullable PendingCall call(String id) {
    return calls.get(id);
  }

  /** Lets a call pass with these arguments; false when it is not waiting for that. */
  synchronized boolean allow(String id, JsonNode arguments) {
    PendingCall call = calls.get(id);
    if (call == null || call.decided() || over != null) {
      return false;
    }
    call.allow(arguments, line);
    notifyAll();
    return true;
  }

  /** Denies a call, if nobody has decided. */
  synchronized void deny(String id, String reason) {
    PendingCall call = calls.get(id);
    if (call != null) {
      call.deny(reason, line);
      notifyAll();
    }
  }

  /**
   * What the second lock asks, before the runtime's hooks do: the verdict on exactly this call, as
   * soon as there is one.
   *
   * @return empty when it may pass, else why not
   */
  synchronized String verdict(String id, String wireTool, JsonNode input)
      throws InterruptedException {
    long untilNs = System.nanoTime() + ms(VERDICT_MS);
    PendingCall call = known(id, wireTool, input, true);
    while (call != null && !call.decided() && over == null && System.nanoTime() < untilNs) {
      TimeUnit.NANOSECONDS.timedWait(this, untilNs - System.nanoTime());
    }
    return call == null || !call.decided() || over != null
        ? "Helm has not allowed this call."
        : call.allowed() ? "" : call.reason();
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
        java.util.concurrent.CompletableFuture.runAsync(
            () -> {
              if (call.end.completeExceptionally(new java.io.IOException("it did not stop"))) {
                line.close();
              }
            },
            java.util.concurrent.CompletableFuture.delayedExecutor(STOP_MS, TimeUnit.MILLISECONDS));
  }

  synchronized void interrupt() {
    interrupted = true;
    notifyAll();
  }

  /** Whether a call is carried out by the runtime now. */
  synchronized boolean working() {
    return calls.values().stream().anyMatch(call -> call.allowed() && !call.end.isDone());
  }

  /** What comes next; see {@code AgentDriver.next}. */
  synchronized Next next() throws InterruptedException {
    while (true) {
      long nowNs = System.nanoTime();
      if (interrupted) {
        interrupted = false;
        return new Next.Interrupted();
      }
      if (!fresh.isEmpty() && (nowNs - freshNs >= ms(SETTLE_MS) || fresh.size() >= BATCH_MAX)) {
        return batch();
      }
      JsonNode end = result;
      if (fresh.isEmpty() && end != null && ended(end, nowNs)) {
        return ResultText.next(take(), end);
      }
      String fault = over;
      if (fresh.isEmpty() && fault != null) {
        return new Next.Lost(take(), fault.isEmpty() ? "the runtime ended" : fault);
      }
      TimeUnit.NANOSECONDS.timedWait(this, waitNs(nowNs));
    }
  }

  private long waitNs(long nowNs) {
    if (!fresh.isEmpty()) {
      return Math.max(1_000_000, freshNs + ms(SETTLE_MS) - nowNs);
    }
    return result != null ? ms(QUEUED_MS) / 10 : ms(60_000);
  }

  /** A message that waits behind a turn's end begins another turn. */
  private boolean ended(JsonNode end, long nowNs) {
    return queued.isEmpty() || end.path("is_error").asBoolean() || nowNs - resultNs > ms(QUEUED_MS);
  }

  private Next batch() {
    List<Next.Asked> asked = new ArrayList<>();
    for (PendingCall call : fresh) {
      asked.add(new Next.Asked(call.id, call.tool(), call.arguments()));
    }
    fresh.clear();
    return new Next.Calls(take(), asked);
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
              requestId,
              false,
              request.path("tool_use_id").asText(),
              request.path("tool_name").asText(),
              request.path("input"));
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
              requestId,
              true,
              input.path("tool_use_id").asText(request.path("tool_use_id").asText()),
              input.path("tool_name").asText(),
              input.path("tool_input"));
    }
  }

  private void gate(String requestId, boolean hook, String id, String tool, JsonNode input) {
    PendingCall call = known(id, tool, input, hook);
    if (call == null) {
      call = new PendingCall(id, tool, input);
      call.deny("Helm cannot tell which call this is.", line);
    }
    call.asked(requestId, hook, line);
  }

  /**
   * The call that is asked about, new or known; null when it cannot be told. Attack: another call
   * under an id that was allowed.
   *
   * @param exact whether the arguments have to be those that were asked about; the runtime's own
   *     check comes with those that were allowed
   */
  private @Nullable PendingCall known(String id, String tool, JsonNode input, boolean exact) {
    PendingCall known = calls.get(id);
    if (known != null) {
      return known.wireTool.equals(tool) && (!exact || known.asks(input)) ? known : null;
    }
    if (id.isEmpty()
        || id.length() > 128
        || tool.isEmpty()
        || !input.isObject()
        || calls.size() >= CALLS_MAX
        || over != null) {
      return null;
    }
    PendingCall call = new PendingCall(id, tool, input);
    calls.put(id, call);
    fresh.add(call);
    freshNs = System.nanoTime();
    result = null;
    notifyAll();
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
          live.accept(delta.path("text").asText());
        }
      }
      case "assistant" -> {
        if (main) {
          texts(message.path("message").path("content"));
        }
      }
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

  private void texts(JsonNode content) {
    for (JsonNode block : content) {
      if (block.path("type").asText().equals("text")) {
        note(block.path("text").asText());
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
        PendingCall call = calls.get(block.path("tool_use_id").asText());
        if (call != null) {
          boolean error = block.path("is_error").asBoolean();
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
    PendingCall call = calls.get(input.path("tool_use_id").asText());
    if (call != null && !call.end.isDone()) {
      var unused =
          java.util.concurrent.CompletableFuture.runAsync(
              () -> ended(call, text, error),
              java.util.concurrent.CompletableFuture.delayedExecutor(
                  RESULT_LAG_MS, TimeUnit.MILLISECONDS));
    }
  }

  private synchronized void ended(PendingCall call, String text, boolean error) {
    // Denied here: the runtime goes on by itself, and whoever waits is told so.
    call.deny("The runtime has given this call up.", line);
    call.end.complete(ResultText.end(call, text, error));
  }

  @Override
  public synchronized void over(String fault) {
    over = fault;
    notifyAll();
    Exception gone = new java.io.IOException("the runtime is gone");
    calls.values().forEach(call -> call.end.completeExceptionally(gone));
  }
}
