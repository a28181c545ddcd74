package dev.helm.cli.command;

import picocli.CommandLine.Command;

/** {@code helm deny}. */
@Command(
    name = "helm deny",
    header = "helm deny 4f3a --reason \"Ask the team first.\"",
    description = "Denies the one call that waits; the agent reads the reason.")
public final class DenyCommand extends DecideCommand {
  @Override
  boolean allow() {
    return false;
  }

  @Override
  boolean unseen() {
    return true;
  }
}
