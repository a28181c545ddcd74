package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Refuses what the real Messages API refuses, in its words, so that a client's mistake shows in
 * practice and not on the first day with a real key. Source: the public API reference.
 */
final class RequestCheck {
  private static final Set<String> FIELDS =
      Set.of(
          "model",
          "messages",
          "max_tokens",
          "system",
          "tools",
          "tool_choice",
          "stream",
          "metadata",
          "stop_sequences",
          "temperature",
          "top_k",
          "top_p",
          "thinking",
          "service_tier",
          "container",
          "context_management",
          "mcp_servers",
          "output_config",
          "output_format",
          "cache_control");
  private static final Set<String> BLOCKS =
      Set.of(
          "text",
          "image",
          "document",
          "search_result",
          "tool_use",
          "tool_result",
          "thinking",
          "redacted_thinking",
          "server_tool_use",
          "web_search_tool_result");
  private static final Pattern TOOL_NAME = Pattern.compile("[a-zA-Z0-9_-]{1,128}");
  private static final Pattern TOOL_ID = Pattern.compile("[a-zA-Z0-9_-]+");
  private static final int MAX_OUTPUT_TOKENS = 128_000;
  private static final int MAX_BREAKPOINTS = 4;

  private final JsonNode body;
  private int breakpoints;

  private RequestCheck(JsonNode body) {
    this.body = body;
  }

  /**
   * Checks a parsed body.
   *
   * @param counting the request only counts tokens, so it needs no max_tokens
   */
  static void check(JsonNode body, boolean counting) throws ApiFailure {
    if (!body.isObject()) {
      throw ApiFailure.invalid("The request body is not valid JSON: an object is expected");
    }
    new RequestCheck(body).run(counting);
  }

  private void run(boolean counting) throws ApiFailure {
    for (String name : names(body)) {
      require(FIELDS.contains(name), name + ": Extra inputs are not permitted");
    }
    checkModel();
    if (!counting) {
      checkMaxTokens();
    }
    JsonNode stream = body.path("stream");
    require(
        stream.isMissingNode() || stream.isBoolean(), "stream: Input should be a valid boolean");
    JsonNode temperature = body.path("temperature");
    require(
        temperature.isMissingNode()
            || (temperature.isNumber()
                && temperature.asDouble() >= 0
                && temperature.asDouble() <= 1),
        "temperature: range: 0..1");
    checkSystem();
    checkTools();
    checkMessages();
    require(
        breakpoints <= MAX_BREAKPOINTS,
        "A maximum of 4 blocks with cache_control may be provided. Found " + breakpoints + ".");
  }

  private void checkModel() throws ApiFailure {
    JsonNode model = body.path("model");
    require(!model.isMissingNode(), "model: Field required");
    require(
        model.isTextual() && !model.asText().isEmpty(), "model: Input should be a valid string");
    if (!model.asText().startsWith("claude-")) {
      throw ApiFailure.of(404, "model: " + model.asText());
    }
  }

  private void checkMaxTokens() throws ApiFailure {
    JsonNode max = body.path("max_tokens");
    require(!max.isMissingNode(), "max_tokens: Field required");
    require(max.isIntegralNumber(), "max_tokens: Input should be a valid integer");
    require(max.asLong() >= 1, "max_tokens: Input should be greater than or equal to 1");
    require(
        max.asLong() <= MAX_OUTPUT_TOKENS,
        "max_tokens: "
            + max.asLong()
            + " > "
            + MAX_OUTPUT_TOKENS
            + ", which is the maximum allowed number of output tokens for "
            + body.path("model").asText());
  }

  private void checkSystem() throws ApiFailure {
    JsonNode system = body.path("system");
    require(
        system.isMissingNode() || system.isTextual() || system.isArray(),
        "system: Input should be a valid string or list");
    int i = 0;
    for (JsonNode block : system) {
      String at = "system." + i++;
      require(block.path("type").asText().equals("text"), at + ".type: Input should be 'text'");
      checkText(block, at, "system");
      countBreakpoint(block, at);
    }
  }

