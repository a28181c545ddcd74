package dev.helm.service.blueprint;

import dev.helm.workflows.decide.Rule;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The syntax of permission rules: {@code Tool}, {@code Tool(specifier)}, {@code Tool(arg=glob)},
 * {@code Tool(arg>number)} with {@code > >= < <=}.
 *
 * <p>A word before an operator (for Bash, a lower-case one before {@code =}) is always read as an
 * argument's name and has to be one, so that a slip such as {@code Bash(comand=rm *)} is an error
 * here and not a rule that never matches.
 */
final class Rules {
  private static final Pattern RULE = Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)(?:\\((.*)\\))?");
  private static final Pattern CONDITION =
      Pattern.compile("([A-Za-z][A-Za-z0-9_]*)\\s*(>=|<=|=|>|<)\\s*(.*)", Pattern.DOTALL);

  /** In a shell command {@code a > b} and {@code FOO=1 make} are commands. */
  private static final Pattern BASH_CONDITION =
      Pattern.compile("([a-z][a-z_]*)(=)(.*)", Pattern.DOTALL);

  private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,15}(\\.[0-9]{1,6})?");

  private Rules() {}

  /** Why the rule is wrong. */
  record Wrong(String message, @Nullable String hint) {}

  /**
   * Checks one rule.
   *
   * @param tools the blueprint's own tools
   * @return null when it is right
   */
  static @Nullable Wrong check(String rule, Set<String> tools) {
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
    Wrong wrong = checkTool(tool, tools);
    String inner = matcher.group(2);
    if (wrong == null && inner != null) {
      wrong = checkInner(tool, inner);
    }
    return wrong == null ? checkAsTheGateReads(rule) : wrong;
  }

  /** What the gate cannot read must never be stored. */
  private static @Nullable Wrong checkAsTheGateReads(String rule) {
    try {
      Rule.parse(rule);
      return null;
    } catch (IllegalArgumentException e) {
      return new Wrong(String.valueOf(e.getMessage()), null);
    }
  }

  private static @Nullable Wrong checkTool(String tool, Set<String> tools) {
    if (Tools.later(tool)) {
      return new Wrong("tool " + tool + " is not yet supported", "leave the rule out for now");
    }
    if (!Tools.names().contains(tool)) {
      return new Wrong("there is no tool \"" + tool + "\"", Nearest.hint(tool, Tools.names()));
    }
    if (!tools.contains(tool)) {
      return new Wrong(
          "the rule names tool " + tool + ", which is not in tools",
          "add " + tool + " to tools, or leave the rule out");
    }
    return null;
  }

  private static @Nullable Wrong checkInner(String tool, String inner) {
    if (inner.isBlank()) {
      return new Wrong("there is nothing between the brackets", "write " + tool + " alone");
    }
    Matcher matcher = (tool.equals("Bash") ? BASH_CONDITION : CONDITION).matcher(inner);
    if (!matcher.matches()) {
      return null;
    }
    String argument = matcher.group(1);
    if (!Tools.arguments(tool).contains(argument)) {
      return new Wrong(
          "tool " + tool + " has no argument \"" + argument + "\"",
          Nearest.hint(argument, Tools.arguments(tool)));
    }
    String operator = matcher.group(2);
    String operand = matcher.group(3);
    if (operand.isEmpty()) {
      return new Wrong("there is nothing after \"" + argument + operator + "\"", null);
    }
    if (!operator.equals("=") && !NUMBER.matcher(operand).matches()) {
      return new Wrong(
          "expected a number after \"" + argument + operator + "\", found \"" + operand + "\"",
          null);
    }
    if (!operator.equals("=") && !Tools.numeric(argument)) {
      return new Wrong(
          "argument " + argument + " of " + tool + " is text and cannot be compared with a number",
          "use " + argument + "=GLOB");
    }
    return null;
  }
}
