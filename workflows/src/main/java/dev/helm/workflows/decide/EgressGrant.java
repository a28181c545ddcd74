package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import java.util.List;

/** Which hosts a running tool call may reach: never more than the blueprint's egress list. */
public final class EgressGrant {
  private EgressGrant() {}

  /** Host patterns, exact or {@code *.suffix}; empty means no connection at all. */
  public static List<String> hosts(Blueprint blueprint, ToolCall call) {
    List<String> allowed = blueprint.egress().allow();
    return switch (call.tool()) {
      case "WebFetch" -> {
        String host = call.domain();
        yield host != null && allowed.stream().anyMatch(pattern -> Glob.host(pattern, host))
            ? List.of(host)
            : List.of();
      }
      case "Bash" ->
          blueprint.permissions().allow().stream()
              .map(Rule::parse)
              .filter(rule -> rule.tool().equals("Bash"))
              .map(Rule::condition)
              .filter(Rule.Condition.Egress.class::isInstance)
              .map(condition -> ((Rule.Condition.Egress) condition).pattern())
              .filter(pattern -> within(pattern, allowed))
              .toList();
      default -> List.of();
    };
  }

  private static boolean within(String pattern, List<String> allowed) {
    return allowed.contains(pattern)
        || (!pattern.startsWith("*.") && allowed.stream().anyMatch(a -> Glob.host(a, pattern)))
        || allowed.stream().anyMatch(a -> a.startsWith("*.") && pattern.endsWith(a.substring(1)));
  }
}
