package dev.helm.cli.command;

import dev.helm.cli.Commands;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code helm completion}. */
@Command(
    name = "helm completion",
    header = "source <(helm completion bash)",
    description = "Prints the completion script of a shell.")
public final class CompletionCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "SHELL", description = "bash, zsh or fish")
  String shell = "";

  @Override
  protected ExitCode run() {
    switch (shell) {
      case "bash", "zsh" -> out().painted(AutoComplete.bash("helm", whole()));
      case "fish" -> fish();
      default ->
          throw Failure.usage(
              "There is no completion for \"" + shell + "\".", "helm completion bash | zsh | fish");
    }
    return ExitCode.DONE;
  }

  private static CommandLine whole() {
    CommandLine all = new CommandLine(new Root());
    for (Commands.Entry entry : Commands.all()) {
      all.addSubcommand(entry.name(), Commands.create(entry.name()));
    }
    return all;
  }

  private void fish() {
    for (Commands.Entry entry : Commands.all()) {
      out()
          .line(
              "complete -c helm -f -n __fish_use_subcommand -a "
                  + entry.name()
                  + " -d '"
                  + entry.summary().replace("'", "\\'")
                  + "'");
    }
  }

  @Command(name = "helm")
  private static final class Root implements Runnable {
    @Override
    public void run() {}
  }
}
