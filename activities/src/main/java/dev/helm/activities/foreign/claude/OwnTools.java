package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.List;

/** Which tools the runtime brings and carries out itself, and what its names are in Helm. */
final class OwnTools {
  /** The rest of a blueprint's tools are Helm's, and reach the runtime by MCP. */
  private static final List<String> PERFORMED =
      List.of("Bash", "Read", "Write", "Edit", "NotebookEdit", "TodoWrite", "Agent");

  /** Its question to the user, which is Helm's AskPerson. */
  static final String QUESTION = "AskUserQuestion";

  private static final String ASK_PERSON = "AskPerson";

  private OwnTools() {}

  /** Whether the runtime carries out calls of this tool. */
  static boolean performs(String tool) {
    return PERFORMED.contains(tool);
  }

  /** The tools that it is started with. */
  static List<String> of(Blueprint blueprint) {
    List<String> tools = new ArrayList<>(PERFORMED.stream().filter(blueprint::offers).toList());
    if (blueprint.offers(ASK_PERSON)) {
      tools.add(QUESTION);
    }
    return tools;
  }

  /** Whether Helm brings this tool to the runtime. */
  static boolean ofHelm(String tool) {
    return !performs(tool) && !tool.equals(ASK_PERSON);
  }

  /** Whether this is named as a tool of Helm's and cannot be one. */
  static boolean misnamed(String wire) {
    return wire.startsWith(HelmTools.PREFIX) && !ofHelm(helmName(wire));
  }

  /** A tool of Helm's as the runtime names it. */
  static String wireName(String tool) {
    return ofHelm(tool) && !tool.equals("*") ? HelmTools.PREFIX + tool : tool;
  }

  /** A tool as Helm's rules name it. */
  static String helmName(String wire) {
    if (wire.equals(QUESTION)) {
      return ASK_PERSON;
    }
    if (wire.equals("Task")) {
      return "Agent";
    }
    return wire.startsWith(HelmTools.PREFIX) ? wire.substring(HelmTools.PREFIX.length()) : wire;
  }

  /** The arguments as Helm's tool has them. */
  static String helmArguments(String wire, JsonNode input) {
    return wire.equals(QUESTION) ? question(input).toString() : input.toString();
  }

  private static ObjectNode question(JsonNode input) {
    JsonNode questions = input.path("questions");
    ObjectNode asked = HelmJson.mapper().createObjectNode();
    ArrayNode options = HelmJson.mapper().createArrayNode();
    if (questions.size() == 1) {
      asked.put("question", questions.path(0).path("question").asText());
      if (!questions.path(0).path("multiSelect").asBoolean()) {
        questions.path(0).path("options").forEach(each -> options.add(each.path("label").asText()));
      }
    } else {
      StringBuilder text = new StringBuilder();
      for (JsonNode each : questions) {
        List<String> labels = new ArrayList<>();
        each.path("options").forEach(option -> labels.add(option.path("label").asText()));
        text.append("- ").append(each.path("question").asText());
        text.append(labels.isEmpty() ? "\n" : " (" + String.join(", ", labels) + ")\n");
      }
      asked.put("question", text.toString().strip());
    }
    if (!options.isEmpty()) {
      asked.set("options", options);
      asked.put("free_text", true);
    }
    return asked;
  }

  /** The question's input with what a person answered. */
  static JsonNode answered(JsonNode input, String answer) {
    ObjectNode with = input.deepCopy();
    ObjectNode answers = with.putObject("answers");
    for (JsonNode each : input.path("questions")) {
      answers.put(each.path("question").asText(), answer);
    }
    return with;
  }
}
