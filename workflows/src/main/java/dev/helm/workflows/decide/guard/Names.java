package dev.helm.workflows.decide.guard;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes out what a script says in a roundabout way: second names, names looked up by a constant,
 * paths that are joined, the home directory, its own arguments and environment.
 */
final class Names {
  private static final String LIT = Folding.LITERAL;

  private static final int VALUE_CHARS_MAX = 2_000;
  private static final int VARIABLES_MAX = 200;

  private static final Pattern ARGUMENT =
      Pattern.compile("(sys\\.argv|process\\.argv|\\$argv|\\$?\\bARGV)\\[(\\d)\\]");
  private static final Pattern VARIABLE =
      Pattern.compile(
          "(?:os\\.environ|process\\.env|\\bENV|\\$_ENV|\\$_SERVER)(?:\\[|\\.get\\(|\\.fetch\\()\\s*['\"](\\w+)['\"]\\s*[\\])]"
              + "|\\$ENV\\{['\"]?(\\w+)['\"]?\\}|process\\.env\\.(\\w+)|(?:os\\.)?getenv\\(\\s*['\"](\\w+)['\"]\\s*\\)|ENVIRON\\[\"(\\w+)\"\\]");
  private static final Pattern HOME =
      Pattern.compile(
          "(?:os|require\\(['\"](?:node:)?os['\"]\\))\\.homedir\\(\\)|\\bhomedir\\(\\)|\\bDir\\.home\\b(?:\\(\\))?");
  private static final Pattern HOLE = Pattern.compile("#\\{\\s*" + LIT + "\\s*\\}");
  private static final Pattern WORD_LIST = Pattern.compile("%w[\\[({]([^\\])}\\n]{1,400})[\\])}]");
  private static final Pattern ALL_ARGUMENTS =
      Pattern.compile("sys\\.argv\\[1:\\]|process\\.argv\\.slice\\(1\\)");
  private static final Pattern TEMPLATE = Pattern.compile("`([^`\\\\]{0,2000})`");

  private static final Pattern GETATTR =
      Pattern.compile(
          "getattr\\(\\s*([\\w.]+)\\s*,\\s*['\"](\\w+)['\"]\\s*(?:,[^()]{0,40})?\\)"
              + "|Reflect\\.get\\(\\s*([\\w.]+)\\s*,\\s*['\"](\\w+)['\"]\\s*\\)");
  private static final Pattern IMPORT =
      Pattern.compile(
          "(?:__import__|(?:importlib\\.)?import_module)\\(\\s*['\"]([\\w.]+)['\"][^()]{0,40}\\)"
              + "|(?:vars|dir)\\((\\w+)\\)(?=\\[)|(?:\\w+\\.)?const_get\\(?\\s*(?::|['\"])(\\w+)['\"]?\\)?");
  private static final Pattern INDEXED =
      Pattern.compile(
          "(?<![eE]nviron|\\benv|ENV)([\\w)\\]])\\[\\s*['\"]([A-Za-z_]\\w*)['\"]\\s*\\]");
  private static final Pattern SENT =
      Pattern.compile(
          "\\.(?:public_send|__send__|send)\\(?\\s*(?::(\\w+)|['\"](\\w+)['\"])\\s*,?\\s*"
              + "|\\.method\\(\\s*(?::(\\w+)|['\"](\\w+)['\"])\\s*\\)\\.?(?:call)?\\(?");
  private static final Pattern CALLED =
      Pattern.compile(
          "call_user_func(?:_array)?\\(\\s*['\"](\\w+)['\"]\\s*,|&\\{?\\s*['\"](\\w+)['\"]\\s*\\}?\\(|(?<![\\w.,(\\[ ])['\"](\\w+)['\"]\\s*\\((?!\\))");
  private static final Pattern SCOPE =
      Pattern.compile("\\b(?:globalThis|global|__builtins__|builtins|_G|globals\\(\\))\\.");

