package dev.helm.cli.command;

import dev.helm.api.rest.PeopleBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import dev.helm.cli.render.SafeText;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm login}. */
@Command(
    name = "helm login",
    header = "helm login owner",
    description =
        "Logs in at HELM_URL and keeps the token for 24 hours. On the service's own machine that"
            + " happens by itself.")
public final class LoginCommand extends HelmCommand {
  private static final int PASSWORD_BYTES_MAX = 4096;

  @Parameters(index = "0", paramLabel = "USER", defaultValue = "owner", description = "who (owner)")
  String user = "owner";

  @Option(names = "--password-stdin", description = "read the password from standard input")
  boolean fromInput;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "a name for this device, under which \"helm device revoke\" ends its token")
  String device = "";

  @Override
  protected ExitCode run() throws IOException {
    PeopleBodies.LoginResponse response = client().session().login(user, password(), device);
    String name = SafeText.line(response.user().name());
    if (json) {
      out()
          .line(
              Json.write(
                  Map.of("user", response.user().name(), "expiresAt", response.expiresAt())));
    } else {
      out().say("Logged in as " + name + " until " + SafeText.line(response.expiresAt()) + ".");
    }
    return ExitCode.DONE;
  }

  private String password() throws IOException {
    if (fromInput || !out().interactive()) {
      byte[] bytes = context().in().readNBytes(PASSWORD_BYTES_MAX);
      return new String(bytes, StandardCharsets.UTF_8).strip();
    }
    return typed("Password of " + SafeText.line(user), "helm login --password-stdin < FILE");
  }

  /** Asks at the terminal, without showing what is typed. */
  static String typed(String prompt, String otherwise) {
    Console console = System.console();
    char[] typed = console == null ? null : console.readPassword("%s: ", prompt);
    if (typed == null) {
      throw Failure.usage("No password was given.", otherwise);
    }
    return new String(typed);
  }
}
