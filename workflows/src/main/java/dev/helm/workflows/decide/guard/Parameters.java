package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code $name} and {@code ${…}} with the operators that hide words. */
final class Parameters {
  private static final Pattern SHAPE =
      Pattern.compile("([!#]?)([A-Za-z_]\\w*|\\d+|[@*#?$!-])(\\[[^\\]]*\\])?(.*)", Pattern.DOTALL);
  private static final Pattern SECRET =
      Pattern.compile(
          "(?i).*(SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|TOKEN|CREDENTIAL).*");

  /** Set in most environments to one ordinary value: never empty where they are used. */
  private static final Pattern USUAL =
      Pattern.compile("HOSTNAME|LANG|TERM|PPID|RANDOM|SECONDS|LINENO|EPOCHSECONDS|COLUMNS|LINES");

  private static final String VARIABLE = String.valueOf(Marks.VARIABLE);

  private final Walker walker;
  private final Expander expander;

  Parameters(Walker walker, Expander expander) {
    this.walker = walker;
    this.expander = expander;
  }

  void expand(String inside, Fields out, boolean quoted) {
    Matcher shape = SHAPE.matcher(inside);
    if (!shape.matches()) {
      out.add(String.valueOf(Marks.UNKNOWN), quoted);
      return;
    }
    String prefix = String.valueOf(shape.group(1));
    String name = String.valueOf(shape.group(2));
    String subscript = shape.group(3);
    String operator = String.valueOf(shape.group(4));
    if (prefix.equals("#") && operator.isEmpty()) {
      out.add(walker.strict() ? String.valueOf(Marks.UNKNOWN) : "1", quoted);
      return;
    }
    if (prefix.equals("!")) {
      indirect(name, out, quoted);
      return;
    }
    List<String> many = many(name, subscript);
    if (many != null) {
      spread(name, subscript, many, operator, out, quoted);
      return;
    }
    out.add(operate(name, value(name, subscript), operator, out), quoted);
  }

  /** The values of {@code $@}, {@code $*} and whole arrays, or null where there is one value. */
  private @Nullable List<String> many(String name, @Nullable String subscript) {
    if (name.equals("@") || name.equals("*")) {
      List<String> positional = walker.state().positional;
      return positional.subList(1, positional.size());
    }
    if (subscript != null && (subscript.equals("[@]") || subscript.equals("[*]"))) {
      return walker.state().elements(name);
    }
    return null;
  }

  private void spread(
      String name,
      @Nullable String subscript,
      List<String> many,
      String operator,
      Fields out,
      boolean quoted) {
    boolean star = name.equals("*") || "[*]".equals(subscript);
    String separators = walker.state().value("IFS");
    String joiner = separators == null || separators.isEmpty() ? "" : separators.substring(0, 1);
    List<String> values = new ArrayList<>();
    for (String value : slice(many, operator)) {
      values.add(operator.startsWith(":") ? value : operate(name, value, operator, out));
    }
    if (star && quoted) {
      out.add(String.join(joiner, values), true);
      return;
    }
    for (int i = 0; i < values.size(); i++) {
      if (i > 0) {
        out.next();
      }
      out.add(values.get(i), quoted);
    }
  }

  private static List<String> slice(List<String> values, String operator) {
    Matcher slice = Pattern.compile(":\\s*(\\d{1,6})(?::(\\d{1,6}))?").matcher(operator);
    if (!slice.matches()) {
      return values;
    }
    int from =
        Math.min(Math.max(0, Integer.parseInt(String.valueOf(slice.group(1))) - 1), values.size());
    String count = slice.group(2);
    int to =
        count == null ? values.size() : Math.min(values.size(), from + Integer.parseInt(count));
    return values.subList(from, to);
  }

  private void indirect(String name, Fields out, boolean quoted) {
    String target = walker.state().value(name);
    if (target == null || !target.matches("\\w+")) {
      out.add(String.valueOf(Marks.UNKNOWN), quoted);
    } else {
      String value = value(target, null);
      out.add(value == null ? VARIABLE : value, quoted);
    }
  }

  private @Nullable String value(String name, @Nullable String subscript) {
    State state = walker.state();
    if (Character.isDigit(name.charAt(0))) {
      int index = name.length() > 4 ? 9_999 : Integer.parseInt(name);
      return index < state.positional.size() ? state.positional.get(index) : null;
    }
    if (walker.strict() && name.matches("[?#$!_-]")) {
      return String.valueOf(Marks.UNKNOWN);
    }
    switch (name) {
      case "?", "#" -> {
        return "0";
      }
      case "$", "!" -> {
        return "4242";
      }
      case "-" -> {
        return "hBc";
      }
      default -> {}
    }
    if (subscript != null) {
      String index = expander.text(subscript.substring(1, subscript.length() - 1));
      List<String> elements = state.elements(name);
      if (index.matches("-?\\d{1,5}")) {
        int at = Integer.parseInt(index);
        at = at < 0 ? elements.size() + at : at;
        return at >= 0 && at < elements.size() ? elements.get(at) : null;
      }
      return state.value(name + "[" + index + "]");
    }
    return state.value(name);
  }