  private static final Pattern EXPANDED =
      Pattern.compile(
          "(?:os\\.path\\.expanduser|File\\.expand_path|path\\.resolve|os\\.path\\.(?:abspath|realpath|normpath))\\(\\s*"
              + LIT
              + "\\s*\\)");
  private static final Pattern PATH_HOME =
      Pattern.compile("(?:pathlib\\.)?Path\\.home\\(\\)|Pathname\\.new\\(\\s*Dir\\.home\\s*\\)");
  private static final Pattern EXPANDED_PATH =
      Pattern.compile("Path\\(\\s*" + LIT + "\\s*\\)\\.expanduser\\(\\)");
  private static final Pattern TWO =
      Pattern.compile(
          "((?:os\\.path|posixpath|path|File|require\\(['\"]path['\"]\\))\\.(?:join|resolve)\\(\\s*)"
              + LIT
              + "\\s*,\\s*"
              + LIT);
  private static final Pattern ONE =
      Pattern.compile(
          "(?:os\\.path|posixpath|path|File|require\\(['\"]path['\"]\\))\\.(?:join|resolve)\\(\\s*"
              + LIT
              + "\\s*(\\)|,)");
  private static final Pattern SLASHED =
      Pattern.compile(
          "Path\\(\\s*" + LIT + "\\s*\\)\\s*(?:/\\s*|\\.joinpath\\(\\s*)" + LIT + "(\\))?");

  private static final Pattern ASSIGNED =
      Pattern.compile(
          "(?<![\\w.$\\[])(\\$?[A-Za-z_]\\w*)[ \\t]*(\\+|\\.|<<)?(?:=(?![=~>])|(?<=<<))[ \\t]*(?:("
              + LIT
              + "|(?:pathlib\\.)?Path\\("
              + LIT
              + "\\)|(?:ctypes\\.)?(?:CDLL|PyDLL)\\([^()\\n]{0,40}\\)|[A-Za-z_]\\w*(?:\\.\\w+)+|socket|system|exec|eval)[ \\t]*(?=[;\\n,)}]|\\z))?");
  private static final Pattern AS =
      Pattern.compile(
          "(?m)(?:^|[;\\s])import\\s+(?:[\\w., ]+,\\s*)?([\\w.]+)\\s+as\\s+(\\w+)|\\{\\s*(\\w+)\\s*:\\s*(\\w+)\\s*\\}\\s*=\\s*require");
  private static final Pattern FROM =
      Pattern.compile(
          "\\bfrom\\s+(os|os\\.path|shutil|subprocess|socket|pty|glob|ctypes|builtins|urllib\\.request|requests|signal|pathlib)\\s+import\\s+([\\w ,]+)");
  private static final Pattern WORDS =
      Pattern.compile("(?<quoted>" + LIT + ")|(?<![\\w.])(?<name>\\$?[A-Za-z_]\\w*)");

  private Names() {}

  /** The same code with constants in the place of what stands for them. */
  static String resolve(String code, String language, List<String> arguments, State state) {
    String text = environment(code, language, arguments, state);
    text = each(GETATTR, text, m -> dotted(m, 1, 3) + "." + dotted(m, 2, 4));
    text = each(IMPORT, text, m -> dotted(m, 1, 2, 3));
    if (language.matches("python|pypy|node|nodejs|bun|deno|lua|luajit|ipython")) {
      text = each(INDEXED, text, m -> m.group(1) + "." + m.group(2));
    }
    text = each(SENT, text, m -> "." + dotted(m, 1, 2, 3, 4) + "(");
    if (language.matches("php|perl")) {
      text = each(CALLED, text, m -> dotted(m, 1, 2, 3) + "(");
    }
    text = SCOPE.matcher(text).replaceAll("");
    return aliases(paths(text), language);
  }