  private void checkTools() throws ApiFailure {
    JsonNode tools = body.path("tools");
    require(tools.isMissingNode() || tools.isArray(), "tools: Input should be a valid list");
    Set<String> seen = new HashSet<>();
    int i = 0;
    for (JsonNode tool : tools) {
      String at = "tools." + i++;
      String name = tool.path("name").asText();
      require(
          TOOL_NAME.matcher(name).matches(),
          at + ".custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
      require(seen.add(name), "tools: Tool names must be unique.");
      JsonNode schema = tool.path("input_schema");
      require(
          !schema.isMissingNode()
              || tool.has("type") && !tool.path("type").asText().equals("custom"),
          at + ".custom.input_schema: Field required");
      require(
          schema.isMissingNode() || schema.path("type").asText().equals("object"),
          at + ".custom.input_schema.type: Input should be 'object'");
      countBreakpoint(tool, at);
    }
    checkChoice(seen);
  }

  private void checkChoice(Set<String> offered) throws ApiFailure {
    JsonNode choice = body.path("tool_choice");
    if (choice.isMissingNode()) {
      return;
    }
    String type = choice.path("type").asText();
    require(
        Set.of("auto", "any", "tool", "none").contains(type),
        "tool_choice: Input tag '" + type + "' does not match any of the expected tags");
    require(!offered.isEmpty(), "tool_choice: may only be specified while providing tools");
    String name = choice.path("name").asText();
    require(
        !type.equals("tool") || offered.contains(name),
        "Tool '" + name + "' not found in provided tools");
  }

  private void checkMessages() throws ApiFailure {
    JsonNode messages = body.path("messages");
    require(!messages.isMissingNode(), "messages: Field required");
    require(messages.isArray(), "messages: Input should be a valid list");
    require(!messages.isEmpty(), "messages: at least one message is required");
    Set<String> everyId = new HashSet<>();
    Set<String> waiting = new LinkedHashSet<>();
    for (int i = 0; i < messages.size(); i++) {
      JsonNode message = messages.get(i);
      String role = message.path("role").asText();
      checkRole(role, i, message);
      if (!waiting.isEmpty() || role.equals("user")) {
        checkResults(message, i, waiting);
      }
      waiting = checkContent(message, i, i == messages.size() - 1, role, everyId);
    }
    require(waiting.isEmpty(), unanswered(messages.size() - 1, waiting));
  }

  private static void checkRole(String role, int i, JsonNode message) throws ApiFailure {
    require(
        !role.equals("system"),
        "messages: Unexpected role \"system\". The Messages API accepts a top-level `system`"
            + " parameter, not \"system\" as an input message role.");
    require(
        role.equals("user") || role.equals("assistant"),
        "messages." + i + ".role: Input should be 'user' or 'assistant'");
    require(i > 0 || role.equals("user"), "messages: first message must use the \"user\" role");
    for (String name : names(message)) {
      require(
          name.equals("role") || name.equals("content"),
          "messages." + i + "." + name + ": Extra inputs are not permitted");
    }
  }

  /** Results come first in the next message, one for each call and none for another. */
  private static void checkResults(JsonNode message, int i, Set<String> waiting) throws ApiFailure {
    Set<String> left = new LinkedHashSet<>(waiting);
    boolean otherSeen = false;
    int block = 0;
    for (JsonNode part : list(message.path("content"))) {
      if (!part.path("type").asText().equals("tool_result")) {
        otherSeen = true;
      } else {
        String id = part.path("tool_use_id").asText();
        require(
            waiting.contains(id),
            "messages."
                + i
                + ".content."
                + block
                + ": unexpected `tool_use_id` found in `tool_result` blocks: "
                + id
                + ". Each `tool_result` block must have a corresponding `tool_use` block in the"
                + " previous message.");
        require(
            left.remove(id),
            "messages."
                + i
                + ".content."
                + block
                + ": each tool_use must have a single result. Found multiple `tool_result` blocks"
                + " with id: "
                + id);
        require(!otherSeen, unanswered(i - 1, Set.of(id)));
      }
      block++;
    }
    require(left.isEmpty(), unanswered(i - 1, left));
  }

  private static String unanswered(int i, Set<String> ids) {
    return "messages."
        + i
        + ": `tool_use` ids were found without `tool_result` blocks immediately"
        + " after: "
        + String.join(", ", ids)
        + ". Each `tool_use` block must have a corresponding `tool_result` block in the next"
        + " message.";
  }

  private Set<String> checkContent(
      JsonNode message, int i, boolean last, String role, Set<String> everyId) throws ApiFailure {
    JsonNode content = message.path("content");
    require(!content.isMissingNode(), "messages." + i + ".content: Field required");
    require(
        content.isTextual() || content.isArray(),
        "messages." + i + ".content: Input should be a valid string or list");
    boolean empty = content.isTextual() ? content.asText().isEmpty() : content.isEmpty();
    require(
        !empty || last && role.equals("assistant"),
        "messages."
            + i
            + ": all messages must have non-empty content except for the optional final"
            + " assistant message");
    Set<String> calls = new LinkedHashSet<>();
    int n = 0;
    for (JsonNode block : list(content)) {
      checkBlock(block, "messages." + i + ".content." + n++, role);
      if (block.path("type").asText().equals("tool_use")) {
        String id = block.path("id").asText();
        require(everyId.add(id), "messages: `tool_use` ids must be unique");
        calls.add(id);
      }
    }
    return calls;
  }

  private void checkBlock(JsonNode block, String at, String role) throws ApiFailure {
    String type = block.path("type").asText();
    require(
        BLOCKS.contains(type),
        at
            + ": Input tag '"
            + type
            + "' found using 'type' does not match any of the expected tags");
    countBreakpoint(block, at);
    if (type.equals("text")) {
      checkText(block, at, "messages");
    } else if (type.equals("tool_use")) {
      require(
          role.equals("assistant"), at + ": `tool_use` blocks can only be in `assistant` messages");
      require(
          TOOL_ID.matcher(block.path("id").asText()).matches(),
          at + ".tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'");
      require(!block.path("name").asText().isEmpty(), at + ".tool_use.name: Field required");
      require(
          block.path("input").isObject(),
          at + ".tool_use.input: Input should be a valid dictionary");
    } else if (type.equals("tool_result")) {
      require(role.equals("user"), at + ": `tool_result` blocks can only be in `user` messages");
      require(
          block.path("tool_use_id").isTextual(), at + ".tool_result.tool_use_id: Field required");
    }
  }

  private static void checkText(JsonNode block, String at, String where) throws ApiFailure {
    require(block.path("text").isTextual(), at + ".text.text: Field required");
    require(
        !block.path("text").asText().isEmpty(), where + ": text content blocks must be non-empty");
  }

  private void countBreakpoint(JsonNode block, String at) throws ApiFailure {
    JsonNode mark = block.path("cache_control");
    if (mark.isObject()) {
      breakpoints++;
      require(
          mark.path("type").asText().equals("ephemeral"),
          at + ".cache_control.type: Input should be 'ephemeral'");
      require(
          List.of("5m", "1h").contains(mark.path("ttl").asText("5m")),
          at + ".cache_control.ephemeral.ttl: Input should be '5m' or '1h'");
    }
  }

  private static JsonNode list(JsonNode content) {
    return content.isArray()
        ? content
        : com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  private static List<String> names(JsonNode object) {
    return object.properties().stream().map(java.util.Map.Entry::getKey).toList();
  }

  private static void require(boolean holds, String message) throws ApiFailure {
    if (!holds) {
      throw ApiFailure.invalid(message);
    }
  }
}
