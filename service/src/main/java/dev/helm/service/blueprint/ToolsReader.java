package dev.helm.service.blueprint;

import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.ToolNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The list {@code tools}, the section {@code previews}, and what has to be in one of them. */
final class ToolsReader {
  static final int TOOLS_MAX = 500;
  static final int PREVIEWS_MAX = 100;

  private final Mistakes mistakes;
  private final Tools known;

  ToolsReader(Mistakes mistakes, Tools known) {
    this.mistakes = mistakes;
    this.known = known;
  }

  List<String> read(Fields root) {
    List<String> tools = new ArrayList<>();
    for (Tree.Scalar tool : root.texts("tools", TOOLS_MAX, 200)) {
      String name = tool.text();
      Rules.Wrong missing = known.missing(name);
      if (Tools.later(name)) {
        mistakes.notYet(tool.at(), "tools", "tool " + name);
      } else if (missing != null) {
        boolean ofServer = ToolNames.server(name) != null;
        mistakes.add(
            tool.at(),
            "tools",
            missing.message() + (ofServer ? "" : "; tools are " + String.join(", ", known.names())),
            missing.hint());
      } else {
        tools.add(name);
      }
    }
    return tools;
  }

  /** By tool, what is shown before it is decided. */
  Map<String, String> previews(Fields root, List<String> tools) {
    Map<String, String> previews = new LinkedHashMap<>();
    Tree.Obj group = root.group("previews");
    if (group == null) {
      return previews;
    }
    Fields fields = Fields.loose(group, "previews", mistakes);
    if (group.members().size() > PREVIEWS_MAX) {
      mistakes.add(group.at(), "previews", "more than " + PREVIEWS_MAX + " entries");
      return previews;
    }
    for (Tree.Member member : group.members()) {
      String tool = member.name();
      String preview = fields.text(tool, 200);
      if (previews.containsKey(tool)) {
        mistakes.add(member.at(), fields.at(tool), "\"" + tool + "\" stands here a second time");
      } else if (!ToolNames.offers(tools, tool) || ToolNames.wholeServer(tool)) {
        mistakes.add(
            member.at(),
            fields.at(tool),
            "\"" + tool + "\" is not one of the blueprint's tools",
            Nearest.hint(tool, tools));
      } else if (preview != null && preview(member.value().at(), fields.at(tool), tool, preview)) {
        previews.put(tool, preview);
      }
    }
    return previews;
  }

  /** Whether a tool can be shown before another one; else it is told. */
  private boolean preview(Tree.Pos at, String where, String tool, String preview) {
    Rules.Wrong missing = known.missing(preview);
    if (missing != null || ToolNames.wholeServer(preview)) {
      mistakes.add(
          at,
          where,
          missing == null ? "expected one tool, found all of a server" : missing.message(),
          missing == null ? null : missing.hint());
      return false;
    }
    if (tool.equals(preview) || !known.onlyReads(preview)) {
      mistakes.add(
          at,
          where,
          "a preview runs before anybody has decided, and " + preview + " may do more than read",
          ToolNames.server(preview) == null
              ? "name Read, Glob, Grep, or a custom tool with outward: false (if http, GET or HEAD)"
              : "if it only reads, add it to reads of its server");
      return false;
    }
    return true;
  }

  /** A custom tool's own preview is held to the same. */
  void ownPreviews(Fields root, Map<String, CustomTool> custom, Map<String, String> previews) {
    custom.forEach(
        (name, tool) -> {
          String preview = tool.preview();
          String where = "customTools." + name + ".preview";
          if (preview != null && previews.containsKey(name)) {
            mistakes.add(
                root.posOf("customTools", name),
                where,
                "previews names one for " + name + " too",
                "keep one of the two");
          } else if (preview != null) {
            preview(root.posOf("customTools", name), where, name, preview);
          }
        });
  }

  /** What is written but cannot be used is a slip of whoever wrote it. */
  void unused(
      Fields root,
      List<String> tools,
      Map<String, CustomTool> custom,
      Map<String, McpServer> servers,
      Set<String> previewing) {
    for (String name : custom.keySet()) {
      if (!tools.contains(name) && !previewing.contains(name)) {
        mistakes.add(
            root.posOf("customTools", name),
            "customTools." + name,
            "nothing names this tool",
            "add " + name + " to tools");
      }
    }
    for (String name : servers.keySet()) {
      if (tools.stream().noneMatch(tool -> name.equals(ToolNames.server(tool)))
          && previewing.stream().noneMatch(tool -> name.equals(ToolNames.server(tool)))) {
        mistakes.add(
            root.posOf("mcpServers", name),
            "mcpServers." + name,
            "tools names no tool of this server",
            "add mcp__" + name + " for all of them, or mcp__" + name + "__TOOL");
      }
    }
  }
}
