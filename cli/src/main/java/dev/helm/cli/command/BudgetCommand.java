package dev.helm.cli.command;

import dev.helm.api.Usd;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm budget}. */
@Command(
    name = "helm budget",
    header = "helm budget 4f3a --add 5.00",
    description = "Raises a run's cap; a run that waits for money goes on.")
public final class BudgetCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Option(
      names = "--add",
      required = true,
      paramLabel = "USD",
      description = "dollars to add to the cap")
  String add = "";

  @Override
  protected ExitCode run() {
    Usd amount = StartOptions.dollars("--add", add);
    Reply reply = client().raise(run, amount);
    return print(reply, "raised by " + amount.shown());
  }
}
