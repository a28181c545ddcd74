package dev.helm.cli.command;

import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.Failure;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code helm deny}. */
@Command(
    name = "helm deny",
    header = "helm deny 4f3a Ask the team first.",
    description = "Denies the one call that waits; the agent reads the reason.")
public final class DenyCommand extends DecideCommand {
  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "REASON",
      description = "why; the agent reads it")
  List<String> words = List.of();

  @Override
  DecisionBodies.Decide decision(DecisionBodies.InboxItem item) {
    if (!words.isEmpty() && reason != null) {
      throw Failure.usage("The reason is given twice.", "After the id, or with --reason.");
    }
    String why = words.isEmpty() ? reason : String.join(" ", words);
    return new DecisionBodies.Decide("deny", item.argumentsHash(), null, why, null);
  }

  @Override
  boolean allow() {
    return false;
  }

  @Override
  boolean unseen() {
    return true;
  }
}
