package dev.helm.activities.run;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.api.blueprint.McpServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Blueprints for tests. */
public final class Plans {
  private Plans() {}

  /** Every tool, with these rules. */
  public static Blueprint rules(List<String> deny, List<String> ask, List<String> allow) {
    return rules(deny, ask, allow, 1);
  }

  /** The same where so many people must allow. */
  public static Blueprint rules(
      List<String> deny, List<String> ask, List<String> allow, int approvers) {
    return new Blueprint(
        "test",
        "",
        "default",
        "native",
        new Blueprint.Model("claude-test", 8192),
        "You are a test.",
        "task",
        Map.of(),
        List.of("Bash", "Read", "Write", "Glob", "Grep", "WebFetch", "SendEmail", "AskPerson"),
        new Blueprint.Permissions(deny, ask, allow, 60_000, approvers),
        new Blueprint.Budget(Usd.parse("1"), List.of()),
        new Blueprint.Limits(50, 3_600_000),
        new Blueprint.Egress(List.of("*.demo.test")),
        new Blueprint.Sandbox("default", 1 << 30, 1000, 256));
  }

  /** Everything is allowed. */
  public static Blueprint open() {
    return rules(List.of(), List.of(), List.of("Bash", "Read", "Write", "Glob", "SendEmail"));
  }

  /** The same blueprint with these tools of its own, which it offers, and these hooks. */
  public static Blueprint with(
      Blueprint plan,
      Map<String, CustomTool> tools,
      Map<HookEvent, List<Hook>> hooks,
      Map<String, String> hookFiles) {
    List<String> offered = new ArrayList<>(plan.tools());
    offered.addAll(tools.keySet());
    return made(plan, offered, Map.of(), tools, hooks, hookFiles);
  }

  /** With these tools of its own. */
  public static Blueprint with(Blueprint plan, Map<String, CustomTool> tools) {
    return with(plan, tools, Map.of(), Map.of());
  }

  /** The same blueprint with these MCP servers, of which all tools are offered. */
  public static Blueprint withServers(Blueprint plan, Map<String, McpServer> servers) {
    List<String> offered = new ArrayList<>(plan.tools());
    servers.keySet().forEach(server -> offered.add("mcp__" + server));
    return made(plan, offered, servers, Map.of(), Map.of(), Map.of());
  }

  private static Blueprint made(
      Blueprint plan,
      List<String> offered,
      Map<String, McpServer> servers,
      Map<String, CustomTool> tools,
      Map<HookEvent, List<Hook>> hooks,
      Map<String, String> hookFiles) {
    return new Blueprint(
        plan.name(),
        plan.description(),
        plan.project(),
        plan.agent(),
        plan.model(),
        plan.instructions(),
        plan.task(),
        plan.inputs(),
        offered,
        plan.permissions(),
        plan.budget(),
        plan.limits(),
        plan.egress(),
        plan.sandbox(),
        null,
        servers,
        tools,
        Map.of(),
        hooks,
        hookFiles,
        Map.of(),
        null);
  }
}
