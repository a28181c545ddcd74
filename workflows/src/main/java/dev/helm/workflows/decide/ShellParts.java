package dev.helm.workflows.decide;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A conservative look at a shell command: its simple commands, and whether that is surely all of
 * it. It never says that a command is plain when it is not: substitutions, here-documents,
 * subshells, reserved words, leading redirects, comments and open quotes make it unsure, and an
 * unsure command is never allowed by a rule that speaks of commands, only by people.
 *
 * @param parts the simple commands, in order
 * @param sure whether {@code parts} is the whole command
 */
record ShellParts(List<String> parts, boolean sure) {
  /** Assignments before the command, without quotes: {@code A=1 B=2 }. */
  static final Pattern ASSIGNMENTS = Pattern.compile("^(?:[A-Za-z_][A-Za-z0-9_]*=\\S*\\s+)+");

  /** A word that names a command as it stands there: nothing is quoted, expanded or redirected. */
  private static final Pattern COMMAND_WORD = Pattern.compile("[A-Za-z0-9_./:@%+,=~\\[\\]!-]+");

  /** Behind these another command may stand in the same part. */
  private static final Set<String> RESERVED =
      Set.of(
          "if",
          "then",
          "else",
          "elif",
          "fi",
          "for",
          "while",
          "until",
          "do",
          "done",
          "case",
          "esac",
          "select",
          "function",
          "time",
          "coproc",
          "!",
          "[[",
          "{",
          "}");

  ShellParts {
    parts = List.copyOf(parts);
  }

  static ShellParts of(String command) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    boolean sure = true;
    char quote = 0;
    int redirect = -1;
    for (int i = 0; i < command.length(); i++) {
      char c = command.charAt(i);
      char next = i + 1 < command.length() ? command.charAt(i + 1) : 0;
      if (c == '\\' && quote != '\'') {
        part.append(c);
        if (next != 0) {
          part.append(next);
          i++;
        }
        // A line continuation joins words: what is run is not what stands there.
        sure &= next != '\n' && next != 0;
      } else if (quote != 0) {
        sure &= quote == '\'' || !(c == '`' || (c == '$' && (next == '(' || next == '{')));
        quote = c == quote ? 0 : quote;
        part.append(c);
      } else if (c == '\'' || c == '"') {
        quote = c;
        part.append(c);
      } else if (c == ';'
          || c == '|'
          || c == '\n'
          || (c == '&' && redirect != i - 1 && next != '>')) {
        add(parts, part);
      } else if (c == '#' && wordBegins(command, i)) {
        // A quote in a comment opens nothing, so what follows must not be read as quoted.
        sure = false;
        i = lineEnd(command, i) - 1;
      } else {
        // An escaped > redirects nothing: the & behind it is a command boundary.
        redirect = c == '>' || c == '<' ? i : redirect;
        sure &= plain(c, next);
        part.append(c);
      }
    }
    add(parts, part);
    boolean plain = parts.stream().allMatch(ShellParts::beginsPlainly);
    return new ShellParts(parts, sure && plain && quote == 0 && !parts.isEmpty());
  }

  /** Whether the part's first word is surely the name of what it runs. */
  private static boolean beginsPlainly(String part) {
    Matcher assignments = ASSIGNMENTS.matcher(part);
    int command = assignments.find() ? assignments.end() : 0;
    if (part.substring(0, command).matches("(?s).*['\"\\\\].*")) {
      // The value may go on behind the blank, and the command be another word.
      return false;
    }
    String word = part.substring(command).split("\\s", 2)[0];
    return COMMAND_WORD.matcher(word).matches() && !RESERVED.contains(word);
  }

  /** Whether a {@code #} here may begin a comment; an escaped blank before it only looks so. */
  private static boolean wordBegins(String command, int i) {
    return i == 0 || " \t\n;|&()<>".indexOf(command.charAt(i - 1)) >= 0;
  }

  private static int lineEnd(String command, int i) {
    int end = command.indexOf('\n', i);
    return end < 0 ? command.length() : end;
  }

  private static boolean plain(char c, char next) {
    return switch (c) {
      case '`', '(', ')', '{', '}', '\0', '\r' -> false;
      case '$' -> next != '(' && next != '{' && next != '\'' && next != '"';
      case '<' -> next != '<' && next != '(';
      case '>' -> next != '(';
      default -> true;
    };
  }

  private static void add(List<String> parts, StringBuilder part) {
    String text = part.toString().strip();
    if (!text.isEmpty()) {
      parts.add(text);
    }
    part.setLength(0);
  }
}
