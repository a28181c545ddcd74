package dev.helm.cli.command;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import picocli.CommandLine.Command;

/** {@code helm key set}; the work is the launcher's, which knows who owns the file. */
@Command(
    name = "helm key",
    header = "helm key set < model.key",
    description = "Stores the model key, read from standard input.",
    subcommands = KeyCommand.Set.class)
public final class KeyCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    throw Failure.usage("helm key needs a verb.", "helm key set < model.key");
  }

  /** {@code helm key set}. */
  @Command(
      name = "set",
      header = "helm key set < model.key",
      description = "Stores the model key, read from standard input, for the key proxy alone.")
  public static final class Set extends HelmCommand {
    @Override
    protected ExitCode run() throws Exception {
      return ModelKey.store(context());
    }
  }
}
