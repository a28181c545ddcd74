package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.tools.ToolDefinition;
import dev.helm.workflows.HelmJson;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Helm's tools as an MCP server inside the control protocol: no socket and no port. A call has been
 * carried out by Helm before the runtime may make it; here it only fetches what that gave.
 */
final class HelmTools {
  /** The server's name. */
  static final String SERVER = "helm";

  /** Begins the names of its tools. */
  static final String PREFIX = "mcp__" + SERVER + "__";

  private final List<ToolDefinition> tools;
  private final Map<String, Deque<String>> given = new HashMap<>();

  HelmTools(List<ToolDefinition> tools) {
    this.tools = List.copyOf(tools);
  }

  boolean isEmpty() {
    return tools.isEmpty();
  }

  /** Keeps what a call gave until the runtime fetches it. */
  synchronized void gave(String tool, JsonNode arguments, String text) {
    given.computeIfAbsent(key(tool, arguments), key -> new ArrayDeque<>()).add(text);
  }

  /** Nobody fetches any more. */
  synchronized void forget() {
    given.clear();
  }

  /** How many different calls have results that wait to be fetched. */
  synchronized int waiting() {
    return given.size();
  }

  /** Answers a JSON-RPC message; null for a notification. */
  @Nullable ObjectNode answer(JsonNode message) {
    if (!message.has("id")) {
      return null;
    }
    ObjectNode reply = HelmJson.mapper().createObjectNode().put("jsonrpc", "2.0");
    reply.set("id", message.path("id"));
    JsonNode params = message.path("params");
    switch (message.path("method").asText()) {
      case "initialize" -> initialize(reply.putObject("result"), params);
      case "ping" -> reply.putObject("result");
      case "tools/list" -> list(reply.putObject("result").putArray("tools"));
      case "tools/call" -> call(reply.putObject("result"), params);
      default -> reply.putObject("error").put("code", -32601).put("message", "no such method");
    }
    return reply;
  }

  private static void initialize(ObjectNode result, JsonNode params) {
    result.put("protocolVersion", params.path("protocolVersion").asText("2025-06-18"));
    result.putObject("capabilities").putObject("tools");
    result.putObject("serverInfo").put("name", SERVER).put("version", "1");
  }

  private void list(ArrayNode all) {
    for (ToolDefinition tool : tools) {
      ObjectNode each = all.addObject();
      each.put("name", tool.name()).put("description", tool.description());
      each.set("inputSchema", tool.schema());
    }
  }

  private synchronized void call(ObjectNode result, JsonNode params) {
    String key = key(params.path("name").asText(), params.path("arguments"));
    Deque<String> texts = given.get(key);
    String text = texts == null ? null : texts.poll();
    if (texts != null && texts.isEmpty()) {
      given.remove(key);
    }
    result
        .putArray("content")
        .addObject()
        .put("type", "text")
        .put("text", text == null ? "Helm has not allowed this call." : text);
    if (text == null) {
      result.put("isError", true);
    }
  }

  private static String key(String tool, JsonNode arguments) {
    return tool + " " + arguments;
  }
}
