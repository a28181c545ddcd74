package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Parser;
import dev.helm.workflows.decide.guard.shell.Shell;
import dev.helm.workflows.decide.guard.shell.ShellSyntaxException;
import java.util.ArrayList;
import java.util.List;

/** Turns words into fields as bash does: braces, tilde, parameters, substitutions, splitting. */
final class Expander {
  private static final int FIELDS_MAX = 4_000;

  private final Walker walker;
  private final Parameters parameters;

  Expander(Walker walker) {
    this.walker = walker;
    this.parameters = new Parameters(walker, this);
  }

  List<String> fields(List<Shell.Word> words) {
    List<String> fields = new ArrayList<>();
    for (Shell.Word word : words) {
      for (String braced : Braces.expand(word.raw())) {
        if (fields.size() > FIELDS_MAX) {
          throw new Limits.Exceeded("it has too many words");
        }
        Fields out = new Fields(true, walker.state().value("IFS"));
        scan(braced, out);
        fields.addAll(out.done());
      }
    }
    return fields;
  }

  /** One text, not split: assignments, redirection targets, case subjects. */
  String text(String raw) {
    Fields out = new Fields(false, null);
    scan(raw, out);
    return Marks.plain(String.join(" ", out.done()));
  }

  /** The body of a here-document whose delimiter was not quoted. */
  String document(String body) {
    Fields out = new Fields(false, null);
    out.begin();
    quoted(body, 0, body.length(), out, true);
    return String.join(" ", out.done());
  }

  private void scan(String raw, Fields out) {
    int i = 0;
    if (raw.startsWith("~")) {
      i = tilde(raw, out);
    }
    while (i < raw.length()) {
      i = piece(raw, i, out);
    }
  }

  private int tilde(String raw, Fields out) {
    int end = 1;
    while (end < raw.length() && raw.charAt(end) != '/' && raw.charAt(end) != ':') {
      end++;
    }
    String user = raw.substring(1, end);
    if (walker.strict() && user.matches("[-+]\\d*")) {
      out.quoted(String.valueOf(Marks.UNKNOWN));
      return end;
    }
    if (!user.isEmpty() && !user.matches("[a-z_][a-z0-9_-]*|\\+")) {
      return 0;
    }
    if (walker.strict()) {
      out.quoted(String.valueOf(Marks.UNKNOWN));
      return end;
    }
    out.quoted(user.equals("+") ? "/workspace" : user.equals("root") ? "/root" : Paths.HOME);
    return end;
  }

  private int piece(String raw, int i, Fields out) {
    char c = raw.charAt(i);
    switch (c) {
      case '\'' -> {
        int close = raw.indexOf('\'', i + 1);
        close = close < 0 ? raw.length() : close;
        out.quoted(raw.substring(i + 1, close));
        return close + 1;
      }
      case '"' -> {
        int end = end(raw, i);
        out.begin();
        quoted(raw, i + 1, Math.max(i + 1, end - 1), out, false);
        return end;
      }
      case '\\' -> {
        if (i + 1 < raw.length() && raw.charAt(i + 1) != '\n') {
          out.quoted(raw.substring(i + 1, i + 2));
        }
        return i + 2;
      }
      case '$', '`' -> {
        return expansion(raw, i, out, false);
      }
      case '<', '>' -> {
        if (i + 1 >= raw.length() || raw.charAt(i + 1) != '(') {
          out.literal(c);
          return i + 1;
        }
        int end = end(raw, i + 2, true);
        out.quoted(walker.processFile(raw.substring(i + 2, end - 1), c == '<'));
        return end;
      }
      case '~' ->
          out.literal(
              walker.strict() && i > 0 && ":=".indexOf(raw.charAt(i - 1)) >= 0 ? Marks.UNKNOWN : c);
      case '*' -> out.literal(Marks.STAR);
      case '?' -> out.literal(Marks.ANY);
      case '[' -> out.literal(Marks.BRACKET);
      default -> out.literal(c);
    }
    return i + 1;
  }

  private void quoted(String raw, int from, int to, Fields out, boolean document) {
    int i = from;
    while (i < to) {
      char c = raw.charAt(i);
      if (c == '\\' && i + 1 < to) {
        char next = raw.charAt(i + 1);
        if (next != '\n') {
          boolean special =
              next == '$' || next == '`' || next == '\\' || (next == '"' && !document);
          out.quoted(special ? String.valueOf(next) : "\\" + next);
        }
        i += 2;
      } else if (c == '$' || c == '`') {
        i = expansion(raw, i, out, true);
      } else {
        out.quoted(String.valueOf(c));
        i++;
      }
    }
  }

  /** Behind the {@code $…} or back-quoted text at {@code i}. */
  private int expansion(String raw, int i, Fields out, boolean quoted) {
    if (raw.charAt(i) == '`') {
      int end = end(raw, i);
      String inside = raw.substring(i + 1, Math.max(i + 1, end - 1));
      out.add(substituted(inside.replaceAll("\\\\([$`\\\\])", "$1")), quoted);
      return end;
    }
    char next = i + 1 < raw.length() ? raw.charAt(i + 1) : '\0';
    if (next == '(') {
      int end = end(raw, i);
      if (raw.startsWith("((", i + 1) && raw.startsWith("))", end - 2)) {
        out.add(Arithmetic.value(raw.substring(i + 3, end - 2), walker.state(), this), quoted);
      } else {
        out.add(substituted(raw.substring(i + 2, end - 1)), quoted);
      }
      return end;
    }
    if (next == '{') {
      int end = end(raw, i);
      parameters.expand(raw.substring(i + 2, end - 1), out, quoted);
      return end;
    }
    if (next == '\'' && !quoted) {
      int end = end(raw, i);
      out.quoted(Escapes.ansi(raw.substring(i + 2, Math.max(i + 2, end - 1)), true));
      return end;
    }
    if (next == '"' && !quoted) {
      return i + 1;
    }
    if (next == '[') {
      int end = end(raw, i);
      out.add(Arithmetic.value(raw.substring(i + 2, end - 1), walker.state(), this), quoted);
      return end;
    }
    int end = nameEnd(raw, i + 1);
    if (end == i + 1) {
      out.quoted("$");
    } else {
      parameters.expand(raw.substring(i + 1, end), out, quoted);
    }
    return end;
  }

  private static int nameEnd(String raw, int from) {
    if (from >= raw.length()) {
      return from;
    }
    char first = raw.charAt(from);
    if (Character.isDigit(first) || "@*#?-$!_".indexOf(first) >= 0 && first != '_') {
      return from + 1;
    }
    int end = from;
    while (end < raw.length()
        && (raw.charAt(end) == '_' || isAsciiLetterOrDigit(raw.charAt(end)))) {
      end++;
    }
    return end;
  }

  private static boolean isAsciiLetterOrDigit(char c) {
    return c < 0x80 && Character.isLetterOrDigit(c);
  }

  private String substituted(String script) {
    String output = walker.substitute(script);
    int end = output.length();
    while (end > 0 && output.charAt(end - 1) == '\n') {
      end--;
    }
    return output.substring(0, end);
  }

  private static int end(String raw, int i) {
    return end(raw, i, false);
  }

  private static int end(String raw, int i, boolean substitution) {
    try {
      int end = substitution ? Parser.substitutionEnd(raw, i) : Parser.pieceEnd(raw, i);
      return Math.min(end, raw.length());
    } catch (ShellSyntaxException e) {
      throw new Limits.Exceeded("a part of it cannot be read");
    }
  }
}
