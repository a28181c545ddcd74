package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.RuleOfTwo;
import dev.helm.api.blueprint.ToolNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Computes the {@link RuleOfTwo} of a blueprint; docs/blueprints.md has the definitions. Untrusted
 * input and private data are judged by what the blueprint declares and not by its list of tools, so
 * that a sub-agent with fewer tools is judged as the run is: its prompt comes from an agent that
 * had them.
 */
public final class Combination {
  /** A text input that can be longer than this may hold private data, in characters. */
  public static final int SHORT_CHARS_MAX = 200;

  private static final int HOSTS_SHOWN_MAX = 5;
  private static final Set<String> NARROW = Set.of("enum", "const");
  private static final Set<String> NARROW_FORMATS =
      Set.of("date", "date-time", "time", "duration", "uuid", "ipv4", "ipv6");
  private static final Map<String, String> NATIVE =
      Map.of("SendEmail", "SendEmail sends mail", "Publish", "Publish hands files out");

  private final Blueprint blueprint;
  private final Set<String> operatorHosts;
  private final List<String> bashHosts;

  /**
   * The combination of a blueprint.
   *
   * @param operatorHosts hosts of the targets that the operator has listed, in lower case
   */
  public Combination(Blueprint blueprint, Set<String> operatorHosts) {
    this.blueprint = blueprint;
    this.operatorHosts = Set.copyOf(operatorHosts);
    this.bashHosts = EgressGrant.hosts(blueprint, new ToolCall("", "Bash", "{}", Map.of()));
  }

  /** The three lists. */
  public static RuleOfTwo of(Blueprint blueprint, Set<String> operatorHosts) {
    Combination combination = new Combination(blueprint, operatorHosts);
    return RuleOfTwo.of(
        combination.untrustedInput(), combination.privateData(), combination.outward());
  }

  private List<String> untrustedInput() {
    List<String> reasons = new ArrayList<>();
    List<String> hosts = blueprint.egress().allow();
    if (!hosts.isEmpty()) {
      reasons.add("egress.allow lets it read " + shown(hosts));
    }
    blueprint.mcpServers().keySet().forEach(name -> reasons.add("MCP server " + name + " answers"));
    blueprint
        .customTools()
        .forEach(
            (name, tool) -> {
              CustomTool.Http http = tool.http();
              if (http != null && reads(tool)) {
                reasons.add(name + " reads " + http.host());
              }
            });
    blueprint
        .inputs()
        .forEach(
            (name, schema) -> {
              if (takesAnyText(schema, false)) {
                reasons.add("input " + name + " takes any text");
              }
            });
    return reasons;
  }

  private List<String> privateData() {
    List<String> reasons = new ArrayList<>();
    blueprint
        .mcpServers()
        .forEach(
            (name, server) -> {
              if (!server.allSecrets().isEmpty()) {
                reasons.add(
                    "MCP server " + name + " has " + String.join(", ", server.allSecrets()));
              }
            });
    blueprint
        .customTools()
        .forEach(
            (name, tool) -> {
              if (reads(tool) && !tool.secrets().isEmpty()) {
                reasons.add(name + " has " + String.join(", ", tool.secrets()));
              }
            });
    List<String> targets = operatorTargets();
    if (!targets.isEmpty()) {
      reasons.add("it may reach the operator's " + shown(targets));
    }
    blueprint
        .inputs()
        .forEach(
            (name, schema) -> {
              if (takesAnyText(schema, true)) {
                reasons.add("input " + name + " takes text of any length");
              }
            });
    return reasons;
  }

  /** Whether the model sees what the tool's host answers. */
  private static boolean reads(CustomTool tool) {
    return tool.http() != null && !tool.http().statusOnly();
  }

  private List<String> outward() {
    List<String> reasons = new ArrayList<>();
    for (String tool : blueprint.tools()) {
      String why = ToolNames.wholeServer(tool) ? ofServer(tool) : byName(tool);
      if (why != null && !reasons.contains(why)) {
        reasons.add(why);
      }
    }
    return reasons;
  }

