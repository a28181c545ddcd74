package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.Program;
import dev.helm.api.blueprint.ScheduleSpec;
import dev.helm.api.blueprint.SubAgent;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A blueprint as its author would write it, every default filled in: what the reader reads back.
 */
public final class BlueprintSource {
  private BlueprintSource() {}

  /** YAML that gives the same blueprint when it is applied. */
  public static String yaml(Blueprint blueprint) {
    return YamlText.of(tree(blueprint));
  }

  private static Map<String, Object> tree(Blueprint b) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", b.name());
    text(tree, "description", b.description());
    tree.put("project", b.project());
    tree.put("agent", b.agent());
    tree.put("model", members("name", b.model().name(), "maxTokens", b.model().maxTokens()));
    some(tree, "program", program(b.program()));
    text(tree, "instructions", b.instructions());
    text(tree, "task", b.task());
    some(tree, "inputs", b.inputs());
    tree.put("tools", b.tools());
    some(tree, "mcpServers", each(b.mcpServers(), BlueprintSource::server));
    some(tree, "customTools", each(b.customTools(), BlueprintSource::tool));
    some(tree, "previews", b.previews());
    tree.put("permissions", permissions(b.permissions()));
    some(tree, "hooks", hooks(b));
    some(tree, "hookFiles", b.hookFiles());
    some(tree, "subAgents", each(b.subAgents(), BlueprintSource::subAgent));
    tree.put("budget", budget(b.budget()));
    tree.put("limits", limits(b.limits()));
    some(tree, "egress", members("allow", b.egress().allow()));
    tree.put("sandbox", sandbox(b.sandbox()));
    some(tree, "schedule", schedule(b.schedule()));
    return tree;
  }

  private static @Nullable Object program(@Nullable Program program) {
    return program == null ? null : members("command", program.command(), "env", program.env());
  }

  private static Object server(McpServer server) {
    return members(
        "package",
        server.recipe(),
        "command",
        server.command(),
        "image",
        server.image(),
        "url",
        server.url(),
        "args",
        server.args(),
        "env",
        server.env(),
        "secrets",
        server.secrets(),
        "auth",
        auth(server.auth()),
        "egress",
        server.egress(),
        "timeout",
        duration(server.timeoutMs()),
        "tools",
        server.tools(),
        "reads",
        server.reads());
  }

  private static @Nullable Object auth(McpServer.@Nullable Auth auth) {
    if (auth == null) {
      return null;
    }
    McpServer.OAuth oauth = auth.oauth();
    return oauth == null
        ? members("bearer", auth.bearer())
        : members(
            "oauth",
            members(
                "issuer",
                oauth.issuer(),
                "clientId",
                oauth.clientId(),
                "clientSecret",
                oauth.clientSecret(),
                "scopes",
                oauth.scopes()));
  }

  private static Object tool(CustomTool tool) {
    CustomTool.Http http = tool.http();
    return members(
        "description",
        tool.description(),
        "schema",
        tool.schema(),
        "command",
        tool.command(),
        "env",
        tool.env(),
        "http",
        http == null
            ? null
            : members(
                "method",
                http.method(),
                "url",
                http.url(),
                "headers",
                http.headers(),
                "body",
                http.body(),
                "answer",
                http.statusOnly() ? "status" : null),
        "timeout",
        duration(tool.timeoutMs()),
        "outward",
        tool.outward(),
        "preview",
        tool.preview());
  }

  private static Object subAgent(SubAgent agent) {
    return members(
        "description",
        agent.description(),
        "instructions",
        agent.instructions(),
        "tools",
        agent.tools(),
        "model",
        agent.model());
  }

  private static Map<String, Object> hooks(Blueprint b) {
    Map<String, Object> hooks = new LinkedHashMap<>();
    b.hooks()
        .forEach(
            (event, of) ->
                hooks.put(event.word(), of.stream().map(BlueprintSource::hook).toList()));
    return hooks;
  }

  private static Object hook(Hook hook) {
    return members(
        "matcher",
        hook.matcher().isEmpty() ? null : hook.matcher(),
        "command",
        hook.command(),
        "timeout",
        duration(hook.timeoutMs()));
  }

  private static Object permissions(Blueprint.Permissions p) {
    Blueprint.Escalate escalate = p.escalate();
    return members(
        "deny",
        p.deny(),
        "ask",
        p.ask(),
        "allow",
        p.allow(),
        "timeout",
        duration(p.timeoutMs()),
        "approvers",
        p.approvers(),
        "escalate",
        escalate == null
            ? null
            : members("after", duration(escalate.afterMs()), "to", new Always(escalate.to())));
  }

  private static Object budget(Blueprint.Budget b) {
    return members(
        "perRunUsd",
        b.perRunUsd().toString(),
        "perDayUsd",
        string(b.perDayUsd()),
        "perMonthUsd",
        string(b.perMonthUsd()),
        "totalUsd",
        string(b.totalUsd()),
        "warnAt",
        new Always(b.warnAt()));
  }

  private static Object limits(Blueprint.Limits l) {
    return members(
        "turns",
        l.turns(),
        "wallTime",
        duration(l.wallTimeMs()),
        "stallAfter",
        duration(l.stallAfterMs()),
        "subAgents",
        l.subAgents(),
        "subAgentDepth",
        l.subAgentDepth());
  }

  private static Object sandbox(Blueprint.Sandbox s) {
    return members(
        "image",
        s.packages().isEmpty() ? s.image() : s.packages(),
        "memory",
        memory(s.memoryBytes()),
        "cpus",
        BigDecimal.valueOf(s.milliCpus(), 3).stripTrailingZeros(),
        "pids",
        s.pids());
  }

  private static @Nullable Object schedule(@Nullable ScheduleSpec s) {
    return s == null
        ? null
        : members(
            "cron",
            s.cron(),
            "timeZone",
            s.timeZone(),
            "overlap",
            s.overlap().word(),
            "catchUp",
            duration(s.catchUpMs()),
            "inputs",
            s.inputs(),
            "prompt",
            s.prompt());
  }

  /** A list that is written when it is empty too, since then it is not the default. */
  record Always(List<?> values) {}

  /** Names and values in turn; what is null or empty is left out. */
  private static Map<String, Object> members(@Nullable Object... namesAndValues) {
    Map<String, Object> members = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      some(members, String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return members;
  }

  private static void some(Map<String, Object> to, String name, @Nullable Object value) {
    boolean empty =
        value == null
            || value instanceof List<?> list && list.isEmpty()
            || value instanceof Map<?, ?> map && map.isEmpty();
    if (!empty) {
      to.put(name, value instanceof Always always ? always.values() : value);
    }
  }

  private static void text(Map<String, Object> to, String name, String text) {
    some(to, name, text.isEmpty() ? null : text);
  }

  private static <T> Map<String, Object> each(Map<String, T> map, Function<T, Object> write) {
    List<Map.Entry<String, T>> entries = new ArrayList<>(map.entrySet());
    Map<String, Object> written = new LinkedHashMap<>();
    entries.forEach(entry -> written.put(entry.getKey(), write.apply(entry.getValue())));
    return written;
  }

  private static @Nullable String string(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  private static String duration(long ms) {
    long s = ms / 1000;
    return s % 3600 == 0 ? s / 3600 + "h" : s % 60 == 0 ? s / 60 + "m" : s + "s";
  }

  private static String memory(long bytes) {
    return bytes % (1L << 30) == 0 ? (bytes >> 30) + "g" : (bytes >> 20) + "m";
  }
}