  private String operate(String name, @Nullable String value, String operator, Fields out) {
    if (operator.startsWith(":?") || operator.startsWith("?")) {
      return value != null && !value.isEmpty() ? value : String.valueOf(Marks.UNKNOWN);
    }
    boolean colon = operator.startsWith(":");
    String bare = colon ? operator.substring(1) : operator;
    if (bare.startsWith("-") || bare.startsWith("=")) {
      if (value != null && !(colon && value.isEmpty())) {
        return value;
      }
      String fallback = fallback(bare.substring(1));
      if (bare.startsWith("=")) {
        walker.state().assign(name, fallback);
      }
      return fallback;
    }
    if (bare.startsWith("+")) {
      return value == null || (colon && value.isEmpty()) ? "" : fallback(bare.substring(1));
    }
    String known = value != null ? value : walker.strict() ? VARIABLE : unset(name);
    if (operator.isEmpty() || !Marks.known(known)) {
      return known;
    }
    return colon ? substring(known, bare) : changed(known, operator);
  }

  /** Whether a variable of that name holds a secret. */
  static boolean secret(String name) {
    return SECRET.matcher(name).matches();
  }

  private String fallback(String raw) {
    return expander.text(raw);
  }

  /** Variables that hold a program's name by custom. */
  private static final Pattern PROGRAM =
      Pattern.compile(
          "(PYTHON3?|CC|CXX|LD|AR|MAKE|CMAKE|EDITOR|VISUAL|PAGER|JAVA|JAVAC|NODE|NPM|RUBY|GO|CARGO|MVN"
              + "|GRADLE|BROWSER|DOCKER|KUBECTL|GIT|PYTEST|PIP|JAVACMD|SUDO_ASKPASS|ESLINT)");

  private static String unset(String name) {
    if (PROGRAM.matcher(name).matches()) {
      return name.toLowerCase(Locale.ROOT);
    }
    if (SECRET.matcher(name).matches()) {
      return String.valueOf(Marks.TOKEN);
    }
    if (USUAL.matcher(name).matches()) {
      return "1";
    }
    // $1 of the command itself is empty for sure.
    return Character.isDigit(name.charAt(0)) ? "" : VARIABLE;
  }

  private String substring(String value, String bare) {
    String[] parts = bare.split(":", 2);
    int from = number(parts[0], 0);
    from = from < 0 ? Math.max(0, value.length() + from) : Math.min(from, value.length());
    int length = parts.length < 2 ? value.length() : number(parts[1], value.length());
    int to = length < 0 ? value.length() + length : Math.min(value.length(), from + length);
    return to <= from ? "" : value.substring(from, to);
  }

  private int number(String raw, int otherwise) {
    String text = Arithmetic.value(raw, walker.state(), expander);
    return text.matches("-?\\d{1,6}") ? Integer.parseInt(text) : otherwise;
  }

  private String changed(String value, String operator) {
    return switch (operator.charAt(0)) {
      case '#' -> Globs.cut(value, pattern(operator, '#'), true, operator.startsWith("##"));
      case '%' -> Globs.cut(value, pattern(operator, '%'), false, operator.startsWith("%%"));
      case '/' -> replaced(value, operator.substring(1));
      case '^' -> operator.startsWith("^^") ? value.toUpperCase(Locale.ROOT) : first(value, true);
      case ',' -> operator.startsWith(",,") ? value.toLowerCase(Locale.ROOT) : first(value, false);
      case '@' -> operator.equals("@E") ? Escapes.ansi(value, true) : value;
      default -> value;
    };
  }

  private String pattern(String operator, char sign) {
    int from = operator.length() > 1 && operator.charAt(1) == sign ? 2 : 1;
    return expander.text(operator.substring(from));
  }

  private String replaced(String value, String operator) {
    boolean all = operator.startsWith("/");
    String rest =
        all || operator.startsWith("#") || operator.startsWith("%")
            ? operator.substring(1)
            : operator;
    int slash = rest.indexOf('/', 1);
    String pattern = expander.text(slash < 0 ? rest : rest.substring(0, slash));
    String with = slash < 0 ? "" : expander.text(rest.substring(slash + 1));
    return Globs.replace(value, pattern, with, all);
  }

  private static String first(String value, boolean upper) {
    if (value.isEmpty()) {
      return value;
    }
    String head = value.substring(0, 1);
    return (upper ? head.toUpperCase(Locale.ROOT) : head.toLowerCase(Locale.ROOT))
        + value.substring(1);
  }
}
