package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.foreign.Next;
import dev.helm.activities.tools.ToolEnd;
import java.util.List;

/** What the runtime says of an end, as Helm records it. */
final class ResultText {
  private static final int CHARS_MAX = 400_000;
  private static final int REASON_CHARS_MAX = 500;

  private ResultText() {}

  /** The text of a tool's result, or of what its hook tells of it. */
  static String of(JsonNode content) {
    if (content.isTextual()) {
      return cut(content.asText());
    }
    if (content.isArray()) {
      StringBuilder all = new StringBuilder();
      for (JsonNode block : content) {
        String text =
            block.path("type").asText().equals("text")
                ? block.path("text").asText()
                : "(" + block.path("type").asText("something") + ")";
        all.append(all.isEmpty() ? "" : "\n").append(text);
      }
      return cut(all.toString());
    }
    if (content.has("stdout")) {
      String errors = content.path("stderr").asText();
      String text = content.path("stdout").asText();
      return cut(errors.isEmpty() ? text : text + "\n" + errors);
    }
    return cut(content.isMissingNode() || content.isNull() ? "" : content.toString());
  }

  private static String cut(String text) {
    return text.length() <= CHARS_MAX
        ? text
        : text.substring(0, CHARS_MAX) + "\n(… " + (text.length() - CHARS_MAX) + " more)";
  }

  /** The end of a call that the runtime has carried out. */
  static ToolEnd end(PendingCall call, String text, boolean error) {
    if (error) {
      return ToolEnd.failed("failed", text);
    }
    long lines = text.lines().count();
    String summary = "ok · " + lines + (lines == 1 ? " line" : " lines");
    String path = FilePaths.inWorkspace(call.filePath());
    boolean changes = List.of("Write", "Edit", "NotebookEdit").contains(call.wireTool);
    boolean reads = call.wireTool.equals("Read");
    return new ToolEnd(
        "ok",
        summary,
        text,
        false,
        null,
        text.length(),
        0,
        changes && !path.isEmpty() ? List.of(path) : List.of(),
        reads && !path.isEmpty() ? List.of(path) : List.of());
  }

  /** What a {@code result} message means; its subtype says success of failures too. */
  static Next next(String said, JsonNode result) {
    if (!result.path("is_error").asBoolean()) {
      return new Next.Ended(said);
    }
    int status = result.path("api_error_status").asInt();
    String text = words(result);
    String subtype = result.path("subtype").asText();
    if (status == 429 || status == 529 || status >= 500) {
      return new Next.Lost(said, "the model's service does not answer: " + text);
    }
    if (subtype.equals("error_during_execution") && status == 0) {
      return new Next.Interrupted();
    }
    return new Next.Failed(said, text);
  }

  /** In words for people. */
  static String words(JsonNode result) {
    String text = result.path("result").asText();
    if (text.isBlank() && !result.path("errors").isEmpty()) {
      text = result.path("errors").path(0).asText();
    }
    text = text.isBlank() ? "the runtime failed: " + result.path("subtype").asText() : text;
    text = text.replaceAll("\\p{Cntrl}+", " ").strip();
    return text.length() <= REASON_CHARS_MAX ? text : text.substring(0, REASON_CHARS_MAX) + "…";
  }
}
