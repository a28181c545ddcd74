package dev.helm.cli.command;

import dev.helm.api.Role;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm user}. */
@Command(
    name = "helm user",
    header = "helm user add ann --role operator --project infra-ops",
    description = "Says who may log in, and with which role where.",
    subcommands = {
      UserCommand.ListAll.class,
      UserCommand.Add.class,
      UserCommand.GiveRole.class,
      UserCommand.Disable.class,
      UserCommand.Enable.class,
      UserCommand.Password.class
    })
public final class UserCommand extends HelmCommand {
  private static final String PROJECT_WORDS = "a project, or \"*\" for all (default)";

  @Override
  protected ExitCode run() {
    throw Failure.usage(
        "helm user needs a verb: list, add, role, disable, enable or password.", "helm user list");
  }

  /** {@code ann · approver of infra-ops, viewer of *}. */
  private static String line(Map<String, Object> person) {
    String roles =
        person.get("roles") instanceof Map<?, ?> map
            ? String.join(
                ", ",
                new TreeMap<>(map)
                    .entrySet().stream()
                        .map(role -> role.getValue() + " of " + role.getKey())
                        .toList())
            : "";
    return SafeText.line(
        person.get("name")
            + " · "
            + (roles.isEmpty() ? "no role" : roles)
            + (Boolean.TRUE.equals(person.get("disabled")) ? " · disabled" : ""));
  }

