package dev.helm.service.blueprint;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The built-in tools' names and what a rule may say of their arguments. */
final class Tools {
  /** Arguments by tool, with the words that only rules know: {@code path domain egress}. */
  private static final Map<String, List<String>> ARGUMENTS =
      Map.ofEntries(
          Map.entry("Bash", List.of("command", "timeout", "description", "egress")),
          Map.entry("Read", List.of("path", "file_path", "offset", "limit")),
          Map.entry("Write", List.of("path", "file_path", "content")),
          Map.entry(
              "Edit", List.of("path", "file_path", "old_string", "new_string", "replace_all")),
          Map.entry("Glob", List.of("pattern", "path")),
          Map.entry("Grep", List.of("pattern", "path", "glob", "output_mode", "head_limit")),
          Map.entry("WebFetch", List.of("domain", "url", "save_as")),
          Map.entry("WriteRow", List.of("path", "file_path", "rows", "rows_file", "row_count")),
          Map.entry("SendEmail", List.of("to", "subject", "body", "attachments")),
          Map.entry("AskPerson", List.of("question", "options", "free_text", "timeout")),
          Map.entry("Agent", List.of("description", "prompt", "tools")));

  private static final Set<String> NUMERIC = Set.of("timeout", "offset", "limit", "head_limit");
  private static final Set<String> LATER = Set.of("Publish");

  private Tools() {}

  static Set<String> names() {
    return new TreeSet<>(ARGUMENTS.keySet());
  }

  /** A tool that a later version brings. */
  static boolean later(String name) {
    return LATER.contains(name) || name.startsWith("mcp__");
  }

  static List<String> arguments(String tool) {
    return ARGUMENTS.getOrDefault(tool, List.of());
  }

  static boolean numeric(String argument) {
    return NUMERIC.contains(argument);
  }
}
