package dev.helm.service.blueprint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.tools.ToolCatalog;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The built-in tools' names and what a rule may say of their arguments, as the catalogue says. */
final class Tools {
  private static final Set<String> LATER = Set.of("Publish");

  private Tools() {}

  static Set<String> names() {
    return new TreeSet<>(ToolCatalog.names());
  }

  /** A tool that a later version brings. */
  static boolean later(String name) {
    return LATER.contains(name) && !ToolCatalog.names().contains(name) || name.startsWith("mcp__");
  }

  /** Arguments with the words that only rules know: {@code path domain egress}. */
  static List<String> arguments(String tool) {
    List<String> names = new ArrayList<>();
    properties(tool).fieldNames().forEachRemaining(names::add);
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
  static JsonNode schema(String tool, String argument) {
    return properties(tool).path(argument);
  }

  private static JsonNode properties(String tool) {
    JsonNode schema = ToolCatalog.schema(tool);
    return schema == null
        ? com.fasterxml.jackson.databind.node.MissingNode.getInstance()
        : schema.path("properties");
  }
}
