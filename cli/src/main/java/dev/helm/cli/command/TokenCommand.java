package dev.helm.cli.command;

import dev.helm.api.Role;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm token}. */
@Command(
    name = "helm token",
    header = "helm token create ci --role operator --project infra-ops",
    description = "Makes and revokes tokens of programs.",
    subcommands = {
      TokenCommand.ListAll.class,
      TokenCommand.Create.class,
      TokenCommand.Revoke.class
    })
public final class TokenCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    throw Failure.usage("helm token needs a verb: list, create or revoke.", "helm token list");
  }

  /** {@code helm token list}. */
  @Command(
      name = "list",
      header = "helm token list",
      description = "Lists the service tokens of the projects that you own.")
  public static final class ListAll extends HelmCommand {
    @Override
    protected ExitCode run() {
      Reply reply = client().people().tokens();
      if (json) {
        return print(reply, "");
      }
      List<PeopleBodies.ServiceToken> tokens = reply.items(PeopleBodies.ServiceToken.class);
      tokens.forEach(
          token ->
              out()
                  .line(
                      SafeText.line(
                          token.name()
                              + " · "
                              + token.role().word()
                              + " of "
                              + token.project()
                              + " · until "
                              + token.expiresAt())));
      if (tokens.isEmpty()) {
        out().say("There are no service tokens.");
      }
      return ExitCode.DONE;
    }
  }

  /** {@code helm token create}. */
  @Command(
      name = "create",
      header = "helm token create ci --role operator --project infra-ops",
      description = "Makes a service token and prints it once; HELM_TOKEN takes it.")
  public static final class Create extends HelmCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "its name, which is given once")
    String name = "";

    @Option(
        names = "--role",
        paramLabel = "ROLE",
        required = true,
        description = "viewer, approver or operator")
    String role = "";

    @Option(
        names = "--project",
        paramLabel = "PROJECT",
        required = true,
        description = "a project, or \"" + Role.EVERYWHERE + "\" for all")
    String project = "";

    @Option(names = "--days", paramLabel = "N", description = "how long it is good (90)")
    int days = 90;

    @Override
    protected ExitCode run() {
      Reply reply =
          client()
              .people()
              .createToken(Map.of("name", name, "role", role, "project", project, "days", days));
      if (json) {
        return print(reply, "");
      }
      if (!(reply.tree().get("token") instanceof String text)) {
        throw new Failure(
            ExitCode.FAILED,
            "The token was made, but the answer with its text was lost.",
            "Revoke it and make another: helm token revoke " + name);
      }
      out().line(SafeText.line(text));
      out().say("This token is shown once.");
      return ExitCode.DONE;
    }
  }

  /** {@code helm token revoke}. */
  @Command(
      name = "revoke",
      header = "helm token revoke ci",
      description = "Takes a service token back; its sockets are closed.")
  public static final class Revoke extends HelmCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "its name")
    String name = "";

    @Override
    protected ExitCode run() {
      String id =
          client().people().tokens().items(PeopleBodies.ServiceToken.class).stream()
              .filter(token -> token.name().equals(name))
              .map(PeopleBodies.ServiceToken::id)
              .findFirst()
              .orElseThrow(
                  () ->
                      new Failure(
                          ExitCode.NOT_FOUND,
                          "There is no service token \"" + name + "\".",
                          "\"helm token list\" shows them."));
      return print(client().people().revokeToken(id), "revoked · " + SafeText.line(name));
    }
  }
}
