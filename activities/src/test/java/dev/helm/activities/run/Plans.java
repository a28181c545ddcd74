package dev.helm.activities.run;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
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
}
