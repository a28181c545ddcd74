package dev.helm.workflows.decide;

import java.math.BigDecimal;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One permission rule: {@code Tool}, {@code Tool(specifier)}, {@code Tool(arg=glob)} or {@code
 * Tool(arg>number)}. The specifier is what people know from Claude Code: a command for Bash ({@code
 * ls:*} and {@code ls *} are {@code ls} with or without more words), a path for file tools, {@code
 * domain:} or {@code domain=} for WebFetch. {@code mcp__server} and {@code mcp__server__*} are all
 * tools of an MCP server. A dot leads into an argument: {@code Pay(invoice.amount>100)}.
 *
 * @param text the rule as written
 * @param tool the tool's name, or an MCP server's with the star that stands for all of its tools
 */
public record Rule(String text, String tool, @Nullable Condition condition) {
  private static final Pattern SHAPE =
      Pattern.compile("([A-Za-z][A-Za-z0-9_-]*[*]?)(?:\\((.*)\\))?", Pattern.DOTALL);
  private static final Pattern MEMBER =
      Pattern.compile("([A-Za-z-][A-Za-z0-9_.-]*)\\s*(=|>=|<=|>|<)\\s*(.*)", Pattern.DOTALL);
  private static final Pattern MCP_SERVER =
      Pattern.compile("mcp__[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*");
  private static final Pattern MCP_TOOLS = Pattern.compile("mcp__[A-Za-z0-9_-]+__[*]");
  private static final List<String> FILE_TOOLS =
      List.of("Read", "Write", "Edit", "Glob", "Grep", "WriteRow");

  private static final List<String> SEARCHERS = List.of("Glob", "Grep");

  /** Whether a call is what the rule speaks of. */
  public enum Match {
    YES,
    NO,
    /** Some elements of a list are, others are not: enough to deny or ask, too little to allow. */
    SOME,
    /** The call lacks the argument that the rule speaks of, or has it in another type. */
    UNSURE;

    /** Of two parts of a call, what is enough to deny or ask. */
    Match or(Match other) {
      return this == YES || this == SOME || other == NO ? this : other;
    }
  }

  /** What stands in the parentheses. */
  public sealed interface Condition {
    /** A shell command pattern. */
    record Command(String glob) implements Condition {}

    /**
     * A workspace path pattern.
     *
     * @param argument which path of the call; empty for the one that the call is about
     */
    record Path(String argument, String glob) implements Condition {}

    /** A host pattern. */
    record Domain(String pattern) implements Condition {}

    /** Hosts that a Bash call may reach; it matches no call by itself. */
    record Egress(String pattern) implements Condition {}

    /** A text argument's pattern. */
    record TextArgument(String name, String glob) implements Condition {}

    /** A number argument's bound; {@code operator}: {@code > >= < <=}. */
    record NumberArgument(String name, String operator, BigDecimal bound) implements Condition {}
  }

  /**
   * Reads a rule.
   *
   * @throws IllegalArgumentException with what was expected
   */
  public static Rule parse(String text) {
    Matcher shape = SHAPE.matcher(text.strip());
    if (!shape.matches()) {
      throw new IllegalArgumentException(
          "expected Tool, Tool(pattern), Tool(arg=pattern) or Tool(arg>number)");
    }
    String tool = tool(Objects.requireNonNull(shape.group(1)));
    String inside = shape.group(2);
    if (inside == null || inside.equals("*")) {
      return new Rule(text, tool, null);
    }
    if (inside.isBlank()) {
      throw new IllegalArgumentException("nothing stands between the parentheses");
    }
    return new Rule(text, tool, condition(tool, inside));
  }

  private static String tool(String name) {
    if (MCP_SERVER.matcher(name).matches()) {
      return name + "__*";
    }
    if (name.endsWith("*") && !MCP_TOOLS.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a star in a tool's name is only for all tools of an MCP server, as in mcp__server__*");
    }
    return name;
  }

  /** Whether the rule is about this tool. */
  public boolean names(String called) {
    return tool.endsWith("*")
        ? called.startsWith(tool.substring(0, tool.length() - 1))
        : tool.equals(called);
  }

