package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Program;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The member {@code agent}, the section {@code program}, and what only some agents have. */
final class AgentReader {
  static final List<String> AGENTS =
      List.of(Blueprint.NATIVE, Blueprint.CLAUDE_AGENT_SDK, Blueprint.COMMAND);

  /** Agents that this build refuses as "not yet"; empty once all of them are there. */
  private static final List<String> LATER = List.of();

  /** Helm and the key proxy set these, and a run would not work with others. */
  private static final Predicate<String> OWN_VARIABLE =
      name -> name.startsWith("HELM_") || name.startsWith("ANTHROPIC_");

  private final Mistakes mistakes;

  AgentReader(Mistakes mistakes) {
    this.mistakes = mistakes;
  }

  String read(Fields root) {
    String agent = root.text("agent", 100);
    if (agent == null) {
      return Blueprint.NATIVE;
    }
    if (LATER.contains(agent)) {
      mistakes.notYet(root.posOf("agent"), "agent", "agent " + agent);
    } else if (!AGENTS.contains(agent)) {
      mistakes.add(
          root.posOf("agent"),
          "agent",
          "expected one of " + String.join(", ", AGENTS) + ", found \"" + agent + "\"",
          Nearest.hint(agent, AGENTS));
    }
    return agent;
  }

  @Nullable Program program(Fields root, String agent) {
    Tree.Obj group = root.group("program");
    if (group == null) {
      if (agent.equals(Blueprint.COMMAND) && root.get("program") == null) {
        mistakes.add(
            root.posOf("agent"),
            "program",
            "agent: command runs a program of yours, and none is named",
            "program: {command: [python3, agent.py]}");
      }
      return null;
    }
    if (agent.equals(Blueprint.NATIVE)) {
      mistakes.add(
          group.at(),
          "program",
          "agent: native is Helm's own loop and runs no program",
          "agent: command, or leave program out");
    }
    Fields fields = Fields.of(group, "program", List.of("command", "env"), Map.of(), mistakes);
    Parts parts = new Parts(mistakes);
    List<String> command = parts.command(fields, "command");
    if (fields.get("command") == null) {
      mistakes.add(group.at(), "program.command", "\"command\" is missing", "[python3, agent.py]");
    }
    Map<String, String> env = parts.environment(fields);
    env.keySet().stream()
        .filter(OWN_VARIABLE)
        .forEach(
            name ->
                mistakes.add(
                    fields.posOf("env"), "program.env." + name, "Helm sets this variable itself"));
    return command.isEmpty() ? null : new Program(command, env);
  }

  /** What an agent of this kind cannot have. */
  void notForIt(Fields root, String agent, List<String> tools) {
    if (!agent.equals(Blueprint.COMMAND)) {
      return;
    }
    if (root.get("subAgents") != null) {
      mistakes.add(
          root.posOf("subAgents"),
          "subAgents",
          "a program brings its own agents; agent: command has no named sub-agents",
          "leave them out, or use agent: native");
    }
    if (tools.contains("Agent")) {
      mistakes.add(
          root.posOf("tools"),
          "tools",
          "the tool Agent has Helm's own loop work, which agent: command does not use",
          "leave it out, or use agent: native");
    }
  }
}
