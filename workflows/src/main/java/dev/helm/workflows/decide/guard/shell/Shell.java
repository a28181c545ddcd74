package dev.helm.workflows.decide.guard.shell;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A command as the shell's grammar sees it. */
public sealed interface Shell {

  /**
   * A word as written, quotes and expansions included.
   *
   * @param raw the source text
   */
  record Word(String raw) {}

  /**
   * {@code NAME=VALUE} before a command.
   *
   * @param name with its subscript, if it has one
   * @param append whether it was {@code +=}
   * @param value one word, or several of an array
   */
  record Assignment(String name, boolean append, boolean array, List<Word> value) {}

  /**
   * {@code 2>FILE} and the like.
   *
   * @param descriptor the number before it, -1 where none stands there
   * @param operator {@code < > >> >| <> <& >& &> &>> << <<- <<<}
   * @param target file, descriptor, delimiter or here-string
   * @param body the here-document, or null
   */
  record Redirect(int descriptor, String operator, Word target, @Nullable Heredoc body) {}

  /** A here-document; its body follows the line, so it is filled in after the command was read. */
  final class Heredoc {
    private final String delimiter;
    private final boolean literal;
    private final boolean tabs;
    private String text = "";

    Heredoc(String delimiter, boolean literal, boolean tabs) {
      this.delimiter = delimiter;
      this.literal = literal;
      this.tabs = tabs;
    }

    String delimiter() {
      return delimiter;
    }

    boolean tabs() {
      return tabs;
    }

    void read(String body) {
      text = body;
    }

    /** Whether the delimiter was quoted, so that the body is not expanded. */
    public boolean literal() {
      return literal;
    }

    /** The body, without the delimiter. */
    public String text() {
      return text;
    }
  }

  /** One program call, built-in or assignment. */
  record Simple(
      List<Assignment> assignments, List<Word> words, List<Redirect> redirects, String raw)
      implements Shell {}

  /** Commands joined by pipes. */
  record Pipeline(List<Shell> parts, boolean negated) implements Shell {}

  /** Commands joined by {@code &&} or {@code ||}. */
  record AndOr(List<Shell> parts) implements Shell {}

  /** Commands one after the other; {@code {…}} too. */
  record Sequence(List<Shell> parts) implements Shell {}

  /** {@code COMMAND &} or {@code coproc COMMAND}. */
  record Background(Shell body) implements Shell {}

  /** {@code (…)}. */
  record Subshell(Shell body) implements Shell {}

  /** A compound command with redirections behind it. */
  record Redirected(Shell body, List<Redirect> redirects) implements Shell {}

  /** {@code if}: every condition and branch, in order. */
  record If(List<Shell> conditions, List<Shell> branches) implements Shell {}

  /** {@code while} and {@code until}. */
  record While(Shell condition, Shell body) implements Shell {}

  /** {@code for} and {@code select}; {@code words} null without {@code in}. */
  record For(String variable, @Nullable List<Word> words, Shell body) implements Shell {}

  /** {@code for ((…))}. */
  record ArithmeticFor(String expression, Shell body) implements Shell {}

  /** {@code case}: the subject, and each item's patterns and body. */
  record Case(Word subject, List<Item> items) implements Shell {
    /** Patterns and what they lead to. */
    public record Item(List<Word> patterns, Shell body) {}
  }

  /** A function is defined; nothing runs yet. */
  record Function(String name, Shell body) implements Shell {}

  /** {@code [[ … ]]}, the words between. */
  record Test(List<Word> words) implements Shell {}

  /** {@code ((…))}. */
  record Arithmetic(String expression) implements Shell {}
}
