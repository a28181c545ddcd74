package dev.helm.service.blueprint;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Blueprint.Defaults;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Section by section from the tree to the record; the sections of docs/blueprints.md, in order. */
final class BlueprintReader {
  private static final List<String> MEMBERS =
      List.of(
          "name",
          "description",
          "project",
          "agent",
          "model",
          "instructions",
          "task",
          "inputs",
          "tools",
          "permissions",
          "budget",
          "limits",
          "egress",
          "sandbox");
  private static final Map<String, String> LATER =
      Map.of("hooks", "hooks", "mcpServers", "mcpServers", "schedule", "schedule");

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final String NAME_SHAPE =
      "1 to 64 lower-case letters, digits and dashes, beginning with a letter or digit";
  private static final Pattern MODEL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}");
  private static final Pattern HOST =
      Pattern.compile(
          "(\\*\\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?");
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");
  private static final Usd MAX_USD = new Usd(100_000_000_000L);
  private static final long DAY_MS = 86_400_000;

  private final Tree.Obj root;
  private final String source;
  private final Mistakes mistakes;
  private final Fields fields;

  BlueprintReader(Tree.Obj root, String source, Mistakes mistakes) {
    this.root = root;
    this.source = source;
    this.mistakes = mistakes;
    this.fields = Fields.of(root, "", MEMBERS, LATER, mistakes);
  }

  Blueprint read() {
    String name = required("name", fields.word("name", NAME, NAME_SHAPE));
    String description = description();
    String project = or(fields.word("project", NAME, NAME_SHAPE), Defaults.PROJECT);
    String agent = agent();
    Blueprint.Model model = model();
    Map<String, Map<String, Object>> inputs = inputs();
    String instructions = template("instructions", 100_000, inputs.keySet());
    String task = template("task", 20_000, inputs.keySet());
    if (fields.get("instructions") == null && fields.get("task") == null) {
      mistakes.add(
          root.at(), "task", "the agent has nothing to do", "add \"task:\" or \"instructions:\"");
    }
    List<String> tools = tools();
    Blueprint.Egress egress = egress();
    Blueprint.Permissions permissions =
        new PermissionsReader(mistakes, new Rules(new LinkedHashSet<>(tools), egress.allow()))
            .read(
                section(
                    "permissions",
                    List.of("deny", "ask", "allow", "timeout", "approvers", "escalate"),
                    Map.of()));
    Blueprint.Budget budget = budget();
    Blueprint.Limits limits = limits();
    return new Blueprint(
        name,
        description,
        project,
        agent,
        model,
        instructions,
        task,
        inputs,
        tools,
        permissions,
        budget,
        limits,
        egress,
        sandbox());
  }

  private String description() {
    String description = or(fields.text("description", 500), "");
    if (description.stripTrailing().contains("\n")) {
      mistakes.add(fields.posOf("description"), "description", "expected one line");
    }
    return description.strip();
  }

  private String agent() {
    String agent = or(fields.text("agent", 100), "native");
    switch (agent) {
      case "native" -> {}
      case "claude-agent-sdk", "command" ->
          mistakes.notYet(fields.posOf("agent"), "agent", "agent " + agent);
      default ->
          mistakes.add(
              fields.posOf("agent"),
              "agent",
              "expected native, found \"" + agent + "\"",
              Nearest.hint(agent, List.of("native", "claude-agent-sdk", "command")));
    }
    return agent;
  }

  private Blueprint.Model model() {
    Tree.Obj group = fields.group("model");
    if (group == null) {
      required("model", fields.get("model"));
      return new Blueprint.Model("", Defaults.MAX_TOKENS);
    }
    Fields model = section("model", group, List.of("name", "maxTokens"), Map.of());
    String name = model.word("name", MODEL, "a model's name such as claude-sonnet-4-5");
    if (model.get("name") == null) {
      mistakes.add(
          group.at(), "model.name", "\"name\" is missing", "for example claude-sonnet-4-5");
    }
    return new Blueprint.Model(
        or(name, ""), model.whole("maxTokens", 256, 128_000, Defaults.MAX_TOKENS));
  }

  private Map<String, Map<String, Object>> inputs() {
    Map<String, Map<String, Object>> inputs = new LinkedHashMap<>();
    Tree.Obj group = fields.group("inputs");
    if (group != null) {
      new InputsReader(mistakes).read(group, inputs);
    }
    return inputs;
  }

  /** A text in which every {@code ${name}} has to be an input. */
  private String template(String member, int charsMax, Set<String> inputs) {
    String text = or(fields.text(member, charsMax), "");
    Set<String> told = new LinkedHashSet<>();
    Matcher matcher = REFERENCE.matcher(text);
    while (matcher.find()) {
      String input = matcher.group(1);
      if (!inputs.contains(input) && told.add(input)) {
        mistakes.add(
            placeOf(matcher.group(), fields.posOf(member)),
            member,
            "${" + input + "} is not one of inputs",
            Nearest.hint(input, inputs));
      }
    }
    return text;
  }

  /** Block scalars and escapes lose the way back to the source, so the place is searched in it. */
  private Tree.Pos placeOf(String needle, Tree.Pos from) {
    int index = source.indexOf(needle, Math.min(from.index(), source.length()));
    if (index < 0) {
      return from;
    }
    int line = 1 + (int) source.substring(0, index).chars().filter(c -> c == '\n').count();
    return new Tree.Pos(line, index - source.lastIndexOf('\n', index), index);
  }

  private List<String> tools() {
    required("tools", fields.get("tools"));
    List<String> tools = new ArrayList<>();
    for (Tree.Scalar tool : fields.texts("tools", 50, 100)) {
      String name = tool.text();
      if (Tools.later(name)) {
        mistakes.notYet(tool.at(), "tools", "tool " + name);
      } else if (!Tools.names().contains(name)) {
        mistakes.add(
            tool.at(),
            "tools",
            "there is no tool \"" + name + "\"; tools are " + String.join(", ", Tools.names()),
            Nearest.hint(name, Tools.names()));
      } else {
        tools.add(name);
      }
    }
    return tools;
  }

  private Blueprint.Budget budget() {
    Fields budget =
        section(
            "budget",
            List.of("perRunUsd", "perDayUsd", "perMonthUsd", "totalUsd", "warnAt"),
            Map.of());
    return new Blueprint.Budget(
        budget.dollars("perRunUsd", MAX_USD, Defaults.PER_RUN),
        cap(budget, "perDayUsd"),
        cap(budget, "perMonthUsd"),
        cap(budget, "totalUsd"),
        budget.ascending("warnAt", 1, 99, 10, Defaults.WARN_AT));
  }

  private static @Nullable Usd cap(Fields budget, String name) {
    return budget.get(name) == null ? null : budget.dollars(name, MAX_USD, MAX_USD);
  }

  private Blueprint.Limits limits() {
    Fields limits =
        section(
            "limits",
            List.of("turns", "wallTime", "stallAfter", "subAgents", "subAgentDepth"),
            Map.of());
    return new Blueprint.Limits(
        limits.whole("turns", 1, 100_000, Defaults.TURNS),
        limits.durationMs("wallTime", 1000, 30 * DAY_MS, Defaults.WALL_TIME.toMillis()),
        limits.durationMs("stallAfter", 10_000, 7 * DAY_MS, Defaults.STALL_AFTER.toMillis()),
        limits.whole("subAgents", 1, 256, Defaults.SUB_AGENTS),
        limits.whole("subAgentDepth", 1, 5, Defaults.SUB_AGENT_DEPTH));
  }

  private Blueprint.Egress egress() {
    Fields egress = section("egress", List.of("allow"), Map.of());
    List<String> hosts = new ArrayList<>();
    for (Tree.Scalar host : egress.texts("allow", 200, 253)) {
      if (HOST.matcher(host.text()).matches()) {
        hosts.add(host.text());
      } else {
        mistakes.add(
            host.at(),
            "egress.allow",
            "expected a host such as stripe.com or *.example.com, found \"" + host.text() + "\"",
            hostHint(host.text()));
      }
    }
    return new Blueprint.Egress(hosts);
  }

  private static @Nullable String hostHint(String host) {
    if (host.contains("/") || host.contains(":")) {
      return "only the host's name, without scheme, port or path";
    }
    return host.chars().anyMatch(Character::isUpperCase) ? "write it in lower case" : null;
  }

  private Blueprint.Sandbox sandbox() {
    Fields sandbox =
        section("sandbox", List.of("image", "runtime", "memory", "cpus", "pids"), Map.of());
    String image = or(sandbox.text("image", 300), "default");
    if (!image.equals("default")) {
      mistakes.notYet(sandbox.posOf("image"), "sandbox.image", "an image other than default");
    }
    String runtime = or(sandbox.text("runtime", 100), "default");
    if (!runtime.equals("default")) {
      mistakes.notYet(sandbox.posOf("runtime"), "sandbox.runtime", "runtime " + runtime);
    }
    return new Blueprint.Sandbox(
        image,
        sandbox.memoryBytes("memory", 64L << 20, 256L << 30, Defaults.MEMORY_BYTES),
        sandbox.thousandths("cpus", 128_000, Defaults.MILLI_CPUS),
        sandbox.whole("pids", 16, 32_768, Defaults.PIDS));
  }

  private Fields section(String name, List<String> known, Map<String, String> later) {
    Tree.Obj group = fields.group(name);
    return section(name, group == null ? new Tree.Obj(root.at(), List.of()) : group, known, later);
  }

  private Fields section(
      String name, Tree.Obj group, List<String> known, Map<String, String> later) {
    return Fields.of(group, name, known, later, mistakes);
  }

  private String required(String member, @Nullable Object value) {
    if (value == null && fields.get(member) == null) {
      mistakes.add(root.at(), member, "\"" + member + "\" is missing");
    }
    return Objects.toString(value, "");
  }

  private static String or(@Nullable String value, String otherwise) {
    return value == null ? otherwise : value;
  }
}
