package dev.helm.service.blueprint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.helm.activities.tools.ToolCatalog;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.ToolNames;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The tools that a blueprint can name, and what a rule may say of their arguments: those of the
 * catalogue, its own, and whatever its MCP servers have, which only a run finds out.
 */
final class Tools {
  /** What Claude Code's runtime has beside the catalogue's tools. */
  private static final Set<String> OF_SDK = Set.of("NotebookEdit", "TodoWrite");

  /** What Helm's own tools are called in a runtime. */
  private static final String HELM = "helm";

  private static final Set<String> LATER = Set.of("Publish");

  private static final Set<String> READING = Set.of("Read", "Glob", "Grep");

  private final Map<String, CustomTool> custom;
  private final Map<String, McpServer> servers;
  private final boolean ofProgram;
  private final Set<String> plain = new TreeSet<>(ToolCatalog.names());

  /**
   * Those of a blueprint with these parts.
   *
   * @param program whether it has a program of its own
   */
  Tools(
      String agent,
      boolean program,
      Map<String, CustomTool> custom,
      Map<String, McpServer> servers) {
    this.ofProgram = program && agent.equals(Blueprint.CLAUDE_AGENT_SDK);
    this.custom = custom;
    this.servers = servers;
    plain.addAll(custom.keySet());
    if (agent.equals(Blueprint.CLAUDE_AGENT_SDK)) {
      plain.addAll(OF_SDK);
    }
  }

  static Tools of(Blueprint blueprint) {
    return new Tools(
        blueprint.agent(),
        blueprint.program() != null,
        blueprint.customTools(),
        blueprint.mcpServers());
  }

  /** The names that are known without asking a server. */
  Set<String> names() {
    return plain;
  }

  /** A name that no custom tool may take. */
  static boolean reserved(String name) {
    return ToolCatalog.names().contains(name) || LATER.contains(name) || OF_SDK.contains(name);
  }

  /** A tool that a later version brings. */
  static boolean later(String name) {
    return LATER.contains(name) && !ToolCatalog.names().contains(name);
  }

  /** Why there is no such tool, or null. */
  Rules.@Nullable Wrong missing(String name) {
    String server = ToolNames.server(name);
    if (server != null) {
      // A program's own servers live in the program; its runtime names their tools alike.
      return servers.containsKey(server) || (ofProgram && !server.equals(HELM))
          ? null
          : new Rules.Wrong(
              "there is no server \"" + server + "\" in mcpServers",
              servers.isEmpty() ? "add it to mcpServers" : Nearest.hint(server, servers.keySet()));
    }
    return plain.contains(name)
        ? null
        : new Rules.Wrong("there is no tool \"" + name + "\"", Nearest.hint(name, plain));
  }

  /** Whether a tool can be run before anybody has decided. */
  boolean onlyReads(String tool) {
    String server = ToolNames.server(tool);
    if (server != null) {
      McpServer of = servers.get(server);
      return of != null && !of.outward(tool.substring(("mcp__" + server + "__").length()));
    }
    CustomTool own = custom.get(tool);
    return own == null ? READING.contains(tool) : own.onlyReads();
  }

  /** Whether a tool's arguments are known here. */
  boolean known(String tool) {
    return ToolCatalog.names().contains(tool) || custom.containsKey(tool);
  }

  /** Arguments with the words that only rules know: {@code path domain egress}. */
  List<String> arguments(String tool) {
    List<String> names = new ArrayList<>();
    properties(tool).fieldNames().forEachRemaining(names::add);
    if (custom.containsKey(tool)) {
      return names;
    }
    if (names.contains("file_path")) {
      names.add("path");
    }
    if (names.contains("url")) {
      names.add("domain");
    }
    if (tool.equals("Bash")) {
      names.add("egress");
    }
    return names;
  }

  /** The schema of an argument; empty for a word that only rules know. */
  JsonNode schema(String tool, String argument) {
    return properties(tool).path(argument);
  }

  private JsonNode properties(String tool) {
    CustomTool own = custom.get(tool);
    JsonNode schema =
        own == null ? ToolCatalog.schema(tool) : HelmJson.mapper().valueToTree(own.schema());
    return schema == null ? MissingNode.getInstance() : schema.path("properties");
  }
}
