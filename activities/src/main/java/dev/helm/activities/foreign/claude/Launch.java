package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.foreign.SessionStart;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How the runtime is started for a run: arguments, environment, and its first request. */
final class Launch {
  /** Longest that a hook may wait, for people too: the runtime takes no more than a day. */
  private static final int HOOK_SECONDS = 86_400;

  private static final List<String> HOOKS =
      List.of(
          "PreToolUse",
          "PostToolUse",
          "PostToolUseFailure",
          "SubagentStart",
          "SubagentStop",
          "PreCompact");

  /** Tools of the runtime that are not there whatever else it may bring: they act outside. */
  private static final String NEVER =
      "WebFetch,WebSearch,CronCreate,CronDelete,CronList,ScheduleWakeup,RemoteTrigger,"
          + "EnterWorktree,ExitWorktree,PushNotification,Monitor,Workflow";

  private Launch() {}

  /** Program and arguments. */
  static List<String> argv(Blueprint blueprint, String sessionId, boolean resumed) {
    List<String> argv = new ArrayList<>(List.of(ClaudeImage.PROGRAM));
    argv.addAll(List.of("--output-format", "stream-json", "--input-format", "stream-json"));
    argv.addAll(List.of("--verbose", "--include-partial-messages"));
    argv.addAll(List.of("--permission-prompt-tool", "stdio", "--permission-mode", "default"));
    argv.addAll(List.of("--setting-sources=", "--strict-mcp-config", "--disable-slash-commands"));
    argv.addAll(List.of("--model", blueprint.model().name()));
    argv.addAll(List.of("--tools", String.join(",", OwnTools.of(blueprint))));
    argv.addAll(List.of("--disallowedTools", NEVER));
    argv.addAll(List.of(resumed ? "--resume" : "--session-id", sessionId));
    return argv;
  }

  /** Variables besides those of every command. */
  static Map<String, String> environment(SessionStart start) {
    Map<String, String> env = new TreeMap<>();
    env.put("ANTHROPIC_BASE_URL", "http://127.0.0.1:3129");
    env.put("ANTHROPIC_API_KEY", start.modelToken().reveal());
    env.put(
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
        Integer.toString(start.info().blueprint().model().maxTokens()));
    env.putAll(runtime());
    return env;
  }

  /** Variables of every start of the runtime, a program's too. */
  static Map<String, String> runtime() {
    Map<String, String> env = new TreeMap<>();
    // Else it looks for other hosts, and asks the model for a title.
    env.put("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    // Else a sub-agent's report comes when the agent may have ended.
    env.put("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1");
    env.put("CLAUDE_CODE_MAX_RETRIES", "6");
    env.put("ENABLE_TOOL_SEARCH", "false");
    env.put("DISABLE_AUTOUPDATER", "1");
    // A person's question may take as long as the run's permissions last.
    env.put("MCP_TOOL_TIMEOUT", Integer.toString(HOOK_SECONDS * 1_000));
    return env;
  }

  /** The request that comes first: hooks, Helm's tools, instructions and sub-agents. */
  static ObjectNode initialize(SessionStart start, String instructions, boolean tools) {
    ObjectNode request = HelmJson.mapper().createObjectNode().put("subtype", "initialize");
    ObjectNode hooks = request.putObject("hooks");
    for (String hook : HOOKS) {
      ObjectNode matcher = hooks.putArray(hook).addObject();
      matcher.putNull("matcher").put("timeout", HOOK_SECONDS);
      matcher.putArray("hookCallbackIds").add(hook);
    }
    if (tools) {
      ArrayNode servers = request.putArray("sdkMcpServers");
      servers.add(HelmTools.SERVER);
    }
    if (!instructions.isBlank()) {
      request.put("appendSystemPrompt", instructions);
    }
    Blueprint blueprint = start.info().blueprint();
    if (!blueprint.subAgents().isEmpty()) {
      ObjectNode agents = request.putObject("agents");
      blueprint
          .subAgents()
          .forEach(
              (name, agent) -> {
                ObjectNode each = agents.putObject(name);
                each.put("description", agent.description()).put("prompt", agent.instructions());
                if (agent.model() != null) {
                  each.put("model", agent.model());
                }
                if (!agent.tools().isEmpty()) {
                  ArrayNode names = each.putArray("tools");
                  agent.tools().forEach(tool -> names.add(OwnTools.wireName(tool)));
                }
              });
    }
    return request;
  }
}
