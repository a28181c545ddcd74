package dev.helm.service.blueprint;

import dev.helm.api.blueprint.SubAgent;
import dev.helm.api.blueprint.ToolNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The section {@code subAgents}. */
final class SubAgentsReader {
  static final int AGENTS_MAX = 50;
  static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}");

  private final Mistakes mistakes;
  private final Parts parts;
  private final List<String> tools;

  SubAgentsReader(Mistakes mistakes, List<String> tools) {
    this.mistakes = mistakes;
    this.parts = new Parts(mistakes);
    this.tools = tools;
  }

  Map<String, SubAgent> read(Fields root) {
    Map<String, SubAgent> agents = new LinkedHashMap<>();
    parts.named(
        root,
        "subAgents",
        NAME,
        "1 to 64 letters, digits, dashes and underscores",
        AGENTS_MAX,
        (name, group) -> agents.put(name, agent(group, "subAgents." + name)));
    if (!agents.isEmpty() && !tools.contains("Agent")) {
      mistakes.add(
          root.posOf("subAgents"),
          "subAgents",
          "the agent cannot ask for them without the tool Agent",
          "add Agent to tools");
    }
    return agents;
  }

  private SubAgent agent(Tree.Obj group, String path) {
    Fields fields =
        Fields.of(
            group,
            path,
            List.of("description", "instructions", "tools", "model"),
            Map.of(),
            mistakes);
    return new SubAgent(
        needed(fields, group, "description", CustomToolsReader.DESCRIPTION_CHARS_MAX),
        needed(fields, group, "instructions", 100_000),
        tools(fields),
        fields.word("model", BlueprintReader.MODEL, "a model's name such as claude-sonnet-4-5"));
  }

  private String needed(Fields fields, Tree.Obj group, String name, int charsMax) {
    String text = fields.text(name, charsMax);
    if (fields.get(name) == null || text != null && text.isBlank()) {
      mistakes.add(group.at(), fields.at(name), "\"" + name + "\" is missing");
    }
    return text == null ? "" : text;
  }

  private List<String> tools(Fields fields) {
    List<String> named = new ArrayList<>();
    for (Tree.Scalar tool : fields.texts("tools", ToolsReader.TOOLS_MAX, 200)) {
      if (ToolNames.both(tools, List.of(tool.text())).isEmpty()) {
        mistakes.add(
            tool.at(),
            fields.at("tools"),
            "\"" + tool.text() + "\" is not one of the blueprint's tools",
            hint(tool.text()));
      } else {
        named.add(tool.text());
      }
    }
    return named;
  }

  private @Nullable String hint(String tool) {
    String near = Nearest.hint(tool, tools);
    return near == null ? "a sub-agent has no more than the agent itself" : near;
  }
}
