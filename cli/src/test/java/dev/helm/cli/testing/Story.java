package dev.helm.cli.testing;

import dev.helm.api.Sha256;
import dev.helm.api.event.LoggedEvent;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Writes a run's log event by event, chained as the service chains it. */
public final class Story {
  public static final String RUN = "4f3a" + "0".repeat(28);
  public static final String MAIL =
      "{\"to\":\"leadership@demo.test\",\"subject\":\"Q1 Competitor Brief\",\"body\":\"Dear all,\\nsee the table.\",\"attachments\":[\"competitive_intel.csv\"]}";

  private final Consumer<LoggedEvent> sink;
  private long seq;
  private String prev = LoggedEvent.NO_PREV;
  private String clock = "14:02:11";

  public Story(Consumer<LoggedEvent> sink) {
    this.sink = sink;
  }

  public Story at(String time) {
    clock = time;
    return this;
  }

  /** Names and values in turn. */
  public Story add(String type, Object... members) {
    Map<String, Object> data = new LinkedHashMap<>();
    for (int i = 0; i < members.length; i += 2) {
      data.put((String) members[i], members[i + 1]);
    }
    LoggedEvent event =
        LoggedEvent.chained(RUN, ++seq, "2026-03-02T" + clock + ".000Z", type, "main", data, prev);
    prev = event.hash();
    sink.accept(event);
    return this;
  }

  public Story created() {
    return add(
        "run.created",
        "name",
        "q1-competitor-brief",
        "blueprint",
        "q1-competitor-brief@1",
        "blueprintHash",
        "",
        "project",
        "market-intel",
        "by",
        "owner",
        "budgetUsd",
        "5.000000",
        "model",
        "claude-sonnet-4-5",
        "practice",
        true,
        "input",
        "{}",
        "epoch",
        1);
  }

  public Story message(int turn, String text) {
    return add(
        "model.message",
        "turn",
        turn,
        "text",
        text,
        "model",
        "m",
        "stopReason",
        "tool_use",
        "messageId",
        "msg_" + turn,
        "inputTokens",
        1,
        "outputTokens",
        1,
        "cacheReadTokens",
        0,
        "cacheWriteTokens",
        0);
  }

  public Story requested(String id, String tool, String object, String arguments) {
    return add(
        "tool.requested",
        "toolUseId",
        id,
        "tool",
        tool,
        "arguments",
        arguments,
        "argumentsHash",
        Sha256.hex(arguments),
        "object",
        object,
        "turn",
        1);
  }

  public Story started(String id, String tool, String by) {
    return add(
        "tool.started",
        "toolUseId",
        id,
        "tool",
        tool,
        "argumentsHash",
        "",
        "gate",
        Map.of("by", by),
        "attempt",
        1);
  }

  public Story finished(String id, String tool, String outcome, String summary) {
    return add(
        "tool.finished",
        "toolUseId",
        id,
        "tool",
        tool,
        "outcome",
        outcome,
        "summary",
        summary,
        "result",
        "",
        "durationMs",
        5,
        "bytes",
        10);
  }

  public Story asked(String permission, String id) {
    return add(
        "permission.requested",
        "permissionId",
        permission,
        "toolUseId",
        id,
        "tool",
        "SendEmail",
        "arguments",
        MAIL,
        "argumentsHash",
        Sha256.hex(MAIL),
        "object",
        "\"Q1 Competitor Brief\" → leadership@",
        "reason",
        "",
        "deadline",
        "2099-03-02T14:32:21.000Z",
        "approvers",
        1);
  }

  public Story decided(String permission, String id, String decision, String by) {
    return add(
        "permission.decided",
        "permissionId",
        permission,
        "toolUseId",
        id,
        "decision",
        decision,
        "by",
        by,
        "argumentsHash",
        Sha256.hex(MAIL));
  }
}
