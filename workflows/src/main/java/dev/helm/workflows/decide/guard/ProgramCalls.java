package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Parser;
import dev.helm.workflows.decide.guard.shell.Shell;
import java.util.List;

/**
 * The program calls that a command leads to, as far as they can be told: without redirections and
 * quotes, behind wrappers such as {@code env} and {@code sudo}, in substitutions and nested shells.
 *
 * @param calls each as its words joined by blanks
 * @param all whether the command could be followed to its end, every program by name
 */
public record ProgramCalls(List<String> calls, boolean all) {
  /** Stands in what {@link #strict} tells for any text, a blank and nothing at all included. */
  public static final char ANYTHING = Marks.UNKNOWN;

  public ProgramCalls {
    calls = List.copyOf(calls);
  }

  /** Follows a command as the guard does, with its guesses; never throws. */
  public static ProgramCalls of(String command) {
    return follow(command, false);
  }

  /**
   * The same without guesses: what a variable, a program, a file or a pattern for file names says
   * is {@link #ANYTHING}, unless the command itself shows it. Whatever runs by the command's own
   * words is one of these calls.
   */
  public static ProgramCalls strict(String command) {
    return follow(command, true);
  }

  private static ProgramCalls follow(String command, boolean strict) {
    Findings findings = new Findings(false);
    Walker walker = new Walker(findings, strict);
    boolean all;
    try {
      Parser.Script script = Parser.read(Marks.clean(command));
      for (Shell line : script.commands()) {
        walker.run(line, "");
      }
      all = script.mistake() == null && !findings.untold();
    } catch (RuntimeException | StackOverflowError e) {
      // A limit was met, or the guard has a mistake: what is missing cannot be told.
      all = false;
    }
    List<String> calls =
        walker.calls().stream()
            .map(words -> strict ? shape(words) : Marks.plain(String.join(" ", words)))
            .distinct()
            .toList();
    return new ProgramCalls(calls, all);
  }

  private static String shape(List<String> words) {
    StringBuilder shape = new StringBuilder();
    for (String word : words) {
      String text = Marks.shape(word);
      // What is not known may be no word at all.
      boolean vanishes = text.length() == 1 && text.charAt(0) == ANYTHING;
      shape.append(shape.isEmpty() || vanishes ? "" : " ").append(text);
    }
    return shape.toString();
  }
}
