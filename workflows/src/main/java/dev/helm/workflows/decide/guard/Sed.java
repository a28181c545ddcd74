package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of sed as hides commands: substitutions of text, and the commands that run or write. */
final class Sed {
  private static final Pattern RUNS =
      Pattern.compile(
          "(?:^|;|\\n|\\{)\\s*(?:\\d+|\\$|/[^/]*/)?(?:,\\S+)?\\s*e\\s+(.+)", Pattern.DOTALL);
  private static final Pattern WRITES =
      Pattern.compile("(?:^|;|\\n|\\{|\\d|\\$|/)\\s*[wW]\\s+(/[^;\\n}]+)");

  private Sed() {}

  static String apply(Call call, String script, String text) {
    Matcher runs = RUNS.matcher(script);
    if (runs.find()) {
      call.walker().shell(String.valueOf(runs.group(1)), List.of(), "");
    }
    Matcher writes = WRITES.matcher(script);
    if (writes.find()) {
      Files.check(
          call.walker(),
          String.valueOf(writes.group(1)).strip(),
          String.valueOf(Marks.FILE),
          false);
    }
    String result = text;
    String[] parts = script.length() > 2 && script.charAt(0) == 's' ? substitution(script) : null;
    if (parts == null || text.length() > 2_000) {
      return result;
    }
    result = substituted(parts, text, call.letter('E') || call.letter('r'));
    if (parts[2].indexOf('e') >= 0) {
      Opaque.judge(call.walker(), result);
      call.walker().shell(result, List.of(), "");
    }
    return result;
  }

  private static String @org.jspecify.annotations.Nullable [] substitution(String script) {
    char delimiter = script.charAt(1);
    if (Character.isLetterOrDigit(delimiter)
        || delimiter == '\\'
        || delimiter == '\n'
        || Character.isWhitespace(delimiter)) {
      return null;
    }
    String[] parts = {"", "", ""};
    int part = 0;
    StringBuilder current = new StringBuilder();
    for (int i = 2; i < script.length(); i++) {
      char c = script.charAt(i);
      if (c == '\\' && i + 1 < script.length()) {
        if (script.charAt(i + 1) != delimiter) {
          current.append(c);
        }
        current.append(script.charAt(++i));
      } else if (c == delimiter && part < 2) {
        parts[part++] = current.toString();
        current.setLength(0);
      } else {
        current.append(c);
      }
    }
    parts[part] = current.toString();
    return part == 2 ? parts : null;
  }

  private static String substituted(String[] parts, String text, boolean extended) {
    String regex =
        extended
            ? parts[0]
            : parts[0]
                .replace("\\(", "\1")
                .replace("\\)", "\2")
                .replace("(", "\\(")
                .replace(")", "\\)")
                .replace("\1", "(")
                .replace("\2", ")")
                .replace("\\+", "+")
                .replace("{", "\\{");
    String with =
        parts[1]
            .replace("\\n", "\n")
            .replace("$", "\\$")
            .replaceAll("\\\\(\\d)", "\\$$1")
            .replaceAll("(?<!\\\\)&", "\\$0");
    if (regex.length() > 100 || regex.matches(".*[*+{].*[*+{].*[*+{].*")) {
      return text;
    }
    try {
      Matcher matcher = Pattern.compile(regex).matcher(text);
      return parts[2].indexOf('g') >= 0 ? matcher.replaceAll(with) : matcher.replaceFirst(with);
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      return text;
    }
  }
}
