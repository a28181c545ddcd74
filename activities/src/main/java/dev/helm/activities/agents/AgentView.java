package dev.helm.activities.agents;

import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.SubAgent;
import dev.helm.api.blueprint.ToolNames;
import dev.helm.workflows.AgentRunWorkflow;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A run as one of its agents sees it. A sub-agent has the run's rules, limits and budget, and of
 * its tools those that it was given: what it may do is never more than what its parent may.
 */
public final class AgentView {
  private static final String SUBAGENT =
      """
      You are a sub-agent: another agent of this run gave you one part of its work, which is the \
      first message here. Nobody but that agent reads what you write, and only your last message: \
      put the whole result there.""";

  private static final Pattern NAME = Pattern.compile("\\$\\{([^{}$]{1,200})}");

  private AgentView() {}

  /**
   * The run for this agent.
   *
   * @throws IllegalStateException when the run has no such sub-agent
   */
  public static Runs.Info of(Runs runs, String run, String agent) {
    Runs.Info info = runs.info(run);
    if (isMain(agent)) {
      return info;
    }
    Runs.Subagent subagent = find(runs, run, agent);
    SubAgent named =
        subagent.kind() == null ? null : info.blueprint().subAgents().get(subagent.kind());
    Blueprint narrowed =
        named == null
            ? info.blueprint().withTools(subagent.tools())
            : info.blueprint().withSubAgent(named, subagent.tools());
    return new Runs.Info(
        info.run(),
        info.name(),
        info.epoch(),
        info.status(),
        info.waitingFor(),
        narrowed,
        info.blueprintRef(),
        info.input(),
        info.prompt(),
        info.practice());
  }

  /** Whether the agent is the one that a person started. */
  public static boolean isMain(String agent) {
    return agent.equals(AgentRunWorkflow.MAIN);
  }

  /** The system prompt of this agent, from that of the main one. */
  public static String system(String agent, String instructions) {
    return isMain(agent) ? instructions : (instructions.strip() + "\n\n" + SUBAGENT).strip();
  }

  /** Its instructions, and which sub-agents it can ask for by name. */
  public static String instructions(Blueprint blueprint) {
    if (blueprint.subAgents().isEmpty() || !blueprint.offers("Agent")) {
      return blueprint.instructions();
    }
    StringBuilder all = new StringBuilder(blueprint.instructions().strip());
    all.append("\n\nSub-agents that the tool Agent knows by subagent_type:\n");
    blueprint
        .subAgents()
        .forEach(
            (name, subAgent) ->
                all.append("- ")
                    .append(name)
                    .append(": ")
                    .append(subAgent.description())
                    .append('\n'));
    return all.toString().strip();
  }

  /** The first message of the main agent: the run's prompt or the blueprint's task, filled in. */
  public static String task(Runs.Info info) {
    String prompt = info.prompt();
    return fill(prompt == null ? info.blueprint().task() : prompt, info.input());
  }

  /** Replaces {@code ${name}} by the input's value; unknown names stay as they are. */
  public static String fill(String template, Map<String, Object> input) {
    // In one pass: what a value holds is not read as a template.
    return NAME.matcher(template)
        .replaceAll(
            found ->
                Matcher.quoteReplacement(
                    input.containsKey(found.group(1))
                        ? String.valueOf(input.get(found.group(1)))
                        : found.group()));
  }

  /** The first message of a sub-agent: what its parent wrote, which is no template. */
  public static String prompt(Runs runs, Blobs blobs, String run, String agent) {
    return blobs.text(find(runs, run, agent).prompt());
  }

  /** The tools of a sub-agent at the given depth whose parent has {@code parents}. */
  public static List<String> tools(List<String> parents, List<String> asked, int depth, int max) {
    return ToolNames.both(parents, asked).stream()
        .filter(tool -> depth < max || !tool.equals("Agent"))
        .toList();
  }

  private static Runs.Subagent find(Runs runs, String run, String agent) {
    return runs.subagents(run).stream()
        .filter(subagent -> subagent.agent().equals(agent))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("run " + run + " has no sub-agent " + agent));
  }
}