  /** What has a person's name in it. */
  abstract static class OfPerson extends HelmCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "who")
    String name = "";

    final String id() {
      return idOf(this, name);
    }
  }

  /** The id that goes with a name. */
  static String idOf(HelmCommand command, String name) {
    return command.client().people().users().tree().get("items") instanceof List<?> people
        ? people.stream()
            .filter(each -> each instanceof Map<?, ?> map && name.equals(map.get("name")))
            .map(each -> String.valueOf(((Map<?, ?>) each).get("id")))
            .findFirst()
            .orElseThrow(
                () ->
                    new Failure(
                        ExitCode.NOT_FOUND,
                        "There is nobody named \"" + name + "\".",
                        "\"helm user list\" shows everybody."))
        : "";
  }

  /** {@code helm user list}. */
  @Command(name = "list", header = "helm user list", description = "Lists everybody.")
  public static final class ListAll extends HelmCommand {
    @Override
    protected ExitCode run() {
      Reply reply = client().people().users();
      if (json) {
        return print(reply, "");
      }
      if (reply.tree().get("items") instanceof List<?> people) {
        for (Object each : people) {
          if (each instanceof Map<?, ?> person) {
            Map<String, Object> members = new TreeMap<>();
            person.forEach((key, value) -> members.put(String.valueOf(key), value));
            out().line(line(members));
          }
        }
      }
      return ExitCode.DONE;
    }
  }

  /** Shows a secret that the service keeps nowhere. */
  private static ExitCode secret(HelmCommand command, Reply reply, boolean json, String hint) {
    Map<String, Object> made = reply.tree();
    if (json) {
      command.out().line(reply.json());
      return ExitCode.DONE;
    }
    Object password = made.get("password");
    if (!(password instanceof String text)) {
      throw new Failure(
          ExitCode.FAILED,
          "It was done, but the answer with the password was lost.",
          "Make another: helm user password NAME");
    }
    command.out().line(SafeText.line(text));
    command.out().say(hint);
    return ExitCode.DONE;
  }

  /** {@code helm user add}. */
  @Command(
      name = "add",
      header = "helm user add ann --role operator --project infra-ops",
      description = "Lets somebody in and prints a one-time password, good for 72 hours.")
  public static final class Add extends OfPerson {
    @Option(
        names = "--role",
        paramLabel = "ROLE",
        description = "viewer (default), approver, operator or owner")
    String role = Role.VIEWER.word();

    @Option(names = "--project", paramLabel = "PROJECT", description = PROJECT_WORDS)
    String project = Role.EVERYWHERE;

    @Override
    protected ExitCode run() {
      Reply reply = client().people().createUser(name, Map.of(project, role));
      return secret(
          this,
          reply,
          json,
          "This password is shown once. " + name + " logs in with it and changes it at once.");
    }
  }

  /** {@code helm user role}. */
  @Command(
      name = "role",
      header = "helm user role ann approver --project infra-ops",
      description = "Gives somebody a role in a project; none takes it away.")
  public static final class GiveRole extends OfPerson {
    @Parameters(
        index = "1",
        paramLabel = "ROLE",
        description = "viewer, approver, operator, owner or none")
    String role = "";

    @Option(names = "--project", paramLabel = "PROJECT", description = PROJECT_WORDS)
    String project = Role.EVERYWHERE;

    @Override
    protected ExitCode run() {
      Reply reply = client().people().changeUser(id(), Map.of("roles", Map.of(project, role)));
      return print(reply, line(reply.tree()));
    }
  }

  /** {@code helm user disable}. */
  @Command(
      name = "disable",
      header = "helm user disable ann",
      description = "Shuts somebody out: tokens and sockets end at once.")
  public static final class Disable extends OfPerson {
    @Override
    protected ExitCode run() {
      Reply reply = client().people().changeUser(id(), Map.of("disabled", true));
      return print(reply, line(reply.tree()));
    }
  }

  /** {@code helm user enable}. */
  @Command(
      name = "enable",
      header = "helm user enable ann",
      description = "Lets somebody in again.")
  public static final class Enable extends OfPerson {
    @Override
    protected ExitCode run() {
      Reply reply = client().people().changeUser(id(), Map.of("disabled", false));
      return print(reply, line(reply.tree()));
    }
  }

  /** {@code helm user password}. */
  @Command(
      name = "password",
      header = "helm user password",
      description = {
        "Changes your password; all your other sessions end.",
        "With a name: gives somebody a new one-time password."
      })
  public static final class Password extends HelmCommand {
    private static final int INPUT_BYTES_MAX = 4096;

    @Parameters(index = "0", paramLabel = "NAME", arity = "0..1", description = "somebody else")
    String name = "";

    @Option(
        names = "--password-stdin",
        description = "read the old and the new password from standard input, a line each")
    boolean fromInput;

    @Override
    protected ExitCode run() throws IOException {
      if (!name.isEmpty()) {
        return secret(
            this,
            client().people().resetPassword(idOf(this, name)),
            json,
            "This password is shown once.");
      }
      List<String> passwords = passwords();
      var client = client();
      Reply reply = client.people().changePassword(passwords.get(0), passwords.get(1));
      PeopleBodies.LoginResponse fresh = reply.as(PeopleBodies.LoginResponse.class);
      client.session().keep(fresh);
      out().say("Your password is changed; this terminal is logged in with the new one.");
      if (!context().env().get("HELM_TOKEN").isEmpty()) {
        out().say("HELM_TOKEN of this shell has ended: unset it.");
      }
      return ExitCode.DONE;
    }

    private List<String> passwords() throws IOException {
      if (!fromInput && out().interactive()) {
        String old = LoginCommand.typed("Old password", "helm user password --password-stdin");
        String fresh = LoginCommand.typed("New password", "helm user password --password-stdin");
        if (!fresh.equals(LoginCommand.typed("New password again", ""))) {
          throw Failure.usage("The new passwords differ.", "Start again.");
        }
        return List.of(old, fresh);
      }
      byte[] bytes = context().in().readNBytes(INPUT_BYTES_MAX);
      List<String> lines = new String(bytes, StandardCharsets.UTF_8).lines().toList();
      if (lines.size() != 2) {
        throw Failure.usage(
            "Standard input has to hold the old password and the new one, a line each.",
            "helm user password --password-stdin < FILE");
      }
      return lines;
    }
  }
}
