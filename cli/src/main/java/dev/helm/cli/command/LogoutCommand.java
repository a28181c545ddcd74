package dev.helm.cli.command;

import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Json;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code helm logout}. */
@Command(
    name = "helm logout",
    header = "helm logout",
    description = "Forgets the token that this terminal keeps.")
public final class LogoutCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    boolean had = client().session().logout();
    if (json) {
      out().line(Json.write(Map.of("loggedOut", had)));
    } else {
      out().say(had ? "Logged out." : "There was no kept token.");
    }
    if (!context().env().get("HELM_TOKEN").isEmpty()) {
      out().say("HELM_TOKEN is still set in this shell.");
    }
    return ExitCode.DONE;
  }
}
