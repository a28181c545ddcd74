package dev.helm.activities.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** MCP's requests, answered without any state but the program's calls. */
final class McpAnswers {
  static final String HISTORY = "helm://run/history";

  private static final List<String> VERSIONS = List.of("2025-11-25", "2025-06-18", "2025-03-26");
  private static final Pattern TOOL = Pattern.compile("[A-Za-z0-9_.-]{1,128}");
  private static final int HISTORY_CHARS_MAX = 8 << 20;

  private static final String INSTRUCTIONS =
      "Every call passes the rules of the run, and people may be asked first, which may take long."
          + " A block of a result whose _meta has helm/message is a message from a person.";

  private final String version;

  McpAnswers(String version) {
    this.version = version;
  }

  /** What is to be sent. */
  sealed interface Reply {
    /** Nothing but that it was heard. */
    record Noted() implements Reply {}

    /** It was no request. */
    record Invalid(String json) implements Reply {}

    record Now(String json) implements Reply {}

    /**
     * The answer of a call, when it is there.
     *
     * @param progress the caller's progress token, or null
     */
    record Later(JsonNode id, ProgramCall call, @Nullable JsonNode progress) implements Reply {
      /** Keeps clients waiting that give up after a time of silence. */
      String signOfLife(int beat) {
        if (progress == null) {
          return ": waiting\n\n";
        }
        ObjectNode note = message().put("method", "notifications/progress");
        note.putObject("params").put("progress", beat).set("progressToken", progress);
        return "event: message\ndata: " + note + "\n\n";
      }
    }
  }

  Reply to(ProgramDoor.Client client, JsonNode message) {
    JsonNode id = message.get("id");
    if (!message.isObject()
        || !message.path("jsonrpc").asText().equals("2.0")
        || id != null && !id.isTextual() && !id.isIntegralNumber()) {
      return new Reply.Invalid(
          error(null, -32600, "expected one JSON-RPC 2.0 request with an id of text or number"));
    }
    if (id == null || !message.has("method")) {
      return new Reply.Noted();
    }
    JsonNode params = message.path("params");
    try {
      return switch (message.path("method").asText()) {
        case "initialize" -> new Reply.Now(ok(id, initialized(params)));
        case "ping" -> new Reply.Now(ok(id, object()));
        case "tools/list" -> new Reply.Now(ok(id, listed(client)));
        case "tools/call" -> called(client, id, params);
        case "resources/list" -> new Reply.Now(ok(id, resources()));
        case "resources/templates/list" -> {
          ObjectNode none = object();
          none.putArray("resourceTemplates");
          yield new Reply.Now(ok(id, none));
        }
        case "resources/read" -> new Reply.Now(read(client, id, params));
        default ->
            new Reply.Now(
                error(id, -32601, "Helm knows no method " + message.path("method").asText()));
      };
    } catch (ProgramCalls.Refused e) {
      return new Reply.Now(error(id, -32000, String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      return new Reply.Now(error(id, -32603, "Helm cannot answer now: " + e.getMessage()));
    }
  }

  private ObjectNode initialized(JsonNode params) {
    String asked = params.path("protocolVersion").asText();
    ObjectNode result = object();
    result.put("protocolVersion", VERSIONS.contains(asked) ? asked : VERSIONS.getFirst());
    ObjectNode capabilities = result.putObject("capabilities");
    capabilities.putObject("tools");
    capabilities.putObject("resources");
    result.putObject("serverInfo").put("name", "helm").put("version", version);
    return result.put("instructions", INSTRUCTIONS);
  }

  private static ObjectNode listed(ProgramDoor.Client client) {
    ObjectNode result = object();
    ArrayNode list = result.putArray("tools");
    client
        .tools()
        .offered(
            client.start().info(),
            tool -> {
              if (client.offers().test(tool.name())) {
                list.addObject()
                    .put("name", tool.name())
                    .put("description", tool.description())
                    .set("inputSchema", tool.schema());
              }
            });
    return result;
  }

  private static Reply called(ProgramDoor.Client client, JsonNode id, JsonNode params) {
    String tool = params.path("name").asText();
    JsonNode arguments = params.path("arguments");
    if (!TOOL.matcher(tool).matches()) {
      return new Reply.Now(error(id, -32602, "params.name is no name of a tool"));
    }
    if (!arguments.isMissingNode() && !arguments.isObject()) {
      return new Reply.Now(error(id, -32602, "params.arguments has to be an object"));
    }
    String source = arguments.isMissingNode() ? "{}" : arguments.toString();
    JsonNode progress = params.path("_meta").get("progressToken");
    return new Reply.Later(id, client.calls().call(tool, source), progress);
  }

  private static ObjectNode resources() {
    ObjectNode result = object();
    result
        .putArray("resources")
        .addObject()
        .put("uri", HISTORY)
        .put("name", "history")
        .put("mimeType", "application/json")
        .put(
            "description",
            "What earlier lives of this program did in this run: messages with text, tool_use and"
                + " tool_result blocks. Once it is read, no call is answered from it any more.");
    return result;
  }

  private static String read(ProgramDoor.Client client, JsonNode id, JsonNode params) {
    if (!params.path("uri").asText().equals(HISTORY)) {
      return error(id, -32002, "there is no such resource; there is " + HISTORY);
    }
    client.calls().historyIsKnown();
    ObjectNode result = object();
    result
        .putArray("contents")
        .addObject()
        .put("uri", HISTORY)
        .put("mimeType", "application/json")
        .put("text", history(client.start().history()));
    return ok(id, result);
  }

  /** As a JSON array, without the oldest of what is too long. */
  private static String history(List<String> messages) {
    int from = messages.size();
    long chars = 0;
    while (from > 0 && chars + messages.get(from - 1).length() < HISTORY_CHARS_MAX) {
      chars += messages.get(--from).length();
    }
    return "[" + String.join(",", messages.subList(from, messages.size())) + "]";
  }

  // ---- forms -------------------------------------------------------------------------------

  static String result(Reply.Later later, ProgramCall.Answer answer) {
    ObjectNode result = object();
    ArrayNode content = result.putArray("content");
    content.addObject().put("type", "text").put("text", WellFormed.text(answer.text()));
    for (Given.Message message : answer.messages()) {
      ObjectNode block = content.addObject().put("type", "text");
      block.put("text", "Message from a person: " + WellFormed.text(message.text()));
      block.putObject("_meta").put("helm/message", message.id());
    }
    result.put("isError", answer.error());
    return ok(later.id(), result);
  }

  private static String ok(JsonNode id, ObjectNode result) {
    ObjectNode answer = message();
    answer.set("id", id);
    answer.set("result", result);
    return answer.toString();
  }

  static String error(@Nullable JsonNode id, int code, String text) {
    ObjectNode answer = message();
    answer.set("id", id == null ? HelmJson.mapper().nullNode() : id);
    answer.putObject("error").put("code", code).put("message", WellFormed.text(text));
    return answer.toString();
  }

  private static ObjectNode message() {
    return object().put("jsonrpc", "2.0");
  }

  private static ObjectNode object() {
    return HelmJson.mapper().createObjectNode();
  }
}
