package dev.helm.cli.claude;

import dev.helm.api.blueprint.ToolNames;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Carries what a project's {@code .claude} folder says into one blueprint. */
public final class ClaudeFolder {
  private static final int INSTRUCTIONS_CHARS_MAX = 100_000;
  private static final String MODEL = "claude-sonnet-4-5";
  private static final Map<String, String> ALIASES =
      Map.of("sonnet", MODEL, "opus", "claude-opus-4-5", "haiku", "claude-haiku-4-5");
  private static final Pattern MODEL_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}");
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");
  private static final List<String> SETTINGS =
      List.of("permissions", "hooks", "env", "model", "$schema");

  private ClaudeFolder() {}

  /** What came of it: a blueprint's members in order, and the lists. */
  public record Imported(Map<String, Object> blueprint, Notes notes) {}

  /**
   * Reads the folder.
   *
   * @param dir the project, or its {@code .claude} folder
   * @param name the blueprint's name, or empty for the project's
   * @param agent the blueprint's {@code agent}
   */
  public static Imported read(Path dir, String name, String agent) {
    Notes notes = new Notes();
    ClaudeFiles project = ClaudeFiles.of(dir, notes);
    List<Map<String, Object>> settings =
        List.of(project.json(".claude/settings.json"), project.json(".claude/settings.local.json"));
    Map<String, Object> servers = new ClaudeServers(notes).read(project.json(".mcp.json"));
    Map<String, Map<String, Object>> agents = new ClaudeAgents(notes, project).read();
    ClaudeRules rules = new ClaudeRules(notes, servers.keySet());
    if (!agents.isEmpty()) {
      rules.withAgents();
    }
    rules.read(permissions(settings));
    ClaudeHooks hooks = new ClaudeHooks(notes, project);
    settings.forEach(hooks::read);
    settings.forEach(each -> others(each, notes));
    Map<String, Object> blueprint = new LinkedHashMap<>();
    blueprint.put("name", name.isEmpty() ? nameOf(project.root()) : name);
    blueprint.put("agent", agent);
    blueprint.put("model", Map.of("name", modelOf(settings, notes)));
    blueprint.put("instructions", instructions(project, notes));
    blueprint.put("tools", rules.tools());
    put(blueprint, "mcpServers", servers);
    put(blueprint, "permissions", rules.rules());
    put(blueprint, "hooks", hooks.hooks());
    put(blueprint, "hookFiles", hooks.files());
    put(blueprint, "subAgents", subAgents(agents, rules.tools(), notes));
    put(blueprint, "egress", rules.hosts().isEmpty() ? Map.of() : Map.of("allow", rules.hosts()));
    folders(project, notes);
    return new Imported(blueprint, notes);
  }

  private static void put(Map<String, Object> blueprint, String name, Map<String, ?> section) {
    if (!section.isEmpty()) {
      blueprint.put(name, section);
    }
  }

  /** The lists of both files, one behind the other; the local file's other members win. */
  private static Map<String, Object> permissions(List<Map<String, Object>> settings) {
    Map<String, Object> all = new LinkedHashMap<>();
    for (Map<String, Object> each : settings) {
      if (each.get("permissions") instanceof Map<?, ?> some) {
        some.forEach(
            (name, value) ->
                all.merge(
                    String.valueOf(name),
                    value,
                    (before, more) -> {
                      if (!(before instanceof List<?> a) || !(more instanceof List<?> b)) {
                        return more;
                      }
                      List<Object> both = new ArrayList<>(a);
                      both.addAll(b);
                      return both;
                    }));
      }
    }
    return all;
  }

  private static void others(Map<String, Object> settings, Notes notes) {
    if (settings.get("env") instanceof Map<?, ?> env) {
      env.keySet()
          .forEach(
              name ->
                  notes.left(
                      "env " + name,
                      "the agent's container has no environment of yours; give it to the server,"
                          + " tool or program that needs it, a secret by helm secret set"));
    }
    settings.keySet().stream()
        .filter(name -> !SETTINGS.contains(name))
        .forEach(name -> notes.left("setting " + name, "a blueprint has nothing like it"));
  }

  private static String modelOf(List<Map<String, Object>> settings, Notes notes) {
    String model = "";
    for (Map<String, Object> each : settings) {
      model = each.get("model") instanceof String given ? given : model;
    }
    if (model.isEmpty()) {
      notes.left("model", "none is set; " + MODEL + " was taken");
      return MODEL;
    }
    String full = model(model, "model", notes);
    notes.carried("model " + full);
    return full;
  }

  /** A model's full name; what its short names mean changes, so it is told. */
  static String model(String model, String where, Notes notes) {
    String full = ALIASES.get(model.toLowerCase(Locale.ROOT));
    if (full != null) {
      notes.left(where + " " + model, "a short name; " + full + " was taken for it");
      return full;
    }
    if (!MODEL_NAME.matcher(model).matches()) {
      notes.left(where, "it is no model's name; " + MODEL + " was taken");
      return MODEL;
    }
    return model;
  }

  private static String instructions(ClaudeFiles project, Notes notes) {
    for (String path : List.of("CLAUDE.md", ".claude/CLAUDE.md")) {
      String text = project.text(path);
      if (text != null && !text.isBlank()) {
        if (text.length() <= INSTRUCTIONS_CHARS_MAX) {
          notes.carried(path + " as instructions");
          return withoutReferences(text);
        }
        notes.left(path, "instructions have at most 100,000 characters");
      }
    }
    return "You work on the project " + nameOf(project.root()) + " in /workspace.";
  }

  /** In a blueprint ${name} stands for an input. */
  static String withoutReferences(String text) {
    return REFERENCE.matcher(text).replaceAll("\\$$1");
  }

  private static Map<String, Object> subAgents(
      Map<String, Map<String, Object>> agents, List<String> tools, Notes notes) {
    Map<String, Object> kept = new LinkedHashMap<>();
    agents.forEach(
        (name, agent) -> {
          if (agent.get("tools") instanceof List<?> named) {
            List<String> asked =
                named.stream()
                    .map(String::valueOf)
                    .map(t -> t.equals("Task") ? "Agent" : t)
                    .toList();
            List<String> had =
                asked.stream().filter(tool -> ToolNames.offers(tools, tool)).toList();
            asked.stream()
                .filter(tool -> !had.contains(tool))
                .forEach(
                    tool ->
                        notes.left(
                            "sub-agent " + name + ", tool " + tool, "the agent has no such"));
            if (had.isEmpty()) {
              notes.left("sub-agent " + name, "none of its tools is there");
              return;
            }
            agent.put("tools", had);
          }
          kept.put(name, agent);
        });
    return kept;
  }

  private static void folders(ClaudeFiles project, Notes notes) {
    List<String> read =
        List.of("settings.json", "settings.local.json", "agents", "hooks", "CLAUDE.md");
    project.names(".claude").stream()
        .filter(name -> !read.contains(name))
        .forEach(name -> notes.left(".claude/" + name, "a blueprint has nothing like it"));
  }

  private static String nameOf(Path root) {
    String name = String.valueOf(root.getFileName()).toLowerCase(Locale.ROOT);
    String plain = name.replaceAll("[^a-z0-9-]+", "-").replaceAll("^-+|-+$", "");
    return plain.isEmpty() ? "imported" : plain.substring(0, Math.min(64, plain.length()));
  }
}
