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
  public ProgramCalls {
    calls = List.copyOf(calls);
  }

  /** Whether every word of every call is known, none being what a variable or a program says. */
  public boolean told() {
    return all && calls.stream().allMatch(Marks::known);
  }

  /** Follows a command as the guard does; never throws. */
  public static ProgramCalls of(String command) {
    Findings findings = new Findings(false);
    Walker walker = new Walker(findings);
    boolean all;
    try {
      Parser.Script script = Parser.read(Marks.clean(command));
      for (Shell line : script.commands()) {
        walker.run(line, "");
      }
      Family family = findings.judgement().family();
      all =
          script.mistake() == null && family != Family.UNCLEAR && family != Family.UNKNOWN_PROGRAM;
    } catch (RuntimeException | StackOverflowError e) {
      // A limit was met, or the guard has a mistake: what is missing cannot be told.
      all = false;
    }
    List<String> calls =
        walker.calls().stream()
            .map(words -> Marks.plain(String.join(" ", words)))
            .distinct()
            .toList();
    return new ProgramCalls(calls, all);
  }
}
