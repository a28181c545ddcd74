package dev.helm.service.blueprint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.ToolNames;
import dev.helm.workflows.decide.Rule;
import dev.helm.workflows.decide.Rule.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether a permission rule means something: {@code Tool}, {@code Tool(specifier)}, {@code
 * Tool(arg=glob)}, {@code Tool(arg>number)} with {@code > >= < <=}. A rule that could never match
 * is a mistake of whoever wrote it, and is told as one.
 *
 * <p>A word before an operator (for Bash, a lower-case one before {@code =}) is always read as an
 * argument's name and has to be one, so that a slip such as {@code Bash(comand=rm *)} is an error
 * here and not a rule that never matches.
 */
public final class Rules {
  private static final Pattern RULE =
      Pattern.compile("([A-Za-z_][A-Za-z0-9_-]*[*]?)(?:\\((.*)\\))?");
  private static final Pattern CONDITION =
      Pattern.compile(
          "([A-Za-z-][A-Za-z0-9_-]*(?:[.][A-Za-z0-9_-]+)*)\\s*(>=|<=|=|>|<)\\s*(.*)",
          Pattern.DOTALL);

  /** In a shell command {@code a > b} and {@code FOO=1 make} are commands. */
  private static final Pattern BASH_CONDITION =
      Pattern.compile("([a-z][a-z_]*)(=)(.*)", Pattern.DOTALL);