  /** Whether the call is what this rule speaks of; a Bash command is matched as one piece. */
  public Match matches(ToolCall call) {
    if (!names(call.tool())) {
      return Match.NO;
    }
    return switch (condition) {
      case null -> Match.YES;
      case Condition.Command command ->
          of(call.text("command"), c -> Glob.command(command.glob(), c));
      case Condition.Path path ->
          path.argument().isEmpty()
              ? path(call, relative(path.glob()))
              : paths(call.argument(path.argument()), relative(path.glob()));
      case Condition.Domain domain -> of(call.domain(), d -> Glob.host(domain.pattern(), d));
      case Condition.Egress egress -> Match.NO;
      case Condition.TextArgument argument -> text(call.argument(argument.name()), argument.glob());
      case Condition.NumberArgument argument -> number(argument, call.argument(argument.name()));
    };
  }

  /**
   * How a rule that denies or asks sees the call: as {@link #matches}, and a path rule of Read also
   * sees what other tools read, one of Write or Edit what they write.
   */
  Match sees(ToolCall call) {
    Match own = matches(call);
    return own == Match.NO
            && !names(call.tool())
            && spokenOf(call).stream().anyMatch(ToolPaths.Argument::main)
            && condition instanceof Condition.Path path
        ? path(call, relative(path.glob()))
        : own;
  }

  /** The same for the paths that a call names beside the one that it is about. */
  Match seesBeside(ToolCall call) {
    Match found = Match.NO;
    for (ToolPaths.Argument argument : spokenOf(call)) {
      Object value = call.argument(argument.name());
      if (value != null && !argument.main() && condition instanceof Condition.Path path) {
        found = found.or(paths(value, relative(path.glob())));
      }
    }
    return found;
  }

  /** Whether a command of which {@code any} stands for what is not known may be what it names. */
  boolean mayName(String command, char any) {
    return condition instanceof Condition.Command pattern
        && Glob.mayBeCommand(pattern.glob(), command, any);
  }

  /** Whether, where it denies or asks, it is about calls of this tool too. */
  public boolean speaksOf(String called) {
    return names(called)
        || (condition instanceof Condition.Path path
            && path.argument().isEmpty()
            && !ToolPaths.spokenOf(tool, called).isEmpty());
  }

  /** Whether this one, denying or asking, leaves nothing to that one, which would allow. */
  public boolean takesAllowed(Rule other) {
    return condition == null
        ? tool.equals(other.tool())
        : speaksOf(other.tool()) && condition.equals(other.condition());
  }

  /** Whether this one leaves nothing to that one, where both deny or ask. */
  public boolean takesAll(Rule other) {
    boolean alike = ToolPaths.alike(tool, other.tool()) || !ToolPaths.speaks(other.tool());
    boolean plain = condition == null && !(other.condition() instanceof Condition.Path);
    return takesAllowed(other) && (condition == null ? plain || !ToolPaths.speaks(tool) : alike);
  }

  private List<ToolPaths.Argument> spokenOf(ToolCall call) {
    return speaksOf(call.tool()) && condition instanceof Condition.Path
        ? ToolPaths.spokenOf(tool, call.tool())
        : List.of();
  }

  /** A path, or a list of them. */
  private static Match paths(@Nullable Object value, String glob) {
    return switch (value) {
      case String text -> of(ToolCall.relative(text), inside -> Glob.path(glob, inside));
      case List<?> list when !list.isEmpty() ->
          all(
              list.stream()
                  .map(e -> e instanceof String s ? paths(s, glob) : Match.UNSURE)
                  .toList());
      case null, default -> Match.UNSURE;
    };
  }

  private static Match path(ToolCall call, String glob) {
    String path = call.workspacePath();
    if (path == null || Glob.path(glob, path)) {
      return path == null ? Match.UNSURE : Match.YES;
    }
    if (!SEARCHERS.contains(call.tool())) {
      return Match.NO;
    }
    // A search goes into what lies below: dir/** is all of dir, and a search from above may meet
    // it, as one does that names no path at all.
    String inside = path.isEmpty() ? "" : path + "/";
    if (glob.endsWith("/**") && Glob.path(glob, inside)) {
      return Match.YES;
    }
    int star = Glob.plainChars(glob);
    return glob.startsWith(inside)
            || (star < glob.length() && inside.startsWith(glob.substring(0, star)))
        ? Match.UNSURE
        : Match.NO;
  }

