package dev.helm.activities.mcp;

import io.modelcontextprotocol.spec.McpSchema;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A tool call that a server works on. Its time runs only while it does: not while people are asked.
 * It lives in the service's memory; whoever waits for it may change.
 */
final class OpenCall {
  private final String token;
  private final String callId;
  private final String tool;
  private long leftNs;
  private long sinceNs = System.nanoTime();
  private @Nullable News end;
  private @Nullable Asked asked;
  private int questions;
  private boolean cancelled;

  /** What can become of it. */
  sealed interface News {
    /** The server's answer. */
    record Answered(McpSchema.CallToolResult result) implements News {}

    /** It went wrong. */
    record Failed(Fault fault) implements News {}

    /** People are asked. */
    record Asks(int number, String text, Form form) implements News {}

    /** The time is up. */
    record TimedOut() implements News {}

    /** A person ended it. */
    record Cancelled() implements News {}
  }

  private record Asked(
      int number, String text, Form form, CompletableFuture<McpSchema.ElicitResult> answer) {}

  /**
   * A call that begins.
   *
   * @param token the server tells its progress under
   * @param callId the tool call's id
   */
  OpenCall(String token, String callId, String tool, long timeoutMs) {
    this.token = token;
    this.callId = callId;
    this.tool = tool;
    this.leftNs = TimeUnit.MILLISECONDS.toNanos(timeoutMs);
  }

  String token() {
    return token;
  }

  String callId() {
    return callId;
  }

  String tool() {
    return tool;
  }

  synchronized boolean over() {
    return end != null;
  }

  /** Only the first end counts. */
  synchronized void ends(News how) {
    if (end == null) {
      end = how;
      if (asked != null) {
        asked.answer().complete(nothing(McpSchema.ElicitResult.Action.CANCEL));
      }
      notifyAll();
    }
  }

  synchronized void cancel() {
    cancelled = true;
    notifyAll();
  }

  /** The server asks people; the answer comes when they do. */
  synchronized CompletableFuture<McpSchema.ElicitResult> ask(String server, Form form) {
    CompletableFuture<McpSchema.ElicitResult> answer = new CompletableFuture<>();
    if (end != null || asked != null || questions >= Limits.QUESTIONS_MAX) {
      answer.complete(nothing(McpSchema.ElicitResult.Action.CANCEL));
      return answer;
    }
    leftNs -= System.nanoTime() - sinceNs;
    asked = new Asked(++questions, form.question(server, tool), form, answer);
    notifyAll();
    return answer;
  }

  /**
   * What people say to a question. Nothing happens if it is not open any more.
   *
   * @param text null when nobody answered in time
   */
  synchronized void answer(int number, @Nullable String text) {
    Asked open = asked;
    if (open == null || open.number() != number) {
      return;
    }
    if (text == null || text.strip().equalsIgnoreCase(Form.DECLINE)) {
      answered(
          open,
          nothing(
              text == null
                  ? McpSchema.ElicitResult.Action.CANCEL
                  : McpSchema.ElicitResult.Action.DECLINE));
      return;
    }
    Form.Filled filled = open.form().fill(text);
    if (filled.values() != null) {
      answered(
          open,
          new McpSchema.ElicitResult(McpSchema.ElicitResult.Action.ACCEPT, filled.values(), null));
    } else if (questions >= Limits.QUESTIONS_MAX) {
      answered(open, nothing(McpSchema.ElicitResult.Action.CANCEL));
    } else {
      asked =
          new Asked(
              ++questions,
              "That does not fit (" + filled.mistake() + "). " + open.text(),
              open.form(),
              open.answer());
      notifyAll();
    }
  }

  private void answered(Asked open, McpSchema.ElicitResult result) {
    asked = null;
    sinceNs = System.nanoTime();
    // Not in this thread: the answer is sent by who completes it.
    Thread.startVirtualThread(() -> open.answer().complete(result));
  }

  private static McpSchema.ElicitResult nothing(McpSchema.ElicitResult.Action action) {
    return new McpSchema.ElicitResult(
        action, action == McpSchema.ElicitResult.Action.ACCEPT ? Map.of() : null, null);
  }

  /** Waits for what happens next. */
  synchronized News await() throws InterruptedException {
    while (true) {
      if (end != null) {
        return end;
      }
      if (cancelled) {
        return new News.Cancelled();
      }
      if (asked != null) {
        return new News.Asks(asked.number(), asked.text(), asked.form());
      }
      long leftMs = TimeUnit.NANOSECONDS.toMillis(leftNs - (System.nanoTime() - sinceNs));
      if (leftMs <= 0) {
        return new News.TimedOut();
      }
      wait(leftMs);
    }
  }
}
