package dev.helm.workflows.decide;

import dev.helm.workflows.decide.guard.ProgramCalls;
import dev.helm.workflows.decide.guard.Subscripts;
import dev.helm.workflows.decide.guard.shell.Parser;
import dev.helm.workflows.decide.guard.shell.Shell;
import dev.helm.workflows.decide.guard.shell.SimpleCommands;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A shell command as rules see it.
 *
 * @param parts every simple command as written, also within loops, substitutions and
 *     here-documents: an allow rule must match each of them
 * @param sure whether {@code parts} is surely all that runs, each by the name that stands there; an
 *     unsure command is allowed by no rule that speaks of commands, only by people
 * @param spellings all that a deny or ask rule is held against: the parts without assignments and
 *     redirections, and the program calls they lead to behind wrappers, quotes and nested shells
 */
record ShellParts(List<String> parts, boolean sure, Set<String> spellings) {
  /** A word that names a command as it stands there: nothing is quoted, expanded or redirected. */
  private static final Pattern COMMAND_WORD = Pattern.compile("[A-Za-z0-9_./:@%+,=~\\[\\]!-]+");

  /** A variable without a subscript, which bash would evaluate. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  ShellParts {
    parts = List.copyOf(parts);
  }

  static ShellParts of(String command) {
    Parser.Script script = Parser.read(command);
    SimpleCommands simple = SimpleCommands.of(script.commands());
    Set<String> spellings = new LinkedHashSet<>();
    for (Shell.Simple part : simple.commands()) {
      spellings.add(part.raw());
      spellings.add(words(part));
    }
    ProgramCalls calls = ProgramCalls.of(command);
    spellings.addAll(calls.calls());
    boolean plain =
        script.mistake() == null
            && simple.plain()
            && calls.all()
            && !simple.commands().isEmpty()
            && simple.commands().stream()
                .allMatch(part -> beginsPlainly(part) && !evaluates(part, command));
    return new ShellParts(
        simple.commands().stream().map(Shell.Simple::raw).toList(), plain, spellings);
  }

  private static String words(Shell.Simple part) {
    return String.join(" ", part.words().stream().map(Shell.Word::raw).toList());
  }

  private static boolean evaluates(Shell.Simple part, String command) {
    return !part.words().isEmpty()
        && Subscripts.mayRun(part.words().get(0).raw(), part.raw(), command);
  }

  /** Whether the first word is surely the name of what runs, or nothing runs but assignments. */
  private static boolean beginsPlainly(Shell.Simple part) {
    return part.words().isEmpty()
        ? !part.assignments().isEmpty()
            && part.assignments().stream().allMatch(set -> NAME.matcher(set.name()).matches())
        : COMMAND_WORD.matcher(part.words().get(0).raw()).matches();
  }
}
