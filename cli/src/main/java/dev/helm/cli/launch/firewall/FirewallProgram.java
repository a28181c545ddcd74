package dev.helm.cli.launch.firewall;

import dev.helm.cli.launch.Progress;
import java.nio.file.Path;

/**
 * The root part alone, until it is ended: for machines where something else than {@code helm up}
 * starts the service. Its one argument is {@code HELM_HOME/run/egress-chain.json}.
 */
public final class FirewallProgram {
  private FirewallProgram() {}

  /** Runs until SIGTERM. */
  public static void main(String[] arguments) throws InterruptedException {
    if (arguments.length != 1) {
      System.err.println("usage: FirewallProgram HELM_HOME/run/egress-chain.json");
      System.exit(2);
    }
    Firewall firewall = Firewall.start(Path.of(arguments[0]), new Progress(System.err));
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(firewall::close));
    Thread.currentThread().join();
  }
}
