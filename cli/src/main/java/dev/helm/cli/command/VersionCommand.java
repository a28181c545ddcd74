package dev.helm.cli.command;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Helm;
import dev.helm.cli.http.Json;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code helm version}. */
@Command(
    name = "helm version",
    header = "helm version",
    description = "Prints this program's version.")
public final class VersionCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    String version = Helm.version();
    out().line(json ? Json.write(Map.of("version", version)) : "helm " + version);
    return ExitCode.DONE;
  }
}
