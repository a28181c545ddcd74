package dev.helm.cli.launch;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code helm guard}: this class is its place in the overview and in completion. The launcher
 * script starts the guard itself, which stands in the backend's jars.
 */
@Command(
    name = "guard",
    mixinStandardHelpOptions = true,
    header = "helm guard -- COMMAND",
    description = "Says block, ask or allow of a shell command, and why; nothing is run.")
public final class GuardCommand implements Callable<Integer> {
  @Option(names = "--json", description = "print {verdict,family,reason}")
  private boolean json;

  @Option(names = "--stdin", description = "read JSON lines {command}, print one for each")
  private boolean stdin;

  @Parameters(paramLabel = "COMMAND", description = "the command; its words are joined by blanks")
  private List<String> words = List.of();

  @Override
  public Integer call() {
    System.err.println("The guard is started by the launcher script, which this was not.");
    System.err.println(
        "Use it: ./helm guard " + (json ? "--json " : stdin ? "--stdin" : "-- COMMAND"));
    return words.isEmpty() && !stdin ? 2 : 1;
  }
}
