package dev.helm.cli.claude;

import dev.helm.api.blueprint.ToolNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The permissions of settings: Claude Code's rules in Helm's words. */
final class ClaudeRules {
  /** Tools of a new blueprint; what is denied whole is taken out. */
  static final List<String> TOOLS = List.of("Bash", "Read", "Write", "Edit", "Glob", "Grep");

  private static final Pattern RULE =
      Pattern.compile("([A-Za-z][A-Za-z0-9_-]*)(?:\\((.*)\\))?", Pattern.DOTALL);
  private static final Pattern HOST = Pattern.compile("(\\*\\.)?([a-z0-9-]+\\.)+[a-z][a-z0-9-]*");
  private static final List<String> LISTS = List.of("deny", "ask", "allow");

  private final Notes notes;
  private final Set<String> servers;
  private final Set<String> tools = new LinkedHashSet<>(TOOLS);
  private final Set<String> hosts = new LinkedHashSet<>();
  private final Map<String, List<String>> rules = new LinkedHashMap<>();

  ClaudeRules(Notes notes, Set<String> servers) {
    this.notes = notes;
    this.servers = servers;
    servers.forEach(server -> tools.add("mcp__" + server));
  }

  /** Takes the lists in the order in which they are decided. */
  void read(Map<?, ?> permissions) {
    for (String list : LISTS) {
      List<?> written = permissions.get(list) instanceof List<?> some ? some : List.of();
      if (list.equals("deny")) {
        written.forEach(rule -> wholeTool(String.valueOf(rule)));
      }
      written.forEach(rule -> rule(list, String.valueOf(rule)));
    }
    if (permissions.get("additionalDirectories") instanceof List<?> more && !more.isEmpty()) {
      notes.left(
          "permissions.additionalDirectories", "an agent has its workspace and nothing else");
    }
    Object mode = permissions.get("defaultMode");
    if ("acceptEdits".equals(mode)) {
      List.of("Edit", "Write").forEach(tool -> add("allow", tool, "defaultMode acceptEdits"));
    } else if (mode != null && !"default".equals(mode)) {
      notes.left("permissions.defaultMode " + mode, "no safeguard is switched off by a mode");
    }
  }

  private void wholeTool(String rule) {
    if (TOOLS.contains(rule) && tools.remove(rule)) {
      notes.carried("deny " + rule + ", as a tool that the agent does not have");
    }
  }

  private void rule(String list, String text) {
    Matcher matcher = RULE.matcher(text.strip());
    if (!matcher.matches()) {
      notes.left(list + " " + text, "it is no rule that Helm knows");
      return;
    }
    String tool = named(String.valueOf(matcher.group(1)));
    String inside = matcher.group(2);
    if (TOOLS.contains(tool) && !tools.contains(tool)) {
      if (!text.equals(tool)) {
        notes.left(list + " " + text, "the agent does not have " + tool);
      }
    } else if (tool.startsWith("mcp__")) {
      ofServer(list, text, tool, inside);
    } else if (tool.equals("WebFetch")) {
      fetch(list, text, inside);
    } else if (tool.equals("Agent") || TOOLS.contains(tool)) {
      ofFileOrShell(list, text, tool, inside);
    } else {
      notes.left(list + " " + text, "Helm has no tool named " + tool);
    }
  }

  private static String named(String tool) {
    return switch (tool) {
      case "Task" -> "Agent";
      case "MultiEdit" -> "Edit";
      default -> tool;
    };
  }

  private void ofServer(String list, String text, String tool, @Nullable String inside) {
    String server = tool.substring(5).replaceFirst("__.*", "");
    if (!servers.contains(server)) {
      notes.left(list + " " + text, "its server was not carried over");
    } else if (inside != null) {
      notes.left(list + " " + text, "a rule on a server's tool names an argument, as in (id=7)");
    } else {
      add(list, tool, text);
    }
  }

