package dev.helm.service.blueprint;

import dev.helm.api.Role;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Blueprint.Defaults;
import dev.helm.service.blueprint.Rules.Place;
import dev.helm.workflows.decide.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The section {@code permissions}: rules that mean something, and who is asked for how long. */
final class PermissionsReader {
  private static final int RULES_MAX = 200;
  private static final int RULE_CHARS_MAX = 500;
  private static final int APPROVERS_MAX = 100;
  private static final long DAY_MS = 86_400_000;

  private final Mistakes mistakes;
  private final Rules rules;

  PermissionsReader(Mistakes mistakes, Rules rules) {
    this.mistakes = mistakes;
    this.rules = rules;
  }

  Blueprint.Permissions read(Fields permissions) {
    List<String> deny = rules(permissions, "deny", Place.DENY, List.of(), List.of());
    List<String> ask = rules(permissions, "ask", Place.ASK, deny, List.of());
    List<String> allow = rules(permissions, "allow", Place.ALLOW, deny, ask);
    long timeoutMs =
        permissions.durationMs(
            "timeout", 1000, 30 * DAY_MS, Defaults.PERMISSION_TIMEOUT.toMillis());
    return new Blueprint.Permissions(
        deny,
        ask,
        allow,
        timeoutMs,
        permissions.whole("approvers", 1, APPROVERS_MAX, 1),
        escalate(permissions, timeoutMs));
  }

  private List<String> rules(
      Fields permissions, String list, Place place, List<String> deny, List<String> ask) {
    List<String> read = new ArrayList<>();
    for (Tree.Scalar rule : permissions.texts(list, RULES_MAX, RULE_CHARS_MAX)) {
      Rules.Wrong wrong = rules.check(rule.text(), place);
      wrong = wrong == null ? behind(rule.text(), place, "deny", deny) : wrong;
      wrong = wrong == null ? behind(rule.text(), place, "ask", ask) : wrong;
      wrong = wrong == null ? behind(rule.text(), place, list, read) : wrong;
      if (wrong == null) {
        read.add(rule.text());
      } else {
        mistakes.add(rule.at(), permissions.at(list), wrong.message(), wrong.hint());
      }
    }
    return read;
  }

  /** A rule that is never asked, since a list before it has all of its tool, or the same rule. */
  private static Rules.@Nullable Wrong behind(
      String text, Place place, String list, List<String> before) {
    Rule rule = Rule.parse(text);
    boolean within = list.equals(place.name().toLowerCase(Locale.ROOT));
    for (String other : before) {
      if (takes(Rule.parse(other), rule, place, within)) {
        return new Rules.Wrong(
            "\"" + other + "\" in " + list + " comes first, so this rule would never match",
            within
                ? "one of them is enough; take the other out"
                : "deny comes before ask, ask before allow; take one of them out");
      }
    }
    return null;
  }

  private static boolean takes(Rule first, Rule rule, Place place, boolean within) {
    if (rule.condition() instanceof Rule.Condition.Egress) {
      return false; // it grants hosts, whatever is allowed besides
    }
    if (place != Place.ALLOW) {
      return first.takesAll(rule);
    }
    // An allow speaks of its own tool alone, so only a rule of the same tool can be behind it.
    return (!within || first.tool().equals(rule.tool())) && first.takesAllowed(rule);
  }

  private Blueprint.@Nullable Escalate escalate(Fields permissions, long timeoutMs) {
    Tree.Obj group = permissions.group("escalate");
    if (group == null) {
      return null;
    }
    Fields escalate =
        Fields.of(group, permissions.at("escalate"), List.of("after", "to"), Map.of(), mistakes);
    long afterMs = escalate.durationMs("after", 1000, 30 * DAY_MS, timeoutMs / 2);
    if (escalate.get("after") == null) {
      mistakes.add(group.at(), escalate.at("after"), "\"after\" is missing", "for example 15m");
    } else if (afterMs >= timeoutMs) {
      mistakes.add(
          escalate.posOf("after"),
          escalate.at("after"),
          "by then the permission has timed out, so nobody would ever be told",
          "less than permissions.timeout, which is " + timeoutMs / 1000 + " s");
    }
    return new Blueprint.Escalate(afterMs, roles(group, escalate));
  }

  private List<String> roles(Tree.Obj group, Fields escalate) {
    List<String> known =
        Arrays.stream(Role.values()).filter(r -> r != Role.VIEWER).map(Role::word).toList();
    List<String> roles = new ArrayList<>();
    for (Tree.Scalar role : escalate.texts("to", known.size(), 20)) {
      if (known.contains(role.text())) {
        roles.add(role.text());
      } else {
        mistakes.add(
            role.at(),
            escalate.at("to"),
            "expected a role that may decide: "
                + String.join(", ", known)
                + "; found \""
                + role.text()
                + "\"",
            Nearest.hint(role.text(), known));
      }
    }
    if (escalate.get("to") == null) {
      mistakes.add(group.at(), escalate.at("to"), "\"to\" is missing", "for example [owner]");
    }
    return roles;
  }
}
