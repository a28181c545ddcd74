package dev.helm.cli.launch;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Ends all that {@code helm up} started. */
@Command(
    name = "down",
    mixinStandardHelpOptions = true,
    header = "helm down",
    description = "Stops everything that 'helm up' started, containers too.")
public final class DownCommand implements Callable<Integer> {
  @Mixin private final LaunchOptions options = new LaunchOptions();

  @Override
  public Integer call() throws InterruptedException {
    try {
      Shutdown.run(options.settings(), new Progress(System.err));
      return 0;
    } catch (LaunchException e) {
      return Complaint.print(System.err, e);
    }
  }
}