  private void fetch(String list, String text, @Nullable String inside) {
    String host = inside == null ? null : inside.replaceFirst("^domain:", "");
    if (host == null) {
      notes.left(
          list + " " + text, "WebFetch reaches only hosts that egress.allow names; add them");
    } else if (!HOST.matcher(host).matches()) {
      notes.left(list + " " + text, "expected a host such as example.com or *.example.com");
    } else if (list.equals("deny")) {
      notes.left(list + " " + text, "a host that egress.allow does not name is refused anyway");
    } else {
      tools.add("WebFetch");
      hosts.add(host);
      add(list, "WebFetch(domain=" + host + ")", text);
    }
  }

  private void ofFileOrShell(String list, String text, String tool, @Nullable String inside) {
    if (tool.equals("Agent")) {
      if (inside == null && tools.contains("Agent")) {
        add(list, "Agent", text);
      } else {
        notes.left(list + " " + text, "sub-agents pass the same gate as the agent itself");
      }
    } else if (inside == null || inside.isBlank() || inside.equals("*")) {
      add(list, tool, text);
    } else if (tool.equals("Bash")) {
      shell(list, text, inside.strip());
    } else {
      String path = path(inside.strip());
      if (path == null) {
        notes.left(
            list + " " + text, "the path is outside of the workspace, which no call reaches");
        return;
      }
      for (String each : alike(list, tool)) {
        add(list, each + "(" + path + ")", text);
      }
    }
  }

  private void shell(String list, String text, String command) {
    if (list.equals("allow") && command.matches("(?s).*(&&|\\|\\||[;|\\n]).*")) {
      notes.left(list + " " + text, "commands are allowed one by one; write a rule for each");
    } else {
      add(list, "Bash(" + command + ")", text);
    }
  }

  /**
   * Claude Code's Edit rules are about Write too, and its Read rules about Grep. Helm's deny and
   * ask rules on paths see all tools by themselves, so one of them is enough there.
   */
  private List<String> alike(String list, String tool) {
    boolean allow = list.equals("allow");
    List<String> all =
        switch (tool) {
          case "Edit" -> List.of("Edit", "Write");
          case "Read" -> allow ? List.of("Read") : List.of("Read", "Grep");
          default -> List.of(tool);
        };
    return all.stream().filter(tools::contains).limit(allow ? all.size() : 1).toList();
  }

  /** A path as in a .gitignore, from the workspace's root; null when it leads out. */
  private static @Nullable String path(String written) {
    if (written.startsWith("//") || written.startsWith("~") || written.contains("..")) {
      return null;
    }
    String path = written.replaceFirst("^(\\./|/)", "");
    boolean rooted = !path.equals(written);
    if (path.endsWith("/")) {
      path += "**";
    }
    return rooted || path.contains("/") ? path : "**/" + path;
  }

  private void add(String list, String rule, String from) {
    String tool = rule.replaceFirst("\\(.*", "");
    for (String before : LISTS) {
      List<String> known = rules.getOrDefault(before, List.of());
      boolean whole = known.stream().anyMatch(r -> r.equals(tool) || ofAll(r, tool));
      if (known.contains(rule) || !before.equals(list) && whole) {
        if (!before.equals(list)) {
          notes.left(list + " " + from, "a rule of " + before + " comes first");
        }
        return;
      }
      if (before.equals(list)) {
        break;
      }
    }
    rules.computeIfAbsent(list, _ -> new ArrayList<>()).add(rule);
    notes.carried(list + " " + rule);
  }

  private static boolean ofAll(String rule, String tool) {
    return ToolNames.wholeServer(rule) && tool.startsWith(rule.replaceFirst("(__)?[*]?$", "__"));
  }

  /** The agent can ask for sub-agents. */
  void withAgents() {
    tools.add("Agent");
  }

  List<String> tools() {
    return List.copyOf(tools);
  }

  List<String> hosts() {
    return List.copyOf(hosts);
  }

  /** Rules by list, in the order deny, ask, allow. */
  Map<String, Object> rules() {
    Map<String, Object> ordered = new LinkedHashMap<>();
    LISTS.stream().filter(rules::containsKey).forEach(l -> ordered.put(l, rules.get(l)));
    return ordered;
  }
}
