package dev.helm.cli.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code .claude/agents/*.md}: sub-agents, each with front matter and its instructions. */
final class ClaudeAgents {
  private static final int CHARS_MAX = 100_000;
  private static final int DESCRIPTION_CHARS_MAX = 2_000;
  private static final Pattern FRONT =
      Pattern.compile("\\A---\\r?\\n(.*?)\\r?\\n---\\r?\\n(.*)\\z", Pattern.DOTALL);
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}");

  private final Notes notes;
  private final ClaudeFiles project;

  ClaudeAgents(Notes notes, ClaudeFiles project) {
    this.notes = notes;
    this.project = project;
  }

  /** The sub-agents, with the tools that they name as they are written. */
  Map<String, Map<String, Object>> read() {
    Map<String, Map<String, Object>> agents = new LinkedHashMap<>();
    for (String file : project.names(".claude/agents")) {
      String text = file.endsWith(".md") ? project.text(".claude/agents/" + file) : null;
      if (text != null) {
        agent(".claude/agents/" + file, file.substring(0, file.length() - 3), text, agents);
      }
    }
    return agents;
  }

  private void agent(
      String path, String fileName, String text, Map<String, Map<String, Object>> agents) {
    Matcher matcher = FRONT.matcher(text);
    if (!matcher.matches()) {
      notes.left(path, "it has no front matter");
      return;
    }
    JsonNode front;
    try {
      front = new YAMLMapper().readTree(matcher.group(1));
    } catch (IOException e) {
      notes.left(path, "its front matter is no YAML");
      return;
    }
    String body = ClaudeFolder.withoutReferences(String.valueOf(matcher.group(2)).strip());
    String name = front.path("name").asText(fileName);
    String description = front.path("description").asText("").strip();
    if (!NAME.matcher(name).matches() || body.isEmpty() || body.length() > CHARS_MAX) {
      notes.left(path, "it has no name that fits, or no instructions, or too long ones");
      return;
    }
    Map<String, Object> agent = new LinkedHashMap<>();
    String told = description.isEmpty() ? name : description;
    agent.put("description", told.substring(0, Math.min(told.length(), DESCRIPTION_CHARS_MAX)));
    agent.put("instructions", body + "\n");
    List<String> tools = tools(front.path("tools"));
    if (!tools.isEmpty()) {
      agent.put("tools", tools);
    }
    String model = front.path("model").asText("inherit");
    if (!model.equals("inherit")) {
      agent.put("model", ClaudeFolder.model(model, path, notes));
    }
    front
        .fieldNames()
        .forEachRemaining(
            member -> {
              if (!List.of("name", "description", "tools", "model", "color").contains(member)) {
                notes.left(path + ", " + member, "a sub-agent has the gate of its run");
              }
            });
    agents.put(name, agent);
    notes.carried("sub-agent " + name);
  }

  private static List<String> tools(JsonNode tools) {
    List<String> names = new ArrayList<>();
    if (tools.isArray()) {
      tools.forEach(tool -> names.add(tool.asText().strip()));
    } else {
      for (String tool : tools.asText("").split(",")) {
        names.add(tool.strip());
      }
    }
    names.removeIf(String::isEmpty);
    return names;
  }
}