  private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,15}(\\.[0-9]{1,6})?");
  private static final Pattern HOST =
      Pattern.compile("(\\*\\.)?([a-z0-9-]{1,63}\\.)*[a-z0-9-]{1,63}");

  private final Tools tools;
  private final List<String> offered;
  private final List<String> egress;

  /**
   * Judges rules of a blueprint that is being read.
   *
   * @param tools those that it could name
   * @param offered those that it does name
   * @param egress hosts that it may reach
   */
  Rules(Tools tools, List<String> offered, List<String> egress) {
    this.tools = tools;
    this.offered = List.copyOf(offered);
    this.egress = List.copyOf(egress);
  }

  /** Judges rules of a blueprint. */
  public static Rules of(Blueprint blueprint) {
    return new Rules(Tools.of(blueprint), blueprint.tools(), blueprint.egress().allow());
  }

  /** Why the rule is wrong. */
  public record Wrong(String message, @Nullable String hint) {}

  /** Where a rule stands. */
  public enum Place {
    DENY,
    ASK,
    ALLOW
  }

  /** Null when it is right there. */
  public @Nullable Wrong check(String rule, Place place) {
    Matcher matcher = RULE.matcher(rule);
    if (!matcher.matches()) {
      return new Wrong(
          "expected a rule such as Tool, Tool(specifier), Tool(arg=glob) or Tool(arg>number), found"
              + " \""
              + rule
              + "\"",
          rule.contains("(") && !rule.endsWith(")") ? "close the bracket" : null);
    }
    String tool = matcher.group(1);
    String inner = matcher.group(2);
    Wrong wrong = checkTool(tool, place != Place.ALLOW && seesOthers(rule));
    if (wrong == null && inner != null && !inner.equals("*")) {
      wrong = checkInner(tool, inner);
    }
    return wrong == null ? checkAsTheGateReads(rule, place) : wrong;
  }

  /** What the gate cannot read must never be stored, nor what could never match any call. */
  private @Nullable Wrong checkAsTheGateReads(String text, Place place) {
    Rule rule;
    try {
      rule = Rule.parse(text);
    } catch (IllegalArgumentException e) {
      return new Wrong(String.valueOf(e.getMessage()), null);
    }
    return switch (rule.condition()) {
      case null -> null;
      case Condition.Command command -> command(command.glob(), place);
      case Condition.Path path -> path(path.glob());
      case Condition.Domain domain ->
          rule.tool().equals("WebFetch") ? host("WebFetch", domain.pattern()) : null;
      case Condition.Egress host ->
          place == Place.ALLOW
              ? host("Bash", host.pattern())
              : new Wrong(
                  "egress= grants hosts and matches no call, so it only has a meaning in allow",
                  "move it to allow, or leave it out");
      case Condition.TextArgument argument ->
          value(tools.schema(rule.tool(), argument.name()), rule.tool(), argument);
      case Condition.NumberArgument argument -> null;
    };
  }

  /** A path rule of Read, Write or Edit that denies or asks speaks of what any tool does there. */
  private boolean seesOthers(String text) {
    try {
      Rule rule = Rule.parse(text);
      return offered.stream().anyMatch(rule::speaksOf);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private @Nullable Wrong checkTool(String tool, boolean seesOthers) {
    if (Tools.later(tool)) {
      return new Wrong("tool " + tool + " is not yet supported", "leave the rule out for now");
    }
    Wrong missing = tools.missing(tool);
    if (missing != null) {
      return missing;
    }
    if (ToolNames.both(offered, List.of(tool)).isEmpty() && !seesOthers) {
      return new Wrong(
          "the rule names tool " + tool + ", which is not in tools",
          "add " + tool + " to tools, or leave the rule out");
    }
    return null;
  }

  private @Nullable Wrong checkInner(String tool, String inner) {
    if (inner.isBlank()) {
      return new Wrong("there is nothing between the brackets", "write " + tool + " alone");
    }
    Matcher matcher = (tool.equals("Bash") ? BASH_CONDITION : CONDITION).matcher(inner);
    if (!matcher.matches()) {
      return null;
    }
    String argument = matcher.group(1);
    if (tools.known(tool) && !tools.arguments(tool).contains(argument)) {
      return new Wrong(
          "tool " + tool + " has no argument \"" + argument + "\"",
          Nearest.hint(argument, tools.arguments(tool)));
    }
    String operator = matcher.group(2);
    String operand = matcher.group(3);
    if (operand.isEmpty()) {
      return new Wrong("there is nothing after \"" + argument + operator + "\"", null);
    }
    if (operator.equals("=")) {
      return null;
    }
    if (!NUMBER.matcher(operand).matches()) {
      return new Wrong(
          "expected a number after \"" + argument + operator + "\", found \"" + operand + "\"",
          null);
    }
    return !tools.known(tool) || numeric(tools.schema(tool, argument))
        ? null
        : new Wrong(
            "argument "
                + argument
                + " of "
                + tool
                + " is no number and cannot be compared with one",
            "use " + argument + "=GLOB");
  }

  private static boolean numeric(JsonNode schema) {
    String type = schema.path("type").asText();
    return type.equals("integer") || type.equals("number");
  }

  private static @Nullable Wrong command(String glob, Place place) {
    if (!glob.equals(glob.strip())) {
      return new Wrong(
          "a command begins and ends without blanks, so this would never match",
          "take the blanks out");
    }
    int pieces = dev.helm.workflows.decide.Rules.simpleCommands(glob);
    return place == Place.ALLOW && pieces > 1
        ? new Wrong(
            "a compound command is allowed piece by piece, so a rule of "
                + pieces
                + " commands would never match",
            "write one rule for each of them")
        : null;
  }

  private static @Nullable Wrong path(String glob) {
    String inside = glob.startsWith("/workspace/") ? glob.substring("/workspace/".length()) : glob;
    if (inside.startsWith("/") || inside.startsWith("~")) {
      return new Wrong(
          "\"" + glob + "\" leads out of the workspace, which no call may do",
          "paths are of the workspace: write src/** or /workspace/src/**");
    }
    List<String> names = List.of(inside.split("/", -1));
    if (names.contains("..")) {
      return new Wrong(
          "\"..\" is taken out of a call's path before rules see it, so this would never match",
          "write the path from the workspace's root");
    }
    if (inside.endsWith("/")) {
      return new Wrong(
          "a directory is no file, so \"" + glob + "\" would never match",
          "write " + glob + "** for all that is in it");
    }
    List<String> rest = names.getFirst().equals(".") ? names.subList(1, names.size()) : names;
    return rest.contains("") || rest.contains(".")
        ? new Wrong(
            "\""
                + glob
                + "\" is not as paths are written once they are read, so it would never"
                + " match",
            "take the empty names and dots out")
        : null;
  }

  private @Nullable Wrong host(String tool, String pattern) {
    if (!HOST.matcher(pattern).matches()) {
      return new Wrong(
          "expected a host such as stripe.com or *.example.com, found \"" + pattern + "\"",
          pattern.contains("/") || pattern.contains(":")
              ? "only the host's name, without scheme, port or path"
              : "lower-case letters, digits, dashes and dots; a star only as *. at the beginning");
    }
    boolean reachable = egress.stream().anyMatch(allowed -> overlap(allowed, pattern));
    return reachable
        ? null
        : new Wrong(
            tool + " may not reach " + pattern + " at all, so this rule would never match",
            egress.isEmpty()
                ? "egress.allow is empty; add the host there"
                : "egress.allow has " + String.join(", ", egress));
  }

  /** Whether there may be a host that both patterns match. */
  private static boolean overlap(String a, String b) {
    return a.equals(b) || covers(a, b) || covers(b, a);
  }

  private static boolean covers(String wide, String narrow) {
    return wide.startsWith("*.") && narrow.endsWith(wide.substring(1));
  }

  private static @Nullable Wrong value(
      JsonNode schema, String tool, Condition.TextArgument argument) {
    String name = argument.name();
    String glob = argument.glob();
    if (numeric(schema) && !NUMBER.matcher(glob).matches()) {
      return new Wrong("argument " + name + " of " + tool + " is a number", "write " + name + ">N");
    }
    if (schema.path("type").asText().equals("boolean") && !glob.matches("true|false")) {
      return new Wrong(
          "argument "
              + name
              + " of "
              + tool
              + " is true or false, so \""
              + glob
              + "\" would never"
              + " match",
          null);
    }
    if (schema.path("items").path("type").asText().equals("object")) {
      return new Wrong(
          "argument " + name + " of " + tool + " is a list of objects, which no pattern matches",
          "leave it out");
    }
    List<String> words = new ArrayList<>();
    schema.path("enum").forEach(word -> words.add(word.asText()));
    return words.isEmpty() || words.contains(glob) || glob.contains("*")
        ? null
        : new Wrong(
            "argument " + name + " of " + tool + " is one of " + String.join(", ", words),
            Nearest.hint(glob, words));
  }
}
