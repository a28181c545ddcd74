package dev.helm.cli.command;

import dev.helm.cli.ExitCode;
import dev.helm.cli.watch.Top;
import picocli.CommandLine.Command;

/** {@code helm top}. */
@Command(
    name = "helm top",
    header = "helm top",
    description = {
      "Shows all active runs, what waits, spend, newest events and health, live.",
      "Keys: j k move, enter watch, a d decide, s steer, p pause or resume, q quit.",
      "In a pipe, and with --json, it prints them once."
    })
public final class TopCommand extends HelmCommand {
  @Override
  protected ExitCode run() throws Exception {
    Top top = new Top(context(), client());
    return json || !out().interactive() ? top.once(json) : top.live();
  }
}
