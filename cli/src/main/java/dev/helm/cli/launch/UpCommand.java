package dev.helm.cli.launch;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Starts Helm and stays until it is ended. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    header = "helm up --detach",
    description = "Starts Helm and keeps it running.")
public final class UpCommand implements Callable<Integer> {
  @Mixin private final LaunchOptions options = new LaunchOptions();

  @Option(
      names = {"-d", "--detach"},
      description = "return when everything is ready")
  private boolean detach;

  @Option(
      names = {"-y", "--yes"},
      description = "install what is missing without asking")
  private boolean yes;

  @Override
  public Integer call() throws InterruptedException {
    try {
      Settings settings = DemoConfig.served(options.settings());
      return detach ? Detached.start(settings, System.err) : foreground(settings);
    } catch (LaunchException e) {
      return Complaint.print(System.err, e);
    }
  }

  private static int foreground(Settings settings) throws InterruptedException {
    Progress progress = new Progress(System.err);
    Launch launch = new Launch(settings, progress);
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(launch::close));
    try {
      launch.start();
    } catch (LaunchException e) {
      if (launch.endAsked()) {
        launch.awaitStopped();
        return 1;
      }
      launch.close();
      return Complaint.print(System.err, e);
    }
    Welcome.print(settings, launch, System.err);
    launch.awaitStopped();
    return 0;
  }
}
