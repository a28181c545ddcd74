package dev.helm.service.blueprint;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Blueprint.Defaults;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.McpServer;
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
          "sandbox",
          "program",
          "mcpServers",
          "customTools",
          "previews",
          "hooks",
          "hookFiles",
          "subAgents",
          "schedule");

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final String NAME_SHAPE =
      "1 to 64 lower-case letters, digits and dashes, beginning with a letter or digit";
  static final Pattern MODEL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}");
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
    this.fields = Fields.of(root, "", MEMBERS, Map.of(), mistakes);
  }

  Blueprint read() {
    AgentReader agents = new AgentReader(mistakes);
    String name = required("name", fields.word("name", NAME, NAME_SHAPE));
    String description = description();
    String project = or(fields.word("project", NAME, NAME_SHAPE), Defaults.PROJECT);
    String agent = agents.read(fields);
    Blueprint.Model model = model();
    Map<String, Map<String, Object>> inputs = inputs();
    String instructions = template("instructions", 100_000, inputs.keySet());
    String task = template("task", 20_000, inputs.keySet());
    if (fields.get("instructions") == null && fields.get("task") == null) {
      mistakes.add(
          root.at(), "task", "the agent has nothing to do", "add \"task:\" or \"instructions:\"");
    }
    Map<String, McpServer> servers = new McpServersReader(mistakes).read(fields);
    Map<String, CustomTool> custom = new CustomToolsReader(mistakes).read(fields);
    Tools known = new Tools(agent, fields.get("program") != null, custom, servers);
    ToolsReader toolsReader = new ToolsReader(mistakes, known);
    required("tools", fields.get("tools"));
    List<String> tools = toolsReader.read(fields);
    agents.notForIt(fields, agent, tools);
    Map<String, String> previews = toolsReader.previews(fields, tools);
    toolsReader.ownPreviews(fields, custom, previews);
    toolsReader.unused(fields, tools, custom, servers, previewing(previews, custom));
    Blueprint.Egress egress =
        new Blueprint.Egress(
            new Parts(mistakes).hosts(section("egress", List.of("allow"), Map.of()), "allow"));
    HooksReader hooks = new HooksReader(mistakes);
    Map<String, String> hookFiles = hooks.files(fields);
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
        permissions(known, tools, egress),
        budget(),
        limits(),
        egress,
        new SandboxReader(mistakes)
            .read(
                section(
                    "sandbox", List.of("image", "runtime", "memory", "cpus", "pids"), Map.of())),
        agents.program(fields, agent),
        servers,
        custom,
        previews,
        hooks.read(fields, hookFiles),
        hookFiles,
        new SubAgentsReader(mistakes, tools).read(fields),
        new ScheduleReader(mistakes, inputs, task.isBlank()).read(fields));
  }

  private static Set<String> previewing(
      Map<String, String> previews, Map<String, CustomTool> custom) {
    Set<String> names = new LinkedHashSet<>(previews.values());
    for (CustomTool tool : custom.values()) {
      if (tool.preview() != null) {
        names.add(tool.preview());
      }
    }
    return names;
  }

  private Blueprint.Permissions permissions(
      Tools known, List<String> tools, Blueprint.Egress egress) {
    return new PermissionsReader(mistakes, new Rules(known, tools, egress.allow()))
        .read(
            section(
                "permissions",
                List.of("deny", "ask", "allow", "timeout", "approvers", "escalate"),
                Map.of()));
  }

  private String description() {
    String description = or(fields.text("description", 500), "");
    if (description.stripTrailing().contains("\n")) {
      mistakes.add(fields.posOf("description"), "description", "expected one line");
    }
    return description.strip();
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
