package dev.helm.cli.launch;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where an installation lives and listens; shared by the commands of this package. */
public final class LaunchOptions {
  @Option(
      names = "--home",
      paramLabel = "DIR",
      description = "all state (default: ${env:HELM_HOME:-/var/lib/helm as root, else ~/.helm})")
  @Nullable Path home;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "first of six loopback ports (default: ${env:HELM_PORT:-4356})")
  @Nullable Integer port;

  /** The environment with these options over it. */
  public Settings settings() throws LaunchException {
    return Settings.read(System.getenv(), home, port);
  }
}
