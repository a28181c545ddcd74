package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Parser;
import dev.helm.workflows.decide.guard.shell.Shell;

/**
 * Says block, ask or allow of a shell command. It reads the command with the shell's grammar and
 * follows it without running anything: variables, substitutions, pipes, files that the command
 * itself writes, nested shells. A seat belt, not the wall: the container is the wall.
 */
public final class CommandGuard {
  private CommandGuard() {}

  /** Judges one command as {@code bash -c} would read it. Never throws. */
  public static Judgement judge(String command) {
    Findings findings = new Findings();
    try {
      if (command.indexOf('\0') >= 0) {
        findings.unclear("A zero character stands in the command");
      }
      Parser.Script script = Parser.read(Marks.clean(command.replace("\r\n", "\n")));
      Walker walker = new Walker(findings);
      StringBuilder shown = new StringBuilder();
      for (Shell line : script.commands()) {
        shown.append(walker.run(line, ""));
      }
      walker.shown(shown.toString());
      if (script.mistake() != null) {
        findings.unclear("The command cannot be read (" + script.mistake() + ")");
      }
    } catch (Limits.Exceeded e) {
      findings.unclear("The command cannot be followed to its end, " + e.getMessage());
    } catch (StackOverflowError e) {
      findings.unclear("The command is nested too deeply");
    } catch (RuntimeException e) {
      // A mistake of ours must not open the gate.
      findings.unclear("The guard failed on this command (" + e.getClass().getSimpleName() + ")");
    }
    return findings.judgement();
  }
}
