package dev.helm.workflows.decide;

import java.util.ArrayList;
import java.util.List;

/**
 * A conservative look at a shell command: its simple commands, and whether that is surely all of
 * it. It never says that a command is plain when it is not: substitutions, here-documents,
 * subshells and open quotes make it unsure, and an unsure command is never allowed by a rule, only
 * by people.
 *
 * @param parts the simple commands, in order
 * @param sure whether {@code parts} is the whole command
 */
record ShellParts(List<String> parts, boolean sure) {
  ShellParts {
    parts = List.copyOf(parts);
  }

  static ShellParts of(String command) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    boolean sure = true;
    char quote = 0;
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
      } else if (c == ';' || c == '|' || c == '\n' || (c == '&' && !redirect(command, i))) {
        add(parts, part);
      } else {
        sure &= plain(c, next);
        part.append(c);
      }
    }
    add(parts, part);
    return new ShellParts(parts, sure && quote == 0 && !parts.isEmpty());
  }

  /** {@code 2>&1} and {@code &>file} are redirections, not a background command. */
  private static boolean redirect(String command, int i) {
    boolean after = i > 0 && (command.charAt(i - 1) == '>' || command.charAt(i - 1) == '<');
    boolean before = i + 1 < command.length() && command.charAt(i + 1) == '>';
    return after || before;
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
