package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.Usd;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A reusable definition of an agent, checked and with every default filled in. A stored version
 * never changes; a run keeps the version that it started with.
 *
 * @param name 1 to 64 characters of {@code [a-z0-9-]}
 * @param description one line for people, may be empty
 * @param project who owns it
 * @param agent {@code native}, {@code claude-agent-sdk} or {@code command}
 * @param instructions the system prompt; {@code ${input}} is replaced
 * @param task the first user message, unless the run's {@code prompt} replaces it
 * @param inputs JSON Schema properties by name; each a plain JSON tree
 * @param tools names of the tools that the model may ask for; {@code mcp__server} and {@code
 *     mcp__server__*} are all tools of an MCP server
 * @param program the agent's own program, null for none
 * @param mcpServers MCP servers by name
 * @param customTools tools that the blueprint brings, by name
 * @param previews by tool, the read-only tool that is shown before it is decided
 * @param hooks programs that are asked or told, by event and in order
 * @param hookFiles the hooks' own files by relative path
 * @param subAgents sub-agents that can be asked for by name
 * @param schedule when runs of it are to start by themselves, null for never
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Blueprint(
    String name,
    String description,
    String project,
    String agent,
    Model model,
    String instructions,
    String task,
    Map<String, Map<String, Object>> inputs,
    List<String> tools,
    Permissions permissions,
    Budget budget,
    Limits limits,
    Egress egress,
    Sandbox sandbox,
    @Nullable Program program,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, McpServer> mcpServers,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, CustomTool> customTools,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, String> previews,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<HookEvent, List<Hook>> hooks,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, String> hookFiles,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, SubAgent> subAgents,
    @Nullable ScheduleSpec schedule) {
  /** Helm's own loop. */
  public static final String NATIVE = "native";

  /** Claude Code's runtime, driven by Helm, or a program that uses the Claude Agent SDK. */
  public static final String CLAUDE_AGENT_SDK = "claude-agent-sdk";

  /** Any program. */
  public static final String COMMAND = "command";

  /** Empty parts are not written, so that a version's hash is what it was before they were. */
  public Blueprint {
    inputs = Kept.map(inputs);
    tools = List.copyOf(tools);
    mcpServers = Kept.map(mcpServers);
    customTools = Kept.map(customTools);
    previews = Kept.map(previews);
    hooks = Kept.map(hooks);
    hookFiles = Kept.map(hookFiles);
    subAgents = Kept.map(subAgents);
  }

  /** With native tools alone. */
  public Blueprint(
      String name,
      String description,
      String project,
      String agent,
      Model model,
      String instructions,
      String task,
      Map<String, Map<String, Object>> inputs,
      List<String> tools,
      Permissions permissions,
      Budget budget,
      Limits limits,
      Egress egress,
      Sandbox sandbox) {
    this(
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
        sandbox,
        null,
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        null);
  }

  /** Which model, and the most tokens of one answer. */
  public record Model(String name, int maxTokens) {}

  /**
   * The gate's rules: first match wins within deny, then ask, then allow; what no rule names is
   * asked.
   *
   * @param timeoutMs how long a permission waits for people before it is denied
   * @param approvers how many different people must allow
   * @param escalate who else is told when nobody decides, null for nobody
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Permissions(
      List<String> deny,
      List<String> ask,
      List<String> allow,
      long timeoutMs,
      int approvers,
      @Nullable Escalate escalate) {
    public Permissions {
      deny = List.copyOf(deny);
      ask = List.copyOf(ask);
      allow = List.copyOf(allow);
    }

    /** Without escalation. */
    public Permissions(
        List<String> deny, List<String> ask, List<String> allow, long timeoutMs, int approvers) {
      this(deny, ask, allow, timeoutMs, approvers, null);
    }
  }

  /**
   * Who is told when nobody has decided.
   *
   * @param afterMs milliseconds after the question; less than the permission's timeout
   * @param to words of roles
   */
  public record Escalate(long afterMs, List<String> to) {
    public Escalate {
      to = List.copyOf(to);
    }
  }

  /**
   * Money: hard caps. Days and months are those of the operator's time zone.
   *
   * @param perRunUsd cap of one run
   * @param perDayUsd cap of all runs of the blueprint in a day, null for none
   * @param perMonthUsd the same in a calendar month
   * @param totalUsd the same for ever
   * @param warnAt percentages of a cap at which people are warned, ascending
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Budget(
      Usd perRunUsd,
      @Nullable Usd perDayUsd,
      @Nullable Usd perMonthUsd,
      @Nullable Usd totalUsd,
      List<Integer> warnAt) {
    public Budget {
      warnAt = List.copyOf(warnAt);
    }

    /** With a cap on each run only. */
    public Budget(Usd perRunUsd, List<Integer> warnAt) {
      this(perRunUsd, null, null, null, warnAt);
    }
  }

  /**
   * Bounds on a run.
   *
   * @param turns most model calls
   * @param wallTimeMs most working time; waiting for people does not count
   * @param stallAfterMs silence of a run at work after which it counts as stalled
   * @param subAgents most sub-agents of one run
   * @param subAgentDepth how deep sub-agents may ask for further ones: 1 for none of their own
   */
  public record Limits(
      int turns, long wallTimeMs, long stallAfterMs, int subAgents, int subAgentDepth) {
    /** What a version that was stored before these limits were there lacks is the default. */
    public Limits {
      stallAfterMs = stallAfterMs == 0 ? Defaults.STALL_AFTER.toMillis() : stallAfterMs;
      subAgents = subAgents == 0 ? Defaults.SUB_AGENTS : subAgents;
      subAgentDepth = subAgentDepth == 0 ? Defaults.SUB_AGENT_DEPTH : subAgentDepth;
    }

    /** With Helm's defaults for stalls and sub-agents. */
    public Limits(int turns, long wallTimeMs) {
      this(turns, wallTimeMs, 0, 0, 0);
    }
  }

  /** Hosts that a granted tool call may reach: exact names, or {@code *.suffix}. */
  public record Egress(List<String> allow) {
    public Egress {
      allow = List.copyOf(allow);
    }
  }

  /**
   * The container.
   *
   * @param image {@code default}, or the name of an image that the operator's engine has
   * @param memoryBytes memory limit; swap is not added
   * @param milliCpus thousandths of a CPU
   * @param pids most processes
   * @param packages {@code npm:NAME@VERSION} and {@code pypi:NAME@VERSION} that are put on top of
   *     the default image
   */
  public record Sandbox(
      String image,
      long memoryBytes,
      int milliCpus,
      int pids,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> packages) {
    /** Helm's own image. */
    public static final String DEFAULT_IMAGE = "default";

    public Sandbox {
      packages = Kept.list(packages);
    }

    /** Without packages. */
    public Sandbox(String image, long memoryBytes, int milliCpus, int pids) {
      this(image, memoryBytes, milliCpus, pids, List.of());
    }
  }

  /** Helm's defaults, used wherever a blueprint is silent. */
  public static final class Defaults {
    public static final String PROJECT = "default";
    public static final int MAX_TOKENS = 8192;
    public static final Duration PERMISSION_TIMEOUT = Duration.ofMinutes(30);
    public static final Usd PER_RUN = new Usd(5_000_000);
    public static final List<Integer> WARN_AT = List.of(50, 80);
    public static final int TURNS = 200;
    public static final Duration WALL_TIME = Duration.ofHours(8);
    public static final Duration STALL_AFTER = Duration.ofMinutes(10);
    public static final Duration TOOL_TIMEOUT = Duration.ofMinutes(1);
    public static final Duration HOOK_TIMEOUT = Duration.ofMinutes(1);
    public static final int SUB_AGENTS = 16;
    public static final int SUB_AGENT_DEPTH = 2;
    public static final long MEMORY_BYTES = 1L << 30;
    public static final int MILLI_CPUS = 1000;
    public static final int PIDS = 256;

    private Defaults() {}
  }

  /** The same definition with other tools, for a sub-agent. */
  public Blueprint withTools(List<String> narrowed) {
    return with(model, instructions, narrowed);
  }

  /**
   * The same definition for a sub-agent that is asked for by name: its instructions, its model, and
   * these tools.
   */
  public Blueprint withSubAgent(SubAgent subAgent, List<String> narrowed) {
    String other = subAgent.model();
    return with(
        other == null ? model : new Model(other, model.maxTokens()),
        subAgent.instructions(),
        narrowed);
  }

  private Blueprint with(Model otherModel, String otherInstructions, List<String> otherTools) {
    return new Blueprint(
        name,
        description,
        project,
        agent,
        otherModel,
        otherInstructions,
        task,
        inputs,
        otherTools,
        permissions,
        budget,
        limits,
        egress,
        sandbox,
        program,
        mcpServers,
        customTools,
        previews,
        hooks,
        hookFiles,
        subAgents,
        schedule);
  }

  /** Whether the model may ask for this tool at all. */
  public boolean offers(String tool) {
    return ToolNames.offers(tools, tool);
  }

  /** Whether Helm's own loop drives the agent. */
  public boolean runsNatively() {
    return agent.equals(NATIVE);
  }

  /** The read-only tool that is shown before this one is decided, or null. */
  public @Nullable String previewOf(String tool) {
    CustomTool custom = customTools.get(tool);
    String named = previews.get(tool);
    return named == null && custom != null ? custom.preview() : named;
  }

  /** The hooks of an event, in order. */
  public List<Hook> hooksOf(HookEvent event) {
    return hooks.getOrDefault(event, List.of());
  }

  /** Names of all secrets that its servers and tools are given. */
  public Set<String> secrets() {
    Set<String> names = new LinkedHashSet<>();
    mcpServers.values().forEach(server -> names.addAll(server.allSecrets()));
    customTools.values().forEach(tool -> names.addAll(tool.secrets()));
    return names;
  }

  /** How a run names its definition: {@code name@version}. */
  public static String reference(String name, int version) {
    return name + "@" + version;
  }

  /**
   * An exact version of a blueprint as the service stores and lists it.
   *
   * @param ruleOfTwo what the service computes of it, for an answer about one version
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Stored(
      String name,
      int version,
      String hash,
      String createdAt,
      @Nullable String by,
      Blueprint blueprint,
      @Nullable RuleOfTwo ruleOfTwo) {
    /** As it is stored. */
    public Stored(
        String name,
        int version,
        String hash,
        String createdAt,
        @Nullable String by,
        Blueprint blueprint) {
      this(name, version, hash, createdAt, by, blueprint, null);
    }

    /** With what was computed of it. */
    public Stored with(RuleOfTwo computed) {
      return new Stored(name, version, hash, createdAt, by, blueprint, computed);
    }
  }
}