  private static Condition condition(String tool, String inside) {
    Matcher member = MEMBER.matcher(inside);
    if (member.matches()) {
      String name = Objects.requireNonNull(member.group(1));
      String operator = Objects.requireNonNull(member.group(2));
      String value = Objects.requireNonNull(member.group(3));
      // A command such as FOO=1 make is a command, not an argument named FOO.
      boolean command = name.equals("command") || name.equals("egress");
      if (!tool.equals("Bash") || (command && operator.equals("="))) {
        return operator.equals("=") ? argument(tool, name, value) : bound(name, operator, value);
      }
    }
    if (tool.equals("Bash")) {
      return new Condition.Command(inside);
    }
    if (tool.equals("WebFetch") && inside.startsWith("domain:")) {
      return new Condition.Domain(inside.substring("domain:".length()));
    }
    if (FILE_TOOLS.contains(tool)) {
      return new Condition.Path("", inside);
    }
    throw new IllegalArgumentException(
        "a rule on " + tool + " names an argument, as in " + tool + "(to=*@example.com)");
  }

  /** What a blueprint's or a server's own tool calls path or command is a text like any other. */
  private static Condition argument(String tool, String name, String value) {
    boolean own = !tool.equals("Bash") && !tool.equals("WebFetch") && !FILE_TOOLS.contains(tool);
    return switch (own ? "" : name) {
      case "egress" -> new Condition.Egress(value);
      case "domain" -> new Condition.Domain(value);
      case "path", "file_path" -> new Condition.Path("", value);
      case "command" -> new Condition.Command(value);
      default ->
          ToolPaths.has(tool, name)
              ? new Condition.Path(name, value)
              : new Condition.TextArgument(name, value);
    };
  }

  private static Condition bound(String name, String operator, String value) {
    try {
      return new Condition.NumberArgument(name, operator, new BigDecimal(value.strip()));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("\"" + value + "\" is not a number", e);
    }
  }

  private static Match of(@Nullable String value, java.util.function.Predicate<String> predicate) {
    if (value == null) {
      return Match.UNSURE;
    }
    return predicate.test(value) ? Match.YES : Match.NO;
  }

  /** Text, true or false, a number by its value, or a list of these. */
  private static Match text(@Nullable Object value, String glob) {
    return switch (value) {
      case String text -> of(text, t -> Glob.text(glob, t));
      case Boolean flag -> of(flag.toString(), t -> Glob.text(glob, t));
      case Number number -> equal(number, glob);
      case List<?> list when !list.isEmpty() ->
          all(list.stream().map(e -> element(e, glob)).toList());
      case null, default -> Match.UNSURE;
    };
  }

  private static Match element(@Nullable Object value, String glob) {
    return value instanceof List ? Match.UNSURE : text(value, glob);
  }

  private static Match all(List<Match> elements) {
    if (elements.contains(Match.UNSURE)) {
      return elements.contains(Match.YES) ? Match.SOME : Match.UNSURE;
    }
    if (!elements.contains(Match.YES)) {
      return Match.NO;
    }
    return elements.contains(Match.NO) ? Match.SOME : Match.YES;
  }

  private static Match equal(Number number, String glob) {
    try {
      return decimal(number).compareTo(new BigDecimal(glob)) == 0 ? Match.YES : Match.NO;
    } catch (NumberFormatException e) {
      return Match.UNSURE;
    }
  }

  private static Match number(Condition.NumberArgument argument, @Nullable Object value) {
    if (!(value instanceof Number number)) {
      return Match.UNSURE;
    }
    int order = decimal(number).compareTo(argument.bound());
    boolean yes =
        switch (argument.operator()) {
          case ">" -> order > 0;
          case ">=" -> order >= 0;
          case "<" -> order < 0;
          default -> order <= 0;
        };
    return yes ? Match.YES : Match.NO;
  }

  private static BigDecimal decimal(Number number) {
    return new BigDecimal(number.toString());
  }

  private static String relative(String glob) {
    String inside = glob.startsWith("/workspace/") ? glob.substring("/workspace/".length()) : glob;
    return inside.startsWith("./") ? inside.substring(2) : inside;
  }
}
