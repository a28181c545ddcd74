package dev.helm.workflows.decide;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which arguments of Helm's tools are paths in the workspace, and what the tool does there. A path
 * rule of Read speaks of all that is read, one of Write or Edit of all that is written, whichever
 * tool does it. Attack: what Write may not touch is written by WebFetch's {@code save_as}, what
 * Read may not see is sent as an attachment.
 */
public final class ToolPaths {
  private static final boolean READS = true;
  private static final boolean WRITES = true;

  private static final Map<String, List<Argument>> ARGUMENTS =
      Map.of(
          "Read", List.of(new Argument("file_path", READS, false)),
          "Write", List.of(new Argument("file_path", false, WRITES)),
          "Edit", List.of(new Argument("file_path", READS, WRITES)),
          "NotebookEdit", List.of(new Argument("notebook_path", READS, WRITES)),
          "Glob", List.of(new Argument("path", READS, false)),
          "Grep", List.of(new Argument("path", READS, false)),
          "WebFetch", List.of(new Argument("save_as", false, WRITES)),
          "WriteRow",
              List.of(
                  new Argument("file_path", READS, WRITES),
                  new Argument("rows_file", READS, false)),
          "SendEmail", List.of(new Argument("attachments", READS, false)),
          "Publish", List.of(new Argument("files", READS, false)));

  private static final Set<String> MAIN = Set.of("file_path", "path", "notebook_path");

  private ToolPaths() {}

  /** A path, or a list of them. */
  public record Argument(String name, boolean reads, boolean writes) {
    /** Whether it is what the call is about; rules call it {@code path}. */
    public boolean main() {
      return MAIN.contains(name);
    }
  }

  /** The tool's arguments that are paths; none for a tool that is not Helm's. */
  public static List<Argument> of(String tool) {
    return ARGUMENTS.getOrDefault(tool, List.of());
  }

  /** Whether this argument of the tool is a path. */
  static boolean has(String tool, String argument) {
    return of(tool).stream().anyMatch(each -> each.name().equals(argument));
  }

  /** Whether path rules of this tool speak of other tools too. */
  static boolean speaks(String tool) {
    return tool.equals("Read") || writes(tool);
  }

  /** Whether path rules of the one speak of the same as those of the other. */
  static boolean alike(String one, String other) {
    return one.equals(other) || (writes(one) && writes(other));
  }

  private static boolean writes(String tool) {
    return tool.equals("Write") || tool.equals("Edit");
  }

  /** Those that a path rule of another tool speaks of. */
  static List<Argument> spokenOf(String ruleTool, String tool) {
    return of(tool).stream()
        .filter(
            each ->
                switch (ruleTool) {
                  case "Read" -> each.reads();
                  case "Write", "Edit" -> each.writes();
                  default -> false;
                })
        .toList();
  }
}
