package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rule that an allow could remember, so that people see its text before they say yes: as wide
 * as what they decide on reads (a command's program and verb, a file's directory, a host, a
 * recipient), and only one that would really let this very call pass.
 */
public final class Suggestions {
  /** Longest rule that is suggested, in characters; a longer one nobody reads. */
  private static final int CHARS_MAX = 200;

  /** Programs whose second word says what they do. */
  private static final Set<String> WITH_VERBS =
      Set.of(
          "apt",
          "brew",
          "bun",
          "cargo",
          "composer",
          "docker",
          "dotnet",
          "gh",
          "git",
          "go",
          "gradle",
          "helm",
          "kubectl",
          "make",
          "mvn",
          "npm",
          "pip",
          "pip3",
          "pnpm",
          "poetry",
          "terraform",
          "uv",
          "yarn");

  private static final Pattern VERB = Pattern.compile("[a-z][a-z0-9:-]*");

  /** What a rule's text cannot say of itself alone. */
  private static final Pattern NOT_PLAIN = Pattern.compile("[*?()\\p{Cntrl}]|:$");

  private Suggestions() {}

  /**
   * The narrowest useful rule under which this call would not be asked, or null when there is none:
   * the guard asks, several people must agree, the call is too odd for one rule.
   *
   * @param remembered what is remembered by now
   */
  public static RunEvent.@Nullable Suggestion of(
      Blueprint blueprint, List<Remembered> remembered, ToolCall call) {
    return of(blueprint, remembered, call, Set.of());
  }

  /** The same where the operator has listed targets at these hosts. */
  public static RunEvent.@Nullable Suggestion of(
      Blueprint blueprint, List<Remembered> remembered, ToolCall call, Set<String> operatorHosts) {
    if (blueprint.permissions().approvers() > 1) {
      return null;
    }
    for (String rule : candidates(call)) {
      if (rule.length() <= CHARS_MAX
          && whyNot(blueprint, remembered, rule, call, operatorHosts) == null) {
        return new RunEvent.Suggestion(rule, "From now on " + rule + " runs without asking.");
      }
    }
    return null;
  }

  /**
   * Why the call would not pass with this rule remembered, in words; null when it would pass by it.
   */
  public static @Nullable String whyNot(
      Blueprint blueprint, List<Remembered> remembered, String rule, ToolCall call) {
    return whyNot(blueprint, remembered, rule, call, Set.of());
  }

  /** The same where the operator has listed targets at these hosts. */
  public static @Nullable String whyNot(
      Blueprint blueprint,
      List<Remembered> remembered,
      String rule,
      ToolCall call,
      Set<String> operatorHosts) {
    List<Remembered> with = new ArrayList<>(List.of(new Remembered(rule, "")));
    with.addAll(remembered);
    Verdict verdict;
    try {
      if (!Rule.parse(rule).names(call.tool())) {
        return "it is about another tool than " + call.tool();
      }
      verdict = Gate.of(blueprint, with, operatorHosts).decide(call);
    } catch (IllegalArgumentException e) {
      return String.valueOf(e.getMessage());
    }
    return switch (verdict) {
      case Verdict.Allow allow -> null;
      case Verdict.Deny deny -> "the call would be denied: " + deny.reason();
      case Verdict.Ask ask ->
          ask.rule() == null
              ? "with it the call would still be asked: " + ask.because()
              : "with it the call would still be asked: " + ask.because() + " (" + ask.rule() + ")";
      case Verdict.Pass pass -> "the gate has no opinion";
    };
  }

  private static List<String> candidates(ToolCall call) {
    String tool = call.tool();
    return switch (tool) {
      case "Bash" -> commands(call.text("command"));
      case "Write", "Edit", "WriteRow", "Read" -> paths(tool, call.workspacePath());
      case "WebFetch" -> inside(tool, "domain=", call.domain());
      case "SendEmail", "Publish" -> inside(tool, "to=", recipients(call));
      default -> List.of(tool);
    };
  }

  private static List<String> commands(@Nullable String command) {
    if (command == null || NOT_PLAIN.matcher(command).find()) {
      return List.of();
    }
    String[] words = command.strip().split(" +");
    List<String> rules = new ArrayList<>();
    if (words.length > 2 && WITH_VERBS.contains(words[0]) && VERB.matcher(words[1]).matches()) {
      rules.add("Bash(" + words[0] + " " + words[1] + " *)");
    }
    rules.add("Bash(" + command.strip() + ")");
    return rules;
  }

  private static List<String> paths(String tool, @Nullable String path) {
    if (path == null || path.isEmpty() || NOT_PLAIN.matcher(path).find()) {
      return List.of();
    }
    int slash = path.lastIndexOf('/');
    String glob = slash < 0 ? path : path.substring(0, slash) + "/**";
    return List.of(tool + "(path=" + glob + ")");
  }

  private static List<String> inside(String tool, String name, @Nullable String value) {
    return value == null || value.isBlank() || NOT_PLAIN.matcher(value).find()
        ? List.of()
        : List.of(tool + "(" + name + value + ")");
  }

  private static @Nullable String recipients(ToolCall call) {
    return call.arguments().get("to") instanceof List<?> list
            && list.size() == 1
            && list.getFirst() instanceof String one
        ? one
        : call.text("to");
  }
}