  private static String environment(
      String code, String language, List<String> arguments, State state) {
    String text = code;
    int first = language.matches("ruby|jruby|perl") ? 0 : 1;
    text =
        each(
            ARGUMENT,
            text,
            m -> {
              int index = Integer.parseInt(m.group(2)) - first;
              return index >= 0 && index < arguments.size()
                  ? quoted(arguments.get(index))
                  : m.group();
            });
    String before = text;
    text =
        each(
            VARIABLE,
            before,
            m -> {
              String value = state.value(dotted(m, 1, 2, 3, 4, 5));
              // A secret keeps its name: the checks look for it.
              return value != null && Marks.known(value) && value.length() < VALUE_CHARS_MAX
                  ? value(m, before, value)
                  : m.group();
            });
    text = text.replaceAll("\\b(?:os|path)\\.sep\\b|\\bFile::SEPARATOR\\b", "'/'");
    if (language.matches("ruby|jruby")) {
      text = each(HOLE, text, m -> Folding.inside(m, 1));
    }
    text = each(WORD_LIST, text, m -> list(List.of(m.group(1).strip().split("\\s+"))));
    text = each(ALL_ARGUMENTS, text, m -> list(arguments));
    text = HOME.matcher(text).replaceAll(quoted(Paths.HOME));
    if (language.matches("node|nodejs|bun|deno|tsx|ts-node")) {
      text = each(TEMPLATE, text, m -> template(m.group(1)));
    }
    return text;
  }

  /** Within a string, as perl and php have it, the value needs no quotes of its own. */
  private static String value(MatchResult match, String text, String value) {
    boolean within =
        match.group().startsWith("$")
            && text.substring(0, match.start()).chars().filter(c -> c == '"').count() % 2 == 1;
    return within ? value : quoted(value);
  }

  private static String template(String body) {
    StringBuilder out = new StringBuilder("''");
    int at = 0;
    Matcher hole = Pattern.compile("\\$\\{([^{}]{0,200})\\}").matcher(body);
    while (hole.find()) {
      out.append('+').append(quoted(body.substring(at, hole.start())));
      out.append('+').append(hole.group(1));
      at = hole.end();
    }
    return out.append('+').append(quoted(body.substring(at))).toString().replace("''+", "");
  }

  private static String paths(String code) {
    String text = PATH_HOME.matcher(code).replaceAll("Path(" + quoted(Paths.HOME) + ")");
    text = each(EXPANDED, text, m -> quoted(tilde(Folding.inside(m, 1))));
    text = each(EXPANDED_PATH, text, m -> "Path(" + quoted(tilde(Folding.inside(m, 1))) + ")");
    for (int i = 0; i < 8; i++) {
      String before = text;
      text =
          each(
              TWO,
              text,
              m -> m.group(1) + quoted(joined(Folding.inside(m, 2), Folding.inside(m, 4))));
      text =
          each(
              SLASHED,
              text,
              m -> "Path(" + quoted(joined(Folding.inside(m, 1), Folding.inside(m, 3))) + ")");
      if (text.equals(before)) {
        break;
      }
    }
    return each(
        ONE,
        text,
        m ->
            ")".equals(m.group(3))
                ? quoted(Folding.inside(m, 1))
                : quoted(joined(Folding.inside(m, 1), "")) + "+");
  }

  private static String tilde(String path) {
    return path.equals("~") || path.startsWith("~/") ? Paths.HOME + path.substring(1) : path;
  }

  private static String joined(String first, String second) {
    if (second.startsWith("/") || first.isEmpty()) {
      return second;
    }
    return first.endsWith("/") ? first + second : first + "/" + second;
  }

  /** Names that were given one constant or another name and nothing else. */
  private static String aliases(String code, String language) {
    Map<String, @Nullable String> values = new HashMap<>();
    Matcher as = AS.matcher(code);
    while (as.find() && values.size() < VARIABLES_MAX) {
      if (as.group(1) != null) {
        values.put(as.group(2), as.group(1));
      } else {
        values.put(as.group(4), as.group(3));
      }
    }
    Matcher from = FROM.matcher(code);
    while (from.find()) {
      for (String part : from.group(2).split(",")) {
        String[] names = part.strip().split("\\s+as\\s+");
        if (names[0].matches("\\w+") && !names[0].equals("Path")) {
          values.put(names[names.length - 1], from.group(1) + "." + names[0]);
        }
      }
    }
    Matcher assigned = ASSIGNED.matcher(code);
    while (assigned.find() && values.size() < VARIABLES_MAX) {
      assign(values, assigned);
    }
    Map<String, String> known = new HashMap<>();
    values.forEach(
        (name, value) -> {
          // A match may change its subject.
          boolean changes = code.matches("(?s).*" + Pattern.quote(name) + "\\s*=~.*");
          if (value != null && !name.equals("$_") && !changes) {
            known.put(name, value);
          }
        });
    return known.isEmpty() ? code : replaced(code, language, known);
  }