  private @Nullable String ofServer(String entry) {
    String name = ToolNames.server(entry);
    McpServer server = name == null ? null : blueprint.mcpServers().get(name);
    if (server == null || !server.outward("")) {
      return null;
    }
    return "tools of MCP server "
        + name
        + (server.reads().isEmpty() ? "" : ", except " + String.join(", ", server.reads()));
  }

  /** Why this call acts outward, or null if it does not. */
  public @Nullable String outward(ToolCall call) {
    if (!call.tool().equals("WebFetch")) {
      return byName(call.tool());
    }
    String host = call.domain();
    return host == null || openHosts().stream().anyMatch(open -> Glob.host(open, host))
        ? byName("WebFetch")
        : null;
  }

  private @Nullable String byName(String tool) {
    String server = ToolNames.server(tool);
    if (server != null) {
      McpServer of = blueprint.mcpServers().get(server);
      return of == null || of.outward(tool.substring(("mcp__" + server + "__").length()))
          ? "tools of MCP server " + server
          : null;
    }
    CustomTool custom = blueprint.customTools().get(tool);
    if (custom != null) {
      return custom.outward() ? tool + " is outward" : null;
    }
    return switch (tool) {
      case "Bash" -> bashHosts.isEmpty() ? null : "Bash may reach " + shown(bashHosts);
      case "WebFetch" ->
          openHosts().isEmpty() ? null : "WebFetch's addresses may tell " + shown(openHosts());
      default -> NATIVE.get(tool);
    };
  }

  /** Hosts to which an address alone may carry data: nobody named whose they are, or they are. */
  private List<String> openHosts() {
    return Stream.concat(
            blueprint.egress().allow().stream().filter(host -> host.startsWith("*.")),
            operatorTargets().stream())
        .distinct()
        .toList();
  }

  private List<String> operatorTargets() {
    return operatorHosts.stream().filter(this::reaches).sorted().toList();
  }

  private boolean reaches(String host) {
    return Stream.concat(
                blueprint.egress().allow().stream(),
                blueprint.mcpServers().values().stream().flatMap(Combination::hosts))
            .anyMatch(pattern -> Glob.host(pattern, host))
        || blueprint.customTools().values().stream()
            .anyMatch(tool -> tool.http() != null && tool.http().host().equals(host));
  }

  private static Stream<String> hosts(McpServer server) {
    return Stream.concat(server.egress().stream(), Stream.ofNullable(server.host()));
  }

  /** Whether an input has room for what somebody else wrote, or for something long. */
  private static boolean takesAnyText(Map<?, ?> schema, boolean longOnly) {
    boolean narrow =
        NARROW.stream().anyMatch(schema::containsKey)
            || schema.get("format") instanceof String format && NARROW_FORMATS.contains(format);
    if (narrow) {
      return false;
    }
    return switch (String.valueOf(schema.get("type"))) {
      case "string" -> {
        boolean isShort =
            schema.get("maxLength") instanceof Number most && most.longValue() <= SHORT_CHARS_MAX;
        // Attack: the pattern ".*" lets everything in.
        yield !isShort || !longOnly && !schema.containsKey("pattern");
      }
      case "array" ->
          !(schema.get("items") instanceof Map<?, ?> items) || takesAnyText(items, longOnly);
      case "object" ->
          !Boolean.FALSE.equals(schema.get("additionalProperties"))
              || schema.get("properties") instanceof Map<?, ?> properties
                  && properties.values().stream()
                      .anyMatch(
                          of -> !(of instanceof Map<?, ?> map) || takesAnyText(map, longOnly));
      case "number", "integer", "boolean" -> false;
      default -> true;
    };
  }

  private static String shown(List<String> hosts) {
    return hosts.size() <= HOSTS_SHOWN_MAX
        ? String.join(", ", hosts)
        : String.join(", ", hosts.subList(0, HOSTS_SHOWN_MAX))
            + " and "
            + (hosts.size() - HOSTS_SHOWN_MAX)
            + " more";
  }
}
