package dev.helm.workflows.decide.guard.shell;

/** Finds where words and what is nested in them end. Works on positions of one source text. */
final class Words {
  /** Deepest nesting of substitutions, quotes in expansions and compound commands. */
  static final int DEPTH_MAX = 100;

  private final String source;
  private final int depth;
  private final Parser.Budget budget;

  Words(String source, int depth, Parser.Budget budget) {
    this.source = source;
    this.depth = depth;
    this.budget = budget;
  }

  char at(int i) {
    return i < source.length() ? source.charAt(i) : '\0';
  }

  /** Behind the word that begins at {@code from}; {@code from} itself where none does. */
  int end(int from) throws ShellSyntaxException {
    return end(from, false);
  }

  /** {@code argument}: {@code !(…)} is a pattern there, not the reserved word. */
  int end(int from, boolean argument) throws ShellSyntaxException {
    int i = from;
    while (i < source.length()) {
      budget.step(i);
      char c = source.charAt(i);
      switch (c) {
        case ' ', '\t', '\n', ';', '&', '|', ')' -> {
          return i;
        }
        case '<', '>' -> {
          if (at(i + 1) != '(') {
            return i;
          }
          i = substitution(i + 2);
        }
        case '(' -> {
          // ?(…) *(…) +(…) @(…) within a word; a lone ! is the reserved word.
          if (i == from
              || "?*+@!".indexOf(source.charAt(i - 1)) < 0
              || (!argument && at(from) == '!')) {
            return i;
          }
          i = parentheses(i);
        }
        default -> i = piece(i);
      }
    }
    return i;
  }

  /** Behind one quoted, expanded or plain character; never before {@code i + 1}. */
  int piece(int i) throws ShellSyntaxException {
    return switch (source.charAt(i)) {
      case '\\' -> Math.min(i + 2, source.length());
      case '\'' -> single(i);
      case '"' -> doubled(i + 1);
      case '`' -> backtick(i);
      case '$' -> dollar(i, false);
      default -> i + 1;
    };
  }

  private int single(int i) throws ShellSyntaxException {
    int close = source.indexOf('\'', i + 1);
    if (close < 0) {
      throw new ShellSyntaxException("a single quote is not closed", i);
    }
    return close + 1;
  }

  /** Behind the closing quote of a double-quoted text whose first character is at {@code i}. */
  int doubled(int from) throws ShellSyntaxException {
    int i = from;
    while (i < source.length()) {
      budget.step(i);
      switch (source.charAt(i)) {
        case '"' -> {
          return i + 1;
        }
        case '\\' -> i += 2;
        case '`' -> i = backtick(i);
        case '$' -> i = dollar(i, true);
        default -> i++;
      }
    }
    throw new ShellSyntaxException("a double quote is not closed", from - 1);
  }

  private int backtick(int from) throws ShellSyntaxException {
    int i = from + 1;
    while (i < source.length()) {
      char c = source.charAt(i);
      if (c == '`') {
        return i + 1;
      }
      i += c == '\\' ? 2 : 1;
    }
    throw new ShellSyntaxException("a back quote is not closed", from);
  }

  private int dollar(int i, boolean quoted) throws ShellSyntaxException {
    switch (at(i + 1)) {
      case '(' -> {
        if (at(i + 2) == '(') {
          int end = arithmetic(i + 3);
          if (end > 0) {
            return end;
          }
        }
        return substitution(i + 2);
      }
      case '{' -> {
        return braces(i + 2, quoted);
      }
      case '[' -> {
        int close = source.indexOf(']', i);
        return close < 0 ? i + 1 : close + 1;
      }
      case '\'' -> {
        return quoted ? i + 1 : ansi(i + 2);
      }
      case '"' -> {
        return quoted ? i + 1 : doubled(i + 2);
      }
      default -> {
        return i + 1;
      }
    }
  }

  private int ansi(int from) throws ShellSyntaxException {
    int i = from;
    while (i < source.length()) {
      budget.step(i);
      char c = source.charAt(i);
      if (c == '\'') {
        return i + 1;
      }
      i += c == '\\' ? 2 : 1;
    }
    throw new ShellSyntaxException("a $' quote is not closed", from);
  }

  private int braces(int from, boolean quoted) throws ShellSyntaxException {
    budget.deeper(depth, from);
    Words inner = new Words(source, depth + 1, budget);
    int i = from;
    while (i < source.length()) {
      budget.step(i);
      switch (source.charAt(i)) {
        case '}' -> {
          return i + 1;
        }
        case '\'' -> i = quoted ? i + 1 : inner.single(i);
        case '\\' -> i += 2;
        case '$' -> i = inner.dollar(i, quoted);
        case '"' -> i = inner.doubled(i + 1);
        case '`' -> i = inner.backtick(i);
        default -> i++;
      }
    }
    throw new ShellSyntaxException("${ is not closed", from - 2);
  }

  /** Behind the {@code )} that closes a command substitution which begins at {@code from}. */
  int substitution(int from) throws ShellSyntaxException {
    budget.deeper(depth, from);
    return new Parser(source, from, depth + 1, budget).untilClosed();
  }

  /** Behind {@code ))}, or -1 where what looks like arithmetic is none. */
  int arithmetic(int from) throws ShellSyntaxException {
    int open = 0;
    int i = from;
    while (i < source.length()) {
      budget.step(i);
      char c = source.charAt(i);
      if (c == '(') {
        open++;
      } else if (c == ')') {
        if (open == 0) {
          return at(i + 1) == ')' ? i + 2 : -1;
        }
        open--;
      } else if ("'\"`$\\".indexOf(c) >= 0) {
        i = piece(i);
        continue;
      }
      i++;
    }
    return -1;
  }

  private int parentheses(int from) throws ShellSyntaxException {
    int open = 0;
    int i = from;
    while (i < source.length()) {
      budget.step(i);
      char c = source.charAt(i);
      if (c == '(') {
        open++;
      } else if (c == ')' && --open == 0) {
        return i + 1;
      }
      i = piece(i);
    }
    throw new ShellSyntaxException("a parenthesis is not closed", from);
  }
}