  private static void assign(Map<String, @Nullable String> values, Matcher assigned) {
    String name = String.valueOf(assigned.group(1));
    String value = assigned.group(3);
    boolean again = values.containsKey(name);
    if (value == null || value.length() > VALUE_CHARS_MAX) {
      values.put(name, null);
    } else if (assigned.group(2) != null) {
      String before = values.get(name);
      boolean strings = before != null && quote(before) && quote(value);
      values.put(name, strings ? quoted(unquoted(before) + unquoted(value)) : null);
    } else {
      values.put(name, again && !value.equals(values.get(name)) ? null : value);
    }
  }

  private static boolean quote(@Nullable String text) {
    return text != null && (text.startsWith("'") || text.startsWith("\""));
  }

  private static String unquoted(@Nullable String literal) {
    Matcher matcher = Pattern.compile(LIT).matcher(String.valueOf(literal));
    return matcher.matches() ? Folding.inside(matcher.toMatchResult(), 1) : "";
  }

  private static String replaced(String code, String language, Map<String, String> values) {
    boolean sigils = language.matches("perl|php|ruby|jruby|python|pypy");
    Matcher words = WORDS.matcher(code);
    StringBuilder out = new StringBuilder();
    while (words.find()) {
      String name = words.group("name");
      String with = words.group();
      if (name == null) {
        with = sigils ? interpolated(with, values) : with;
      } else if (values.containsKey(name) && !target(code, words.end())) {
        with = String.valueOf(values.get(name));
      }
      words.appendReplacement(out, Matcher.quoteReplacement(with));
    }
    return words.appendTail(out).toString();
  }

  /** {@code name =}, {@code name:}: here it is given its value or is a key. */
  private static boolean target(String code, int end) {
    return code.substring(end, Math.min(code.length(), end + 8))
        .matches("(?s)\\s*(=[^=~].*|[+.]=.*|<<.*|:[^:].*|\\s+as\\s.*)");
  }

  private static String interpolated(String literal, Map<String, String> values) {
    String text = literal;
    for (Map.Entry<String, String> entry : values.entrySet()) {
      if (quote(entry.getValue()) && text.contains(entry.getKey())) {
        String name = entry.getKey().replaceFirst("^\\$", "");
        String braced =
            entry.getKey().startsWith("$")
                ? "\\$\\{?" + name + "\\b\\}?|\\{\\$" + name + "\\}"
                : (text.startsWith("f") ? "" : "#") + "\\{" + name + "\\}";
        text =
            text.replaceAll(
                braced, Matcher.quoteReplacement(unquoted(entry.getValue()).replace("'", "\\'")));
      }
    }
    return text;
  }

  private static String dotted(MatchResult match, int... groups) {
    for (int group : groups) {
      if (match.group(group) != null) {
        return match.group(group);
      }
    }
    return "";
  }

  private static String list(List<String> values) {
    return "[" + String.join(", ", values.stream().map(Names::quoted).toList()) + "]";
  }

  static String quoted(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
  }

  private static String each(Pattern pattern, String text, Function<MatchResult, String> with) {
    Matcher matcher = pattern.matcher(text);
    StringBuilder out = new StringBuilder();
    while (matcher.find()) {
      matcher.appendReplacement(out, Matcher.quoteReplacement(with.apply(matcher.toMatchResult())));
    }
    return matcher.appendTail(out).toString();
  }
}
