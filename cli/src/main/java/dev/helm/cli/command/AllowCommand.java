package dev.helm.cli.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm allow}. */
@Command(
    name = "helm allow",
    header = "helm allow 4f3a",
    description = "Allows the one call that waits, exactly as it is shown.")
public final class AllowCommand extends DecideCommand {
  @Option(names = "--unseen", description = "even if the call is too long to be shown here")
  boolean unseen;

  @Override
  boolean allow() {
    return true;
  }

  @Override
  boolean unseen() {
    return unseen;
  }
}
