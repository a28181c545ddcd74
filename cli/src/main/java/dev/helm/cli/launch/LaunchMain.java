package dev.helm.cli.launch;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The launcher's commands alone, for a build without the rest of the terminal. */
@Command(
    name = "helm",
    mixinStandardHelpOptions = true,
    subcommands = {UpCommand.class, DownCommand.class, DoctorCommand.class})
public final class LaunchMain {
  private LaunchMain() {}

  /** Runs one command and ends with its exit code. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new LaunchMain()).execute(args));
  }
}
