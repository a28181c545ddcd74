package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.tools.ToolDefinition;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.event.CanonicalJson;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a server offers, in a text that is the same for the same tools: what is pinned, shown when
 * it changes, and told to the model.
 */
final class ToolList {
  /** What the model's service takes as the name of a tool. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,128}");

  private static final List<String> KEPT =
      List.of("name", "title", "description", "inputSchema", "annotations");
  private static final List<String> NOT_AT_TOP = List.of("anyOf", "oneOf", "allOf", "not", "enum");

  private final String text;
  private final Map<String, JsonNode> tools = new TreeMap<>();

  private ToolList(String text) {
    this.text = text;
    for (JsonNode tool : HelmJson.read(text, JsonNode.class)) {
      tools.put(tool.path("name").asText(), tool);
    }
  }

  /** The list of that canonical text. */
  static ToolList of(String text) {
    return new ToolList(text);
  }

  /**
   * The list of what a server said, as far as the blueprint takes it.
   *
   * @param clean takes out what nobody may be shown: a server could describe its own secrets
   * @throws Fault there are too many, it is too long, or it is none
   */
  static ToolList of(List<JsonNode> said, McpServer server, UnaryOperator<String> clean) {
    List<ObjectNode> taken = new ArrayList<>();
    for (JsonNode tool : said) {
      String name = tool.path("name").asText("");
      if (!name.isEmpty() && (server.tools().isEmpty() || server.tools().contains(name))) {
        ObjectNode kept = HelmJson.mapper().createObjectNode();
        KEPT.stream().filter(tool::hasNonNull).forEach(each -> kept.set(each, tool.get(each)));
        taken.add(kept);
      }
    }
    if (taken.size() > Limits.TOOLS_MAX) {
      throw new Fault(
          Fault.Kind.REFUSED,
          "it offers "
              + taken.size()
              + " tools, and a run can have "
              + Limits.TOOLS_MAX
              + " of a server: name those that you need in its tools: [...]");
    }
    taken.sort(Comparator.comparing(tool -> tool.path("name").asText()));
    String text = clean.apply(canonical(taken));
    if (text.length() > Limits.LIST_CHARS_MAX) {
      throw new Fault(
          Fault.Kind.REFUSED,
          "its tool list is longer than "
              + (Limits.LIST_CHARS_MAX >> 20)
              + " MiB: name the tools that you need in its tools: [...]");
    }
    ToolList list = new ToolList(text);
    if (list.tools.size() != taken.size()) {
      throw new Fault(Fault.Kind.REFUSED, "two of its tools have the same name");
    }
    return list;
  }

  private static String canonical(List<ObjectNode> tools) {
    try {
      Object read = HelmJson.readObject("{\"tools\":" + HelmJson.write(tools) + "}").get("tools");
      return CanonicalJson.write(Numbers.exact(read));
    } catch (IllegalArgumentException e) {
      throw new Fault(
          Fault.Kind.REFUSED, "its tool list has no one meaning: " + Plain.line(e.toString(), 200));
    }
  }

  String text() {
    return text;
  }

  String hash() {
    return Sha256.hex(text);
  }

  int size() {
    return tools.size();
  }

  /** The server's own names. */
  List<String> names() {
    return List.copyOf(tools.keySet());
  }

  /** As the model is told of them; what its service would not take is left out. */
  List<ToolDefinition> definitions(String server) {
    List<ToolDefinition> all = new ArrayList<>();
    tools.forEach(
        (name, tool) -> {
          if (whyNot(server, name) == null) {
            all.add(
                new ToolDefinition(
                    fullName(server, name),
                    Plain.text(
                        tool.path("description").asText(tool.path("title").asText("")),
                        Limits.DESCRIPTION_CHARS_MAX),
                    tool.get("inputSchema")));
          }
        });
    return all;
  }

  /** Why a tool cannot be told to a model, or null. */
  @Nullable String whyNot(String server, String name) {
    JsonNode tool = tools.get(name);
    JsonNode schema = tool == null ? null : tool.get("inputSchema");
    if (!NAME.matcher(fullName(server, name)).matches()) {
      return "its name is longer than 128 characters or not of A-Z a-z 0-9 _ -";
    }
    if (schema == null || !schema.isObject() || !"object".equals(schema.path("type").asText())) {
      return "its schema is no JSON Schema of an object";
    }
    if (schema.has("properties") && !schema.get("properties").isObject()) {
      return "its schema is invalid";
    }
    if (NOT_AT_TOP.stream().anyMatch(schema::has)) {
      return "its schema has alternatives at the top, which models do not take";
    }
    return schema.toString().length() > Limits.SCHEMA_CHARS_MAX ? "its schema is too long" : null;
  }

  /** What the server itself says of a tool, for people; null when it says nothing. */
  @Nullable String hints(String name) {
    JsonNode tool = tools.get(name);
    JsonNode said = tool == null ? null : tool.get("annotations");
    if (said == null) {
      return null;
    }
    List<String> words = new ArrayList<>();
    word(said, "readOnlyHint", "only reads", "writes", words);
    word(said, "destructiveHint", "can destroy", "destroys nothing", words);
    word(said, "idempotentHint", "can be repeated", "is not to be repeated", words);
    word(said, "openWorldHint", "reaches others", "reaches nobody else", words);
    return words.isEmpty() ? null : String.join(", ", words);
  }

  private static void word(JsonNode said, String hint, String yes, String no, List<String> words) {
    if (said.path(hint).isBoolean()) {
      words.add(said.path(hint).asBoolean() ? yes : no);
    }
  }

  /** For a diff that people read. */
  String shown() {
    StringBuilder out = new StringBuilder();
    tools.forEach(
        (name, tool) -> {
          out.append("tool ").append(Plain.line(name, 200)).append('\n');
          for (String part : KEPT) {
            JsonNode value = tool.get(part);
            if (!part.equals("name") && value != null) {
              String said = value.isTextual() ? value.asText() : value.toPrettyString();
              Plain.text(said, Limits.SCHEMA_CHARS_MAX)
                  .lines()
                  .forEach(
                      line -> out.append("  ").append(part).append(": ").append(line).append('\n'));
            }
          }
        });
    return out.toString();
  }

  static String fullName(String server, String tool) {
    return "mcp__" + server + "__" + tool;
  }
}
